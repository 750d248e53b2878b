"""CUSTOM_AUTH with functions beside the pool, and what becomes of those that fail."""

import http.server
import json
import threading

from pool import *
from srp import Exchange


class Functions(http.server.BaseHTTPRequestHandler):
    """The three functions: a riddle, after the proof of the password when the sign-in begins with it."""

    broken = None  # what the function of this path answers instead
    wrong_body = b"{}"

    def do_POST(self):
        event = json.loads(self.rfile.read(int(self.headers["content-length"])))
        answer = json.dumps(dict(event, response=getattr(self, self.path[1:])(event["request"]))).encode()
        if self.path == Functions.broken:
            answer = Functions.wrong_body
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def define(self, request):
        rounds = request["session"]
        if rounds and rounds[-1]["challengeName"] == "SRP_A":
            return {"challengeName": "PASSWORD_VERIFIER", "issueTokens": False, "failAuthentication": False}
        answered = rounds and rounds[-1]["challengeName"] == "CUSTOM_CHALLENGE"
        solved = bool(answered and rounds[-1]["challengeResult"])
        return {"challengeName": "CUSTOM_CHALLENGE", "issueTokens": solved, "failAuthentication": len(rounds) > 3}

    def create(self, request):
        return {"publicChallengeParameters": {"riddle": "6 x 7"}, "privateChallengeParameters": {"answer": "42"}}

    def verify(self, request):
        return {"answerCorrect": request["challengeAnswer"] == request["privateChallengeParameters"]["answer"]}

    def log_message(self, *_):
        pass


def riddle(door, name):
    make_user(name)
    challenge = door.begin("CUSTOM_AUTH", USERNAME=name)
    assert challenge["ChallengeName"] == "CUSTOM_CHALLENGE" and challenge["ChallengeParameters"]["riddle"] == "6 x 7"
    again = door.answer(challenge, name, ANSWER="41")
    assert again["ChallengeName"] == "CUSTOM_CHALLENGE"
    is_tokens(door.answer(again, name, ANSWER="42")["AuthenticationResult"])

    exchange = Exchange()
    challenge = door.begin("CUSTOM_AUTH", USERNAME=name, CHALLENGE_NAME="SRP_A", SRP_A=exchange.srp_a)
    assert challenge["ChallengeName"] == "PASSWORD_VERIFIER"
    challenge = door.answer(challenge, name, **exchange.proof(challenge["ChallengeParameters"], PASSWORD))
    assert challenge["ChallengeName"] == "CUSTOM_CHALLENGE"
    is_tokens(door.answer(challenge, name, ANSWER="42")["AuthenticationResult"])


def failures(door, name):
    told = json.dumps({"errorMessage": "no riddles today"}).encode()
    for body, error in (
        (told, "UserLambdaValidationException"),
        (b"?", "InvalidLambdaResponseException"),
    ):
        Functions.wrong_body, Functions.broken = body, "/define"
        message = door.refuse(error, "CUSTOM_AUTH", USERNAME=name)
        assert "DefineAuthChallenge" in message
        Functions.broken = "/verify"
        challenge = door.begin("CUSTOM_AUTH", USERNAME=name)
        door.refuse_answer(error, challenge, name, ANSWER="42")
    Functions.broken = None


def run():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Functions)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    triggers = dict(
        define_auth_challenge=f"{url}/define",
        create_auth_challenge=f"{url}/create",
        verify_auth_challenge_response=f"{url}/verify",
    )
    for door, name in ((API, "api@example.com"), (ADMIN, "admin@example.com")):
        door.refuse("InvalidParameterException", "CUSTOM_AUTH", USERNAME=name)
        settings(triggers=triggers)
        riddle(door, name)
        failures(door, name)
        challenge = door.begin("CUSTOM_AUTH", USERNAME=name)
        # Nobody listens at port 1.
        settings(triggers=dict.fromkeys(triggers, "http://127.0.0.1:1/"))
        door.refuse("UnexpectedLambdaException", "CUSTOM_AUTH", USERNAME=name)
        door.refuse_answer("UnexpectedLambdaException", challenge, name, ANSWER="42")
        settings(triggers=dict.fromkeys(triggers))
    server.shutdown()
