from google.cloud import secretmanager

def rotate_secret(project_id, secret_id, new_value):
    """Add a new version to a secret (rotation)."""
    client = secretmanager.SecretManagerServiceClient()

    # The parent is the secret itself, not a version
    parent = f"projects/{project_id}/secrets/{secret_id}"

    # Add a new version with the updated value
    response = client.add_secret_version(
        request={
            "parent": parent,
            "payload": {"data": new_value.encode("UTF-8")},
        }
    )

    print(f"Added secret version: {response.name}")

    # Optionally, disable old versions
    # List all versions and disable everything except the latest
    versions = client.list_secret_versions(request={"parent": parent})
    for version in versions:
        if version.state == secretmanager.SecretVersion.State.ENABLED:
            if version.name != response.name:
                client.disable_secret_version(request={"name": version.name})
                print(f"Disabled old version: {version.name}")
