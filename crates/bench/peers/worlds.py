"""The three pools behind one face: a user pool with two clients, people, and their codes."""

import base64
import hashlib
import hmac
import re
import time

import boto3
import requests
from botocore.config import Config
from pycognito.aws_srp import AWSSRP

from checks.check import PASSWORD, Wrong, email

CALLBACK = "http://localhost:3000/callback"
SIGNED_OUT = "http://localhost:3000/signed-out"
FLOWS = ["USER_PASSWORD_AUTH", "USER_SRP_AUTH", "REFRESH_TOKEN_AUTH", "CUSTOM_AUTH", "USER_AUTH"]


def api(url):
    return boto3.client(
        "cognito-idp",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="unused",
        aws_secret_access_key="unused",
        config=Config(retries={"total_max_attempts": 1}),
    )


class World:
    """A user pool with a public client and one with a secret.

    `settings`: mfa (OFF, OPTIONAL, ON), rotation, hide (PreventUserExistenceErrors).
    """

    def __init__(self, peer, url, settings):
        self.peer, self.url, self.settings = peer, url, settings
        self.api = api(url)
        self.make()

    def again(self):
        """What it was made with holds once more."""

    def jwks(self):
        return requests.get(f"{self.url}/{self.pool_id}/.well-known/jwks.json").json()

    def initiate(self, flow, client=None, **parameters):
        return self.api.initiate_auth(
            ClientId=client or self.client, AuthFlow=flow, AuthParameters=parameters
        )

    def password(self, name, password=PASSWORD):
        return self.initiate("USER_PASSWORD_AUTH", USERNAME=name, PASSWORD=password)

    def signed_in(self, name=None):
        """The tokens of a person, who is made when not named."""
        return self.password(name or self.person())["AuthenticationResult"]

    def refresh(self, token, client=None, **parameters):
        return self.initiate("REFRESH_TOKEN_AUTH", client, REFRESH_TOKEN=token, **parameters)

    def respond(self, challenge, session, **responses):
        return self.api.respond_to_auth_challenge(
            ClientId=self.client,
            ChallengeName=challenge,
            Session=session,
            ChallengeResponses=responses,
        )

    def srp(self, name, password):
        """Signs in with pycognito's SRP."""
        person = AWSSRP(
            username=name,
            password=password,
            pool_id=self.pool_id,
            client_id=self.client,
            client=self.api,
        )
        return person.authenticate_user()

    def secret_hash(self, name):
        message = (name + self.secret_client).encode()
        mac = hmac.new(self.secret.encode(), message, hashlib.sha256)
        return base64.b64encode(mac.digest()).decode()

    def code(self, name):
        """The newest code for the address, whose way here may take a moment."""
        end = time.monotonic() + 2
        while time.monotonic() < end:
            if code := self.newest(name):
                return code
            time.sleep(0.02)
        raise Wrong("no code was sent")

    def signed_up(self, name=None):
        """Somebody who has not confirmed yet."""
        name = name or email()
        self.api.sign_up(
            ClientId=self.client,
            Username=name,
            Password=PASSWORD,
            UserAttributes=[{"Name": "email", "Value": name}],
        )
        return name

    def confirm(self, name, code):
        self.api.confirm_sign_up(ClientId=self.client, Username=name, ConfirmationCode=code)

    def forgot(self, name):
        """The code that comes of ForgotPassword."""
        self.api.forgot_password(ClientId=self.client, Username=name)
        return self.code(name)

    def reset(self, name, code, password):
        self.api.confirm_forgot_password(
            ClientId=self.client, Username=name, ConfirmationCode=code, Password=password
        )


class CogwardWorld(World):
    pool_id = "us-east-1_Cogward01"
    client = "cogwardlocalpublicclient01"
    secret_client = "cogwardlocalsecretclient01"
    secret = "cogwardlocalsecret0123456789abcdef"

    def make(self):
        self.again()

    def again(self):
        self.local(
            "settings",
            {
                "mfa": self.settings["mfa"],
                "refresh_rotation": self.settings["rotation"],
                "prevent_user_existence_errors": self.settings["hide"],
            },
        )

    def local(self, path, body):
        answer = requests.post(
            f"{self.url}/_local/{path}", json=body, headers={"X-Cogward-Local": "1"}
        )
        if answer.status_code != 200:
            raise Wrong(f"/_local/{path}: {answer.status_code} {answer.text[:80]}")

    def person(self, status="CONFIRMED", enabled=True):
        name = email()
        person = {"username": name, "password": PASSWORD, "status": status, "enabled": enabled}
        self.local("users", person)
        return name

    def triggers(self, url):
        names = ["define_auth_challenge", "create_auth_challenge", "verify_auth_challenge_response"]
        self.local("settings", {"triggers": {name: url for name in names}})

    def newest(self, name):
        query = {"recipient": name}
        messages = requests.get(f"{self.url}/_local/messages", params=query).json()
        return messages[0]["code"] if messages else None


