# Lambda's Invoke API on loopback: each argument `NAME=FILE.py` is a function, whose `lambda_handler` is called in this
# process. Says on its standard output where it listens, and each step as it begins. A function whose name ends in -held
# waits in setSecret for the file that HOLD names to be gone.

import importlib.util
import json
import os
import sys
import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote


def load(path):
    spec = importlib.util.spec_from_file_location(os.path.basename(path)[:-3] + str(abs(hash(path))), path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.lambda_handler


FUNCTIONS = {name: load(path) for name, path in (argument.split("=", 1) for argument in sys.argv[1:])}
SAY = threading.Lock()


def say(*words):
    with SAY:
        print(*words, flush=True)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def found(self):
        parts = self.path.split("/")
        name = unquote(parts[3]).split(":")[6] if len(parts) > 3 else ""
        return name, FUNCTIONS.get(name)

    def answer(self, status, body, headers=()):
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        name, handler = self.found()
        self.answer(404 if handler is None else 200, {"Configuration": {"FunctionName": name}})

    def do_POST(self):
        name, handler = self.found()
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        signed = self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 Credential=AKIAINVOKER00000000/")
        if handler is None or not signed:
            return self.answer(404 if handler is None else 403, {})
        say(name, event["Step"], event["ClientRequestToken"])
        while name.endswith("-held") and event["Step"] == "setSecret" and os.path.exists(os.environ["HOLD"]):
            time.sleep(0.02)
        try:
            result, headers = handler(event, None), ()
        except Exception as error:
            result, headers = {"errorType": type(error).__name__}, [("X-Amz-Function-Error", "Unhandled")]
            if os.environ.get("TRACE") is not None:
                traceback.print_exc()
        try:
            self.answer(200, result, headers)
        except BrokenPipeError:
            # Whoever asked is gone.
            pass

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
say(f"http://127.0.0.1:{server.server_port}")
server.serve_forever()
