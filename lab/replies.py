"""Answers and errors in the protocol of the service that was asked."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lab import answers, models
from lab.errors import AwsError


@dataclass(slots=True)
class Reply:
    """What goes back over the wire, and in which unkind way if a fault says so."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    wire: Literal["whole", "cut", "reset", "hang"] = "whole"
    error_code: str = ""


def answer(service: str, action: str, value: Mapping[str, Any]) -> Reply:
    """A successful answer of EC2 or STS."""
    operation = models.operation(service, action)
    render = answers.ec2_xml if service == "ec2" else answers.query_xml
    request_id = str(uuid.uuid4())
    body = render(value, operation, request_id).encode()
    headers = {"Content-Type": "text/xml;charset=UTF-8", "x-amzn-RequestId": request_id}
    return Reply(200, body, headers)


def error(service: str, problem: AwsError) -> Reply:
    """An error as a client of `service` expects it."""
    request_id = str(uuid.uuid4())
    headers = {"x-amzn-RequestId": request_id, "Content-Type": "text/xml;charset=UTF-8"}
    code, message, sender = problem.code, problem.message, problem.status < 500
    model = models.service(service)
    protocol = model.protocol if model is not None else "ec2"
    if protocol == "ec2":
        body = answers.ec2_error_xml(code, message, request_id)
    elif "json" in protocol:
        headers["Content-Type"] = "application/x-amz-json-1.1"
        headers["x-amzn-ErrorType"] = code
        body = json.dumps({"__type": code, "message": message})
    else:
        body = answers.query_error_xml(code, message, request_id, sender=sender)
    return Reply(problem.status, body.encode(), headers, error_code=code)
