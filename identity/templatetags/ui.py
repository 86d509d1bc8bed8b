"""Small presentational tags that every template has."""

from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

NOTHING = "\N{EN DASH}"

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def duration_text(seconds: float | None) -> str:
    """`93784` → `1 d 2 h`; None → an en dash."""
    if seconds is None:
        return NOTHING
    left, parts = max(0, int(seconds)), []
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
        if len(parts) == 2:
            break
    return " ".join(parts) or "0 s"


def _coarse(seconds: float) -> str:
    """The largest unit alone: when something was needs no more."""
    return " ".join(duration_text(seconds).split()[:2])


@register.filter
def duration(seconds: float | None) -> str:
    """Seconds as a person would say them."""
    return duration_text(seconds)


@register.filter
def moment(value: datetime | None) -> str | SafeString:
    """A time as `12 min ago`, with the exact instant (UTC) as machine-readable title."""
    if value is None:
        return NOTHING
    seconds = (timezone.now() - value).total_seconds()
    said = f"{_coarse(seconds)} ago" if seconds >= 0 else f"in {_coarse(-seconds)}"
    exact = value.strftime("%Y-%m-%d %H:%M:%S UTC")
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), exact, said)


@register.inclusion_tag("_badge.html")
def badge(kind: str, value: Any, label: str = "") -> dict[str, str]:
    """A word with a colour and a shape: `{% badge "severity" finding.severity %}`."""
    return {"kind": kind, "value": str(value), "label": label or str(value).replace("-", " ")}


@register.simple_tag(takes_context=True)
def query(context: dict[str, Any], **changes: Any) -> str:
    """The present query string with some keys changed; an empty value drops its key."""
    params = context["request"].GET.copy()
    for key, value in changes.items():
        if value in (None, ""):
            params.pop(key, None)
        else:
            params[key] = str(value)
    return f"?{params.urlencode()}"
