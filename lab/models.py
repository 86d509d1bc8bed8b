"""AWS's service models: operations, shapes and wire names, as moto's facade over botocore has them."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from botocore.model import OperationNotFoundError
from moto.core.model import OperationModel, ServiceModel
from moto.core.utils import get_service_model

_BY_SCOPE = {"elasticloadbalancing": "elbv2"}


@lru_cache(maxsize=64)
def service(name: str) -> ServiceModel | None:
    """The model of the service a credential scope names, or None."""
    try:
        return get_service_model(_BY_SCOPE.get(name, name))
    except Exception:
        return None


@lru_cache(maxsize=1024)
def operation(service_name: str, action: str) -> OperationModel | None:
    """The model of one operation, or None where the service has no such operation."""
    model = service(service_name)
    if model is None:
        return None
    try:
        found: OperationModel = model.operation_model(action)
    except OperationNotFoundError:
        return None
    return found


@lru_cache(maxsize=1024)
def list_member(action: str) -> str:
    """The name of the EC2 answer's one list, or an empty string."""
    model = operation("ec2", action)
    if model is None or model.output_shape is None:
        return ""
    lists = [n for n, s in _members(model.output_shape).items() if s.type_name == "list"]
    return lists[0] if len(lists) == 1 else ""


@lru_cache(maxsize=1024)
def pages(action: str) -> bool:
    """Whether an EC2 operation takes MaxResults and gives a NextToken."""
    model = operation("ec2", action)
    if model is None or model.input_shape is None or model.output_shape is None:
        return False
    takes = _members(model.input_shape)
    gives = _members(model.output_shape)
    return "MaxResults" in takes and "NextToken" in takes and "NextToken" in gives


@lru_cache(maxsize=1024)
def page_limits(action: str) -> tuple[int, int]:
    """The smallest and largest MaxResults of an EC2 operation; the model where it says so."""
    model = operation("ec2", action)
    metadata: Mapping[str, Any] = {}
    if model is not None and model.input_shape is not None:
        metadata = _members(model.input_shape)["MaxResults"].metadata
    low, high = metadata.get("min", 5), metadata.get("max", 1000)
    return int(low), min(int(high), 100 if action == "DescribeRouteTables" else 1000)


def _members(shape: Any) -> Mapping[str, Any]:
    members: Mapping[str, Any] = getattr(shape, "members", {})
    return members
