# A rotation function in the shape of AWS's template: a user of PostgreSQL or MariaDB changes its own password. Each step
# may come more than once.

import json

import boto3
import pg8000.dbapi
import pymysql


def lambda_handler(event, context):
    client = boto3.client("secretsmanager", region_name="eu-west-1")
    arn, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    told = client.describe_secret(SecretId=arn)
    if not told["RotationEnabled"]:
        raise ValueError("rotation is not enabled")
    stages = told["VersionIdsToStages"].get(token, [])
    if "AWSCURRENT" in stages:
        return
    if "AWSPENDING" not in stages:
        raise ValueError("the version is not pending")
    STEPS[step](client, arn, token, told["VersionIdsToStages"])


def create(client, arn, token, stages):
    login = read(client, arn, VersionStage="AWSCURRENT")
    try:
        read(client, arn, VersionId=token, VersionStage="AWSPENDING")
    except client.exceptions.ResourceNotFoundException:
        password = client.get_random_password(ExcludeCharacters="/@\"'\\%", PasswordLength=24)
        login["password"] = password["RandomPassword"]
        client.put_secret_value(
            SecretId=arn, ClientRequestToken=token, SecretString=json.dumps(login), VersionStages=["AWSPENDING"]
        )


def change(client, arn, token, stages):
    pending = read(client, arn, VersionId=token, VersionStage="AWSPENDING")
    if works(pending):
        return
    current = read(client, arn, VersionStage="AWSCURRENT")
    if (current["username"], current["host"]) != (pending["username"], pending["host"]):
        raise ValueError("the pending version is another user's")
    connection = connect(current)
    try:
        cursor = connection.cursor()
        if current["engine"] == "mariadb":
            cursor.execute("SET PASSWORD = PASSWORD(%s)", (pending["password"],))
        else:
            cursor.execute(f"ALTER USER \"{current['username']}\" PASSWORD '{pending['password']}'")
        connection.commit()
    finally:
        connection.close()


def test(client, arn, token, stages):
    if not works(read(client, arn, VersionId=token, VersionStage="AWSPENDING")):
        raise ValueError("the pending version does not log in")


def finish(client, arn, token, stages):
    current = next(version for version, labels in stages.items() if "AWSCURRENT" in labels)
    client.update_secret_version_stage(
        SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
    )


STEPS = {"createSecret": create, "setSecret": change, "testSecret": test, "finishSecret": finish}


def read(client, arn, **which):
    return json.loads(client.get_secret_value(SecretId=arn, **which)["SecretString"])


def connect(login):
    where = {"host": login["host"], "port": login["port"], "user": login["username"], "password": login["password"]}
    if login["engine"] == "mariadb":
        return pymysql.connect(**where)
    return pg8000.dbapi.connect(**where, database=login["dbname"])


def works(login):
    try:
        connect(login).close()
        return True
    except (pg8000.dbapi.DatabaseError, pymysql.err.OperationalError):
        return False
