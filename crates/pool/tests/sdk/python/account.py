"""An account from the sign-up to its end, with either built-in app client."""

from pool import *


class Client:
    """An app client, and what is sent along for its secret."""

    def __init__(self, id, secret=None):
        self.id, self.secret = id, {"ClientSecret": secret} if secret else {}

    def person(self, username):
        hash = {"SecretHash": secret_hash(username)} if self.secret else {}
        return dict(ClientId=self.id, Username=username, **hash)

    def initiate(self, flow, hashed, **parameters):
        if self.secret:
            parameters["SECRET_HASH"] = secret_hash(hashed)
        return dict(ClientId=self.id, AuthFlow=flow, AuthParameters=parameters)

    def by_password(self, email, password=PASSWORD):
        return self.initiate("USER_PASSWORD_AUTH", email, USERNAME=email, PASSWORD=password)


def life(client, email):
    sub = sign_up(client, email)
    answer = cognito.initiate_auth(**client.by_password(email))
    assert answer["ChallengeParameters"] == {} and "ChallengeName" not in answer
    tokens = is_tokens(answer["AuthenticationResult"])
    user = cognito.get_user(AccessToken=tokens["AccessToken"])
    assert user["Username"] == sub == claims(tokens["IdToken"])["cognito:username"]
    told = {"sub": sub, "email": email, "email_verified": "true", "given_name": "Ada"}
    assert named(user["UserAttributes"]) == told and "UserMFASettingList" not in user
    refresh(client, tokens["RefreshToken"], sub)
    forget_password(client, email)
    revoke(client, tokens)
    end(client, email)


