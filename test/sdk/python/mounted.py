import os

def read_mounted_secret(path):
    """Read a secret that was mounted as a file by Cloud Run."""
    with open(path, "r") as f:
        return f.read().strip()

# Read the mounted secret
db_password = read_mounted_secret("/secrets/db-password")
