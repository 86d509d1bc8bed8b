"""What a request says: who signs it, for which service, region and action, with which parameters."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlsplit

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request as MotoRequest
from moto.core.routing import get_service_router
from werkzeug.datastructures import Headers, MultiDict
from werkzeug.exceptions import NotFound

from lab import models
from lab.errors import AwsError

_AUTHORIZATION = re.compile(
    r"^AWS4-HMAC-SHA256 Credential=([^/,\s]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request,"
    r"\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})$"
)


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One HTTP request; header names are lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Scope:
    """What the Authorization header claims."""

    access_key: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str


@dataclass(slots=True)
class ApiCall:
    """A request as the emulated services understand it."""

    request: HttpRequest
    scope: Scope
    action: str
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def service(self) -> str:
        """The service the credential scope names."""
        return self.scope.service

    @property
    def region(self) -> str:
        """The region the credential scope names."""
        return self.scope.region


def scope_of(request: HttpRequest) -> Scope:
    """The claimed credential scope; a request without a well-formed one is refused."""
    header = request.headers.get("authorization", "")
    if not header:
        raise AwsError(
            "MissingAuthenticationToken", "Request is missing Authentication Token", status=403
        )
    found = _AUTHORIZATION.match(header)
    if found is None:
        raise AwsError("IncompleteSignature", "The Authorization header is malformed.", status=403)
    key, date, region, service, signed, signature = found.groups()
    return Scope(key, date, region, service.lower(), tuple(signed.split(";")), signature)


def signed_by(request: HttpRequest, scope: Scope, secret: str) -> bool:
    """Whether the signature is the one this secret makes."""
    parts = urlsplit(request.target)
    path = quote(unquote(parts.path) or "/", safe="/-_.~")
    query = "&".join(
        f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}"
        for k, v in sorted(parse_qsl(parts.query, keep_blank_values=True))
    )
    headers = "".join(
        f"{name}:{' '.join(request.headers.get(name, '').split())}\n"
        for name in scope.signed_headers
    )
    digest = request.headers.get("x-amz-content-sha256") or hashlib.sha256(request.body).hexdigest()
    canonical = "\n".join(
        (request.method, path, query, headers, ";".join(scope.signed_headers), digest)
    )
    place = f"{scope.date}/{scope.region}/{scope.service}/aws4_request"
    moment = request.headers.get("x-amz-date", "")
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{moment}\n{place}\n{hashed}"
    key = f"AWS4{secret}".encode()
    for part in (scope.date, scope.region, scope.service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.compare_digest(hmac.new(key, text.encode(), "sha256").hexdigest(), scope.signature)


def parse(request: HttpRequest, scope: Scope) -> ApiCall:
    """Find action and parameters by the service's protocol."""
    model = models.service(scope.service)
    if model is None:
        raise AwsError("UnknownOperationException", f"The lab has no service {scope.service}.")
    call = ApiCall(request, scope, "")
    target = request.headers.get("x-amz-target")
    if target:
        call.action = target.rpartition(".")[2]
        call.params = _json(request.body)
        return call
    form = parse_qs(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    if not form:
        form = parse_qs(urlsplit(request.target).query, keep_blank_values=True)
    if "Action" in form:
        call.action = form["Action"][0]
        call.params = _query_params(call, {name: values[0] for name, values in form.items()})
        return call
    call.action = _rest_action(request, scope.service)
    return call


def _query_params(call: ApiCall, form: dict[str, str]) -> dict[str, Any]:
    operation = models.operation(call.service, call.action)
    if operation is None or operation.input_shape is None:
        return {k: v for k, v in form.items() if k not in ("Action", "Version")}
    parser = PROTOCOL_PARSERS["ec2" if call.service == "ec2" else "query"](operation, map_type=dict)
    try:
        parsed = parser.parse(
            {
                "method": "POST",
                "values": MultiDict(form),
                "headers": Headers(),
                "body": b"",
                "url_path": "/",
                "url_params": {},
            }
        )
    except (ValueError, KeyError, TypeError) as error:
        raise AwsError("MalformedQueryString", "A parameter cannot be read.") from error
    return dict(parsed)


def _json(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError as error:
        raise AwsError("SerializationException", "The body is not JSON.") from error
    return parsed if isinstance(parsed, dict) else {}


def _rest_action(request: HttpRequest, service: str) -> str:
    parts = urlsplit(request.target)
    environ = {
        "REQUEST_METHOD": request.method,
        "PATH_INFO": unquote(parts.path),
        "QUERY_STRING": parts.query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
    }
    try:
        operation, _ = get_service_router(service).match(MotoRequest(environ))
    except (NotFound, NotImplementedError, KeyError, ValueError) as error:
        raise AwsError("UnknownOperationException", "No such operation.", status=404) from error
    return str(operation.name)
