"""What the pool says of itself and its app clients."""

from pool import *

POOL = {"UserPoolId": POOL_ID}


def the_pool():
    settings(mfa="OPTIONAL", devices="ALWAYS")
    pool = cognito.describe_user_pool(**POOL)["UserPool"]
    assert pool["Id"] == POOL_ID and pool["MfaConfiguration"] == "OPTIONAL"
    assert pool["UsernameAttributes"] == ["email"] and pool["Policies"]["PasswordPolicy"]["MinimumLength"] == 8
    assert pool["DeviceConfiguration"]["DeviceOnlyRememberedOnUserPrompt"] is False
    assert {"email", "sub"} <= {attribute["Name"] for attribute in pool["SchemaAttributes"]}
    (listed,) = cognito.list_user_pools(MaxResults=10)["UserPools"]
    assert listed["Id"] == POOL_ID and listed["Name"] == pool["Name"]
    refused("InvalidParameterException", cognito.list_user_pools, MaxResults=10, NextToken="???")

    config = cognito.get_user_pool_mfa_config(**POOL)
    assert config["MfaConfiguration"] == "OPTIONAL" and config["SoftwareTokenMfaConfiguration"] == {"Enabled": True}
    assert config["WebAuthnConfiguration"]["RelyingPartyId"] == "localhost"


def the_clients():
    first = cognito.list_user_pool_clients(MaxResults=1, **POOL)
    rest = cognito.list_user_pool_clients(NextToken=first["NextToken"], **POOL)
    ids = [client["ClientId"] for page in (first, rest) for client in page["UserPoolClients"]]
    assert ids == [PUBLIC, CONFIDENTIAL] and "NextToken" not in rest
    refused("InvalidParameterException", cognito.list_user_pool_clients, NextToken="???", **POOL)
    describe = lambda id: cognito.describe_user_pool_client(ClientId=id, **POOL)["UserPoolClient"]
    public, confidential = describe(PUBLIC), describe(CONFIDENTIAL)
    assert "ClientSecret" not in public and confidential["ClientSecret"] == SECRET
    assert public["PreventUserExistenceErrors"] == "ENABLED" and public["RefreshTokenValidity"] == 30
    assert {"ALLOW_USER_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"} <= set(public["ExplicitAuthFlows"])
    unknown = dict(POOL, ClientId="nobody")
    refused("ResourceNotFoundException", cognito.describe_user_pool_client, **unknown)


def run():
    the_pool()
    the_clients()
