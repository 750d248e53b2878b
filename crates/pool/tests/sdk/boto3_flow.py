"""The whole account life with unmodified boto3, against the pool at POOL_URL."""

import base64
import hashlib
import hmac
import json
import os
import urllib.parse
import urllib.request

import boto3
from botocore.config import Config

URL = os.environ["POOL_URL"]
PUBLIC = "cogwardlocalpublicclient01"
CONFIDENTIAL = "cogwardlocalsecretclient01"
SECRET = "cogwardlocalsecret0123456789abcdef"

cognito = boto3.client(
    "cognito-idp",
    endpoint_url=URL,
    region_name="us-east-1",
    aws_access_key_id="unused",
    aws_secret_access_key="unused",
    config=Config(retries={"max_attempts": 1}),
)


def code_for(email):
    query = urllib.parse.urlencode({"recipient": email})
    with urllib.request.urlopen(f"{URL}/_local/messages?{query}") as answer:
        return json.load(answer)[0]["code"]


def wrong(code):
    return "000000" if code != "000000" else "111111"


def secret_hash(username):
    mac = hmac.new(SECRET.encode(), (username + CONFIDENTIAL).encode(), hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()


def refused(exception, call, **arguments):
    try:
        call(**arguments)
    except exception as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400, error.response
        assert error.response["Error"]["Message"], error.response
        return
    raise AssertionError(f"{call.__name__} was not refused with {exception.__name__}")


def account_life(email, client, signed, refresh_hash, secret):
    """`signed` are the members that carry a SECRET_HASH for the email, `secret` the plain one."""
    errors = cognito.exceptions
    first, second = "Passw0rd!", "N3w-Passw0rd"
    member = {"SecretHash": signed} if signed else {}

    def sign_in(password):
        parameters = {"USERNAME": email, "PASSWORD": password}
        if signed:
            parameters["SECRET_HASH"] = signed
        return cognito.initiate_auth(
            ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters
        )

    new = dict(ClientId=client, Username=email, Password=first, **member)
    made = cognito.sign_up(UserAttributes=[{"Name": "given_name", "Value": "Ada"}], **new)
    assert made["UserConfirmed"] is False and made["CodeDeliveryDetails"]["DeliveryMedium"] == "EMAIL"
    refused(errors.UsernameExistsException, cognito.sign_up, **new)
    refused(errors.UserNotConfirmedException, sign_in, password=first)

    person = dict(ClientId=client, Username=email, **member)
    refused(
        errors.CodeMismatchException,
        cognito.confirm_sign_up,
        ConfirmationCode=wrong(code_for(email)),
        **person,
    )
    cognito.resend_confirmation_code(**person)
    cognito.confirm_sign_up(ConfirmationCode=code_for(email), **person)
    refused(errors.NotAuthorizedException, sign_in, password="Wrong-Passw0rd")

    tokens = sign_in(first)["AuthenticationResult"]
    user = cognito.get_user(AccessToken=tokens["AccessToken"])
    attributes = {a["Name"]: a["Value"] for a in user["UserAttributes"]}
    assert user["Username"] == made["UserSub"] == attributes["sub"]
    assert attributes["email_verified"] == "true" and attributes["given_name"] == "Ada"

    parameters = {"REFRESH_TOKEN": tokens["RefreshToken"]}
    if signed:
        parameters["SECRET_HASH"] = refresh_hash(made["UserSub"])
    again = cognito.initiate_auth(
        ClientId=client, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=parameters
    )["AuthenticationResult"]
    assert again["AccessToken"] != tokens["AccessToken"] and "RefreshToken" not in again
    asked = dict(ClientId=client, RefreshToken=tokens["RefreshToken"], **secret)
    assert cognito.get_tokens_from_refresh_token(**asked)["AuthenticationResult"]["IdToken"]

    cognito.forgot_password(**person)
    reset = dict(Password=second, **person)
    code = code_for(email)
    refused(
        errors.CodeMismatchException,
        cognito.confirm_forgot_password,
        ConfirmationCode=wrong(code),
        **reset,
    )
    cognito.confirm_forgot_password(ConfirmationCode=code, **reset)
    refused(errors.NotAuthorizedException, sign_in, password=first)

    cognito.revoke_token(ClientId=client, Token=tokens["RefreshToken"], **secret)
    refused(errors.NotAuthorizedException, cognito.get_tokens_from_refresh_token, **asked)
    refused(errors.NotAuthorizedException, cognito.get_user, AccessToken=tokens["AccessToken"])

    tokens = sign_in(second)["AuthenticationResult"]
    cognito.global_sign_out(AccessToken=tokens["AccessToken"])
    refused(errors.NotAuthorizedException, cognito.get_user, AccessToken=tokens["AccessToken"])


account_life("boto3@example.com", PUBLIC, None, None, {})
account_life(
    "boto3-secret@example.com",
    CONFIDENTIAL,
    secret_hash("boto3-secret@example.com"),
    secret_hash,
    {"ClientSecret": SECRET},
)
print("boto3 flow done")
