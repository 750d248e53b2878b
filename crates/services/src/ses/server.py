"""SES as moto has it. What it is asked to send, and took, is written to a file, a line of JSON
each. Arguments: the port; the file; and the addresses it sends from."""

import io
import sys

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.ses.models import ses_backends
from werkzeug.serving import run_simple


class Recorded:
    def __init__(self, path):
        self.app = DomainDispatcherApplication(create_backend_app)
        self.file = open(path, "ab", buffering=0)

    def __call__(self, environ, start_response):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        statuses = []

        def start(status, headers, exc_info=None):
            statuses.append(status)
            return start_response(status, headers, exc_info)

        answer = b"".join(self.app(environ, start))
        sent = environ["PATH_INFO"] == "/v2/email/outbound-emails"
        if sent and statuses[-1].startswith("200"):
            self.file.write(body + b"\n")
        return [answer]


for address in sys.argv[3:]:
    ses_backends["123456789012"]["us-east-1"].verify_email_identity(address)
run_simple("127.0.0.1", int(sys.argv[1]), Recorded(sys.argv[2]), threaded=True)
