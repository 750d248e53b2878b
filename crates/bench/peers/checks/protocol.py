"""The wire: errors as clients read them, and what browsers ask."""

import requests

from .check import check, true

TARGET = "AWSCognitoIdentityProviderService"


def post(peer, operation, body, **headers):
    kind = "application/x-amz-json-1.1"
    headers = {"Content-Type": kind, "X-Amz-Target": f"{TARGET}.{operation}", **headers}
    return requests.post(peer.url + "/", data=body, headers=headers)


def error(answer):
    """The name of an exception, from a body that names one."""
    true(answer.status_code == 400, f"status {answer.status_code}")
    try:
        return answer.json()["__type"].split("#")[-1]
    except (ValueError, KeyError):
        true(False, "400 without a __type")


@check("an unknown operation is a client's error (400)")
def unknown_operation(peer):
    true(error(post(peer, "MakeCoffee", "{}")) == "UnknownOperationException", "another exception")


@check("a body that is no JSON is a client's error (400)")
def malformed(peer):
    true(error(post(peer, "InitiateAuth", "{")) == "SerializationException", "another exception")


@check("a missing member is InvalidParameterException")
def missing_member(peer):
    name = error(post(peer, "InitiateAuth", '{"AuthFlow":"USER_PASSWORD_AUTH"}'))
    true(name == "InvalidParameterException", name)


@check("a member of another type is a client's error (400)")
def other_type(peer):
    body = '{"AuthFlow":"USER_PASSWORD_AUTH","ClientId":["a"],"AuthParameters":7}'
    error(post(peer, "InitiateAuth", body))


@check("an unknown client is ResourceNotFoundException, in body and header")
def unknown_client(peer):
    body = '{"AuthFlow":"USER_PASSWORD_AUTH","ClientId":"nobodysclient","AuthParameters":{"USERNAME":"a","PASSWORD":"b"}}'
    answer = post(peer, "InitiateAuth", body)
    name = error(answer)
    true(name == "ResourceNotFoundException", name)
    header = answer.headers.get("x-amzn-errortype", "")
    true(header.startswith(name), "no x-amzn-errortype")


@check("an answer has a request id")
def request_id(peer):
    answer = post(peer, "InitiateAuth", "{}")
    true("x-amzn-requestid" in answer.headers, "no x-amzn-RequestId")


@check("a browser on another origin may call (CORS)")
def cors(peer):
    world = peer.world()
    origin = {"Origin": "http://localhost:3000"}
    wanted = "content-type,x-amz-target,x-amz-user-agent"
    preflight = requests.options(
        peer.url + "/",
        headers={
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": wanted,
            **origin,
        },
    )
    true(preflight.ok, f"preflight: status {preflight.status_code}")
    allowed = preflight.headers.get("Access-Control-Allow-Headers", "").lower()
    missing = [name for name in wanted.split(",") if name not in allowed and allowed != "*"]
    true(not missing, f"not allowed: {', '.join(missing)}")
    body = f'{{"AuthFlow":"REFRESH_TOKEN_AUTH","ClientId":"{world.client}","AuthParameters":{{"REFRESH_TOKEN":"x"}}}}'
    answer = post(peer, "InitiateAuth", body, **origin)
    allowed = answer.headers.get("Access-Control-Allow-Origin")
    true(allowed in ("*", "http://localhost:3000"), f"origin {allowed}")
    exposed = answer.headers.get("Access-Control-Expose-Headers", "").lower()
    true("x-amzn-errortype" in exposed, "x-amzn-ErrorType is not exposed")
