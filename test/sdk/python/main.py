# main.py - FastAPI app with Secret Manager integration
from fastapi import FastAPI, Depends
from google.cloud import secretmanager
from contextlib import asynccontextmanager
import os
import logging

logger = logging.getLogger(__name__)

# Store loaded secrets in a module-level dictionary
app_secrets = {}

def load_secrets():
    """Load all required secrets at startup."""
    client = secretmanager.SecretManagerServiceClient()
    project_id = os.environ.get("GCP_PROJECT", "my-gcp-project")

    # Define which secrets we need
    required_secrets = [
        "database-url",
        "redis-password",
        "jwt-signing-key",
        "stripe-api-key",
    ]

    for secret_id in required_secrets:
        try:
            name = f"projects/{project_id}/secrets/{secret_id}/versions/latest"
            response = client.access_secret_version(request={"name": name})
            app_secrets[secret_id] = response.payload.data.decode("UTF-8")
            logger.info(f"Loaded secret: {secret_id}")
        except Exception as e:
            logger.error(f"Failed to load secret {secret_id}: {e}")
            raise

@asynccontextmanager
async def lifespan(app: FastAPI):
    """Load secrets when the application starts."""
    load_secrets()
    logger.info(f"Loaded {len(app_secrets)} secrets")
    yield
    # Cleanup on shutdown if needed
    app_secrets.clear()

app = FastAPI(lifespan=lifespan)

def get_secret(name: str) -> str:
    """Dependency that provides access to secrets."""
    if name not in app_secrets:
        raise ValueError(f"Secret '{name}' not loaded")
    return app_secrets[name]

@app.get("/health")
async def health():
    """Health check that verifies secrets are loaded."""
    return {
        "status": "healthy",
        "secrets_loaded": len(app_secrets),
    }
