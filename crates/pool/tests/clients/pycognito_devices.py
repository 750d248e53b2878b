"""Unmodified pycognito against the pool at POOL_URL: a device that is remembered signs in with
its own secret as well."""

from pycognito.aws_srp import AWSSRP, generate_hash_device

from pool import PASSWORD, POOL_ID, PUBLIC, cognito, local, make_user, refused


def device():
    email = "device@example.com"
    make_user(email)
    local("settings", {"devices": "ALWAYS"})
    client = cognito(email).client

    def sign_in(**device):
        srp = AWSSRP(email, PASSWORD, POOL_ID, PUBLIC, client=client, **device)
        return srp.authenticate_user()["AuthenticationResult"]

    first = sign_in()
    key, group = (first["NewDeviceMetadata"][name] for name in ("DeviceKey", "DeviceGroupKey"))
    # The library's own `confirm_device` always calls AWS: its hash goes through boto3 instead.
    password, verifier = generate_hash_device(group, key)
    access = first["AccessToken"]
    client.confirm_device(AccessToken=access, DeviceKey=key, DeviceSecretVerifierConfig=verifier)
    named = {"device_key": key, "device_group_key": group}
    again = sign_in(device_password=password, **named)
    assert "NewDeviceMetadata" not in again
    found = client.get_device(AccessToken=again["AccessToken"], DeviceKey=key)
    assert found["Device"]["DeviceKey"] == key
    refused("NotAuthorizedException", sign_in, device_password="wrong", **named)


device()
