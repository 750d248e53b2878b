"""Challenges and the sessions that carry them."""

from .check import (
    OTHER_PASSWORD,
    PASSWORD,
    WRONG_PASSWORD,
    challenge_of,
    check,
    one_time_code,
    other_code,
    refused,
    tokens_of,
    true,
)
from .triggers import Triggers

#: Cognito's shortest validity of a session, which is its default, and a little more.
SESSION_SECONDS = 3 * 60 + 5
#: Until an authenticator application shows another code.
NEXT_CODE_SECONDS = 30


def temporary(world):
    """Somebody with a temporary password, and the session of the challenge."""
    name = world.person(status="FORCE_CHANGE_PASSWORD")
    return name, challenge_of(world.password(name), "NEW_PASSWORD_REQUIRED")


def new_password(world, name, session, password=OTHER_PASSWORD):
    return world.respond("NEW_PASSWORD_REQUIRED", session, USERNAME=name, NEW_PASSWORD=password)


def answerable(world):
    """That a refusal says something: the right answer is accepted."""
    tokens_of(new_password(world, *temporary(world)))


@check("NEW_PASSWORD_REQUIRED: the answer sets the password and signs in")
def sets_password(peer):
    world = peer.world()
    name, session = temporary(world)
    tokens_of(new_password(world, name, session))
    tokens_of(world.password(name, OTHER_PASSWORD))
    refused(by=lambda: world.password(name, PASSWORD))


@check("NEW_PASSWORD_REQUIRED: a wrong temporary password is refused")
def wrong_temporary(peer):
    world = peer.world()
    name = world.person(status="FORCE_CHANGE_PASSWORD")
    refused(by=lambda: world.password(name, WRONG_PASSWORD))


@check("NEW_PASSWORD_REQUIRED: a weak new password is refused")
def weak_new_password(peer):
    world = peer.world()
    name, session = temporary(world)
    answer = lambda: new_password(world, name, session, "password")
    refused("InvalidPasswordException", by=answer)


@check("a session works once")
def session_once(peer):
    world = peer.world()
    name, session = temporary(world)
    tokens_of(new_password(world, name, session))
    again = lambda: new_password(world, name, session, "An0ther-Passw0rd")
    refused(by=again)


@check("a session is refused after three minutes")
def session_expires(peer):
    world = peer.world()
    answerable(world)
    name, session = temporary(world)
    yield SESSION_SECONDS
    refused(by=lambda: new_password(world, name, session))


@check("a made-up session is refused")
def made_up_session(peer):
    world = peer.world()
    answerable(world)
    name, session = temporary(world)
    made_up = "0" * len(session)
    refused(by=lambda: new_password(world, name, made_up))


@check("a session does not set another user's password")
def anothers_session(peer):
    world = peer.world()
    answerable(world)
    victim = world.person()
    _, session = temporary(world)
    refused(by=lambda: new_password(world, victim, session))
    tokens_of(world.password(victim))


def enrolled(world):
    """Somebody with an authenticator application, and its secret."""
    name = world.person()
    access = world.signed_in(name)["AccessToken"]
    secret = world.api.associate_software_token(AccessToken=access)["SecretCode"]
    code = one_time_code(secret)
    verified = world.api.verify_software_token(AccessToken=access, UserCode=code)
    true(verified["Status"] == "SUCCESS", verified["Status"])
    world.api.set_user_mfa_preference(
        AccessToken=access, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True}
    )
    return name, secret


def second_factor(world, name, code):
    session = challenge_of(world.password(name), "SOFTWARE_TOKEN_MFA")
    return world.respond(
        "SOFTWARE_TOKEN_MFA", session, USERNAME=name, SOFTWARE_TOKEN_MFA_CODE=code
    )


@check("authenticator application: the right code signs in")
def right_code(peer):
    world = peer.world(mfa="OPTIONAL")
    name, secret = enrolled(world)
    yield NEXT_CODE_SECONDS
    world.again()
    tokens_of(second_factor(world, name, one_time_code(secret)))


