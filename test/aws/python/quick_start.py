# AWS's quick start for Secrets Manager: a secret is made, read, changed, described, listed, deleted and restored.

import json

import boto3
from botocore.exceptions import ClientError

client = boto3.client("secretsmanager", region_name="eu-west-1")
name = "prod/myapp/database"
made = client.create_secret(Name=name, SecretString=json.dumps({"password": "first"}), Description="the database")
client.put_secret_value(SecretId=name, SecretString=json.dumps({"password": "s3cret"}))
print(json.loads(client.get_secret_value(SecretId=name)["SecretString"])["password"])
print(json.loads(client.get_secret_value(SecretId=name, VersionStage="AWSPREVIOUS")["SecretString"])["password"])
client.tag_resource(SecretId=name, Tags=[{"Key": "team", "Value": "web"}])
told = client.describe_secret(SecretId=made["ARN"])
print(told["Description"], told["Tags"], len(told["VersionIdsToStages"]))
pages = client.get_paginator("list_secrets").paginate(Filters=[{"Key": "name", "Values": ["prod/"]}])
print([secret["Name"] for page in pages for secret in page["SecretList"]])
client.delete_secret(SecretId=name, RecoveryWindowInDays=7)
try:
    client.get_secret_value(SecretId=name)
except ClientError as error:
    print(error.response["Error"]["Code"])
client.restore_secret(SecretId=name)
print(client.get_secret_value(SecretId=name)["VersionStages"])
