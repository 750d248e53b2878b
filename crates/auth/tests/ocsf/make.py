"""Writes the JSON schemas beside this file: python3 make.py

They come out of the package ocsf-json-schema 1.2.0 of PyPI, for the classes that the audit trail
has events of. Properties of objects that no event has are left out; since a schema refuses
properties that it does not know, that only makes it stricter.
"""

import json

from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

VERSION = "1.8.0"
CLASSES = {
    "authentication": [],
    "account_change": [],
    "api_activity": ["security_control"],
    "event_log_actvity": [],  # As OCSF spells it.
}
OBJECTS = {
    "actor", "api", "auth_factor", "authorization", "http_request", "metadata", "network_endpoint",
    "policy", "product", "resource_details", "service", "session", "user",
}


def is_kept(attribute):
    ref = attribute.get("$ref") or attribute.get("items", {}).get("$ref") or "#/$defs/user"
    return ref.removeprefix("#/$defs/") in OBJECTS


def pruned(schema):
    properties = schema["properties"].items()
    return schema | {"properties": {name: it for name, it in properties if is_kept(it)}}


for name, profiles in CLASSES.items():
    generator = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=VERSION))
    schema = pruned(generator.get_class_schema(name, profiles))
    objects = schema["$defs"].items()
    schema["$defs"] = {name: pruned(it) for name, it in objects if name in OBJECTS}
    with open(f"{name}.json", "w") as file:
        json.dump(schema, file, indent=1, sort_keys=True)
        file.write("\n")
