"""Second factors: set up, preferred, asked for; through either door."""

import json

from pool import *

PHONE = "+4915112345678"
APP, MAIL, TEXT = "SOFTWARE_TOKEN_MFA", "EMAIL_OTP", "SMS_MFA"


def begin(door, name):
    return door.begin("USER_PASSWORD_AUTH", USERNAME=name, PASSWORD=PASSWORD)


def enrol(token):
    """An authenticator app: its secret."""
    secret = cognito.associate_software_token(**token)["SecretCode"]
    enabled = dict(token, FriendlyDeviceName="telephone")
    refused("EnableSoftwareTokenMFAException", cognito.verify_software_token, UserCode=wrong_totp(secret), **enabled)
    assert cognito.verify_software_token(UserCode=totp(secret), **enabled)["Status"] == "SUCCESS"
    return secret


def set_up(name):
    """The user's own preferences: the secret of the app."""
    make_user(name, attributes={"phone_number": PHONE, "phone_number_verified": "true"})
    token = {"AccessToken": token_of(name)}
    settings(mfa="OFF")
    refused("SoftwareTokenMFANotFoundException", cognito.associate_software_token, **token)
    settings(mfa="OPTIONAL")
    refused("SoftwareTokenMFANotFoundException", cognito.verify_software_token, UserCode="123456", **token)
    refused("InvalidParameterException", cognito.verify_software_token, UserCode="123456")
    refused("InvalidParameterException", cognito.associate_software_token)
    on, off = {"Enabled": True}, {"Enabled": False}
    prefer = cognito.set_user_mfa_preference
    refused("InvalidParameterException", prefer, SoftwareTokenMfaSettings=on, **token)
    secret = enrol(token)

    prefer(SoftwareTokenMfaSettings=dict(on, PreferredMfa=True), EmailMfaSettings=on, SMSMfaSettings=on, **token)
    both = dict(SMSMfaSettings=dict(on, PreferredMfa=True), EmailMfaSettings=dict(on, PreferredMfa=True))
    refused("InvalidParameterException", prefer, **both, **token)
    user = cognito.get_user(**token)
    assert user["PreferredMfaSetting"] == APP and sorted(user["UserMFASettingList"]) == [MAIL, TEXT, APP]
    assert user["MFAOptions"] == [{"DeliveryMedium": "SMS", "AttributeName": "phone_number"}]
    factors = cognito.get_user_auth_factors(**token)
    assert factors["Username"] == user["Username"] and factors["PreferredMfaSetting"] == APP
    assert factors["ConfiguredUserAuthFactors"] == ["PASSWORD", "EMAIL_OTP", "SMS_OTP", "SOFTWARE_TOKEN"]

    # The operation of old knows text messages only.
    cognito.set_user_settings(MFAOptions=[], **token)
    assert TEXT not in cognito.get_user(**token)["UserMFASettingList"]
    sms = [{"DeliveryMedium": "SMS", "AttributeName": "phone_number"}]
    cognito.set_user_settings(MFAOptions=sms, **token)
    assert TEXT in cognito.get_user(**token)["UserMFASettingList"]
    mail = [{"DeliveryMedium": "EMAIL", "AttributeName": "email"}]
    refused("InvalidParameterException", cognito.set_user_settings, MFAOptions=mail, **token)
    return secret


def by_app(door, name, secret):
    challenge = begin(door, name)
    assert challenge["ChallengeName"] == APP
    assert challenge["ChallengeParameters"]["FRIENDLY_DEVICE_NAME"] == "telephone"
    door.refuse_answer("CodeMismatchException", challenge, name, SOFTWARE_TOKEN_MFA_CODE=wrong_totp(secret))
    code = totp(secret)
    is_tokens(door.answer(challenge, name, SOFTWARE_TOKEN_MFA_CODE=code)["AuthenticationResult"])
    challenge = begin(door, name)
    door.refuse_answer("ExpiredCodeException", challenge, name, SOFTWARE_TOKEN_MFA_CODE=code)


def by_message(door, name):
    """The choice, since none is preferred."""
    for factor, recipient in ((MAIL, name), (TEXT, PHONE)):
        challenge = begin(door, name)
        assert challenge["ChallengeName"] == "SELECT_MFA_TYPE"
        assert json.loads(challenge["ChallengeParameters"]["MFAS_CAN_CHOOSE"]) == [TEXT, APP, MAIL]
        challenge = door.answer(challenge, name, ANSWER=factor)
        assert challenge["ChallengeName"] == factor
        code = code_for(recipient)
        assert len(code) == 6
        door.refuse_answer("CodeMismatchException", challenge, name, **{f"{factor}_CODE": wrong(code)})
        is_tokens(door.answer(challenge, name, **{f"{factor}_CODE": code})["AuthenticationResult"])


