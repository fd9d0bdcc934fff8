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

sts = boto3.client("sts", region_name="eu-west-1")
print(sts.get_caller_identity()["Arn"])
session = sts.get_session_token()["Credentials"]
again = boto3.client(
    "sts",
    region_name="eu-west-1",
    aws_access_key_id=session["AccessKeyId"],
    aws_secret_access_key=session["SecretAccessKey"],
    aws_session_token=session["SessionToken"],
)
print(again.get_caller_identity()["Arn"], session["Expiration"].tzinfo is not None)
try:
    again.get_session_token()
except ClientError as error:
    print(error)
