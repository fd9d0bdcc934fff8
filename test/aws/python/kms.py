# Makes a key and a secret under it by AWS's own library, and tells what becomes of reads as the key is turned off and on.

import json
import os
import urllib.error
import urllib.request

import boto3
from botocore.exceptions import ClientError

kms = boto3.client("kms", region_name="eu-west-1")
secrets = boto3.client("secretsmanager", region_name="eu-west-1")


def by_google():
    url = os.environ["GOOGLE_URL"] + "/v1/projects/aws-account/secrets/under-key/versions/latest:access"
    request = urllib.request.Request(url, headers={"authorization": "Bearer " + os.environ["GOOGLE_TOKEN"]})
    try:
        return json.load(urllib.request.urlopen(request))["payload"]["data"]
    except urllib.error.HTTPError as error:
        return json.load(error)["error"]["status"]


def by_aws():
    try:
        return secrets.get_secret_value(SecretId="under-key")["SecretString"]
    except ClientError as error:
        return error.response["Error"]["Code"]


key = kms.create_key(Description="for secrets")["KeyMetadata"]
kms.create_alias(AliasName="alias/secrets", TargetKeyId=key["KeyId"])
secrets.create_secret(Name="under-key", SecretString="v", KmsKeyId="alias/secrets")
print(by_aws(), by_google())
kms.disable_key(KeyId=key["Arn"])
print(by_aws(), by_google())
kms.enable_key(KeyId=key["Arn"])
print(by_aws(), by_google())
versions = secrets.list_secret_version_ids(SecretId="under-key")["Versions"]
print(versions[0]["KmsKeyIds"] == [key["Arn"]], secrets.describe_secret(SecretId="under-key")["KmsKeyId"])
kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
print(by_aws(), kms.describe_key(KeyId="alias/secrets")["KeyMetadata"]["KeyState"])
kms.cancel_key_deletion(KeyId=key["KeyId"])
for missing in ["alias/absent", "11111111-1111-4111-8111-111111111111"]:
    try:
        kms.describe_key(KeyId=missing)
    except kms.exceptions.NotFoundException as error:
        print(error)