def sign_up(client, email):
    person = client.person(email)
    new = dict(person, Password=PASSWORD, UserAttributes=pairs(given_name="Ada"))
    refused("InvalidPasswordException", cognito.sign_up, **dict(new, Password="short"))
    refused("InvalidParameterException", cognito.sign_up, **dict(new, UserAttributes=pairs(shoes="37")))
    made = cognito.sign_up(**new)
    delivery = {"Destination": f"{email[0]}***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}
    assert made["UserConfirmed"] is False and made["CodeDeliveryDetails"] == delivery
    assert len(made["UserSub"]) == 36 and len(made["Session"]) >= 20
    assert message_to(email)["kind"] == "sign_up"
    refused("UsernameExistsException", cognito.sign_up, **new)
    refused("UserNotConfirmedException", cognito.initiate_auth, **client.by_password(email))

    mismatch = wrong(code_for(email))
    refused("CodeMismatchException", cognito.confirm_sign_up, ConfirmationCode=mismatch, **person)
    assert cognito.resend_confirmation_code(**person)["CodeDeliveryDetails"] == delivery
    assert message_to(email)["kind"] == "resend_code"
    advance(24 * 3600)
    refused("ExpiredCodeException", cognito.confirm_sign_up, ConfirmationCode=code_for(email), **person)
    cognito.resend_confirmation_code(**person)
    code = dict(person, ConfirmationCode=code_for(email))
    assert len(cognito.confirm_sign_up(**code)["Session"]) >= 20
    refused("NotAuthorizedException", cognito.confirm_sign_up, **code)
    refused("InvalidParameterException", cognito.resend_confirmation_code, **person)
    return made["UserSub"]


def refresh(client, token, sub):
    answer = cognito.initiate_auth(**client.initiate("REFRESH_TOKEN_AUTH", sub, REFRESH_TOKEN=token))
    first = is_tokens(answer["AuthenticationResult"], refreshed=True)
    answer = cognito.initiate_auth(**client.initiate("REFRESH_TOKEN", sub, REFRESH_TOKEN=token))
    assert is_tokens(answer["AuthenticationResult"], refreshed=True)["AccessToken"] != first["AccessToken"]
    asked = dict(ClientId=client.id, RefreshToken=token, **client.secret)
    is_tokens(cognito.get_tokens_from_refresh_token(**asked)["AuthenticationResult"], refreshed=True)
    unknown = dict(asked, RefreshToken="a.b.c")
    refused("NotAuthorizedException", cognito.get_tokens_from_refresh_token, **unknown)

    settings(refresh_rotation=True)
    rotated = cognito.get_tokens_from_refresh_token(**asked)["AuthenticationResult"]
    assert is_tokens(rotated)["RefreshToken"] != token
    refused("RefreshTokenReuseException", cognito.get_tokens_from_refresh_token, **asked)
    settings(refresh_rotation=False)


def forget_password(client, email):
    person = client.person(email)
    sent = cognito.forgot_password(**person)["CodeDeliveryDetails"]
    assert sent["AttributeName"] == "email" and message_to(email)["kind"] == "forgot_password"
    new = dict(person, ConfirmationCode=code_for(email), Password=SECOND)
    confirm = cognito.confirm_forgot_password
    refused("CodeMismatchException", confirm, **dict(new, ConfirmationCode=wrong(code_for(email))))
    refused("InvalidPasswordException", confirm, **dict(new, Password="short"))
    advance(3600)
    refused("ExpiredCodeException", confirm, **new)
    cognito.forgot_password(**person)
    confirm(**dict(new, ConfirmationCode=code_for(email)))
    refused("NotAuthorizedException", cognito.initiate_auth, **client.by_password(email))


def revoke(client, tokens):
    asked = dict(ClientId=client.id, **client.secret)
    access = dict(asked, Token=tokens["AccessToken"])
    refused("UnsupportedTokenTypeException", cognito.revoke_token, **access)
    other = dict(asked, ClientSecret="anothersecret0123456789ab", Token=tokens["RefreshToken"])
    refused("UnauthorizedException", cognito.revoke_token, **other)
    cognito.revoke_token(Token=tokens["RefreshToken"], **asked)
    refresh = dict(asked, RefreshToken=tokens["RefreshToken"])
    refused("NotAuthorizedException", cognito.get_tokens_from_refresh_token, **refresh)
    refused("NotAuthorizedException", cognito.get_user, AccessToken=tokens["AccessToken"])


def end(client, email):
    def token():
        answer = cognito.initiate_auth(**client.by_password(email, SECOND))
        return {"AccessToken": is_tokens(answer["AuthenticationResult"])["AccessToken"]}

    ended, last = token(), token()
    cognito.global_sign_out(**ended)
    for one in (ended, last):
        refused("NotAuthorizedException", cognito.global_sign_out, **one)
    last = token()
    cognito.delete_user(**last)
    refused("UserNotFoundException", cognito.delete_user, **last)


def without_secret():
    """A client that has a secret proves it at every call."""
    person = dict(ClientId=CONFIDENTIAL, Username="ada@example.com")
    wrong = dict(person, SecretHash=secret_hash("eve@example.com"))
    for given in (person, wrong):
        refused("NotAuthorizedException", cognito.sign_up, Password=PASSWORD, **given)
        refused("NotAuthorizedException", cognito.confirm_sign_up, ConfirmationCode="123456", **given)
        refused("NotAuthorizedException", cognito.resend_confirmation_code, **given)
        refused("NotAuthorizedException", cognito.forgot_password, **given)
        reset = dict(given, ConfirmationCode="123456", Password=PASSWORD)
        refused("NotAuthorizedException", cognito.confirm_forgot_password, **reset)
    asked = dict(ClientId=CONFIDENTIAL, RefreshToken="a.b.c")
    refused("NotAuthorizedException", cognito.get_tokens_from_refresh_token, **asked)
    refused("UnauthorizedException", cognito.revoke_token, ClientId=CONFIDENTIAL, Token="a.b.c")


def names_nobody_has():
    """Hidden unless the pool tells, as by default in the API of old."""
    person = dict(ClientId=PUBLIC, Username="nobody@example.com")
    assert cognito.forgot_password(**person)["CodeDeliveryDetails"]["Destination"] == "n***@e***"
    assert cognito.resend_confirmation_code(**person)["CodeDeliveryDetails"]["Destination"] == "n***@e***"
    code = dict(person, ConfirmationCode="123456")
    refused("CodeMismatchException", cognito.confirm_sign_up, **code)
    refused("CodeMismatchException", cognito.confirm_forgot_password, Password=PASSWORD, **code)

    settings(prevent_user_existence_errors=False)
    refused("UserNotFoundException", cognito.forgot_password, **person)
    refused("UserNotFoundException", cognito.resend_confirmation_code, **person)
    refused("UserNotFoundException", cognito.confirm_sign_up, **code)
    refused("UserNotFoundException", cognito.confirm_forgot_password, Password=PASSWORD, **code)
    settings(prevent_user_existence_errors=True)


def aliases():
    """Two people give one address: it is the second's once he insists."""

    def sign_up(name):
        person = dict(ClientId=PUBLIC, Username=name)
        aliased.sign_up(Password=PASSWORD, UserAttributes=pairs(email="shared@example.com"), **person)
        return dict(person, ConfirmationCode=code_for("shared@example.com", ALIAS_URL))

    first, second = sign_up("ada"), sign_up("bob")
    aliased.confirm_sign_up(**first)
    refused("AliasExistsException", aliased.confirm_sign_up, **second)
    aliased.confirm_sign_up(ForceAliasCreation=True, **second)
    found = aliased.admin_get_user(UserPoolId=POOL_ID, Username="shared@example.com")
    assert found["Username"] == "bob"


def run():
    life(Client(PUBLIC), "ada@example.com")
    life(Client(CONFIDENTIAL, SECRET), "bob@example.com")
    without_secret()
    names_nobody_has()
    aliases()
    settings(self_sign_up=False)
    refused("NotAuthorizedException", cognito.sign_up, ClientId=PUBLIC, Username="late@example.com", Password=PASSWORD)
