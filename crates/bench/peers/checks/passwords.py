"""Passwords, with and without SRP, and the secrets of clients."""

import time

from .check import (
    OTHER_PASSWORD,
    PASSWORD,
    WRONG_PASSWORD,
    check,
    email,
    refused,
    tokens_of,
    true,
)

LOCKED = "Password attempts exceeded"


@check("a wrong password is refused with Cognito's words")
def wrong_password(peer):
    world = peer.world()
    name = world.person()
    refused(
        "NotAuthorizedException",
        by=lambda: world.password(name, WRONG_PASSWORD),
        says="Incorrect username or password.",
    )


@check("SRP: the right password is accepted")
def right_over_srp(peer):
    world = peer.world()
    tokens_of(world.srp(world.person(), PASSWORD))


@check("SRP: a wrong password is refused at the second step")
def wrong_over_srp(peer):
    world = peer.world()
    name = world.person()
    error = refused("NotAuthorizedException", by=lambda: world.srp(name, WRONG_PASSWORD))
    step = error.operation_name
    true(step == "RespondToAuthChallenge", f"refused by {step}")


@check("wrong passwords lock the account, for the right one too")
def lockout(peer):
    world = peer.world()
    name = world.person()
    counted = 0
    # The fifth locks for a second, the seventh for four.
    while counted < 7:
        error = refused(by=lambda: world.password(name, WRONG_PASSWORD))
        if error.response["Error"]["Message"] == LOCKED:
            time.sleep(0.2)
        else:
            counted += 1
    refused("NotAuthorizedException", by=lambda: world.password(name), says=LOCKED)


@check("an unknown name cannot be told from a wrong password")
def unknown_name(peer):
    world = peer.world()
    name = world.person()
    known = refused(by=lambda: world.password(name, WRONG_PASSWORD))
    unknown = refused(by=lambda: world.password(email(), WRONG_PASSWORD))
    said, other = (
        [error.response["Error"][part] for part in ("Code", "Message")]
        for error in (known, unknown)
    )
    true(said == other, f"{said[0]} and {other[0]}")


@check("SRP: an unknown name gets a challenge as others do")
def unknown_name_over_srp(peer):
    world = peer.world()
    name = email()
    first, second = (
        world.initiate("USER_SRP_AUTH", USERNAME=name, SRP_A="ab" * 384)["ChallengeParameters"]
        for _ in range(2)
    )
    true(len(first["SRP_B"]) > 700, "SRP_B is too short")
    true(first["SALT"] == second["SALT"], "another salt each time")


@check("an unknown name cannot be told by a reset of its password")
def unknown_name_reset(peer):
    world = peer.world()
    name = email()
    answer = world.api.forgot_password(ClientId=world.client, Username=name)
    true("CodeDeliveryDetails" in answer, "no CodeDeliveryDetails")


@check("unknown names are told where the client says so (LEGACY)")
def legacy(peer):
    world = peer.world(hide=False)
    refused("UserNotFoundException", by=lambda: world.password(email()))


@check("a disabled user is refused")
def disabled(peer):
    world = peer.world()
    name = world.person(enabled=False)
    refused("NotAuthorizedException", by=lambda: world.password(name))


@check("ChangePassword asks for the old one, and sets the new one")
def changed(peer):
    world = peer.world()
    name = world.person()
    access = world.signed_in(name)["AccessToken"]
    change = lambda previous: world.api.change_password(
        AccessToken=access, PreviousPassword=previous, ProposedPassword=OTHER_PASSWORD
    )
    refused(by=lambda: change(WRONG_PASSWORD))
    change(PASSWORD)
    tokens_of(world.password(name, OTHER_PASSWORD))
    refused(by=lambda: world.password(name, PASSWORD))


@check("a client with a secret: a missing SECRET_HASH is refused, the right one accepted")
def missing_hash(peer):
    world = peer.world()
    name = world.person()
    sign_in = lambda **members: world.initiate(
        "USER_PASSWORD_AUTH", world.secret_client, USERNAME=name, PASSWORD=PASSWORD, **members
    )
    tokens_of(sign_in(SECRET_HASH=world.secret_hash(name)))
    refused("NotAuthorizedException", by=sign_in)


@check("a client with a secret: a wrong SECRET_HASH is refused")
def wrong_hash(peer):
    world = peer.world()
    name = world.person()
    of_another = world.secret_hash(email())
    sign_in = lambda: world.initiate(
        "USER_PASSWORD_AUTH",
        world.secret_client,
        USERNAME=name,
        PASSWORD=PASSWORD,
        SECRET_HASH=of_another,
    )
    refused("NotAuthorizedException", by=sign_in)
