"""The endpoints of a user-pool domain, through a browser without scripts."""

import base64
import hashlib
import html.parser
import secrets
import urllib.parse

import requests

from .check import PASSWORD, WRONG_PASSWORD, Wrong, check, claims, true

CALLBACK = "http://localhost:3000/callback"
SIGNED_OUT = "http://localhost:3000/signed-out"


class Form(html.parser.HTMLParser):
    """The first form that asks for a password."""

    def __init__(self, page):
        super().__init__()
        self.forms = []
        self.feed(page.text)
        asking = [form for form in self.forms if form["password"]]
        if not asking:
            raise Wrong(f"no form ({page.status_code})")
        form = asking[0]
        self.url = urllib.parse.urljoin(page.url, form["action"] or page.url)
        self.fields, self.name, self.password = form["fields"], form["name"], form["password"]

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            action = attributes.get("action")
            self.forms.append(dict(action=action, fields={}, name=None, password=None))
        elif tag == "input" and self.forms and attributes.get("name"):
            form, kind = self.forms[-1], attributes.get("type", "text")
            if kind == "password":
                form["password"] = attributes["name"]
            elif kind in ("text", "email"):
                form["name"] = attributes["name"]
            else:
                form["fields"][attributes["name"]] = attributes.get("value", "")


class Browser:
    """Follows redirects until one leaves the pool."""

    def __init__(self, world):
        self.world, self.session = world, requests.Session()
        self.verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(self.verifier.encode()).digest()
        self.query = dict(
            response_type="code",
            client_id=world.client,
            redirect_uri=CALLBACK,
            scope="openid email",
            state=secrets.token_urlsafe(16),
            nonce=secrets.token_urlsafe(16),
            code_challenge=base64.urlsafe_b64encode(digest).decode().rstrip("="),
            code_challenge_method="S256",
        )

    def open(self, method, url, **members):
        for _ in range(10):
            page = self.session.request(method, url, allow_redirects=False, **members)
            if not page.is_redirect:
                return page
            url = urllib.parse.urljoin(url, page.headers["Location"])
            if not url.startswith(self.world.url):
                return url
            method, members = "GET", {}
        raise Wrong("redirected for ever")

    def authorize(self, **members):
        query = {**self.query, **members}
        return self.open("GET", f"{self.world.url}/oauth2/authorize", params=query)

    def sign_in(self, name, password=PASSWORD):
        """What the sign-in form leads to: a URL outside the pool, or a page."""
        page = self.authorize()
        if isinstance(page, str):
            raise Wrong(f"redirected to {page}")
        form = Form(page)
        data = {**form.fields, form.name: name, form.password: password}
        return self.open("POST", form.url, data=data)

    def code(self, name):
        """The code of a sign-in; its state has to be ours."""
        url = self.sign_in(name)
        true(isinstance(url, str) and url.startswith(CALLBACK + "?"), "no redirect to the callback")
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
        true(query.get("state") == self.query["state"], "another state")
        return query["code"]

    def token(self, code, **members):
        form = dict(
            grant_type="authorization_code",
            client_id=self.world.client,
            code=code,
            redirect_uri=CALLBACK,
            code_verifier=self.verifier,
        )
        return requests.post(f"{self.world.url}/oauth2/token", data={**form, **members})


def signed_in(peer):
    world = peer.world()
    browser = Browser(world)
    return world, browser, browser.code(world.person())


def refused(answer, error):
    true(answer.status_code == 400, f"status {answer.status_code}")
    true(answer.json().get("error") == error, f"error {answer.json().get('error')}")


@check("hosted: /login shows a form")
def login(peer):
    world = peer.world()
    browser = Browser(world)
    Form(browser.open("GET", f"{world.url}/login", params=browser.query))


@check("hosted: authorize, sign-in and PKCE give tokens, with our state")
def tokens(peer):
    _, browser, code = signed_in(peer)
    answer = browser.token(code)
    true(answer.status_code == 200, f"status {answer.status_code}")
    got = answer.json()
    missing = {"access_token", "id_token", "refresh_token", "token_type", "expires_in"} - set(got)
    true(not missing, f"without {', '.join(sorted(missing))}")


@check("hosted: the tokens carry our nonce and scope")
def nonce(peer):
    _, browser, code = signed_in(peer)
    got = browser.token(code).json()
    true(claims(got["id_token"]).get("nonce") == browser.query["nonce"], "no nonce")
    scope = claims(got["access_token"])["scope"]
    true(scope == "openid email", f"scope {scope}")


@check("hosted: a wrong password leads nowhere")
def wrong_password(peer):
    world = peer.world()
    page = Browser(world).sign_in(world.person(), WRONG_PASSWORD)
    true(not isinstance(page, str), "redirected")


@check("hosted: a wrong verifier is refused")
def wrong_verifier(peer):
    _, browser, code = signed_in(peer)
    refused(browser.token(code, code_verifier=secrets.token_urlsafe(48)), "invalid_grant")


@check("hosted: a code works once")
def once(peer):
    _, browser, code = signed_in(peer)
    true(browser.token(code).status_code == 200, "refused at once")
    refused(browser.token(code), "invalid_grant")


@check("hosted: a redirect_uri that is not registered gets no redirect")
def unregistered(peer):
    world = peer.world()
    browser = Browser(world)
    Form(browser.authorize())
    page = browser.authorize(redirect_uri="https://attacker.example/callback")
    true(not isinstance(page, str), f"redirected to {page}")
    true(page.status_code >= 400, f"status {page.status_code}")


@check("hosted: the refresh token gives new tokens, until it is revoked at /oauth2/revoke")
def refresh(peer):
    world, browser, code = signed_in(peer)
    token = browser.token(code).json()["refresh_token"]
    form = dict(grant_type="refresh_token", client_id=world.client, refresh_token=token)
    ask = lambda: requests.post(f"{world.url}/oauth2/token", data=form)
    true(ask().status_code == 200, "refresh refused")
    revoke = dict(token=token, client_id=world.client)
    answer = requests.post(f"{world.url}/oauth2/revoke", data=revoke)
    true(answer.status_code == 200, f"/oauth2/revoke: status {answer.status_code}")
    refused(ask(), "invalid_grant")


@check("hosted: /oauth2/userInfo tells who it is")
def user_info(peer):
    world, browser, code = signed_in(peer)
    token = browser.token(code).json()["access_token"]
    answer = requests.get(
        f"{world.url}/oauth2/userInfo", headers={"Authorization": f"Bearer {token}"}
    )
    true(answer.status_code == 200, f"status {answer.status_code}")
    true(answer.json().get("sub") == claims(token)["sub"], "another sub")
    true(answer.json().get("email_verified") == "true", "email_verified is not \"true\"")


@check("hosted: /logout redirects to a registered address, and to no other")
def logout(peer):
    world = peer.world()
    browser = Browser(world)
    leave = lambda address: browser.open(
        "GET", f"{world.url}/logout", params=dict(client_id=world.client, logout_uri=address)
    )
    went = leave(SIGNED_OUT)
    true(went == SIGNED_OUT, "no redirect")
    went = leave("https://attacker.example/")
    true(not isinstance(went, str), f"redirected to {went}")