def preferences_of_others(name):
    user = dict(UserPoolId=POOL_ID, Username=name)
    on = {"Enabled": True}
    cognito.admin_set_user_mfa_preference(SoftwareTokenMfaSettings=dict(on, PreferredMfa=False), **user)
    assert "PreferredMfaSetting" not in cognito.admin_get_user(**user)
    passkeys = dict(user, WebAuthnMfaSettings=on)
    refused("InvalidParameterException", cognito.admin_set_user_mfa_preference, **passkeys)
    cognito.admin_set_user_settings(MFAOptions=[], **user)
    assert TEXT not in cognito.admin_get_user_auth_factors(**user)["UserMFASettingList"]
    sms = [{"DeliveryMedium": "SMS", "AttributeName": "phone_number"}]
    cognito.admin_set_user_settings(MFAOptions=sms, **user)
    assert sorted(cognito.admin_get_user(**user)["UserMFASettingList"]) == [MAIL, TEXT, APP]


def lost(door, name):
    """The app is taken away while it is asked for."""
    user = dict(UserPoolId=POOL_ID, Username=name)
    choice = begin(door, name)
    challenge = door.answer(choice, name, ANSWER=APP)
    other = begin(door, name)
    cognito.admin_delete_software_token(**user)
    assert APP not in cognito.admin_get_user_auth_factors(**user)["UserMFASettingList"]
    door.refuse_answer("SoftwareTokenMFANotFoundException", challenge, name, SOFTWARE_TOKEN_MFA_CODE="123456")
    door.refuse_answer("MFAMethodNotFoundException", other, name, ANSWER=APP)


def required(door, name):
    """A pool that asks everybody: the app is set up in the middle of the sign-in."""
    make_user(name)
    door.sign_in(name)
    settings(mfa="ON")
    challenge = begin(door, name)
    assert challenge["ChallengeName"] == "MFA_SETUP"
    assert json.loads(challenge["ChallengeParameters"]["MFAS_CAN_SETUP"]) == [APP]
    associated = cognito.associate_software_token(Session=challenge["Session"])
    refused("NotAuthorizedException", cognito.associate_software_token, Session=challenge["Session"])
    secret, step = associated["SecretCode"], {"Session": associated["Session"]}
    refused("EnableSoftwareTokenMFAException", cognito.verify_software_token, UserCode=wrong_totp(secret), **step)
    verified = cognito.verify_software_token(UserCode=totp(secret), **step)
    assert verified["Status"] == "SUCCESS"
    refused("NotAuthorizedException", cognito.verify_software_token, UserCode="123456", **step)
    is_tokens(door.answer(dict(challenge, Session=verified["Session"]), name)["AuthenticationResult"])
    by_app_again = begin(door, name)
    assert by_app_again["ChallengeName"] == APP
    settings(mfa="OFF")


def by_new_address(admin, name):
    """Who has no address may set one up, but not another's; in the pool where names are no addresses."""
    door, user = Door(aliased, admin), dict(UserPoolId=POOL_ID, Username=name)
    recovery = ["verified_phone_number", "verified_email"]
    local("settings", {"mfa": "OFF", "account_recovery": recovery}, ALIAS_URL)
    aliased.admin_create_user(TemporaryPassword=PASSWORD, MessageAction="SUPPRESS", **user)
    aliased.admin_set_user_password(Password=PASSWORD, Permanent=True, **user)
    door.sign_in(name)
    local("settings", {"mfa": "ON"}, ALIAS_URL)
    setup = begin(door, name)
    assert json.loads(setup["ChallengeParameters"]["MFAS_CAN_SETUP"]) == [APP, MAIL]
    door.refuse_answer("InvalidParameterException", setup, name, EMAIL="no address")
    challenge = door.answer(setup, name, EMAIL="owned@example.com")
    code = {"EMAIL_OTP_CODE": code_for("owned@example.com", ALIAS_URL)}
    door.refuse_answer("AliasExistsException", challenge, name, **code)

    setup = begin(door, name)
    challenge = door.answer(setup, name, EMAIL=f"{name}@example.com")
    assert challenge["ChallengeName"] == MAIL
    code = {"EMAIL_OTP_CODE": code_for(f"{name}@example.com", ALIAS_URL)}
    is_tokens(door.answer(challenge, name, **code)["AuthenticationResult"])


def run():
    owner = dict(email="owned@example.com", email_verified="true")
    aliased.admin_create_user(UserPoolId=POOL_ID, Username="owner", UserAttributes=pairs(**owner))
    for door in (API, ADMIN):
        name = "admin@example.com" if door.admin else "api@example.com"
        secret = set_up(name)
        by_app(door, name, secret)
        preferences_of_others(name)
        by_message(door, name)
        lost(door, name)
        required(door, f"new-{name}")
        by_new_address(door.admin, "ada" if door.admin else "bob")
