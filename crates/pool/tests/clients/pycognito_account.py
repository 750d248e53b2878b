"""Unmodified pycognito against the pool at POOL_URL: what a person changes of an account."""

from pool import PASSWORD, code_for, cognito, make_user, refused, wrong

EMAIL = "pycognito@example.com"
SECOND = "N3w-Passw0rd"


def attributes(user):
    user.update_profile({"given_name": "Grace", "nickname": "Amazing"})
    found = user.get_user()
    assert (found.given_name, found.nickname) == ("Grace", "Amazing")
    assert found.email_verified is True and found.sub == user.access_claims["sub"]
    user.send_verification("email")
    code = code_for(EMAIL)
    refused("CodeMismatchException", user.validate_verification, wrong(code))
    user.validate_verification(code)


def passwords(user):
    refused("NotAuthorizedException", user.change_password, "Wrong-Passw0rd", SECOND)
    user.change_password(PASSWORD, SECOND)
    refused("NotAuthorizedException", user.authenticate, PASSWORD)
    user.authenticate(SECOND)


make_user(EMAIL)
person = cognito(EMAIL)
person.authenticate(PASSWORD)
attributes(person)
passwords(person)
person.delete_user()
refused("NotAuthorizedException", person.authenticate, SECOND)
