# AWS's caching client: a value is read once, and found again without asking.

from aws_secretsmanager_caching import InjectKeywordedSecretString, SecretCache

import botocore.session

client = botocore.session.get_session().create_client("secretsmanager", region_name="eu-west-1")
calls = []
client.meta.events.register("before-call.secrets-manager.*", lambda model, **_: calls.append(model.name))
cache = SecretCache(client=client)
print(cache.get_secret_string("prod/myapp/database"), cache.get_secret_string("prod/myapp/database"))


@InjectKeywordedSecretString(secret_id="prod/myapp/database", cache=cache, given="password")
def show(given):
    print(given, sorted(calls))


show()
