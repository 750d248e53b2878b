"""Unmodified pycognito against the pool at POOL_URL: from sign-up to sign-out, signed in
with SRP, and the tokens it verifies."""

import time

from pycognito.exceptions import TokenVerificationException
from pycognito.utils import RequestsSrpAuth
import requests

from pool import CONFIDENTIAL, PASSWORD, SECRET, URL
from pool import code_for, cognito, local, refused, wrong

SECOND = "N3w-Passw0rd"


def sign_up(user, email):
    user.set_base_attributes(given_name="Ada")
    made = user.register(email, PASSWORD)
    assert made["UserConfirmed"] is False and made["CodeDeliveryDetails"]["DeliveryMedium"] == "EMAIL"
    refused("UsernameExistsException", user.register, email, PASSWORD)
    refused("UserNotConfirmedException", user.authenticate, PASSWORD)
    refused("CodeMismatchException", user.confirm_sign_up, wrong(code_for(email)))
    user.resend_confirmation_code(email)
    user.confirm_sign_up(code_for(email))
    return made["UserSub"]


def sign_in(user, email, sub):
    error = refused("NotAuthorizedException", user.authenticate, "Wrong-Passw0rd")
    assert error.response["Error"]["Message"] == "Incorrect username or password."
    user.authenticate(PASSWORD)
    assert user.id_claims["email"] == email and user.access_claims["sub"] == sub
    assert user.check_token() is False
    user.verify_tokens()


def renew(user, sub):
    """A session whose access token is over is renewed by looking at it."""
    # With a secret the hash is over the `sub` here, as for Cognito.
    user.username = sub
    user.renew_access_token()
    user.verify_tokens()

    local("settings", {"access_token_seconds": 1})
    secret = {"ClientSecret": user.client_secret} if user.client_secret else {}
    brief = user.client.get_tokens_from_refresh_token(
        ClientId=user.client_id, RefreshToken=user.refresh_token, **secret
    )
    local("settings", {"access_token_seconds": 3600})
    old = user.access_token = brief["AuthenticationResult"]["AccessToken"]
    until = time.monotonic() + 10
    while not user.check_token(renew=False):
        assert time.monotonic() < until, "the token does not run out"
        time.sleep(0.05)
    assert user.check_token() is True
    assert user.access_token != old and user.check_token() is False
    user.verify_tokens()


def tampering(user):
    good = user.access_token
    head, payload, signature = good.split(".")
    forged = ".".join([head, user.id_token.split(".")[1], signature])
    refused(TokenVerificationException, user.verify_token, forged, "access_token", "access")
    refused(TokenVerificationException, user.verify_token, user.id_token, "access_token", "access")
    local("keys/rotate", {})
    other = cognito(user.username, access_token=good)
    refused(IndexError, other.verify_token, good, "access_token", "access")


def forgotten(user, email):
    user.username = email
    user.initiate_forgot_password()
    code = code_for(email)
    refused("CodeMismatchException", user.confirm_forgot_password, wrong(code), SECOND)
    user.confirm_forgot_password(code, SECOND)
    refused("NotAuthorizedException", user.authenticate, PASSWORD)
    user.authenticate(SECOND)


def leave(user):
    dead = user.access_token
    user.logout()
    assert user.access_token is None
    refused("NotAuthorizedException", user.client.get_user, AccessToken=dead)


def life(email, **client):
    user = cognito(email, **client)
    sub = sign_up(user, email)
    sign_in(user, email, sub)
    renew(user, sub)
    forgotten(user, email)
    return user


def calls_of_an_application(email):
    """Requests that carry an access token, got when the first one is made."""
    auth = RequestsSrpAuth(username=email, password=SECOND, cognito=cognito(email))
    prepared = requests.Request("GET", URL, auth=auth).prepare()
    kind, token = prepared.headers["Authorization"].split(" ")
    assert kind == "Bearer" and token == auth.cognito_client.access_token


person = life("pycognito@example.com")
calls_of_an_application("pycognito@example.com")
leave(person)
person = life("secret@example.com", client=CONFIDENTIAL, client_secret=SECRET)
tampering(person)
