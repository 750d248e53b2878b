"""Groups and who is in them."""

import datetime

from pool import *

POOL = {"UserPoolId": POOL_ID}
ROLE = "arn:aws:iam::000000000000:role/writers"


def the_group():
    group = dict(POOL, GroupName="writers")
    made = cognito.create_group(Description="They write", Precedence=1, RoleArn=ROLE, **group)["Group"]
    assert isinstance(made["CreationDate"], datetime.datetime)
    told = dict(group, Description="They write", Precedence=1, RoleArn=ROLE)
    assert {name: made[name] for name in told} == told
    refused("GroupExistsException", cognito.create_group, **group)
    changed = cognito.update_group(Precedence=2, **group)["Group"]
    assert changed["Precedence"] == 2 and changed["Description"] == "They write"
    assert cognito.get_group(**group)["Group"] == changed
    for call in (cognito.get_group, cognito.update_group, cognito.delete_group, cognito.list_users_in_group):
        refused("ResourceNotFoundException", call, GroupName="nobody", **POOL)
    for call in (cognito.create_group, cognito.get_group, cognito.update_group, cognito.delete_group):
        refused("InvalidParameterException", call, GroupName="two words", **POOL)
    return group


def members(group):
    user = dict(POOL, Username="ada@example.com")
    for name in ("ada@example.com", "bob@example.com"):
        make_user(name)
        cognito.admin_add_user_to_group(Username=name, **group)
    tokens = API.sign_in("ada@example.com")
    for token in ("AccessToken", "IdToken"):
        assert claims(tokens[token])["cognito:groups"] == ["writers"]
    assert claims(tokens["IdToken"])["cognito:preferred_role"] == ROLE
    first = cognito.list_users_in_group(Limit=1, **group)
    rest = cognito.list_users_in_group(Limit=1, NextToken=first["NextToken"], **group)
    found = {named(user["Attributes"])["email"] for page in (first, rest) for user in page["Users"]}
    assert found == {"ada@example.com", "bob@example.com"}
    (one,) = cognito.admin_list_groups_for_user(**user)["Groups"]
    assert one == cognito.get_group(**group)["Group"]
    for call in (cognito.admin_add_user_to_group, cognito.admin_remove_user_from_group):
        refused("UserNotFoundException", call, Username="nobody@example.com", **group)
        refused("ResourceNotFoundException", call, **dict(user, GroupName="nobody"))
    cognito.admin_remove_user_from_group(**dict(user, **group))
    assert cognito.admin_list_groups_for_user(**user)["Groups"] == []
    for call in (cognito.admin_list_groups_for_user, cognito.list_users_in_group, cognito.list_groups):
        given = dict(group if "users_in" in call.__name__ else user if "admin" in call.__name__ else POOL)
        refused("InvalidParameterException", call, NextToken="???", **given)


def lists(group):
    cognito.create_group(GroupName="readers", **POOL)
    first = cognito.list_groups(Limit=1, **POOL)
    rest = cognito.list_groups(Limit=1, NextToken=first["NextToken"], **POOL)
    names = [group["GroupName"] for page in (first, rest) for group in page["Groups"]]
    assert names == ["readers", "writers"] and "NextToken" not in rest
    cognito.delete_group(**group)
    refused("ResourceNotFoundException", cognito.get_group, **group)


def run():
    group = the_group()
    members(group)
    lists(group)