@check("authenticator application: a wrong code is refused")
def wrong_code(peer):
    world = peer.world(mfa="OPTIONAL")
    name, secret = enrolled(world)
    yield NEXT_CODE_SECONDS
    world.again()
    near = {one_time_code(secret, step) for step in range(-2, 3)}
    wrong = other_code(one_time_code(secret))
    while wrong in near:
        wrong = other_code(wrong)
    refused("CodeMismatchException", by=lambda: second_factor(world, name, wrong))


@check("authenticator application: a wrong code does not enrol it")
def wrong_enrolment(peer):
    world = peer.world(mfa="OPTIONAL")
    access = world.signed_in()["AccessToken"]
    secret = world.api.associate_software_token(AccessToken=access)["SecretCode"]
    code = "000000" if one_time_code(secret) != "000000" else "111111"
    verify = lambda: world.api.verify_software_token(AccessToken=access, UserCode=code)
    refused("EnableSoftwareTokenMFAException", "CodeMismatchException", by=verify)


@check("authenticator application: everybody has a secret of his own")
def own_secret(peer):
    world = peer.world(mfa="OPTIONAL")
    secrets = {
        world.api.associate_software_token(AccessToken=world.signed_in()["AccessToken"])["SecretCode"]
        for _ in range(2)
    }
    true(len(secrets) == 2, "all have one secret")


@check("a pool that requires a second factor has it set up by the session (MFA_SETUP)")
def required(peer):
    world = peer.world(mfa="ON")
    name = world.person()
    # The first sign-in of all may give tokens.
    world.password(name)
    session = challenge_of(world.password(name), "MFA_SETUP")
    answer = world.api.associate_software_token(Session=session)
    verified = world.api.verify_software_token(
        Session=answer["Session"], UserCode=one_time_code(answer["SecretCode"])
    )
    tokens_of(world.respond("MFA_SETUP", verified["Session"], USERNAME=name))
    challenge_of(world.password(name), "SOFTWARE_TOKEN_MFA")


@check("a code by e-mail signs in (USER_AUTH, EMAIL_OTP), a wrong one does not")
def email_code(peer):
    world = peer.world()
    name = world.person()
    ask = lambda: challenge_of(
        world.initiate("USER_AUTH", USERNAME=name, PREFERRED_CHALLENGE="EMAIL_OTP"), "EMAIL_OTP"
    )
    answer = lambda session, code: world.respond(
        "EMAIL_OTP", session, USERNAME=name, EMAIL_OTP_CODE=code
    )
    session = ask()
    code = world.code(name)
    refused(
        "CodeMismatchException",
        "NotAuthorizedException",
        by=lambda: answer(session, other_code(code)),
    )
    session = ask()
    tokens_of(answer(session, world.code(name)))


@check("custom challenge: triggers put the question and judge the answer")
def custom(peer):
    world = peer.world()
    with Triggers() as triggers:
        world.triggers(triggers.url)
        name = world.person()
        ask = lambda: challenge_of(
            world.initiate("CUSTOM_AUTH", USERNAME=name), "CUSTOM_CHALLENGE"
        )
        answer = lambda session, text: world.respond(
            "CUSTOM_CHALLENGE", session, USERNAME=name, ANSWER=text
        )
        session = ask()
        refused("NotAuthorizedException", by=lambda: answer(session, "no"))
        tokens_of(answer(ask(), triggers.answer))


@check("passkeys: a registration can be begun")
def passkey(peer):
    world = peer.world()
    access = world.signed_in()["AccessToken"]
    options = world.api.start_web_authn_registration(AccessToken=access)["CredentialCreationOptions"]
    missing = {"challenge", "rp", "user", "pubKeyCredParams"} - set(options)
    true(not missing, f"without {', '.join(sorted(missing))}")
