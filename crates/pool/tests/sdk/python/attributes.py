"""A user's own attributes and passwords."""

from pool import *


def attributes():
    make_user("ada@example.com")
    make_user("bob@example.com")
    token = {"AccessToken": token_of("ada@example.com")}
    own = lambda: named(cognito.get_user(**token)["UserAttributes"])

    answer = cognito.update_user_attributes(UserAttributes=pairs(name="Ada", custom_plan="gold"), **token)
    assert answer["CodeDeliveryDetailsList"] == [] and own()["custom:plan"] == "gold"
    unknown = dict(token, UserAttributes=pairs(shoes="37"))
    refused("InvalidParameterException", cognito.update_user_attributes, **unknown)
    forbidden = dict(token, UserAttributes=pairs(email_verified="true"))
    refused("NotAuthorizedException", cognito.update_user_attributes, **forbidden)
    taken = dict(token, UserAttributes=pairs(email="bob@example.com"))
    refused("AliasExistsException", cognito.update_user_attributes, **taken)
    cognito.delete_user_attributes(UserAttributeNames=["custom:plan"], **token)
    assert "custom:plan" not in own() and own()["name"] == "Ada"
    refused("InvalidParameterException", cognito.delete_user_attributes, UserAttributeNames=["email"], **token)
    refused("NotAuthorizedException", cognito.delete_user_attributes, UserAttributeNames=["sub"], **token)


def addresses():
    """A new one is the old one's until its code comes back."""
    settings(verify_before_update=["email"])
    token = {"AccessToken": token_of("ada@example.com")}
    verify = dict(token, AttributeName="email")
    change = dict(token, UserAttributes=pairs(email="new@example.com"))
    (sent,) = cognito.update_user_attributes(**change)["CodeDeliveryDetailsList"]
    assert sent == {"Destination": "n***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}
    code = code_for("new@example.com")
    refused("CodeMismatchException", cognito.verify_user_attribute, Code=wrong(code), **verify)
    # Somebody else is quicker.
    make_user("new@example.com")
    refused("AliasExistsException", cognito.verify_user_attribute, Code=code, **verify)
    cognito.admin_delete_user(UserPoolId=POOL_ID, Username="new@example.com")

    sent = cognito.get_user_attribute_verification_code(**verify)["CodeDeliveryDetails"]
    assert sent["Destination"] == "n***@e***" and message_to("new@example.com")["kind"] == "verify_user_attribute"
    cognito.verify_user_attribute(Code=code_for("new@example.com"), **verify)
    user = named(cognito.get_user(**token)["UserAttributes"])
    assert user["email"] == "new@example.com" and user["email_verified"] == "true"
    refused("ExpiredCodeException", cognito.verify_user_attribute, Code=code, **verify)
    for call in (cognito.get_user_attribute_verification_code, cognito.verify_user_attribute):
        other = dict(token, AttributeName="given_name", **({} if "code" in call.__name__ else {"Code": code}))
        refused("InvalidParameterException", call, **other)


def passwords():
    make_user("pat@example.com")
    token = {"AccessToken": token_of("pat@example.com")}
    change = dict(token, PreviousPassword=PASSWORD, ProposedPassword=SECOND)
    refused("NotAuthorizedException", cognito.change_password, **dict(change, PreviousPassword="Wr0ng-one"))
    refused("InvalidPasswordException", cognito.change_password, **dict(change, ProposedPassword="short"))
    without = dict(token, ProposedPassword=SECOND)
    refused("InvalidParameterException", cognito.change_password, **without)
    cognito.change_password(**change)
    token_of("pat@example.com", SECOND)

    settings(password_policy={"history_size": 2})
    back = dict(token, PreviousPassword=SECOND, ProposedPassword=SECOND)
    refused("PasswordHistoryPolicyViolationException", cognito.change_password, **back)
    person = dict(ClientId=PUBLIC, Username="pat@example.com")
    cognito.forgot_password(**person)
    reset = dict(person, ConfirmationCode=code_for("pat@example.com"), Password=SECOND)
    refused("PasswordHistoryPolicyViolationException", cognito.confirm_forgot_password, **reset)


def run():
    attributes()
    addresses()
    passwords()
