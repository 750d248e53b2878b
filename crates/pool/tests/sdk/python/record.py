"""What boto3 saw, by its own events: the outcomes of every operation, and the flows and challenges
of sign-ins that were completed. Whatever comes back has to be what the service model says."""

import collections
import json

import boto3

FAULT = "Fault set at /_local/faults"
RESPONDING = {"InitiateAuth": "RespondToAuthChallenge", "AdminInitiateAuth": "AdminRespondToAuthChallenge"}

outcomes = collections.defaultdict(lambda: {"ok": False, "errors": set(), "faults": set()})
flows = {name: set() for name in RESPONDING}
challenges = {name: set() for name in RESPONDING.values()}
flow_of = {}  # session or secret block -> the flow that began it


def watch(client):
    event = "cognito-identity-provider"
    client.meta.events.register(f"before-parameter-build.{event}", keep_input)
    client.meta.events.register(f"after-call.{event}", note)


def keep_input(params, context, **_):
    context["input"] = params


def note(http_response, parsed, model, context, **_):
    seen = outcomes[model.name]
    error = parsed.get("Error")
    if error is None:
        seen["ok"] = True
        body = json.loads(http_response.text or "{}")
        if model.output_shape:
            conforms(body, model.output_shape, model.name)
        note_sign_in(model.name, context["input"], parsed)
    elif error["Message"] == FAULT:
        seen["faults"].add(error["Code"])
    else:
        seen["errors"].add(error["Code"])


def note_sign_in(operation, given, answer):
    """A flow is complete when it ends in tokens, a challenge when its answer is taken."""
    block = given.get("ChallengeResponses", {}).get("PASSWORD_CLAIM_SECRET_BLOCK")
    flow = given.get("AuthFlow") or flow_of.get(given.get("Session") or block)
    following = answer.get("Session") or answer.get("ChallengeParameters", {}).get("SECRET_BLOCK")
    if following:
        flow_of[following] = flow
    if operation in challenges:
        challenges[operation].add(given["ChallengeName"])
    begun = next((name for name, respond in RESPONDING.items() if operation in (name, respond)), None)
    if begun and "AuthenticationResult" in answer:
        flows[begun].add(flow)


TYPES = {"string": str, "boolean": bool, "integer": int, "long": int, "timestamp": (int, float)}


def conforms(value, shape, path):
    """`value`, as it came over the wire, is of the shape: no member is missing, unknown or of another
    type. Lengths are not looked at: `phone_number_verified` is longer than the model has it."""
    if getattr(shape, "is_document_type", False):
        return
    if shape.type_name == "structure":
        missing, unknown = set(shape.required_members) - set(value), set(value) - set(shape.members)
        assert not missing and not unknown, f"{path}: {missing} are missing, {unknown} are unknown"
        for name, member in value.items():
            conforms(member, shape.members[name], f"{path}.{name}")
    elif shape.type_name == "list":
        for index, member in enumerate(value):
            conforms(member, shape.member, f"{path}[{index}]")
    elif shape.type_name == "map":
        for key, member in value.items():
            conforms(key, shape.key, path)
            conforms(member, shape.value, f"{path}.{key}")
    else:
        assert isinstance(value, TYPES[shape.type_name]), f"{path} is a {type(value)}"
        assert value in (getattr(shape, "enum", None) or [value]), f"{path} is {value}"


def written():
    """The record as sorted lists, for JSON."""
    lists = lambda sets: {name: sorted(one) for name, one in sorted(sets.items())}
    shown = {
        name: {"ok": seen["ok"], "errors": sorted(seen["errors"]), "faults": sorted(seen["faults"] - seen["errors"])}
        for name, seen in sorted(outcomes.items())
    }
    return {"version": boto3.__version__, "operations": shown, "flows": lists(flows), "challenges": lists(challenges)}
