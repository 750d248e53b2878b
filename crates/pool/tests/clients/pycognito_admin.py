"""Unmodified pycognito against the pool at POOL_URL: what an administrator does."""

from pycognito.exceptions import ForceChangePasswordException

from pool import PASSWORD, POOL_ID, PUBLIC, code_for, cognito, local, refused

EMAIL = "administered@example.com"
admin = cognito(EMAIL)
client = admin.client


def create():
    temporary = "Temp0rary!"
    keywords = {"MessageAction": "SUPPRESS"}
    admin.admin_create_user(EMAIL, temporary, keywords, email=EMAIL, email_verified="true")
    refused("UsernameExistsException", admin.admin_create_user, EMAIL, temporary, keywords)
    found = admin.admin_get_user()
    assert found.user_status == "FORCE_CHANGE_PASSWORD" and found.enabled is True
    refused(ForceChangePasswordException, admin.authenticate, temporary)
    admin.new_password_challenge(temporary, PASSWORD)
    assert admin.admin_get_user().user_status == "CONFIRMED"


def confirm():
    user = cognito("waiting@example.com")
    user.register("waiting@example.com", PASSWORD)
    user.admin_confirm_sign_up()
    user.authenticate(PASSWORD)


def change():
    admin.admin_authenticate(PASSWORD)
    admin.admin_update_profile({"given_name": "Grace"})
    assert admin.admin_get_user().given_name == "Grace"
    assert {user.email for user in admin.get_users()} >= {EMAIL}
    admin.admin_disable_user(EMAIL)
    refused("NotAuthorizedException", admin.authenticate, PASSWORD)
    admin.admin_enable_user(EMAIL)
    admin.authenticate(PASSWORD)


def groups():
    client.create_group(UserPoolId=POOL_ID, GroupName="staff", Description="People", Precedence=3)
    group = admin.get_group("staff")
    assert (group.group_name, group.description, group.precedence) == ("staff", "People", 3)
    assert "staff" in [group.group_name for group in admin.get_groups()]
    admin.admin_add_user_to_group(EMAIL, "staff")
    assert admin.admin_list_groups_for_user(EMAIL) == ["staff"]
    admin.authenticate(PASSWORD)
    assert admin.access_claims["cognito:groups"] == ["staff"]
    admin.admin_remove_user_from_group(EMAIL, "staff")
    assert admin.admin_list_groups_for_user(EMAIL) == []
    refused("ResourceNotFoundException", admin.get_group, "nobody")


def clients():
    described = admin.describe_user_pool_client(POOL_ID, PUBLIC)
    assert described["ClientId"] == PUBLIC and "ALLOW_USER_SRP_AUTH" in described["ExplicitAuthFlows"]
    refused("ResourceNotFoundException", admin.describe_user_pool_client, POOL_ID, "nobody")


def reset_and_delete():
    admin.admin_reset_password(EMAIL)
    refused("NotAuthorizedException", admin.authenticate, PASSWORD)
    local("settings", {"prevent_user_existence_errors": "LEGACY"})
    refused("PasswordResetRequiredException", admin.authenticate, PASSWORD)
    admin.confirm_forgot_password(code_for(EMAIL), "N3w-Passw0rd")
    admin.authenticate("N3w-Passw0rd")
    admin.admin_delete_user()
    refused("UserNotFoundException", admin.admin_get_user)


create()
confirm()
change()
groups()
clients()
reset_and_delete()
