"""Unmodified pycognito against the pool at POOL_URL: a new password and an authenticator app
at sign-in."""

from pycognito.exceptions import ForceChangePasswordException, SoftwareTokenMFAChallengeException

from pool import PASSWORD, cognito, local, make_user, refused, totp, wrong_totp

SECOND = "N3w-Passw0rd"


def new_password():
    email = "invited@example.com"
    make_user(email, status="FORCE_CHANGE_PASSWORD")
    user = cognito(email)
    refused(ForceChangePasswordException, user.authenticate, PASSWORD)
    user.new_password_challenge(PASSWORD, SECOND)
    assert user.access_claims["username"] == user.id_claims["sub"]
    user.authenticate(SECOND)


def one_time_password():
    email = "mfa@example.com"
    make_user(email)
    local("settings", {"mfa": "OPTIONAL"})
    user = cognito(email)
    user.authenticate(PASSWORD)
    secret = user.associate_software_token()
    refused("EnableSoftwareTokenMFAException", user.verify_software_token, wrong_totp(secret))
    assert user.verify_software_token(totp(secret), "phone")
    user.set_user_mfa_preference(False, True, "SOFTWARE_TOKEN")

    refused(SoftwareTokenMFAChallengeException, user.authenticate, PASSWORD)
    respond = user.respond_to_software_token_mfa_challenge
    refused("CodeMismatchException", respond, wrong_totp(secret))
    error = refused(SoftwareTokenMFAChallengeException, user.authenticate, PASSWORD)
    again = cognito(email)
    again.respond_to_software_token_mfa_challenge(totp(secret), error.get_tokens())
    again.verify_tokens()
    again.set_user_mfa_preference(False, False)
    cognito(email).authenticate(PASSWORD)


new_password()
one_time_password()
