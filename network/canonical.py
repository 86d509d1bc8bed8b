"""One shape for each AWS object: AWS's own description, made comparable."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from network import normal
from network.forms import FORMS, Form
from network.normal import FormError, fingerprint

__all__ = [
    "SECRETS",
    "TYPES",
    "VERSIONS",
    "Canonical",
    "MalformedResource",
    "canonicalise",
    "durable",
    "fingerprint",
]

TYPES: tuple[str, ...] = tuple(FORMS)
VERSIONS: Mapping[str, int] = MappingProxyType({name: form.version for name, form in FORMS.items()})
SECRETS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {name: form.secrets for name, form in FORMS.items()}
)


class MalformedResource(ValueError):  # noqa: N818 - the word everybody uses for it
    """A description that cannot be what AWS says of such an object; names the field."""

    def __init__(self, type: str, field: str, problem: str = "missing") -> None:
        super().__init__(f"{type}: {field}: {problem}")
        self.type = type
        self.field = field
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Canonical:
    """A resource as it is stored: `config` is the canonical form, the rest is what rows index."""

    id: str
    owner: str
    name: str
    vpc_id: str
    parent: str
    tags: dict[str, str]
    config: dict[str, Any]
    unknown_fields: tuple[str, ...]


def canonicalise(type: str, raw: Mapping[str, Any], *, account: str, region: str = "") -> Canonical:
    """The canonical form of one described object.

    Independent of the order of any list and of volatile fields; doing it twice changes nothing.
    `account` is who was asked, and the owner where AWS does not say. Raises `MalformedResource`,
    and `KeyError` for a type that is not in `TYPES`.
    """
    form = FORMS[type]
    if not isinstance(raw, Mapping):
        raise MalformedResource(type, "", "not an object")
    try:
        config = _shaped(form, raw, account=account)
    except FormError as error:
        raise MalformedResource(type, error.field, str(error).partition(": ")[2]) from error
    identity = config.get(form.id)
    if not isinstance(identity, str) or not identity:
        raise MalformedResource(type, form.id)
    return Canonical(
        id=identity,
        owner=_text_at(config, form.owner) or account,
        name=str((form.name and config.get(form.name)) or config["Tags"].get("Name", "")),
        vpc_id=_vpc_of(config),
        parent=str(config.get(form.parent, "")) if form.parent else "",
        tags=config["Tags"],
        config=config,
        unknown_fields=_unknown(form, config),
    )


def durable(type: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """What baselines and plans compare of a canonical configuration; see `network.durables`."""
    return FORMS[type].durable(dict(config))


def _shaped(form: Form, raw: Mapping[str, Any], *, account: str) -> dict[str, Any]:
    dropped = {path for path in (*form.volatile, *form.secrets) if "." not in path}
    tags = normal.tags(raw["TagSet"] if "TagSet" in raw else raw.get("Tags"))
    kept = {k: v for k, v in raw.items() if k not in dropped and k not in ("TagSet", "Tags")}
    policy = kept.pop("PolicyDocument", None)  # its statements have an order
    config: dict[str, Any] = normal.tidy(kept)
    config["Tags"] = tags
    if policy is not None:
        config["PolicyDocument"] = policy
    for secret in form.secrets:
        _strip(config, secret)
    for path in form.volatile:
        if "." in path:
            _drop(config, path.split("."))
    for name in form.lists:
        if not isinstance(config.setdefault(name, []), list):
            raise FormError(name, "not a list")
    for name in form.objects:
        if not isinstance(config.get(name, {}), dict):
            raise FormError(name, "not an object")
    form.shape(config, account)
    return {key: config[key] for key in sorted(config)}


def _drop(value: Any, path: list[str]) -> None:
    """Remove a nested field, through lists as if they were not there."""
    if isinstance(value, list):
        for item in value:
            _drop(item, path)
    elif isinstance(value, dict):
        if len(path) == 1:
            value.pop(path[0], None)
        elif path[0] in value:
            _drop(value[path[0]], path[1:])


def _strip(value: Any, name: str) -> None:
    """Remove a secret by name wherever it stands."""
    if isinstance(value, list):
        for item in value:
            _strip(item, name)
    elif isinstance(value, dict):
        value.pop(name, None)
        for item in value.values():
            _strip(item, name)


def _unknown(form: Form, config: Mapping[str, Any]) -> tuple[str, ...]:
    found = {key for key in config if key not in form.known and key != "Tags"}
    for name, known in form.nested.items():
        value = config.get(name)
        items, mark = (value, "[]") if isinstance(value, list) else ([value], "")
        found.update(
            f"{name}{mark}.{key}"
            for item in items
            if isinstance(item, dict)
            for key in item
            if key not in known
        )
    return tuple(sorted(found))


def _text_at(config: Mapping[str, Any], path: str) -> str:
    value: Any = config
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""


def _vpc_of(config: Mapping[str, Any]) -> str:
    """The VPC an object lies in: said by itself, by its attachment, or by what a log watches."""
    if isinstance(config.get("VpcId"), str):
        return str(config["VpcId"])
    attachments = config.get("Attachments") or ()
    for item in attachments:
        if isinstance(item, Mapping) and item.get("VpcId"):
            return str(item["VpcId"])
    watched = str(config.get("ResourceId", ""))
    return watched if watched.startswith("vpc-") else ""
