"""Refresh, revocation and signing out."""

from .check import check, claims, refused, tokens_of, true


@check("refresh: new tokens of the same sign-in, and no new refresh token")
def refreshed(peer):
    world = peer.world()
    first = world.signed_in()
    again = tokens_of(world.refresh(first["RefreshToken"]))
    true("RefreshToken" not in again, "a new refresh token")
    true(again.get("TokenType") == "Bearer" and "ExpiresIn" in again, "no TokenType, ExpiresIn")
    one, two = (claims(tokens["AccessToken"]) for tokens in (first, again))
    true(one["jti"] != two["jti"], "the same jti")
    for name in ("origin_jti", "auth_time"):
        true(name in two and one.get(name) == two[name], f"another {name}, or none")


@check("refresh: a made-up token is refused")
def made_up(peer):
    world = peer.world()
    token = world.signed_in()["RefreshToken"]
    made_up = token[:-6] + "AAAAAA"
    refused("NotAuthorizedException", by=lambda: world.refresh(made_up))


@check("refresh: another client's token is refused")
def another_client(peer):
    world = peer.world()
    tokens = world.signed_in()
    name = claims(tokens["AccessToken"])["username"]
    refresh = lambda: world.refresh(
        tokens["RefreshToken"], world.secret_client, SECRET_HASH=world.secret_hash(name)
    )
    refused("NotAuthorizedException", by=refresh)


@check("refresh: the token of a disabled user is refused")
def disabled(peer):
    world = peer.world()
    name = world.person()
    token = world.signed_in(name)["RefreshToken"]
    if hasattr(world, "local"):
        world.local("users", {"username": name, "enabled": False})
    else:
        world.api.admin_disable_user(UserPoolId=world.pool_id, Username=name)
    refused("NotAuthorizedException", by=lambda: world.refresh(token))


@check("rotation: a refresh gives a new refresh token, and the old one is refused")
def rotation(peer):
    world = peer.world(rotation=True)
    refresh = lambda token: world.api.get_tokens_from_refresh_token(
        ClientId=world.client, RefreshToken=token
    )
    first = world.signed_in()["RefreshToken"]
    second = tokens_of(refresh(first)).get("RefreshToken")
    true(second and second != first, "no new refresh token")
    refused("RefreshTokenReuseException", by=lambda: refresh(first))
    tokens_of(refresh(second))


@check("RevokeToken: the refresh token is refused from then on")
def revoked(peer):
    world = peer.world()
    tokens = world.signed_in()
    world.api.revoke_token(ClientId=world.client, Token=tokens["RefreshToken"])
    refused("NotAuthorizedException", by=lambda: world.refresh(tokens["RefreshToken"]))


@check("RevokeToken: the access token of that sign-in is refused too")
def revoked_access(peer):
    world = peer.world()
    tokens = world.signed_in()
    world.api.get_user(AccessToken=tokens["AccessToken"])
    world.api.revoke_token(ClientId=world.client, Token=tokens["RefreshToken"])
    ask = lambda: world.api.get_user(AccessToken=tokens["AccessToken"])
    refused("NotAuthorizedException", by=ask)


@check("RevokeToken: the user's other sign-ins go on")
def others_go_on(peer):
    world = peer.world()
    name = world.person()
    one, two = world.signed_in(name), world.signed_in(name)
    world.api.revoke_token(ClientId=world.client, Token=one["RefreshToken"])
    tokens_of(world.refresh(two["RefreshToken"]))
    world.api.get_user(AccessToken=two["AccessToken"])


@check("GlobalSignOut: access tokens of every sign-in are refused")
def signed_out(peer):
    world = peer.world()
    name = world.person()
    one, two = world.signed_in(name), world.signed_in(name)
    world.api.global_sign_out(AccessToken=one["AccessToken"])
    for tokens in (one, two):
        ask = lambda: world.api.get_user(AccessToken=tokens["AccessToken"])
        refused("NotAuthorizedException", by=ask)


@check("GlobalSignOut: refresh tokens of every sign-in are refused")
def signed_out_refresh(peer):
    world = peer.world()
    name = world.person()
    one, two = world.signed_in(name), world.signed_in(name)
    world.api.global_sign_out(AccessToken=one["AccessToken"])
    for tokens in (one, two):
        refused("NotAuthorizedException", by=lambda: world.refresh(tokens["RefreshToken"]))


@check("DeleteUser: the user is gone, with his sessions")
def deleted(peer):
    world = peer.world()
    name = world.person()
    tokens = world.signed_in(name)
    world.api.delete_user(AccessToken=tokens["AccessToken"])
    refused(by=lambda: world.password(name))
    refused(by=lambda: world.refresh(tokens["RefreshToken"]))
