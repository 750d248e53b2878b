"""What the topics have in common: boto3 that calls the pool at POOL_URL, and what a person does
beside it."""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import struct
import urllib.parse
import urllib.request

import boto3
from botocore import xform_name
from botocore.config import Config

import record

URL = os.environ["POOL_URL"]
# A pool whose users have names of their own and are found by e-mail address too.
ALIAS_URL = os.environ["ALIAS_POOL_URL"]
POOL_ID = "us-east-1_Cogward01"
PUBLIC = "cogwardlocalpublicclient01"
CONFIDENTIAL = "cogwardlocalsecretclient01"
SECRET = "cogwardlocalsecret0123456789abcdef"
PASSWORD, SECOND = "Passw0rd!", "N3w-Passw0rd"
MODEL = json.loads((pathlib.Path(__file__).parents[3] / "src/model/cognito-idp.json").read_text())


def sdk(url, **config):
    client = boto3.client(
        "cognito-idp",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="unused",
        aws_secret_access_key="unused",
        config=Config(retries={"total_max_attempts": 1}, **config),
    )
    record.watch(client)
    return client


cognito, aliased = sdk(URL), sdk(ALIAS_URL)


def method(operation, client=cognito):
    return getattr(client, xform_name(operation))


EXAMPLES = dict(
    UserPoolId=POOL_ID,
    ClientId=PUBLIC,
    Username="nobody@example.com",
    GroupName="readers",
    DeviceKey="us-east-1_00000000-0000-0000-0000-000000000000",
    SessionId="tkn" + "0" * 25,
    AccessToken="a.b.c",
    RefreshToken="a.b.c",
    Token="a.b.c",
    FeedbackToken="a.b.c",
    FeedbackValue="Valid",
    EventId="event",
    AuthFlow="USER_PASSWORD_AUTH",
    ChallengeName="SMS_MFA",
    ConfirmationCode="123456",
    Code="123456",
    UserCode="123456",
    Password=PASSWORD,
    ProposedPassword=SECOND,
    AttributeName="email",
    UserAttributeNames=["name"],
    UserAttributes=[{"Name": "name", "Value": "Ada"}],
    MFAOptions=[],
    CredentialId="credential",
    Credential={"id": "credential"},
    MaxResults=1,
)


def example(operation, **more):
    """An input that the model takes: what is required, and who calls."""
    shape = MODEL["operations"][operation]["input"]
    names = [name for name in shape["members"] if name in shape["required"] or name == "AccessToken"]
    return {name: EXAMPLES[name] for name in names} | more


def declared(operation):
    return MODEL["operations"][operation]["errors"]


def refused(exception, call, **arguments):
    """`call` raises this exception of the service model."""
    errors = call.__self__.exceptions
    try:
        call(**arguments)
    except errors.ClientError as error:
        told = error.response
        assert type(error) is getattr(errors, exception), f"{error!r} instead of {exception}"
        assert told["ResponseMetadata"]["HTTPStatusCode"] == 400 and told["Error"]["Message"], told
        return told["Error"]["Message"]
    raise AssertionError(f"{call.__name__} was not refused with {exception}")


def local(what, body=None, url=URL):
    """Calls the pool's surface for tests."""
    headers = {"Content-Type": "application/json", "X-Cogward-Local": "1"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{url}/_local/{what}", data, headers)) as answer:
        return json.load(answer)


def settings(**changed):
    local("settings", changed)


def advance(seconds):
    return local("clock", {"advance_seconds": seconds})["now"]


def make_user(username, **more):
    """A confirmed user with the usual password: the `sub`."""
    return local("users", {"username": username, "password": PASSWORD, **more})["sub"]


def message_to(recipient, url=URL):
    """The newest message to an address."""
    return local(f"messages?recipient={urllib.parse.quote(recipient)}", url=url)[0]


def code_for(recipient, url=URL):
    return message_to(recipient, url)["code"]


def wrong(code):
    return "0" * len(code) if set(code) != {"0"} else "1" * len(code)


def pairs(**attributes):
    return [{"Name": name.replace("custom_", "custom:"), "Value": value} for name, value in attributes.items()]


def named(attributes):
    """`[{Name, Value}]` as a dictionary."""
    return {attribute["Name"]: attribute["Value"] for attribute in attributes}


def secret_hash(username):
    mac = hmac.new(SECRET.encode(), (username + CONFIDENTIAL).encode(), hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()


def claims(token):
    """Those of a token, unverified."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def is_tokens(result, refreshed=False):
    """An AuthenticationResult is whole and hangs together."""
    assert result["TokenType"] == "Bearer" and result["ExpiresIn"] == 3600, result
    access, identity = claims(result["AccessToken"]), claims(result["IdToken"])
    assert access["token_use"] == "access" and identity["token_use"] == "id"
    assert access["sub"] == identity["sub"] and access["client_id"] == identity["aud"]
    assert ("RefreshToken" in result) is not refreshed
    return result


class Door:
    """A way to sign in, through the public client: the API itself or its administrators' twins."""

    def __init__(self, client, admin):
        self.admin, self.common = admin, {"ClientId": PUBLIC}
        if admin:
            self.common["UserPoolId"] = POOL_ID
            self.initiate, self.respond = client.admin_initiate_auth, client.admin_respond_to_auth_challenge
        else:
            self.initiate, self.respond = client.initiate_auth, client.respond_to_auth_challenge

    def begin(self, flow, **parameters):
        return self.initiate(AuthFlow=flow, AuthParameters=parameters, **self.common)

    def refuse(self, exception, flow, **parameters):
        return refused(exception, self.initiate, AuthFlow=flow, AuthParameters=parameters, **self.common)

    def _response(self, challenge, username, responses):
        input = dict(self.common, ChallengeName=challenge["ChallengeName"])
        if "Session" in challenge:
            input["Session"] = challenge["Session"]
        return dict(input, ChallengeResponses={"USERNAME": username, **responses})

    def answer(self, challenge, username, **responses):
        return self.respond(**self._response(challenge, username, responses))

    def refuse_answer(self, exception, challenge, username, **responses):
        return refused(exception, self.respond, **self._response(challenge, username, responses))

    def sign_in(self, username, password=PASSWORD, **more):
        answer = self.begin("USER_PASSWORD_AUTH", USERNAME=username, PASSWORD=password, **more)
        return is_tokens(answer["AuthenticationResult"])


API, ADMIN = Door(cognito, admin=False), Door(cognito, admin=True)


def token_of(username, password=PASSWORD):
    return API.sign_in(username, password)["AccessToken"]


TAKEN = {}


def totp(secret):
    """The code that an app shows. None is good twice: the pool's clock goes on when it was taken."""
    step = advance(0) // 30
    while step <= TAKEN.get(secret, 0):
        step = advance(30) // 30
    TAKEN[secret] = step
    return one_time_password(secret, step)


def wrong_totp(secret):
    """A code that no app shows around now."""
    step = advance(0) // 30
    near = [one_time_password(secret, step + off) for off in (-2, -1, 0, 1, 2)]
    return next(code for code in (digit * 6 for digit in "012345") if code not in near)


def one_time_password(secret, step):
    """RFC 6238."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    (number,) = struct.unpack_from(">L", mac, mac[19] & 15)
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"
