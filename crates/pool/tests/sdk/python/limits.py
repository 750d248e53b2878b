"""What is done too often: codes guessed, messages sent, passwords tried, calls a second."""

from pool import *

NAME = "ada@example.com"
PERSON = dict(ClientId=PUBLIC, Username=NAME)


def after(times, exception, call, wanted, **arguments):
    """So many calls end in one exception (`None`: in none), the next in another."""
    for _ in range(times):
        refused(wanted, call, **arguments) if wanted else call(**arguments)
    refused(exception, call, **arguments)


def guesses():
    often, mismatch = "LimitExceededException", "CodeMismatchException"
    cognito.sign_up(Password=PASSWORD, **PERSON)
    code = dict(PERSON, ConfirmationCode=wrong(code_for(NAME)))
    after(15, often, cognito.confirm_sign_up, mismatch, **code)
    cognito.admin_confirm_sign_up(UserPoolId=POOL_ID, Username=NAME)
    token = {"AccessToken": token_of(NAME)}
    cognito.get_user_attribute_verification_code(AttributeName="email", **token)
    right = code_for(NAME)
    code = dict(token, AttributeName="email")
    cognito.verify_user_attribute(Code=right, **code)
    cognito.get_user_attribute_verification_code(AttributeName="email", **token)
    after(15, often, cognito.verify_user_attribute, mismatch, Code=wrong(code_for(NAME)), **code)
    cognito.forgot_password(**PERSON)
    code = dict(PERSON, ConfirmationCode=wrong(code_for(NAME)), Password=SECOND)
    after(10, often, cognito.confirm_forgot_password, mismatch, **code)
    return token


def messages(token):
    settings(limits={"messages": True})
    often = "LimitExceededException"
    after(5, often, cognito.forgot_password, None, **PERSON)
    code = cognito.get_user_attribute_verification_code
    after(5, often, code, None, AttributeName="email", **token)
    late = dict(ClientId=PUBLIC, Username="late@example.com")
    cognito.sign_up(Password=PASSWORD, **late)
    after(5, often, cognito.resend_confirmation_code, None, **late)
    short = dict(token, PreviousPassword=PASSWORD, ProposedPassword="short")
    after(5, often, cognito.change_password, "InvalidPasswordException", **short)


def tries(door, name):
    """The clock stands still: a name is locked for a second at first."""
    local("clock", {"fixed_at": advance(0)})
    make_user(name)
    password = dict(USERNAME=name, PASSWORD=SECOND)
    for _ in range(5):
        assert door.refuse("NotAuthorizedException", "USER_PASSWORD_AUTH", **password).startswith("Incorrect")
    password["PASSWORD"] = PASSWORD
    assert door.refuse("NotAuthorizedException", "USER_PASSWORD_AUTH", **password) == "Password attempts exceeded"
    advance(1)
    door.sign_in(name)
    local("clock", {"fixed_at": None})


def requests():
    """The clock stands still, so that no second passes."""
    settings(limits={"requests": True})
    local("clock", {"fixed_at": advance(0)})
    errors = cognito.exceptions
    for operation in MODEL["operations"]:
        if "TooManyRequestsException" not in declared(operation):
            continue
        call, input = method(operation), example(operation)
        for _ in range(500):
            try:
                call(**input)
            except errors.TooManyRequestsException:
                break
            except errors.ClientError:
                pass
        else:
            raise AssertionError(f"{operation} is taken however often")


def run():
    messages(guesses())
    tries(API, "api@example.com")
    tries(ADMIN, "admin@example.com")
    requests()
