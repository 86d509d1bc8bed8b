"""The words in which each service refuses a call."""

from lab import models
from lab.directory import Principal
from lab.errors import AwsError
from lab.policy import Denied


def _speaks_json(service: str) -> bool:
    model = models.service(service)
    return model is not None and "json" in model.protocol


def unknown_key(service: str) -> AwsError:
    """No such access key, or its session token does not belong to it."""
    if service == "ec2":
        return AwsError(
            "AuthFailure",
            "AWS was not able to validate the provided access credentials",
            status=401,
        )
    code = "UnrecognizedClientException" if _speaks_json(service) else "InvalidClientTokenId"
    return AwsError(code, "The security token included in the request is invalid.", status=403)


def foreign_region(service: str) -> AwsError:
    """A region the account has not enabled answers as if the key were unknown."""
    return unknown_key(service)


def expired(service: str) -> AwsError:
    """The session is over."""
    if service == "ec2":
        return AwsError("RequestExpired", "Request has expired.")
    if _speaks_json(service):
        return AwsError(
            "ExpiredTokenException", "The security token included in the request is expired"
        )
    return AwsError(
        "ExpiredToken", "The security token included in the request is expired", status=403
    )


def access_denied(service: str, principal: Principal, refused: Denied) -> AwsError:
    """IAM says no, and names the action and the resource."""
    detail = (
        f"User: {principal.arn} is not authorized to perform: {refused.access.action} on "
        f"resource: {refused.access.resource} {refused.reason}"
    )
    if service == "ec2":
        return AwsError(
            "UnauthorizedOperation",
            f"You are not authorized to perform this operation. {detail}",
            status=403,
        )
    code = "AccessDeniedException" if _speaks_json(service) else "AccessDenied"
    return AwsError(code, detail, status=400 if _speaks_json(service) else 403)


def dry_run() -> AwsError:
    """A dry run that would have gone through."""
    return AwsError(
        "DryRunOperation",
        "Request would have succeeded, but DryRun flag is set.",
        status=412,
    )


def of_fault(kind: str, service: str, principal: Principal, action: str) -> AwsError:
    """The refusal a fault stands for, in the service's own words."""
    if kind == "expired":
        return expired(service)
    if kind in ("unauthorized", "region-disabled"):
        return unknown_key(service)
    if kind == "throttle":
        if service == "ec2":
            return AwsError("RequestLimitExceeded", "Request limit exceeded.", status=503)
        code = "ThrottlingException" if _speaks_json(service) else "Throttling"
        return AwsError(code, "Rate exceeded")
    if kind == "500":
        return AwsError("InternalError", "An internal error has occurred", status=500)
    message = f"User: {principal.arn} is not authorized to perform: {service}:{action}"
    if service == "ec2":
        return AwsError(
            "UnauthorizedOperation",
            f"You are not authorized to perform this operation. {message}",
            status=403,
        )
    code = "AccessDeniedException" if _speaks_json(service) else "AccessDenied"
    return AwsError(code, message, status=400 if _speaks_json(service) else 403)
