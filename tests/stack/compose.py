"""The part of the Compose specification that our file uses, as a JSON Schema."""

from jsonschema import Draft202012Validator

_strings = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
_duration = {"type": "string", "pattern": r"^(\d+(us|ms|s|m|h))+$"}
_mapping = {
    "type": "object",
    "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
}
_condition = {
    "enum": ["service_started", "service_healthy", "service_completed_successfully"],
}
_service = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "image": {"type": "string"},
        "build": {"type": ["string", "object"]},
        "restart": {"enum": ["no", "always", "on-failure", "unless-stopped"]},
        "command": {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
        "read_only": {"type": "boolean"},
        "tmpfs": {"oneOf": [{"type": "string"}, _strings]},
        "cap_drop": _strings,
        "cap_add": _strings,
        "security_opt": _strings,
        "secrets": _strings,
        "networks": _strings,
        "volumes": {"type": "array", "items": {"type": ["string", "object"]}},
        "ports": {"type": "array", "items": {"type": ["string", "number", "object"]}},
        "environment": _mapping,
        "user": {"type": "string"},
        "shm_size": {"type": ["string", "number"]},
        "depends_on": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["condition"],
                "additionalProperties": False,
                "properties": {"condition": _condition},
            },
        },
        "healthcheck": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "test": {"type": "array", "prefixItems": [{"enum": ["CMD", "CMD-SHELL", "NONE"]}]},
                "interval": _duration,
                "timeout": _duration,
                "start_period": _duration,
                "retries": {"type": "integer"},
            },
        },
    },
    "anyOf": [{"required": ["image"]}, {"required": ["build"]}],
}
SCHEMA = {
    "type": "object",
    "required": ["services"],
    "additionalProperties": False,
    "patternProperties": {"^x-": {}},
    "properties": {
        "services": {"type": "object", "additionalProperties": _service},
        "volumes": {"type": "object", "additionalProperties": {"type": ["object", "null"]}},
        "networks": {
            "type": "object",
            "additionalProperties": {
                "type": ["object", "null"],
                "additionalProperties": False,
                "properties": {"internal": {"type": "boolean"}},
            },
        },
        "secrets": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string"}},
            },
        },
    },
}


def problems(compose, schema):
    """Every violation, and every name that is used but not declared."""
    found = [
        f"{'/'.join(map(str, e.path))}: {e.message}"
        for e in Draft202012Validator(schema).iter_errors(compose)
    ]
    services = compose["services"]
    for name, service in services.items():
        for kind in ("networks", "secrets"):
            found += [
                f"{name}: {kind}: {used} is not declared"
                for used in service.get(kind, [])
                if used not in compose.get(kind, {})
            ]
        found += [
            f"{name}: depends on {other}, which does not exist"
            for other in service.get("depends_on", {})
            if other not in services
        ]
        found += [
            f"{name}: volume {volume} is not declared"
            for volume in (v.split(":")[0] for v in service.get("volumes", []))
            if not volume.startswith((".", "/")) and volume not in compose.get("volumes", {})
        ]
    return found
