"""The quick start of Azure Key Vault, with what comes after it: it knows a vault's URL and nothing else."""

import sys

from azure.identity import DefaultAzureCredential
from azure.keyvault.secrets import SecretClient

_, url, name = sys.argv
client = SecretClient(vault_url=url, credential=DefaultAzureCredential())
print(client.get_secret("API-KEY").value)
made = client.set_secret(name, "from python", content_type="text/plain")
read = client.get_secret(name, made.properties.version)
print(read.value, read.properties.content_type)
print(str(client.update_secret_properties(name, enabled=False).enabled).lower())
backup = client.backup_secret(name)
deleted = client.begin_delete_secret(name).result()
print(str(deleted.name == name).lower(), str(deleted.recovery_id != "").lower())
client.purge_deleted_secret(name)
restored = client.restore_secret_backup(backup)
print(str(restored.version == made.properties.version).lower())
print(sum(secret.name == name for secret in client.list_properties_of_secrets()))
