# What a key file is good for with Google's own library: the JWT grant, a self-signed JWT, and ID tokens that verify.
import sys

import google.auth.transport.requests
from google.cloud import secretmanager
from google.oauth2 import id_token, service_account

key_file, name, audience = sys.argv[1:]
request = google.auth.transport.requests.Request()
certs = "https://oauth2.googleapis.com/oauth2/v1/certs"
scopes = ["https://www.googleapis.com/auth/cloud-platform"]

granted = service_account.Credentials.from_service_account_file(key_file, scopes=scopes)
granted.refresh(request)
assert granted.token.startswith("ya29."), "the grant gives an opaque token"

for credentials in (granted, service_account.Credentials.from_service_account_file(key_file)):
    for transport in ("grpc", "rest"):
        client = secretmanager.SecretManagerServiceClient(credentials=credentials, transport=transport)
        print(client.access_secret_version(name=name).payload.data.decode())

own = service_account.IDTokenCredentials.from_service_account_file(key_file, target_audience=audience)
own.refresh(request)
for token in (own.token, id_token.fetch_id_token(request, audience)):
    claims = id_token.verify_token(token, request, audience, certs_url=certs)
    print(claims["iss"], claims["aud"], claims["email"])
