"""An ordinary program of Google's Python library, over gRPC, asyncio or REST. Nothing in it knows of Coffer."""

import asyncio
import json
import sys

from google.cloud import secretmanager

kind, paged, held, page_size = sys.argv[1:]
project = f"projects/{paged}"
data = bytes(index * 7 % 256 for index in range(65536))
listing = {"parent": project, "page_size": int(page_size)}
versions = {"parent": f"{project}/secrets/many", "page_size": int(page_size)}
new_secret = {
    "parent": f"projects/{held}",
    "secret_id": f"held-by-python-{kind}",
    "secret": {"replication": {"automatic": {}}, "labels": {"empty": "", "full": "x"}},
}


def report(greeting, answer, secret, secrets, versions):
    assert answer.payload.data == data
    assert dict(secret.labels) == {"empty": "", "full": "x"}
    found = {"greeting": greeting.payload.data.decode(), "held": len(answer.payload.data)}
    print(json.dumps({**found, "secrets": secrets, "versions": versions}))


def run(client):
    greeting = client.access_secret_version(name=f"{project}/secrets/many/versions/1")
    name = client.create_secret(request=new_secret).name
    version = client.add_secret_version(parent=name, payload={"data": data})
    report(
        greeting,
        client.access_secret_version(name=version.name),
        client.get_secret(name=name),
        sum(1 for _ in client.list_secrets(request=listing)),
        sum(1 for _ in client.list_secret_versions(request=versions)),
    )


async def run_asyncio():
    client = secretmanager.SecretManagerServiceAsyncClient()
    greeting = await client.access_secret_version(name=f"{project}/secrets/many/versions/1")
    name = (await client.create_secret(request=new_secret)).name
    version = await client.add_secret_version(parent=name, payload={"data": data})
    answer, secret = await asyncio.gather(
        client.access_secret_version(name=version.name), client.get_secret(name=name)
    )
    found = [0, 0]
    async for _ in await client.list_secrets(request=listing):
        found[0] += 1
    async for _ in await client.list_secret_versions(request=versions):
        found[1] += 1
    report(greeting, answer, secret, *found)


if kind == "asyncio":
    asyncio.run(run_asyncio())
else:
    run(secretmanager.SecretManagerServiceClient(transport=kind))
