from google.cloud import secretmanager
import time
import threading

class SecretCache:
    """Cache for Secret Manager values with automatic refresh."""

    def __init__(self, project_id, refresh_interval=300):
        self.project_id = project_id
        self.refresh_interval = refresh_interval  # Seconds between refreshes
        self.client = secretmanager.SecretManagerServiceClient()
        self._cache = {}
        self._timestamps = {}
        self._lock = threading.Lock()

    def get(self, secret_id, version="latest"):
        """Get a secret value, using cache when available."""
        cache_key = f"{secret_id}:{version}"

        with self._lock:
            # Check if we have a cached value that is still fresh
            if cache_key in self._cache:
                age = time.time() - self._timestamps[cache_key]
                if age < self.refresh_interval:
                    return self._cache[cache_key]

        # Fetch from Secret Manager
        name = f"projects/{self.project_id}/secrets/{secret_id}/versions/{version}"
        response = self.client.access_secret_version(request={"name": name})
        value = response.payload.data.decode("UTF-8")

        # Update the cache
        with self._lock:
            self._cache[cache_key] = value
            self._timestamps[cache_key] = time.time()

        return value

# Initialize the cache once at startup
secrets = SecretCache("my-gcp-project", refresh_interval=300)

# Use it throughout your application
db_password = secrets.get("database-password")
api_key = secrets.get("api-key")
