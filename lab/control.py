"""The lab's own interface under /_lab/: the call log, faults, ground truth. Loopback only."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from lab import faults, truth
from lab.engine import Engine
from lab.replies import Reply
from lab.wire import HttpRequest

PREFIX = "/_lab/"


def handle(engine: Engine, request: HttpRequest) -> Reply:
    """Answer a control request; a web page's is refused, whatever name it reached us by."""
    host = request.headers.get("host", "").rpartition(":")[0]
    if host not in ("127.0.0.1", "localhost") or "origin" in request.headers:
        return _json(403, {"error": "only from this machine, and not from a web page"})
    parts = urlsplit(request.target)
    what = (request.method, parts.path.removeprefix(PREFIX))
    if what == ("GET", "calls"):
        since = parse_qs(parts.query).get("since", ["0"])[0]
        if not since.isdigit():
            return _json(400, {"error": "since must be a number"})
        calls, following = engine.calls.since(int(since))
        return _json(200, {"calls": [call.as_json() for call in calls], "next": following})
    if what == ("DELETE", "calls"):
        engine.calls.clear()
        return _json(200, {})
    if what == ("GET", "faults"):
        return _json(200, {"faults": engine.faults.listed()})
    if what == ("POST", "faults"):
        try:
            engine.faults.add(faults.from_json(json.loads(request.body)))
        except (ValueError, TypeError) as error:
            return _json(400, {"error": str(error)})
        return _json(200, {})
    if what == ("DELETE", "faults"):
        engine.faults.clear()
        return _json(200, {})
    if what == ("GET", "truth"):
        rows = [
            {"account": account, "region": region, "type": kind, "resources": resources}
            for (account, region, kind), resources in truth.read(engine.emulator).items()
        ]
        return _json(200, {"truth": rows})
    return _json(404, {"error": "calls, faults and truth are here"})


def _json(status: int, value: Any) -> Reply:
    body = json.dumps(value, default=str).encode()
    return Reply(status, body, {"Content-Type": "application/json"})
