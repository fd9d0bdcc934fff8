"""The same program, asynchronous."""

import asyncio
import sys

from azure.identity.aio import DefaultAzureCredential
from azure.keyvault.secrets.aio import SecretClient


async def main(url, name):
    async with DefaultAzureCredential() as credential, SecretClient(vault_url=url, credential=credential) as client:
        print((await client.get_secret("API-KEY")).value)
        made = await client.set_secret(name, "from asyncio", content_type="text/plain")
        read = await client.get_secret(name, made.properties.version)
        print(read.value, read.properties.content_type)
        print(str((await client.update_secret_properties(name, enabled=False)).enabled).lower())
        backup = await client.backup_secret(name)
        deleted = await client.delete_secret(name)
        print(str(deleted.name == name).lower(), str(deleted.recovery_id != "").lower())
        await client.purge_deleted_secret(name)
        restored = await client.restore_secret_backup(backup)
        print(str(restored.version == made.properties.version).lower())
        print(sum([secret.name == name async for secret in client.list_properties_of_secrets()]))


asyncio.run(main(*sys.argv[1:]))
