"""What every operation of the API may answer besides success, written into the OpenAPI schema."""

from typing import Any, Final

from drift.states import TrustLevel, choices

TRUST_LEVELS: Final = choices(TrustLevel)
"""Two fields have these values; the schema should call them by one name."""
_PROBLEM: Final = {
    "type": "object",
    "description": "Why the request was refused, and where possible what to do.",
    "properties": {"detail": {"type": "string"}},
    "required": ["detail"],
}
_ANSWERS: Final = {
    "401": "No token, or one that is unknown, expired or revoked.",
    "403": "Your role does not include it.",
    "404": "Not there, or not in your scope.",
}
_ON_WRITES: Final = {
    "400": "A field is wrong: its name with what is wrong, or `detail`.",
    "409": "Well-formed, but the present state refuses it; `detail` says what to do.",
    "415": "Not JSON.",
}


def with_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the refusals that `identity.problems` makes to each operation that does not name them."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = _PROBLEM
    for operations in result["paths"].values():
        for method, operation in operations.items():
            if not isinstance(operation, dict) or "responses" not in operation:
                continue
            answers = _ANSWERS if method == "get" else _ANSWERS | _ON_WRITES
            for status, said in answers.items():
                operation["responses"].setdefault(status, _answer(status, said))
            if method == "get" and operation.get("parameters"):
                operation["responses"].setdefault("400", _answer("400", _ON_WRITES["400"]))
    return result


def _answer(status: str, said: str) -> dict[str, Any]:
    free = {"type": "object", "additionalProperties": True}
    schema = free if status == "400" else {"$ref": "#/components/schemas/Problem"}
    return {"description": said, "content": {"application/json": {"schema": schema}}}
