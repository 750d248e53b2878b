"""What the scripts have in common: the pool at POOL_URL and what a person does beside it."""

import base64
import hashlib
import hmac
import json
import os
import struct
import urllib.parse
import urllib.request

from pycognito import Cognito

URL = os.environ["POOL_URL"]
POOL_ID = "us-east-1_Cogward01"
PUBLIC = "cogwardlocalpublicclient01"
CONFIDENTIAL = "cogwardlocalsecretclient01"
SECRET = "cogwardlocalsecret0123456789abcdef"
PASSWORD = "Passw0rd!"


def cognito(username=None, client=PUBLIC, **more):
    """As an application makes it, with credentials for the calls of administrators."""
    return Cognito(
        POOL_ID,
        client,
        username=username,
        access_key="unused",
        secret_key="unused",
        boto3_client_kwargs={"endpoint_url": URL},
        **more,
    )


def local(what, body=None):
    """Calls the pool's surface for tests."""
    headers = {"Content-Type": "application/json", "X-Cogward-Local": "1"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{URL}/_local/{what}", data, headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def make_user(username, **more):
    """A confirmed user with the usual password."""
    return local("users", {"username": username, "password": PASSWORD, **more})


def code_for(email):
    """The newest code that was sent to an address."""
    return local(f"messages?recipient={urllib.parse.quote(email)}")[0]["code"]


def wrong(code):
    return "000000" if code != "000000" else "111111"


TAKEN = {}


def totp(secret):
    """The code that an app shows. No code is good twice: the pool's clock goes on when it was
    taken."""
    step = local("clock", {"advance_seconds": 0})["now"] // 30
    while step <= TAKEN.get(secret, 0):
        step = local("clock", {"advance_seconds": 30})["now"] // 30
    TAKEN[secret] = step
    return one_time_password(secret, step)


def wrong_totp(secret):
    """A code that no app shows around now."""
    step = local("clock", {"advance_seconds": 0})["now"] // 30
    near = [one_time_password(secret, step + off) for off in (-2, -1, 0, 1, 2)]
    return next(code for code in (digit * 6 for digit in "012345") if code not in near)


def one_time_password(secret, step):
    """RFC 6238."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    (number,) = struct.unpack_from(">L", mac, mac[19] & 15)
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"


def refused(exception, call, *arguments, **named):
    """`call` fails with `exception`: a class, or the name of one of Cognito's."""
    try:
        call(*arguments, **named)
    except Exception as error:
        if exception not in (type(error), type(error).__name__):
            raise AssertionError(f"{error!r} instead of {exception}") from error
        return error
    raise AssertionError(f"{call.__name__} was not refused with {exception}")
