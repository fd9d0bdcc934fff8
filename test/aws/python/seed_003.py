import boto3, json

client = boto3.client("secretsmanager", region_name="eu-west-1")
response = client.get_secret_value(SecretId="prod/myapp/database")
secret = json.loads(response["SecretString"])
db_password = secret["password"]

print(db_password, boto3.client("sts", region_name="eu-west-1").get_caller_identity()["Arn"])
