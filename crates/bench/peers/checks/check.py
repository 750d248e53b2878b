"""What checks are made of."""

import base64
import hashlib
import hmac
import json
import secrets
import struct
import time

from botocore.exceptions import ClientError

#: Pairs of text and function, in the order of the table.
CHECKS = []

PASSWORD = "Passw0rd!"
OTHER_PASSWORD = "N3w-Passw0rd"
WRONG_PASSWORD = "Wr0ng-Passw0rd"

#: How pools say that they lack something.
NOT_OFFERED = ["OperationNotEnabledException", "UnknownOperationException", "Unsupported"]


class Wrong(Exception):
    """The pool did something else than Cognito does."""


def check(text):
    def remember(run):
        CHECKS.append((text, run))
        return run

    return remember


def email():
    """An address nobody had before."""
    return f"someone.{secrets.token_hex(4)}@example.com"


def true(condition, instead):
    if not condition:
        raise Wrong(instead)


def refused(*kinds, by, says=None):
    """Calls `by`, which has to end in one of these exceptions, with status 400; in any but one
    that says that there is no such thing, when none is named."""
    try:
        by()
    except ClientError as error:
        kind, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        true(kind in kinds or not (kinds or kind in NOT_OFFERED), f"{kind} ({status})")
        true(status == 400, f"{kind} ({status})")
        true(says is None or says in message, f"says {message!r}")
        return error
    raise Wrong("accepted")


def tokens_of(answer):
    true("AuthenticationResult" in answer, f"no tokens, {answer.get('ChallengeName')}")
    return answer["AuthenticationResult"]


def challenge_of(answer, name):
    """The session of the challenge, which has to be this one."""
    got = answer.get("ChallengeName")
    true(got == name, f"{got} for a challenge" if got else "tokens instead of a challenge")
    return answer["Session"]


def claims(token):
    """Unverified."""
    return part(token, 1)


def header(token):
    return part(token, 0)


def part(token, number):
    text = token.split(".")[number]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def one_time_code(secret, step=0):
    """RFC 6238 with Cognito's parameters: SHA-1, six digits, 30 seconds."""
    try:
        key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    except ValueError:
        raise Wrong("the secret is no base32, so no application takes it") from None
    mac = hmac.new(key, struct.pack(">Q", int(time.time()) // 30 + step), hashlib.sha1).digest()
    number = struct.unpack(">I", mac[mac[-1] & 15 :][:4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def other_code(code):
    """As long, and another one."""
    return code[:-1] + str((int(code[-1]) + 1) % 10)
