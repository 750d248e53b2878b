"""First factors: passwords, sent or proven, temporary ones, and codes; through either door."""

import json

from pool import *
from srp import Exchange


def by_password(door, name):
    make_user(name)
    door.sign_in(name)
    message = door.refuse("NotAuthorizedException", "USER_PASSWORD_AUTH", USERNAME=name, PASSWORD=SECOND)
    assert message == "Incorrect username or password."
    door.refuse("InvalidParameterException", "USER_PASSWORD_AUTH", USERNAME=name)
    for flow in ("ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"):
        if door is ADMIN:
            is_tokens(door.begin(flow, USERNAME=name, PASSWORD=PASSWORD)["AuthenticationResult"])
        else:
            door.refuse("InvalidParameterException", flow, USERNAME=name, PASSWORD=PASSWORD)


def by_srp(door, name):
    exchange = Exchange()

    def begin():
        challenge = door.begin("USER_SRP_AUTH", USERNAME=name, SRP_A=exchange.srp_a)
        assert challenge["ChallengeName"] == "PASSWORD_VERIFIER" and "Session" not in challenge
        return challenge, challenge["ChallengeParameters"]

    challenge, parameters = begin()
    assert set(parameters) == {"SALT", "SRP_B", "SECRET_BLOCK", "USER_ID_FOR_SRP", "USERNAME"}
    proof = exchange.proof(parameters, PASSWORD)
    answer = door.answer(challenge, parameters["USERNAME"], **proof)
    tokens = is_tokens(answer["AuthenticationResult"])
    assert claims(tokens["AccessToken"])["username"] == parameters["USER_ID_FOR_SRP"]
    message = door.refuse_answer("NotAuthorizedException", challenge, parameters["USERNAME"], **proof)
    assert message.endswith("session can only be used once.")

    challenge, parameters = begin()
    proof = exchange.proof(parameters, SECOND)
    door.refuse_answer("NotAuthorizedException", challenge, parameters["USERNAME"], **proof)
    door.refuse_answer("InvalidParameterException", challenge, parameters["USERNAME"])
    door.refuse("NotAuthorizedException", "USER_SRP_AUTH", USERNAME=name, SRP_A="0")


def states(door, name):
    """What is told of an account that cannot sign in."""
    settings(prevent_user_existence_errors=False)
    password = {"USERNAME": name, "PASSWORD": PASSWORD}
    exchange = Exchange()
    for status, error in (
        ("UNCONFIRMED", "UserNotConfirmedException"),
        ("RESET_REQUIRED", "PasswordResetRequiredException"),
    ):
        local("users", {"username": name, "status": status})
        door.refuse(error, "USER_PASSWORD_AUTH", **password)
        challenge = door.begin("USER_SRP_AUTH", USERNAME=name, SRP_A=exchange.srp_a)
        proof = exchange.proof(challenge["ChallengeParameters"], PASSWORD)
        door.refuse_answer(error, challenge, name, **proof)
    local("users", {"username": name, "status": "CONFIRMED"})
    door.refuse("UserNotFoundException", "USER_PASSWORD_AUTH", USERNAME="nobody@example.com", PASSWORD=PASSWORD)
    settings(prevent_user_existence_errors=True)


def new_password(door, name):
    make_user(name, status="FORCE_CHANGE_PASSWORD")
    settings(password_policy={"history_size": 1})
    challenge = door.begin("USER_PASSWORD_AUTH", USERNAME=name, PASSWORD=PASSWORD)
    assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    parameters = challenge["ChallengeParameters"]
    assert json.loads(parameters["requiredAttributes"]) == []
    assert json.loads(parameters["userAttributes"])["email"] == name
    id = parameters["USER_ID_FOR_SRP"]
    door.refuse_answer("InvalidPasswordException", challenge, id, NEW_PASSWORD="short")
    door.refuse_answer("PasswordHistoryPolicyViolationException", challenge, id, NEW_PASSWORD=PASSWORD)
    door.refuse_answer("InvalidParameterException", challenge, id)
    answer = door.answer(challenge, id, NEW_PASSWORD=SECOND, **{"userAttributes.given_name": "Ada"})
    assert claims(is_tokens(answer["AuthenticationResult"])["IdToken"])["given_name"] == "Ada"
    settings(password_policy={"history_size": 0})


