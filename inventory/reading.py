"""One collector asked in one account-region: all pages and details, or an error; nothing stored."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from inventory import aws
from inventory.aws import AwsError, Credentials, Failure
from inventory.awserrors import MALFORMED
from inventory.collectors import Collector
from network.answers import items
from network.canonical import VERSIONS, Canonical, MalformedResource, canonicalise
from network.normal import FormError

_FILTER_VALUES = 200  # EC2 takes no more values in one filter


@dataclass(frozen=True, slots=True)
class Place:
    """Whom to ask where, and as whom."""

    account: str
    region: str
    credentials: Credentials


@dataclass(frozen=True, slots=True)
class Listing:
    """A complete answer. `denied` names a permission that details lacked: they are unknown then."""

    raw: tuple[Mapping[str, Any], ...]
    started: datetime
    calls: int
    denied: str = ""
    denied_message: str = ""


def read(
    collector: Collector,
    place: Place,
    *,
    started: datetime,
    filters: Mapping[str, Sequence[str]] | None = None,
) -> Listing:
    """Ask one collector, all of it or what `filters` (name → values) leave; raises `AwsError`."""
    counted = _Counted(place)
    raw: list[Mapping[str, Any]] = []
    for params in _params(collector, filters):
        for page in counted.pages(
            collector, collector.operation, params, collector.result_key, collector.page_size
        ):
            raw += _objects(collector, page)
    denied, message = "", ""
    if collector.detail:
        raw, denied, message = _with_details(collector, raw, counted)
    return Listing(tuple(raw), started, counted.calls, denied, message)


def canonical_items(collector: Collector, listing: Listing, place: Place) -> list[Canonical]:
    """The listing in canonical form; an object that cannot be raises `AwsError` (malformed).

    An object that moved to a later page while we read is there twice: the later one counts.
    """
    try:
        found = [
            canonicalise(collector.type, raw, account=place.account, region=place.region)
            for raw in listing.raw
        ]
    except MalformedResource as error:
        raise _malformed(collector, str(error)) from error
    return list({(item.owner, item.id): item for item in found}.values())


def digest(collector: Collector, listing: Listing) -> bytes:
    """Equal when AWS said the same, by the same canonicaliser, in the same order.

    Raises `AwsError` for a text that PostgreSQL cannot hold.
    """
    said = json.dumps(listing.raw, sort_keys=True, separators=(",", ":"), default=str)
    if "\\u0000" in said:
        raise _malformed(collector, "a NUL character in a text")
    version = f"{VERSIONS[collector.type]}|{listing.denied}|"
    return blake2b((version + said).encode(), digest_size=16).digest()


def _malformed(collector: Collector, message: str) -> AwsError:
    return AwsError(MALFORMED, message, service=collector.service, action=collector.operation)


class _Counted:
    """Counts the calls of one listing."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.calls = 0

    def pages(
        self,
        collector: Collector,
        operation: str,
        params: Mapping[str, Any],
        result_key: str,
        page_size: int | None,
    ) -> Iterator[list[Any]]:
        pages = aws.paginate(
            collector.service,
            self._place.region,
            operation,
            params,
            result_key=result_key,
            page_size=page_size,
            credentials=self._place.credentials,
            account=self._place.account,
        )
        for page in pages:
            self.calls += 1
            yield page


def _params(
    collector: Collector, filters: Mapping[str, Sequence[str]] | None
) -> Iterator[dict[str, Any]]:
    if filters is None:
        yield {}
        return
    for name, values in filters.items():
        for first in range(0, len(values), _FILTER_VALUES):
            chosen = list(values[first : first + _FILTER_VALUES])
            yield {collector.filter_parameter: [{"Name": name, "Values": chosen}]}


def _objects(collector: Collector, page: list[Any]) -> list[Mapping[str, Any]]:
    try:
        found = items(collector.type, {collector.result_key: page})
    except FormError as error:
        raise _malformed(collector, str(error)) from error
    return [dict(raw) for raw in found]


def _with_details(
    collector: Collector, raw: list[Mapping[str, Any]], counted: _Counted
) -> tuple[list[Mapping[str, Any]], str, str]:
    """Details into each object. A denied detail leaves its object without them, and is told."""
    detail = collector.detail
    assert detail is not None  # noqa: S101 - for the type checker; the caller looked
    kept: list[Mapping[str, Any]] = []
    denied = message = ""
    for each in raw:
        if detail.unless_owner and each.get("OwnerId") == detail.unless_owner:
            kept.append(each)
            continue
        params = {detail.parameter: each.get(detail.parameter)}
        try:
            pages = counted.pages(
                collector, detail.operation, params, detail.field, detail.page_size
            )
            kept.append({**each, detail.field: [entry for page in pages for entry in page]})
        except AwsError as error:
            if detail.gone and error.code == detail.gone:
                continue
            if error.failure is not Failure.DENIED:
                raise
            denied, message = error.permission, error.message
            kept.append(each)
    return kept, denied, message
