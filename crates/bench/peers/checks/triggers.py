"""Triggers of a custom challenge, as an HTTP endpoint that takes and answers Lambda's events."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Triggers:
    answer = "forty-two"

    def __enter__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        request, response = event.get("request", {}), event.setdefault("response", {})
        source = event.get("triggerSource", "")
        if source.startswith("DefineAuthChallenge"):
            last = (request.get("session") or [None])[-1]
            response["issueTokens"] = bool(last and last["challengeResult"])
            response["failAuthentication"] = bool(last and not last["challengeResult"])
            response["challengeName"] = "CUSTOM_CHALLENGE"
        elif source.startswith("CreateAuthChallenge"):
            response["publicChallengeParameters"] = {"question": "six times seven"}
            response["privateChallengeParameters"] = {"answer": Triggers.answer}
        elif source.startswith("VerifyAuthChallengeResponse"):
            right = request["privateChallengeParameters"]["answer"]
            response["answerCorrect"] = request["challengeAnswer"] == right
        body = json.dumps(event).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nothing."""
