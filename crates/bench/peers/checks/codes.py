"""Sign-up, its code, and the reset of a password."""

from .check import OTHER_PASSWORD, PASSWORD, check, email, other_code, refused, tokens_of, true


@check("sign-up: the code that was sent confirms, and the person signs in")
def confirmed(peer):
    world = peer.world()
    name = world.signed_up()
    refused("UserNotConfirmedException", by=lambda: world.password(name))
    world.confirm(name, world.code(name))
    tokens_of(world.password(name))


@check("sign-up: a wrong code is refused")
def wrong_code(peer):
    world = peer.world()
    name = world.signed_up()
    wrong = other_code(world.code(name))
    refused("CodeMismatchException", by=lambda: world.confirm(name, wrong))


@check("sign-up: a weak password is refused")
def weak_password(peer):
    world = peer.world()
    sign_up = world.api.sign_up
    refused(
        "InvalidPasswordException",
        by=lambda: sign_up(ClientId=world.client, Username=email(), Password="password"),
    )


@check("sign-up: a taken address is refused")
def taken(peer):
    world = peer.world()
    name = world.person()
    refused("UsernameExistsException", by=lambda: world.signed_up(name))


@check("sign-up: a code sent again confirms")
def sent_again(peer):
    world = peer.world()
    name = world.signed_up()
    world.api.resend_confirmation_code(ClientId=world.client, Username=name)
    world.confirm(name, world.code(name))


@check("sign-up: the code confirms once")
def confirms_once(peer):
    world = peer.world()
    name = world.signed_up()
    code = world.code(name)
    world.confirm(name, code)
    kinds = ["NotAuthorizedException", "ExpiredCodeException", "CodeMismatchException"]
    refused(*kinds, by=lambda: world.confirm(name, code))


@check("reset: the code sets a new password, and the old one is refused")
def reset(peer):
    world = peer.world()
    name = world.person()
    world.reset(name, world.forgot(name), OTHER_PASSWORD)
    tokens_of(world.password(name, OTHER_PASSWORD))
    refused(by=lambda: world.password(name, PASSWORD))


@check("reset: a wrong code is refused")
def wrong_reset_code(peer):
    world = peer.world()
    name = world.person()
    # Six digits, as somebody guesses.
    wrong = other_code(world.forgot(name)[-6:])
    refused("CodeMismatchException", by=lambda: world.reset(name, wrong, OTHER_PASSWORD))


@check("reset: the code works once")
def resets_once(peer):
    world = peer.world()
    name = world.person()
    code = world.forgot(name)
    world.reset(name, code, OTHER_PASSWORD)
    again = lambda: world.reset(name, code, PASSWORD)
    refused("ExpiredCodeException", "CodeMismatchException", by=again)


@check("reset: no code at all is refused when none was asked for")
def unasked(peer):
    world = peer.world()
    name = world.person()
    guess = lambda: world.reset(name, "123456", OTHER_PASSWORD)
    refused("ExpiredCodeException", "CodeMismatchException", by=guess)


@check("a changed e-mail address is verified by the code that was sent there")
def changed_address(peer):
    world = peer.world()
    tokens = world.signed_in()
    address = email()
    world.api.update_user_attributes(
        AccessToken=tokens["AccessToken"], UserAttributes=[{"Name": "email", "Value": address}]
    )
    code = world.code(address)
    verify = lambda code: world.api.verify_user_attribute(
        AccessToken=tokens["AccessToken"], AttributeName="email", Code=code
    )
    refused("CodeMismatchException", by=lambda: verify(other_code(code)))
    verify(code)
    user = world.api.get_user(AccessToken=tokens["AccessToken"])
    attributes = {one["Name"]: one["Value"] for one in user["UserAttributes"]}
    true(attributes.get("email") == address, "the address is another")
    true(attributes.get("email_verified") == "true", "the address is not verified")
