"""EC2 as the lab answers it: moto, corrected, as plain values of the model's shapes."""

import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores
from moto.ec2.models import ec2_backends
from werkzeug.exceptions import HTTPException

from lab import answers, models, selection
from lab.ec2_groups import SecurityGroups
from lab.ec2_network import Networks
from lab.errors import AwsError


class Ec2(SecurityGroups, Networks):
    """All of EC2; what is not corrected is moto's own."""


def backend(account: str, region: str) -> Any:
    """Moto's state of one account-region, made at first use."""
    return ec2_backends[account][region]


def run(account: str, region: str, action: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Carry out one call and return its answer; raises AwsError. Not thread-safe."""
    operation = models.operation("ec2", action)
    if operation is None:
        raise AwsError("InvalidAction", f"The action {action} is not valid for this web service.")
    response = Ec2()
    response.params = {k: v for k, v in params.items() if k not in ("MaxResults", "NextToken")}
    mine = selection.split(action, response.params)
    if action == "DescribeInstances":
        response.params["MaxResults"] = 1_000_000
    response.uri_match = {}
    response.data = {}
    response.headers = {}
    response.current_account = account
    response.region = region
    response.partition = "aws"
    method = getattr(response, camelcase_to_underscores(action), None)
    if method is None:
        empty = models.list_member(action)
        if action.startswith("Describe") and empty:
            return {empty: []}
        raise AwsError("InvalidAction", f"The lab does not implement {action}.")
    try:
        result = _protected(method, action)
    except AwsError as error:
        raise _renamed(action, params, error) from error
    value = result.result if isinstance(result, ActionResult) else None
    answer = answers.plain(value, operation, response.RESPONSE_KEY_PATH_TO_TRANSFORMER)
    finish = _FINISHES.get(action)
    if finish is not None:
        finish(answer)
    selection.check_ids(action, params, answer)
    selection.apply(action, answer, mine)
    return answer


def _renamed(action: str, params: Mapping[str, Any], error: AwsError) -> AwsError:
    """Moto says of some ids that something else does not exist."""
    known = selection.SELECTIONS.get(action)
    if known is None or not error.code.endswith("NotFound") or not params.get(known.ids):
        return error
    return selection.not_found(known, params[known.ids])


def _protected(method: Callable[[], Any], action: str) -> Any:
    try:
        return method()
    except AwsError:
        raise
    except ServiceException as error:
        raise AwsError(error.code, error.message) from error
    except HTTPException as error:
        code = getattr(error, "error_type", "InternalError")
        message = getattr(error, "message", str(error))
        raise AwsError(code, str(message), status=error.code or 400) from error
    except NotImplementedError as error:
        raise AwsError("InvalidParameterValue", f"The lab cannot do this: {error}") from error
    except (KeyError, AttributeError, TypeError, ValueError, IndexError, StopIteration) as error:
        traceback.print_exc(file=sys.stderr)
        raise AwsError("InternalError", f"{action} failed in the lab", status=500) from error


def _tidy(instances: list[dict[str, Any]]) -> None:
    """An instance's groups are those of its first interface; moto's placeholders go."""
    for instance in instances:
        for interface in instance.get("NetworkInterfaces", []):
            if interface.get("Attachment", {}).get("DeviceIndex", 0) == 0:
                instance["SecurityGroups"] = interface.get("Groups", [])
        instance["VirtualizationType"] = "hvm"
        for placeholder in ("KernelId", "ClientToken", "SriovNetSupport"):
            instance.pop(placeholder, None)
        if not instance.get("StateReason", {}).get("Code"):
            instance.pop("StateReason", None)


def _reservations(answer: dict[str, Any]) -> None:
    answer.pop("NextToken", None)
    for reservation in answer["Reservations"]:
        _tidy(reservation.get("Instances", []))


def _started(answer: dict[str, Any]) -> None:
    _tidy(answer.get("Instances", []))


def _interfaces(answer: dict[str, Any]) -> None:
    for interface in answer["NetworkInterfaces"]:
        if not interface.get("RequesterManaged"):
            interface.pop("RequesterId", None)
        for address in interface.get("PrivateIpAddresses", []):
            if address.get("Primary") and "Association" in interface:
                address["Association"] = interface["Association"]


def _addresses(answer: dict[str, Any]) -> None:
    for address in answer["Addresses"]:
        for name in [name for name, value in address.items() if value == ""]:
            del address[name]


def _nat_gateways(answer: dict[str, Any]) -> None:
    for gateway in answer.get("NatGateways") or [answer["NatGateway"]]:
        gateway.setdefault("ConnectivityType", "public")
        for address in gateway.get("NatGatewayAddresses", []):
            address |= {"IsPrimary": True, "Status": "succeeded"}


_FINISHES: Mapping[str, Callable[[dict[str, Any]], None]] = {
    "CreateNatGateway": _nat_gateways,
    "DescribeAddresses": _addresses,
    "DescribeInstances": _reservations,
    "DescribeNatGateways": lambda answer: _nat_gateways(answer) if answer["NatGateways"] else None,
    "DescribeNetworkInterfaces": _interfaces,
    "RunInstances": _started,
}
