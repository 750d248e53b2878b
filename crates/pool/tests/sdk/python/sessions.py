"""The sign-ins of a user, listed and ended."""

import datetime

from pool import *


def listed(sessions, mine=None):
    for session in sessions:
        assert session["SessionType"] == "TOKEN" and session["ClientId"] == PUBLIC
        created = session["CreateDate"]
        assert isinstance(created, datetime.datetime) and session["LastActiveDate"] >= created
    if mine is not None:
        assert [session["IsCurrentSession"] for session in sessions].count(True) == mine
    return [session["SessionId"] for session in sessions]


def own():
    make_user("ada@example.com")
    token, other = ({"AccessToken": token_of("ada@example.com")} for _ in range(2))
    sessions = cognito.list_user_sessions(**token)["Sessions"]
    ids = listed(sessions, mine=1)
    assert len(set(ids)) == 2
    (mine,) = (session["SessionId"] for session in sessions if session["IsCurrentSession"])
    (its,) = set(ids) - {mine}
    refused("InvalidParameterException", cognito.revoke_user_session, SessionId=mine, **token)
    cognito.revoke_user_session(SessionId=its, RevokeAssociatedSessions="NONE", **token)
    refused("ResourceNotFoundException", cognito.revoke_user_session, SessionId=its, **token)
    refused("NotAuthorizedException", cognito.list_user_sessions, **other)
    assert listed(cognito.list_user_sessions(**token)["Sessions"], mine=1) == [mine]
    refused("InvalidParameterException", cognito.list_user_sessions, NextToken="???", **token)


def of_others():
    user = dict(UserPoolId=POOL_ID, Username="ada@example.com")
    for _ in range(20):
        token = {"AccessToken": token_of("ada@example.com")}
    first = cognito.admin_list_user_sessions(**user)
    rest = cognito.admin_list_user_sessions(NextToken=first["NextToken"], **user)
    ids = listed(first["Sessions"]) + listed(rest["Sessions"])
    assert len(first["Sessions"]) == 20 and len(set(ids)) == 21 and "NextToken" not in rest
    cognito.admin_revoke_user_session(SessionId=ids[0], **user)
    refused("ResourceNotFoundException", cognito.admin_revoke_user_session, SessionId=ids[0], **user)
    refused("InvalidParameterException", cognito.admin_list_user_sessions, NextToken="???", **user)
    cognito.admin_user_global_sign_out(**user)
    assert cognito.admin_list_user_sessions(**user)["Sessions"] == []
    refused("NotAuthorizedException", cognito.get_user, **token)


def run():
    own()
    of_others()
