"""What every operation that takes an access token says when it, or its user, is not as it was."""

from pool import *


def token(name):
    make_user(name)
    return token_of(name)


def run():
    deleted, reset, unconfirmed, disabled, expired = (
        token(f"{name}@example.com") for name in ("deleted", "reset", "unconfirmed", "disabled", "expired")
    )
    cognito.delete_user(AccessToken=deleted)
    cognito.admin_reset_user_password(UserPoolId=POOL_ID, Username="reset@example.com")
    local("users", {"username": "unconfirmed@example.com", "status": "UNCONFIRMED"})
    cognito.admin_disable_user(UserPoolId=POOL_ID, Username="disabled@example.com")
    cases = [
        (deleted, "UserNotFoundException"),
        (reset, "PasswordResetRequiredException"),
        (unconfirmed, "UserNotConfirmedException"),
        (disabled, "NotAuthorizedException"),
        ("a.b.c", "NotAuthorizedException"),
    ]
    operations = [name for name, model in MODEL["operations"].items() if "AccessToken" in model["input"]["members"]]
    assert len(operations) == 24, operations
    for operation in operations:
        for access, exception in cases:
            exception = exception if exception in declared(operation) else "NotAuthorizedException"
            refused(exception, method(operation), **example(operation, AccessToken=access))
    advance(3600)
    for operation in operations:
        message = refused("NotAuthorizedException", method(operation), **example(operation, AccessToken=expired))
        assert message == "Access Token has expired"
