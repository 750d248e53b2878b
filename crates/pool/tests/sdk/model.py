"""Writes crates/pool/src/model/cognito-idp.json, what the pool knows of the service model: the
input and the declared errors of each operation it offers, and the names of all others.

    python model.py          writes the file from the installed botocore
    python model.py --check  fails when the file is not what would be written
"""

import gzip
import json
import pathlib
import sys

import botocore

OFFERED_SIGNED = """
AdminAddUserToGroup AdminConfirmSignUp AdminCreateUser AdminDeleteSoftwareToken AdminDeleteUser
AdminDeleteUserAttributes AdminDisableUser AdminEnableUser AdminForgetDevice AdminGetDevice AdminGetUser
AdminGetUserAuthFactors AdminInitiateAuth AdminListDevices AdminListGroupsForUser AdminListUserSessions
AdminRemoveUserFromGroup AdminResetUserPassword AdminRespondToAuthChallenge AdminRevokeUserSession
AdminSetUserMFAPreference AdminSetUserPassword AdminSetUserSettings AdminUpdateDeviceStatus
AdminUpdateUserAttributes AdminUserGlobalSignOut CreateGroup DeleteGroup DescribeUserPool
DescribeUserPoolClient GetGroup GetUserPoolMfaConfig ListGroups ListUserPoolClients ListUserPools ListUsers
ListUsersInGroup UpdateGroup
""".split()

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = ROOT / "src" / "model" / "cognito-idp.json"
SOURCE = pathlib.Path(botocore.__file__).parent / "data" / "cognito-idp" / "2016-04-18" / "service-2.json.gz"

model = json.load(gzip.open(SOURCE))
shapes = model["shapes"]


def shape(name, within=()):
    assert name not in within, f"{name} contains itself"
    definition = shapes[name]
    kind = definition["type"]
    within = (*within, name)
    found = {"type": kind}
    for member in ("min", "max", "pattern", "enum"):
        if member in definition:
            found[member] = definition[member]
    if definition.get("sensitive"):
        found["sensitive"] = True
    if kind == "structure" and definition.get("document"):
        found = {"type": "document"}
    elif kind == "structure":
        found["name"] = name
        found["required"] = definition.get("required", [])
        found["members"] = {key: shape(member["shape"], within) for key, member in definition["members"].items()}
    elif kind == "list":
        found["member"] = shape(definition["member"]["shape"], within)
    elif kind == "map":
        found["key"] = shape(definition["key"]["shape"], within)
        found["value"] = shape(definition["value"]["shape"], within)
    return found


def unsigned(operation):
    return operation.get("authtype") == "none" or "smithy.api#noAuth" in operation.get("auth", [])


def built():
    operations, others = {}, []
    for name, operation in sorted(model["operations"].items()):
        if not unsigned(operation) and name not in OFFERED_SIGNED:
            others.append(name)
            continue
        operations[name] = {
            "unsigned": unsigned(operation),
            "has_output": "output" in operation,
            "errors": sorted(error["shape"] for error in operation["errors"]),
            "input": shape(operation["input"]["shape"]),
        }
    lines = ",\n".join(f'{json.dumps(name)}: {json.dumps(one, separators=(",", ":"))}' for name, one in operations.items())
    return f'{{"operations": {{\n{lines}\n}},\n"others": {json.dumps(others)}}}\n'


if "--check" in sys.argv:
    assert TARGET.read_text() == built(), f"{TARGET} is not what botocore {botocore.__version__} says: run model.py"
else:
    TARGET.write_text(built())
