# Reads a secret as AWS's own sample does, and says what went wrong in AWS's words.

import sys

import boto3
from botocore.exceptions import ClientError

client = boto3.client("secretsmanager", region_name="eu-west-1")
for name in sys.argv[1:]:
    try:
        found = client.get_secret_value(SecretId=name)
        print(found["Name"], found.get("SecretString", found.get("SecretBinary")), found["VersionStages"])
        again = client.get_secret_value(SecretId=found["ARN"], VersionId=found["VersionId"], VersionStage="AWSCURRENT")
        print(again["CreatedDate"] == found["CreatedDate"], found["ARN"].split(":")[3:6])
    except ClientError as error:
        print(error)