class ApiWorld(World):
    """Made with the operations of an administrator."""

    def make(self):
        made = self.api.create_user_pool(
            PoolName="checks",
            UsernameAttributes=["email"],
            AutoVerifiedAttributes=["email"],
            Policies={"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}},
            AccountRecoverySetting={
                "RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]
            },
        )
        self.pool_id = made["UserPool"]["Id"]
        if self.settings["mfa"] != "OFF":
            self.api.set_user_pool_mfa_config(
                UserPoolId=self.pool_id,
                MfaConfiguration=self.settings["mfa"],
                SoftwareTokenMfaConfiguration={"Enabled": True},
            )
        self.client = self.made_client()["ClientId"]
        confidential = self.made_client(GenerateSecret=True)
        self.secret_client = confidential["ClientId"]
        self.secret = confidential.get("ClientSecret", "not given")

    def made_client(self, **members):
        rotation = {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}
        flows = [flow for flow in FLOWS if flow != "REFRESH_TOKEN_AUTH" or not self.settings["rotation"]]
        if self.settings["rotation"]:
            members["RefreshTokenRotation"] = rotation
        made = self.api.create_user_pool_client(
            UserPoolId=self.pool_id,
            ClientName="checks",
            ExplicitAuthFlows=[f"ALLOW_{flow}" for flow in flows],
            PreventUserExistenceErrors="ENABLED" if self.settings["hide"] else "LEGACY",
            EnableTokenRevocation=True,
            AuthSessionValidity=3,
            CallbackURLs=[CALLBACK],
            LogoutURLs=[SIGNED_OUT],
            SupportedIdentityProviders=["COGNITO"],
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthFlows=["code"],
            AllowedOAuthScopes=["openid", "email", "profile"],
            **members,
        )
        return made["UserPoolClient"]

    def person(self, status="CONFIRMED", enabled=True):
        name = email()
        self.api.admin_create_user(
            UserPoolId=self.pool_id,
            Username=name,
            UserAttributes=[
                {"Name": "email", "Value": name},
                {"Name": "email_verified", "Value": "true"},
            ],
            TemporaryPassword=PASSWORD,
            MessageAction="SUPPRESS",
        )
        if status == "CONFIRMED":
            self.api.admin_set_user_password(
                UserPoolId=self.pool_id, Username=name, Password=PASSWORD, Permanent=True
            )
        if not enabled:
            self.api.admin_disable_user(UserPoolId=self.pool_id, Username=name)
        return name

    def triggers(self, url):
        function = "arn:aws:lambda:us-east-1:123456789012:function:challenge"
        names = ["DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse"]
        self.api.update_user_pool(
            UserPoolId=self.pool_id, LambdaConfig={name: function for name in names}
        )


class CognitoLocalWorld(ApiWorld):
    def newest(self, name):
        """The last one it printed for the address, as far as it has come out: some of what it
        prints waits for the next line, which an unknown operation makes."""
        requests.post(self.url, headers={"X-Amz-Target": "Nothing.Nothing"})
        with open(self.peer.output, encoding="utf-8") as output:
            text = re.sub(r"\x1b\[[0-9;]*m", "", output.read())
        codes = re.findall(rf"Destination:\s+{re.escape(name)}\W+Code:\s+(\d+)", text)
        return codes[-1] if codes else None


class MotoWorld(ApiWorld):
    def code(self, name):
        """It makes none for a sign-up, and takes anything."""
        return "123456"

    def forgot(self, name):
        """In a header of the answer, where every code but one of this form is taken."""
        answer = self.api.forgot_password(ClientId=self.client, Username=name)
        headers = answer["ResponseMetadata"]["HTTPHeaders"]
        return headers["x-moto-forgot-password-confirmation-code"]


class Peer:
    def __init__(self, url, second_url, output):
        self.url, self.second_url, self.output = url, second_url, output

    def world(self, mfa="OFF", rotation=False, hide=True):
        return self.World(self, self.url, dict(mfa=mfa, rotation=rotation, hide=hide))

    def second_world(self):
        """In the other installation."""
        return self.World(self, self.second_url, dict(mfa="OFF", rotation=False, hide=True))


class Cogward(Peer):
    World = CogwardWorld
    reset_path = "/_local/reset"


class CognitoLocal(Peer):
    World = CognitoLocalWorld
    reset_path = None


class Moto(Peer):
    World = MotoWorld
    reset_path = "/moto-api/reset"


PEERS = {"cogward": Cogward, "cognito-local": CognitoLocal, "moto": Moto}
