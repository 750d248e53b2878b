"""DynamoDB as moto has it, made good in what these tests need: requests are carried out one by
one, as if each were atomic; connections are kept open; and what was written is there again
after a restart. Arguments: the port, and the file of all writes."""

import io
import json
import os
import sys
import threading

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import run_simple

WRITES = ("Put", "Update", "Delete", "Create", "BatchWrite", "Transact")


class Atomic:
    def __init__(self, path):
        self.app = DomainDispatcherApplication(create_backend_app)
        self.lock = threading.Lock()
        self.replay(path)
        self.file = open(path, "ab", buffering=0)

    def __call__(self, environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length)
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        request = [target, environ.get("HTTP_AUTHORIZATION", ""), body.decode()]
        with self.lock:
            if target.split(".")[-1].startswith(WRITES):
                self.file.write(json.dumps(request).encode() + b"\n")
            return self.answer(environ, body, start_response)

    def answer(self, environ, body, start_response):
        environ["wsgi.input"] = io.BytesIO(body)
        return [b"".join(self.app(environ, start_response))]

    def replay(self, path):
        if not os.path.exists(path):
            return
        for line in open(path, "rb"):
            # Killed while it wrote this line, and so before it answered.
            if not line.endswith(b"\n"):
                continue
            target, authorization, body = json.loads(line)
            body = body.encode()
            environ = {
                "REQUEST_METHOD": "POST",
                "PATH_INFO": "/",
                "SERVER_NAME": "127.0.0.1",
                "SERVER_PORT": "80",
                "HTTP_HOST": "127.0.0.1",
                "wsgi.url_scheme": "http",
                "wsgi.errors": sys.stderr,
                "CONTENT_TYPE": "application/x-amz-json-1.0",
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_X_AMZ_TARGET": target,
                "HTTP_AUTHORIZATION": authorization,
            }
            self.answer(environ, body, lambda *_: None)


MotoRequestHandler.protocol_version = "HTTP/1.1"
run_simple(
    "127.0.0.1",
    int(sys.argv[1]),
    Atomic(sys.argv[2]),
    threaded=True,
    request_handler=MotoRequestHandler,
)
