"""What tokens say, and who signed them."""

import base64
import json

import jwt
import requests

from .check import challenge_of, check, claims, header, refused, true


def key_of(world, token):
    """The key of the key set that the token names."""
    kid = header(token).get("kid")
    keys = [key for key in world.jwks()["keys"] if key["kid"] == kid]
    true(len(keys) == 1, f"{len(keys)} keys of this kid")
    return jwt.PyJWK(keys[0], algorithm="RS256").key


@check("both tokens verify with the key set")
def verify(peer):
    world = peer.world()
    tokens = world.signed_in()
    for token in (tokens["AccessToken"], tokens["IdToken"]):
        options = {"verify_aud": False}
        try:
            jwt.decode(token, key_of(world, token), algorithms=["RS256"], options=options)
        except jwt.PyJWTError as error:
            true(False, f"{type(error).__name__}: {error}")


@check("the key set holds two keys, one for each kind of token")
def two_keys(peer):
    world = peer.world()
    tokens = world.signed_in()
    keys = world.jwks()["keys"]
    true(len(keys) == 2, f"{len(keys)} key")
    kids = {header(tokens[name])["kid"] for name in ("AccessToken", "IdToken")}
    true(len(kids) == 2, "both tokens are signed by one key")


@check("every installation has signing keys of its own")
def own_keys(peer):
    mine, other = peer.world(), peer.second_world()
    one, two = ({key["n"] for key in world.jwks()["keys"]} for world in (mine, other))
    true(not one & two, "the key is in the package: everybody can sign")


@check("ID token: the claims Cognito has")
def id_claims(peer):
    world = peer.world()
    name = world.person()
    tokens = world.signed_in(name)
    got = claims(tokens["IdToken"])
    wanted = "sub iss aud token_use auth_time iat exp jti origin_jti event_id cognito:username email email_verified"
    missing = [claim for claim in wanted.split() if claim not in got]
    true(not missing, f"without {', '.join(missing)}")
    true(got["token_use"] == "id", f"token_use {got['token_use']}")
    true(got["aud"] == world.client, "aud is not the client")
    true(got["email"] == name, "another e-mail address")
    true(got["email_verified"] is True, f"email_verified is {got['email_verified']!r}")
    true(got["cognito:username"] == got["sub"], "cognito:username is not the sub")


@check("access token: the claims Cognito has")
def access_claims(peer):
    world = peer.world()
    got = claims(world.signed_in()["AccessToken"])
    wanted = "sub iss client_id token_use auth_time iat exp jti origin_jti event_id username scope"
    missing = [claim for claim in wanted.split() if claim not in got]
    true(not missing, f"without {', '.join(missing)}")
    true(got["token_use"] == "access", f"token_use {got['token_use']}")
    true(got["client_id"] == world.client, "client_id is another")
    true("aws.cognito.signin.user.admin" in got["scope"].split(), f"scope {got['scope']}")
    true("aud" not in got, "has an aud")


@check("tokens live an hour unless the client says otherwise")
def lifetime(peer):
    world = peer.world()
    tokens = world.signed_in()
    for name in ("AccessToken", "IdToken"):
        got = claims(tokens[name])
        lives = got["exp"] - got["iat"]
        true(lives == 3600, f"{name} lives {lives} s")
    true(tokens.get("ExpiresIn") == 3600, f"ExpiresIn {tokens.get('ExpiresIn')}")


@check("discovery: the issuer is the tokens', and its key set is there")
def discovery(peer):
    world = peer.world()
    issuer = claims(world.signed_in()["IdToken"])["iss"]
    path = f"{world.url}/{world.pool_id}/.well-known/openid-configuration"
    document = requests.get(path).json()
    true(document["issuer"] == issuer, f"issuer is {document['issuer']}")
    try:
        keys = requests.get(document["jwks_uri"], timeout=5).json()
    except requests.RequestException:
        keys = None
    true(keys == world.jwks(), f"no key set at {document['jwks_uri']}")
    for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint"):
        true(name in document, f"without {name}")


@check("GetUser: an access token signed by somebody else is refused")
def forged(peer):
    world = peer.world()
    tokens = world.signed_in()
    head, payload, signature = tokens["AccessToken"].split(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)))
    raw[0] ^= 1
    signature = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    token = ".".join([head, payload, signature])
    refused("NotAuthorizedException", by=lambda: world.api.get_user(AccessToken=token))


@check("GetUser: an unsigned token (alg none) is refused")
def unsigned(peer):
    world = peer.world()
    payload = world.signed_in()["AccessToken"].split(".")[1]
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode().rstrip("=")
    # botocore wants something in the place of the signature.
    token = f"{head}.{payload}.AA"
    refused("NotAuthorizedException", by=lambda: world.api.get_user(AccessToken=token))


@check("GetUser: an ID token is refused")
def id_token(peer):
    world = peer.world()
    token = world.signed_in()["IdToken"]
    refused("NotAuthorizedException", by=lambda: world.api.get_user(AccessToken=token))
