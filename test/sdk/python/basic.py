from google.cloud import secretmanager

def get_secret(project_id, secret_id, version_id="latest"):
    """Fetch a secret value from Secret Manager."""
    # Create the Secret Manager client
    client = secretmanager.SecretManagerServiceClient()

    # Build the resource name for the secret version
    name = f"projects/{project_id}/secrets/{secret_id}/versions/{version_id}"

    # Access the secret version
    response = client.access_secret_version(request={"name": name})

    # The payload is bytes, decode to string
    secret_value = response.payload.data.decode("UTF-8")
    return secret_value

# Usage
db_password = get_secret("my-gcp-project", "database-password")
api_key = get_secret("my-gcp-project", "api-key")
