"""Services other than EC2 and STS: moto's own answers, in the caller's account."""

import sys
import traceback
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from werkzeug.test import run_wsgi_app

from lab import patches
from lab.errors import AwsError
from lab.replies import Reply
from lab.wire import ApiCall

_applications: list[Any] = []


def _application() -> Any:
    """Moto's dispatcher takes a quarter of a second to import, and EC2 never needs it."""
    if not _applications:
        from moto.moto_server.werkzeug_app import (  # noqa: PLC0415 - measured, see above
            DomainDispatcherApplication,
            create_backend_app,
        )

        _applications.append(DomainDispatcherApplication(create_backend_app))
    return _applications[0]


def run(account: str, call: ApiCall) -> Reply:
    """Let moto answer; raises AwsError where it cannot. Not thread-safe."""
    request = call.request
    parts = urlsplit(request.target)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": parts.path,
        "RAW_URI": request.target,
        "QUERY_STRING": parts.query,
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(request.body)),
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        if name not in ("content-type", "content-length"):
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
    environ["HTTP_X_MOTO_ACCOUNT_ID"] = account
    try:
        dispatcher = _application()
        application = dispatcher.get_application(environ)  # imports the service at its first use
        patches.correct_services()
        body, status, headers = run_wsgi_app(application, environ)
        content = b"".join(body)
    except (NotImplementedError, KeyError, AttributeError, TypeError, ValueError) as error:
        traceback.print_exc(file=sys.stderr)
        raise AwsError(
            "InternalFailure",
            f"The lab does not implement {call.service}:{call.action}",
            status=500,
        ) from error
    code = int(status.split(" ", 1)[0])
    kept = {k: v for k, v in headers.items() if k.lower() not in ("content-length", "connection")}
    return Reply(code, content, kept, error_code=_error_code(kept, content) if code >= 400 else "")


def _error_code(headers: dict[str, str], content: bytes) -> str:
    for name, value in headers.items():
        if name.lower() == "x-amzn-errortype":
            return value
    text = content.decode("utf-8", "replace")
    for start, end in (("<Code>", "</Code>"), ('"__type": "', '"')):
        if start in text:
            return text.split(start, 1)[1].split(end, 1)[0]
    return "Unknown"
