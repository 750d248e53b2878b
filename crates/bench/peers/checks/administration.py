"""What an administrator does with AWS credentials, and what tests do to the whole."""

import requests

from .check import PASSWORD, Wrong, check, claims, email, refused, true


@check("administrator: AdminCreateUser and AdminSetUserPassword make a user who signs in")
def create_user(peer):
    world = peer.world()
    name = email()
    world.api.admin_create_user(UserPoolId=world.pool_id, Username=name, MessageAction="SUPPRESS")
    world.api.admin_set_user_password(
        UserPoolId=world.pool_id, Username=name, Password=PASSWORD, Permanent=True
    )
    world.signed_in(name)


@check("administrator: AdminInitiateAuth signs a user in")
def admin_auth(peer):
    world = peer.world()
    answer = world.api.admin_initiate_auth(
        UserPoolId=world.pool_id,
        ClientId=world.client,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": world.person(), "PASSWORD": PASSWORD},
    )
    true("AuthenticationResult" in answer, "no tokens")


@check("administrator: ListUsers finds by a filter")
def list_users(peer):
    world = peer.world()
    name = world.person()
    world.person()
    found = world.api.list_users(UserPoolId=world.pool_id, Filter=f'email = "{name}"')["Users"]
    true(len(found) == 1, f"{len(found)} users")


@check("administrator: a group stands in both tokens")
def groups(peer):
    world = peer.world()
    name = world.person()
    world.api.create_group(UserPoolId=world.pool_id, GroupName="editors")
    world.api.admin_add_user_to_group(
        UserPoolId=world.pool_id, Username=name, GroupName="editors"
    )
    tokens = world.signed_in(name)
    for kind in ("AccessToken", "IdToken"):
        true(claims(tokens[kind]).get("cognito:groups") == ["editors"], f"not in the {kind}")


@check("administrator: AdminDisableUser refuses the user")
def disable(peer):
    world = peer.world()
    name = world.person()
    world.api.admin_disable_user(UserPoolId=world.pool_id, Username=name)
    refused("NotAuthorizedException", by=lambda: world.password(name))


@check("administrator: DescribeUserPoolClient tells the client's settings")
def describe(peer):
    world = peer.world()
    client = world.api.describe_user_pool_client(UserPoolId=world.pool_id, ClientId=world.client)
    flows = client["UserPoolClient"].get("ExplicitAuthFlows", [])
    true("ALLOW_USER_PASSWORD_AUTH" in flows, "no ExplicitAuthFlows")


@check("administrator: CreateUserPool makes another pool, with users of its own")
def another_pool(peer):
    world = peer.world()
    made = world.api.create_user_pool(PoolName="another", UsernameAttributes=["email"])
    pool_id = made["UserPool"]["Id"]
    name = world.person()
    missing = lambda: world.api.admin_get_user(UserPoolId=pool_id, Username=name)
    refused("UserNotFoundException", by=missing)


@check("an administrator's operation without credentials is refused")
def unsigned(peer):
    world = peer.world()
    body = f'{{"UserPoolId":"{world.pool_id}","Username":"{world.person()}"}}'
    answer = requests.post(
        peer.url + "/",
        data=body,
        headers={
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "AWSCognitoIdentityProviderService.AdminGetUser",
        },
    )
    true(answer.status_code == 400, f"status {answer.status_code}")
    kind = answer.json().get("__type", "").split("#")[-1]
    true(kind == "MissingAuthenticationTokenException", kind)


@check("everything can be reset by one call, without a restart")
def reset(peer):
    if peer.reset_path is None:
        raise Wrong("no such call")
    world = peer.second_world()
    name = world.person()
    world.signed_in(name)
    answer = requests.post(
        peer.second_url + peer.reset_path, json={}, headers={"X-Cogward-Local": "1"}
    )
    true(answer.status_code == 200, f"status {answer.status_code}")
    try:
        world.password(name)
    except world.api.exceptions.ClientError:
        return
    raise Wrong("the user is still there")
