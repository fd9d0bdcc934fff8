# Tells for each login that its input holds, as JSON, whether the database takes it.

import json
import sys

from rotate_database import works

for login in json.load(sys.stdin):
    print(works(login))