def by_choice(door, name):
    make_user(name, attributes={"phone_number": "+4915112345678", "phone_number_verified": "true"})
    begin = lambda **more: door.begin("USER_AUTH", USERNAME=name, **more)
    challenge = begin()
    assert challenge["ChallengeName"] == "SELECT_CHALLENGE"
    assert challenge["AvailableChallenges"] == ["PASSWORD", "PASSWORD_SRP", "EMAIL_OTP", "SMS_OTP"]
    door.refuse_answer("InvalidParameterException", challenge, name, ANSWER="WEB_AUTHN")
    answer = door.answer(challenge, name, ANSWER="PASSWORD", PASSWORD=PASSWORD)
    is_tokens(answer["AuthenticationResult"])

    # Preferred, the password is a challenge of its own, and so is the beginning of its proof.
    challenge = begin(PREFERRED_CHALLENGE="PASSWORD")
    assert challenge["ChallengeName"] == "PASSWORD"
    is_tokens(door.answer(challenge, name, PASSWORD=PASSWORD)["AuthenticationResult"])
    challenge, exchange = begin(PREFERRED_CHALLENGE="PASSWORD_SRP"), Exchange()
    assert challenge["ChallengeName"] == "PASSWORD_SRP"
    challenge = door.answer(challenge, name, SRP_A=exchange.srp_a)
    assert challenge["ChallengeName"] == "PASSWORD_VERIFIER"
    proof = exchange.proof(challenge["ChallengeParameters"], PASSWORD)
    is_tokens(door.answer(challenge, name, **proof)["AuthenticationResult"])

    for factor, medium, address in (("EMAIL_OTP", "EMAIL", name), ("SMS_OTP", "SMS", "+4915112345678")):
        challenge = begin(PREFERRED_CHALLENGE=factor)
        assert challenge["ChallengeName"] == factor
        assert challenge["ChallengeParameters"]["CODE_DELIVERY_DELIVERY_MEDIUM"] == medium
        code = code_for(address)
        assert len(code) == 8 and message_to(address)["kind"] == "authentication"
        door.refuse_answer("CodeMismatchException", challenge, name, **{f"{factor}_CODE": wrong(code)})
        answer = door.answer(challenge, name, **{f"{factor}_CODE": code})
        is_tokens(answer["AuthenticationResult"])


def sessions_expire(door, name):
    challenge = door.begin("USER_AUTH", USERNAME=name)
    advance(180)
    message = door.refuse_answer("NotAuthorizedException", challenge, name, ANSWER="PASSWORD", PASSWORD=PASSWORD)
    assert message.endswith("session is expired.")


def straight_in():
    """From a sign-up without a password to tokens, and no further question."""
    person = dict(ClientId=PUBLIC, Username="new@example.com")
    session = cognito.sign_up(**person)["Session"]
    code = code_for("new@example.com")
    session = cognito.confirm_sign_up(ConfirmationCode=code, Session=session, **person)["Session"]
    begin = dict(ClientId=PUBLIC, AuthFlow="USER_AUTH", AuthParameters={"USERNAME": "new@example.com"}, Session=session)
    is_tokens(cognito.initiate_auth(**begin)["AuthenticationResult"])
    refused("NotAuthorizedException", cognito.initiate_auth, **begin)


def run():
    for door, who in ((API, "api"), (ADMIN, "admin")):
        by_password(door, f"{who}@example.com")
        by_srp(door, f"{who}@example.com")
        states(door, f"{who}@example.com")
        new_password(door, f"{who}-invited@example.com")
        by_choice(door, f"{who}-choice@example.com")
        sessions_expire(door, f"{who}-choice@example.com")
        tokens = door.sign_in(f"{who}@example.com")
        for flow in ("REFRESH_TOKEN_AUTH", "REFRESH_TOKEN"):
            answer = door.begin(flow, REFRESH_TOKEN=tokens["RefreshToken"])
            is_tokens(answer["AuthenticationResult"], refreshed=True)
    straight_in()
