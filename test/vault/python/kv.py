"""Does with hvac what stdin lists, in that order, and answers what each step read: a value below `secret/`."""

import json
import sys

import hvac

kv = hvac.Client().secrets.kv.v2
answers = []
for step in json.load(sys.stdin):
    path = step["path"]
    if step["verb"] == "write":
        kv.create_or_update_secret(path, secret=step["data"])
    value = kv.read_secret_version(path, raise_on_deleted_version=True)["data"]["data"]
    if step["verb"] == "rewrite":
        kv.create_or_update_secret(path, secret=value)
    answers.append(value)
json.dump(answers, sys.stdout)
