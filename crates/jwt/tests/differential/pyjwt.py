"""What PyJWT says to each token: cases on stdin, verdicts on stdout.

PyJWT knows nothing of Cognito. It is called as guides to Cognito call it: the key by
`PyJWKClient`, RS256 alone, the issuer, `exp` required, `aud` for ID tokens, and by hand
`token_use` and, for access tokens, `client_id`.
"""

import json
import math
import sys

import jwt
from jwt import api_jwt

given = json.load(sys.stdin)


class FixedClock(api_jwt.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(given["now"], tz)


class HeldKeys(jwt.PyJWKClient):
    def fetch_data(self):
        return given["jwks"]


api_jwt.datetime = FixedClock
issuer = f"https://cognito-idp.{given['pool'].split('_')[0]}.amazonaws.com/{given['pool']}"
keys = HeldKeys(issuer + "/.well-known/jwks.json")


def verify(token, kind, leeway):
    claims = jwt.decode(
        token,
        keys.get_signing_key_from_jwt(token),
        algorithms=["RS256"],
        issuer=issuer,
        audience=given["client"] if kind == "id" else None,
        leeway=leeway,
        options={"require": ["exp"], "verify_aud": kind == "id"},
    )
    if claims.get("token_use") != kind:
        raise jwt.InvalidTokenError("token_use")
    if kind == "access" and claims.get("client_id") != given["client"]:
        raise jwt.InvalidTokenError("client_id")
    return claims


def printable(value):
    """JSON has no infinite numbers."""
    if isinstance(value, dict):
        return {name: printable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [printable(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}[str(value)]
    return value


def verdict(case):
    try:
        claims = verify(case["token"], case["kind"], case["leeway"])
    except Exception as error:  # whatever it is, the token is not accepted
        return {"error": type(error).__name__}
    return {"claims": json.dumps(printable(claims))}


json.dump([verdict(case) for case in given["cases"]], sys.stdout)
