"""Devices: confirmed, listed, remembered, proven in a sign-in, forgotten; through either door."""

from pool import *
from srp import Exchange, device_verifier

SECRET_OF_DEVICE = "what only the device knows"


def status(device):
    return named(device["DeviceAttributes"])["dev:device_remembered_status"]


def confirm(door, name, necessary):
    """A sign-in on a new device: its tokens and its metadata."""
    tokens = door.sign_in(name)
    device, token = tokens["NewDeviceMetadata"], {"AccessToken": tokens["AccessToken"]}
    key, group = device["DeviceKey"], device["DeviceGroupKey"]
    assert key.startswith("us-east-1_") and claims(tokens["AccessToken"])["device_key"] == key
    verifier = device_verifier(group, key, SECRET_OF_DEVICE)
    given = dict(token, DeviceKey=key, DeviceSecretVerifierConfig=verifier, DeviceName="laptop")
    other = dict(given, DeviceKey="us-east-1_00000000-0000-0000-0000-000000000000")
    refused("ResourceNotFoundException", cognito.confirm_device, **other)
    bad = dict(given, DeviceSecretVerifierConfig={"PasswordVerifier": "???", "Salt": "???"})
    refused("InvalidParameterException", cognito.confirm_device, **bad)
    assert cognito.confirm_device(**given)["UserConfirmationNecessary"] is necessary
    refused("DeviceKeyExistsException", cognito.confirm_device, **given)
    return tokens, device


def own(name):
    settings(devices="USER_OPT_IN")
    make_user(name)
    _, first = confirm(API, name, necessary=True)
    advance(1)
    tokens, second = confirm(API, name, necessary=True)
    token, key = {"AccessToken": tokens["AccessToken"]}, {"DeviceKey": second["DeviceKey"]}
    shown = cognito.get_device(**token, **key)["Device"]
    assert shown["DeviceKey"] == second["DeviceKey"] and status(shown) == "not_remembered"
    assert named(shown["DeviceAttributes"])["device_name"] == "laptop"
    page = cognito.list_devices(Limit=1, **token)
    rest = cognito.list_devices(Limit=1, PaginationToken=page["PaginationToken"], **token)
    keys = [device["DeviceKey"] for one in (page, rest) for device in one["Devices"]]
    assert sorted(keys) == sorted([first["DeviceKey"], second["DeviceKey"]]) and "PaginationToken" not in rest
    refused("InvalidParameterException", cognito.list_devices, PaginationToken="???", **token)

    cognito.update_device_status(DeviceRememberedStatus="remembered", **token, **key)
    assert status(cognito.get_device(**token, **key)["Device"]) == "remembered"
    cognito.forget_device(**token, **key)
    for call in (cognito.get_device, cognito.update_device_status, cognito.forget_device):
        refused("ResourceNotFoundException", call, **token, **key)
    settings(devices="OFF")
    for call in (cognito.get_device, cognito.update_device_status, cognito.forget_device, cognito.confirm_device):
        refused("InvalidUserPoolConfigurationException", call, **token, **key)
    refused("InvalidUserPoolConfigurationException", cognito.list_devices, **token)


def proven(door, name):
    """A remembered device answers in place of the second factor."""
    settings(devices="ALWAYS")
    make_user(name)
    tokens, device = confirm(door, name, necessary=False)
    key, exchange = device["DeviceKey"], Exchange()
    known = dict(USERNAME=name, PASSWORD=PASSWORD, DEVICE_KEY=key)

    def begin(secret):
        asked = door.begin("USER_PASSWORD_AUTH", **known)
        assert asked["ChallengeName"] == "DEVICE_SRP_AUTH"
        challenge = door.answer(asked, name, DEVICE_KEY=key, SRP_A=exchange.srp_a)
        assert challenge["ChallengeName"] == "DEVICE_PASSWORD_VERIFIER"
        proof = exchange.proof(challenge["ChallengeParameters"], secret, device["DeviceGroupKey"], key)
        return challenge, dict(proof, DEVICE_KEY=key)

    challenge, proof = begin("what another device knows")
    door.refuse_answer("NotAuthorizedException", challenge, name, **proof)
    challenge, proof = begin(SECRET_OF_DEVICE)
    again = is_tokens(door.answer(challenge, name, **proof)["AuthenticationResult"])
    assert "NewDeviceMetadata" not in again

    # It refreshes its own tokens, and nobody else does.
    asked = dict(ClientId=PUBLIC, RefreshToken=again["RefreshToken"])
    is_tokens(cognito.get_tokens_from_refresh_token(DeviceKey=key, **asked)["AuthenticationResult"], refreshed=True)
    refused("NotAuthorizedException", cognito.get_tokens_from_refresh_token, **asked)

    asked = door.begin("USER_PASSWORD_AUTH", **known)
    cognito.forget_device(AccessToken=tokens["AccessToken"], DeviceKey=key)
    late = dict(DEVICE_KEY=key, SRP_A=exchange.srp_a)
    door.refuse_answer("ResourceNotFoundException", asked, name, **late)


def of_others(name):
    make_user(name)
    _, device = confirm(API, name, necessary=False)
    user, key = dict(UserPoolId=POOL_ID, Username=name), {"DeviceKey": device["DeviceKey"]}
    assert status(cognito.admin_get_device(**user, **key)["Device"]) == "remembered"
    cognito.admin_update_device_status(DeviceRememberedStatus="not_remembered", **user, **key)
    (listed,) = cognito.admin_list_devices(**user)["Devices"]
    assert listed["DeviceKey"] == device["DeviceKey"] and status(listed) == "not_remembered"
    refused("InvalidParameterException", cognito.admin_list_devices, PaginationToken="???", **user)
    cognito.admin_forget_device(**user, **key)
    assert cognito.admin_list_devices(**user)["Devices"] == []
    calls = (cognito.admin_get_device, cognito.admin_update_device_status, cognito.admin_forget_device)
    for call in calls:
        refused("ResourceNotFoundException", call, **user, **key)
    settings(devices="OFF")
    for call in calls:
        refused("InvalidUserPoolConfigurationException", call, **user, **key)
    refused("InvalidUserPoolConfigurationException", cognito.admin_list_devices, **user)


def run():
    own("own@example.com")
    proven(API, "api@example.com")
    proven(ADMIN, "admin@example.com")
    of_others("other@example.com")
