"""What administrators do to users."""

import datetime

from pool import *

NAME = "ada@example.com"
USER = dict(UserPoolId=POOL_ID, Username=NAME)


def invitation():
    create = cognito.admin_create_user
    new = dict(USER, TemporaryPassword=PASSWORD, UserAttributes=pairs(email_verified="true", custom_plan="gold"))
    refused("InvalidPasswordException", create, **dict(new, TemporaryPassword="short"))
    refused("InvalidParameterException", create, **dict(new, Username="no address"))
    refused("UserNotFoundException", create, MessageAction="RESEND", **new)
    made = create(DesiredDeliveryMediums=["EMAIL"], **new)["User"]
    assert made["UserStatus"] == "FORCE_CHANGE_PASSWORD" and made["Enabled"] is True
    assert named(made["Attributes"])["custom:plan"] == "gold"
    assert isinstance(made["UserCreateDate"], datetime.datetime)
    message = message_to(NAME)
    assert message["kind"] == "admin_create_user" and message["code"] == PASSWORD
    refused("UsernameExistsException", create, **new)
    create(MessageAction="RESEND", **dict(new, TemporaryPassword=SECOND))
    assert code_for(NAME) == SECOND
    assert API.begin("USER_PASSWORD_AUTH", USERNAME=NAME, PASSWORD=SECOND)["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    # What only confirmed people have is not reset.
    refused("NotAuthorizedException", cognito.admin_reset_user_password, **USER)

    found = cognito.admin_get_user(**USER)
    told = ("Username", "UserStatus", "Enabled", "UserCreateDate")
    assert {name: found[name] for name in told} == {name: made[name] for name in told}
    assert named(found["UserAttributes"]) == named(made["Attributes"])


def passwords():
    set_password = cognito.admin_set_user_password
    refused("InvalidPasswordException", set_password, Password="short", **USER)
    set_password(Password=PASSWORD, Permanent=True, **USER)
    token = token_of(NAME)
    refused("UnsupportedUserStateException", cognito.admin_create_user, MessageAction="RESEND", **USER)
    settings(password_policy={"history_size": 3})
    refused("PasswordHistoryPolicyViolationException", set_password, Password=PASSWORD, **USER)
    settings(password_policy={"history_size": 0})
    cognito.admin_reset_user_password(**USER)
    assert cognito.admin_get_user(**USER)["UserStatus"] == "RESET_REQUIRED"
    assert message_to(NAME)["kind"] == "forgot_password"
    refused("PasswordResetRequiredException", cognito.get_user, AccessToken=token)
    set_password(Password=SECOND, Permanent=False, **USER)
    assert cognito.admin_get_user(**USER)["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    set_password(Password=PASSWORD, Permanent=True, **USER)


def attributes():
    given = pairs(name="Ada", phone_number="+4915112345678", phone_number_verified="true")
    cognito.admin_update_user_attributes(UserAttributes=given, **USER)
    own = lambda: named(cognito.admin_get_user(**USER)["UserAttributes"])
    assert own()["name"] == "Ada" and own()["phone_number_verified"] == "true"
    unknown = dict(USER, UserAttributes=pairs(shoes="37"))
    refused("InvalidParameterException", cognito.admin_update_user_attributes, **unknown)
    make_user("bob@example.com")
    taken = dict(USER, UserAttributes=pairs(email="bob@example.com"))
    refused("AliasExistsException", cognito.admin_update_user_attributes, **taken)
    cognito.admin_delete_user_attributes(UserAttributeNames=["name", "custom:plan"], **USER)
    assert "name" not in own() and "custom:plan" not in own()
    refused("InvalidParameterException", cognito.admin_delete_user_attributes, UserAttributeNames=["email"], **USER)


def coming_and_going():
    token = token_of(NAME)
    password = dict(USERNAME=NAME, PASSWORD=PASSWORD)
    cognito.admin_disable_user(**USER)
    assert cognito.admin_get_user(**USER)["Enabled"] is False
    assert API.refuse("NotAuthorizedException", "USER_PASSWORD_AUTH", **password) == "User is disabled."
    refused("NotAuthorizedException", cognito.get_user, AccessToken=token)
    cognito.admin_enable_user(**USER)
    API.sign_in(NAME)

    late = dict(UserPoolId=POOL_ID, Username="late@example.com")
    cognito.sign_up(ClientId=PUBLIC, Username="late@example.com", Password=PASSWORD)
    refused("NotAuthorizedException", cognito.admin_reset_user_password, **late)
    cognito.admin_confirm_sign_up(**late)
    assert cognito.admin_get_user(**late)["UserStatus"] == "CONFIRMED"
    refused("NotAuthorizedException", cognito.admin_confirm_sign_up, **late)
    # Confirmed like that, the address is not verified: nothing can be sent there.
    refused("InvalidParameterException", cognito.admin_reset_user_password, **late)
    cognito.admin_delete_user(**late)
    refused("UserNotFoundException", cognito.admin_delete_user, **late)


def lists():
    pool = {"UserPoolId": POOL_ID}
    first = cognito.list_users(Limit=1, **pool)
    rest = cognito.list_users(Limit=1, PaginationToken=first["PaginationToken"], **pool)
    emails = {named(one["Attributes"])["email"] for page in (first, rest) for one in page["Users"]}
    assert emails == {NAME, "bob@example.com"} and "PaginationToken" not in rest
    (found,) = cognito.list_users(Filter='email ^= "ada@"', AttributesToGet=["email"], **pool)["Users"]
    assert found["Attributes"] == pairs(email=NAME)
    refused("InvalidParameterException", cognito.list_users, Filter="email", **pool)
    foreign = dict(pool, Filter='email = "x"', PaginationToken=first["PaginationToken"])
    refused("InvalidParameterException", cognito.list_users, **foreign)


def feedback():
    """There is no threat protection, in which Cognito answers the same."""
    event = dict(USER, EventId="event", FeedbackToken="a.b.c", FeedbackValue="Valid")
    refused("UserPoolAddOnNotEnabledException", cognito.update_auth_event_feedback, **event)
    event["Username"] = "nobody@example.com"
    refused("UserPoolAddOnNotEnabledException", cognito.update_auth_event_feedback, **event)
    settings(prevent_user_existence_errors=False)
    refused("UserNotFoundException", cognito.update_auth_event_feedback, **event)
    settings(prevent_user_existence_errors=True)


def run():
    invitation()
    passwords()
    attributes()
    coming_and_going()
    lists()
    feedback()
