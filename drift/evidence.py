"""A difference as an observation that a finding can carry: who, what, before, after, since when."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from drift import judgement
from drift.comparison import GROUP_RULE, Change, Difference, ElementKey
from drift.models import Baseline, BaselineVersion
from drift.scope import entries_of
from findings.detection import Observation
from findings.states import Kind
from inventory.models import Resource


class Evidence:
    """Turns differences of one baseline into observations; `known` are rows present and past."""

    def __init__(
        self, baseline: Baseline, version: BaselineVersion, *, known: Iterable[Resource]
    ) -> None:
        self.baseline, self.version = baseline, version
        rows = sorted(known, key=lambda row: (row.deleted_at is None, row.observed_at))
        self._by_id = {(row.type, row.rid): row for row in rows}  # live and latest win
        self._by_key: dict[ElementKey, Resource] = {
            entry.key: row for entry, row in zip(entries_of(rows), rows, strict=True)
        }
        self.types = {row.pk: row.type for row in (*rows, baseline.vpc)}

    def observation(self, difference: Difference, *, unknown_since: datetime | None) -> Observation:
        """The drift finding of a difference; what has no row of its own is told of the VPC."""
        row = self._by_id.get(difference.entry.subject, self.baseline.vpc)
        severity, reason = judgement.severity_of(difference)
        subject = f"{row.name} ({row.rid})" if row.name else row.rid
        return Observation(
            kind=Kind.DRIFT,
            code=judgement.code_of(difference),
            resource_id=row.pk,
            discriminator=difference.discriminator,
            title=judgement.title_of(difference, subject=row.name or row.rid),
            severity=severity,
            severity_reason=reason,
            evidence=self._facts(difference, row, subject),
            unknown_since=unknown_since,
            scope_key=f"baseline:{self.baseline.pk}",
        )

    def _facts(self, difference: Difference, row: Resource, subject: str) -> dict[str, Any]:
        before, after = difference.before, difference.after
        is_rule = difference.entry.type == GROUP_RULE
        return {
            "summary": judgement.summary_of(
                difference,
                subject=subject,
                baseline=self.baseline.name,
                version=self.version.number,
            ),
            "baseline": self.baseline.pk,
            "version": self.version.number,
            "type": difference.entry.type,
            "class": difference.drift_class.value,
            "before": dict(before.config) if before else None,
            "after": dict(after.config) if after else None,
            "fields": list(difference.fields),
            "rule_ids": [after.id] if is_rule and after else [],
            "first_observed": self._first_observed(difference).isoformat(),
            "items": [_item(difference, row)] if is_rule else [],
        }

    def _first_observed(self, difference: Difference) -> datetime:
        """When the inventory first saw it so; the capture, which is older, if that is not known."""
        row = self._by_key.get(difference.key)
        if row is None:
            return self.version.captured_at
        if difference.change is Change.REMOVED:
            return row.deleted_at or row.changed_at
        if difference.change is Change.ADDED and row.first_seen > self.version.captured_at:
            return row.first_seen
        return row.changed_at


def _item(difference: Difference, row: Resource) -> dict[str, Any]:
    config = difference.entry.config
    low, high = config.get("FromPort"), config.get("ToPort")
    return {
        "resource": row.rid,
        "resource_type": row.type,
        "rule_id": difference.after.id if difference.after else "",
        "direction": "egress" if config.get("IsEgress") else "ingress",
        "protocol": config.get("IpProtocol"),
        "ports": "all" if low is None else str(low) if low == high else f"{low}-{high}",
        "sources": judgement.peer_text(config),
        "text": f"{difference.change.value.capitalize()} since the baseline was approved",
    }
