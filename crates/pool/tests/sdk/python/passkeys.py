"""Passkeys: registered, listed, signed in with through either door, deleted."""

import json

from authenticator import Authenticator
from pool import *


def start(token):
    options = cognito.start_web_authn_registration(**token)["CredentialCreationOptions"]
    assert options["rp"]["id"] == "localhost" and {"alg": -7, "type": "public-key"} in options["pubKeyCredParams"]
    return options


def add(token, passkey=None):
    passkey = passkey or Authenticator()
    cognito.complete_web_authn_registration(Credential=passkey.create(start(token)), **token)
    return passkey


def refuse(exception, token, credential):
    refused(exception, cognito.complete_web_authn_registration, Credential=credential, **token)


def registration(name):
    make_user(name)
    token = {"AccessToken": token_of(name)}
    credential = Authenticator().create(start(token))
    cognito.complete_web_authn_registration(Credential=credential, **token)
    refuse("WebAuthnChallengeNotFoundException", token, credential)
    refuse("InvalidParameterException", token, {"id": "no credential"})
    refuse("WebAuthnOriginNotAllowedException", token, Authenticator("https://evil.example").create(start(token)))
    passkey = Authenticator()
    passkey.algorithm = -9
    refuse("WebAuthnCredentialNotSupportedException", token, passkey.create(start(token)))
    other_client = cognito.initiate_auth(
        ClientId=CONFIDENTIAL,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD, "SECRET_HASH": secret_hash(name)},
    )
    other = {"AccessToken": other_client["AuthenticationResult"]["AccessToken"]}
    refuse("WebAuthnClientMismatchException", other, Authenticator().create(start(token)))
    credential = Authenticator().create(start(token))
    settings(passkeys={"relying_party_id": "example.com"})
    refuse("WebAuthnRelyingPartyMismatchException", token, credential)
    settings(passkeys={"relying_party_id": ""})
    refused("WebAuthnConfigurationMissingException", cognito.start_web_authn_registration, **token)
    settings(passkeys={"relying_party_id": "localhost", "enabled": False})
    refused("WebAuthnNotEnabledException", cognito.start_web_authn_registration, **token)
    refuse("WebAuthnNotEnabledException", token, credential)
    settings(passkeys={"enabled": True})


def listing(name):
    token = {"AccessToken": token_of(name)}
    while len(cognito.list_web_authn_credentials(**token)["Credentials"]) < 19:
        add(token)
    elsewhere = {"AccessToken": token_of(name)}
    late = Authenticator().create(start(elsewhere))
    add(token)
    refuse("LimitExceededException", elsewhere, late)
    refused("LimitExceededException", cognito.start_web_authn_registration, **token)

    page = cognito.list_web_authn_credentials(MaxResults=19, **token)
    rest = cognito.list_web_authn_credentials(NextToken=page["NextToken"], **token)
    assert len(page["Credentials"]) == 19 and "NextToken" not in rest
    (last,) = rest["Credentials"]
    assert last["RelyingPartyId"] == "localhost" and last["AuthenticatorTransports"] == ["internal"]
    assert last["AuthenticatorAttachment"] == "platform" and last["FriendlyCredentialName"]
    refused("InvalidParameterException", cognito.list_web_authn_credentials, NextToken="???", **token)
    gone = dict(token, CredentialId=last["CredentialId"])
    cognito.delete_web_authn_credential(**gone)
    refused("ResourceNotFoundException", cognito.delete_web_authn_credential, **gone)


def sign_in(door, name):
    make_user(name)
    token = {"AccessToken": token_of(name)}
    passkey = add(token)
    assert "WEB_AUTHN" in cognito.get_user_auth_factors(**token)["ConfiguredUserAuthFactors"]

    def begin():
        challenge = door.begin("USER_AUTH", USERNAME=name, PREFERRED_CHALLENGE="WEB_AUTHN")
        assert challenge["ChallengeName"] == "WEB_AUTHN"
        return challenge, json.loads(challenge["ChallengeParameters"]["CREDENTIAL_REQUEST_OPTIONS"])

    challenge, options = begin()
    credential = json.dumps(passkey.get(options))
    is_tokens(door.answer(challenge, name, CREDENTIAL=credential)["AuthenticationResult"])
    challenge, _ = begin()
    message = door.refuse_answer("NotAuthorizedException", challenge, name, CREDENTIAL=credential)
    assert message == "Incorrect username or passkey."


def run():
    registration("ada@example.com")
    listing("ada@example.com")
    sign_in(API, "api@example.com")
    sign_in(ADMIN, "admin@example.com")
