"""Answers: moto's objects to plain values of the model's shape, and those to EC2's and STS's XML."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from moto.core.constants import MISSING
from moto.core.serialize import AttributePickerContext, XFormedAttributePicker

EC2_NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"
STS_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


def plain(result: Any, operation: Any, transformers: Mapping[str, Any]) -> dict[str, Any]:
    """An operation's answer as the dictionary a boto3 client will see, but for its metadata."""
    if operation.output_shape is None or result is None:
        return {}
    walk = _Walk(operation, transformers)
    value: dict[str, Any] = walk.structure(
        result, operation.output_shape, f"{operation.name}.{operation.output_shape.name}"
    )
    return value


_PICKER = XFormedAttributePicker()
_names: dict[tuple[type, str, str], tuple[str, ...]] = {}


class _Walk:
    """Moto's own way from objects to shapes, with the names it looks for remembered by class."""

    def __init__(self, operation: Any, transformers: Mapping[str, Any]) -> None:
        self.operation = operation
        self.transformers = transformers
        self.transformed = {path.rpartition(".")[2] for path in transformers}

    def value(self, value: Any, shape: Any, path: str) -> Any:
        kind = shape.type_name
        if kind == "structure":
            return self.structure(value, shape, path)
        if kind == "list":
            member = shape.member
            inner = f"{path}.{member.name}"
            items = [self.value(v, member, inner) for v in value if v is not None]
            return [item for item in items if item != {}]
        if kind == "boolean":
            return value is True or str(value).lower() == "true"
        if kind in ("integer", "long"):
            return int(value)
        if kind in ("float", "double"):
            return float(value)
        if kind == "timestamp":
            return value
        return str(value)

    def structure(self, value: Any, shape: Any, path: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, member in shape.members.items():
            picked = self.pick(value, name, member, shape)
            if name in self.transformed:
                full = f"{path}.{name}"
                for ending, transform in self.transformers.items():
                    if full.endswith(ending):
                        picked = transform(picked)
                        break
            if picked is None:
                continue
            plain_value = self.value(picked, member, f"{path}.{name}")
            if plain_value != {}:
                found[name] = plain_value
        return found

    def pick(self, value: Any, name: str, member: Any, parent: Any) -> Any:
        """The value under the first of the possible names that `value` has."""
        key = (type(value), parent.name, name)
        names = _names.get(key)
        if names is None:
            member.parent = parent
            context = AttributePickerContext(
                obj=value,
                key=name,
                shape=member,
                operation_model=self.operation,
                service_model=self.operation.service_model,
            )
            names = _names[key] = tuple(dict.fromkeys(_PICKER.get_possible_keys(context)))
        if isinstance(value, Mapping):
            return next((value[n] for n in names if n in value), None)
        for possible in names:
            found = getattr(value, possible, MISSING)
            if found is not MISSING:
                return found
        return None


def ec2_xml(answer: Mapping[str, Any], operation: Any, request_id: str) -> str:
    """An EC2 answer as XML."""
    name = f"{operation.name}Response"
    parts = [f'<?xml version="1.0" encoding="UTF-8"?>\n<{name} xmlns="{EC2_NAMESPACE}">']
    parts.append(f"<requestId>{request_id}</requestId>")
    if operation.output_shape is not None:
        _members_xml(parts, answer, operation.output_shape)
    parts.append(f"</{name}>")
    return "".join(parts)


def query_xml(
    answer: Mapping[str, Any], operation: Any, request_id: str, *, namespace: str = STS_NAMESPACE
) -> str:
    """An answer of the query protocol (STS) as XML."""
    name = operation.name
    parts = [f'<{name}Response xmlns="{namespace}"><{name}Result>']
    if operation.output_shape is not None:
        _members_xml(parts, answer, operation.output_shape, item="member")
    parts.append(f"</{name}Result><ResponseMetadata><RequestId>{request_id}</RequestId>")
    parts.append(f"</ResponseMetadata></{name}Response>")
    return "".join(parts)


def _members_xml(
    parts: list[str], value: Mapping[str, Any], shape: Any, *, item: str = "item"
) -> None:
    for name, member in shape.members.items():
        if name in value and value[name] is not None:
            _value_xml(parts, value[name], member, member.serialization.get("name", name), item)


def _value_xml(parts: list[str], value: Any, shape: Any, tag: str, item: str) -> None:
    kind = shape.type_name
    parts.append(f"<{tag}>")
    if kind == "structure":
        _members_xml(parts, value, shape, item=item)
    elif kind == "list":
        member_tag = shape.member.serialization.get("name", item)
        for one in value:
            _value_xml(parts, one, shape.member, member_tag, item)
    else:
        parts.append(escape(_text(value)))
    parts.append(f"</{tag}>")


def _text(value: Any) -> str:
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, datetime):
        moment = value if value.tzinfo is None else value.astimezone(UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
    return str(value)


def ec2_error_xml(code: str, message: str, request_id: str) -> str:
    """An EC2 error."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error>'
        f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
        f"</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    )


def query_error_xml(code: str, message: str, request_id: str, *, sender: bool) -> str:
    """An error of the query protocol."""
    return (
        f"<ErrorResponse><Error><Type>{'Sender' if sender else 'Receiver'}</Type>"
        f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    )


def tags_of(tags: Mapping[str, str]) -> Sequence[dict[str, str]]:
    """Tags in AWS's list form, by key."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
