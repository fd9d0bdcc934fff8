import sqlalchemy
from google.cloud import secretmanager
import os

def get_database_url():
    """Build the database URL using a password from Secret Manager."""
    client = secretmanager.SecretManagerServiceClient()
    project_id = os.environ.get("GCP_PROJECT")

    # Fetch the database password
    name = f"projects/{project_id}/secrets/database-password/versions/latest"
    response = client.access_secret_version(request={"name": name})
    db_password = response.payload.data.decode("UTF-8")

    # Build the connection string - host and database name from env vars
    db_host = os.environ.get("DB_HOST", "localhost")
    db_name = os.environ.get("DB_NAME", "myapp")
    db_user = os.environ.get("DB_USER", "appuser")

    return f"postgresql://{db_user}:{db_password}@{db_host}/{db_name}"

# Create the SQLAlchemy engine with the secret-based URL
engine = sqlalchemy.create_engine(get_database_url())
