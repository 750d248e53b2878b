"""What every operation refuses alike: broken input, another pool or client, a name nobody has."""

from pool import *


def broken(operation):
    """An input one of whose members the model does not take."""
    input, members = example(operation), MODEL["operations"][operation]["input"]["members"]
    for name in input:
        if "pattern" in members[name] or "enum" in members[name]:
            return input | {name: " " * members[name].get("min", 1)}
        if members[name]["type"] == "integer":
            return input | {name: members[name]["max"] + 1}
    raise AssertionError(f"{operation} takes anything")


def run():
    cognito.create_group(UserPoolId=POOL_ID, GroupName="readers")
    for operation, model in MODEL["operations"].items():
        call, members = method(operation), model["input"]["members"]
        message = refused("InvalidParameterException", call, **broken(operation))
        assert message.startswith("1 validation error detected: Value "), message
        if "UserPoolId" in members:
            elsewhere = example(operation, UserPoolId="us-east-1_Nowhere00")
            refused("ResourceNotFoundException", call, **elsewhere)
        if "ClientId" in members:
            unknown = "ResourceNotFoundException" if operation != "RevokeToken" else "UnauthorizedException"
            refused(unknown, call, **example(operation, ClientId="nobody"))
        # One makes a user, the other is anybody's to call and tells nothing of who there is.
        told = operation not in ("AdminCreateUser", "UpdateAuthEventFeedback")
        if told and {"UserPoolId", "Username"} <= set(members):
            unknown = "UserNotFoundException"
            unknown = unknown if unknown in declared(operation) else "ResourceNotFoundException"
            refused(unknown, call, **example(operation))
