"""Load balancers, databases, functions and tables, each with the interfaces AWS would make for it."""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from botocore.model import OperationModel
from botocore.serialize import create_serializer

from lab import managed, models, others
from lab.place import Place
from lab.wire import ApiCall, HttpRequest, Scope


def invoke(place: Place, service: str, action: str, params: Mapping[str, Any]) -> None:
    """One call to a service other than EC2, without the network between."""
    scope_name = "elasticloadbalancing" if service == "elbv2" else service
    operation = models.operation(scope_name, action)
    assert isinstance(operation, OperationModel)
    protocol = operation.service_model.resolved_protocol
    made = create_serializer(protocol).serialize_to_request(dict(params), operation)
    body = made["body"]
    if isinstance(body, dict):
        body = "&".join(f"{k}={_quoted(v)}" for k, v in body.items())
    content = body.encode() if isinstance(body, str) else bytes(body or b"")
    headers = {name.lower(): str(value) for name, value in made["headers"].items()}
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential=LAB/20260601/{place.region}/{scope_name}/aws4_request, "
        "SignedHeaders=host, Signature=0"
    )
    scope = Scope("LAB", "20260601", place.region, scope_name, ("host",), "")
    request = HttpRequest(made["method"], made["url_path"], headers, content)
    call = ApiCall(request, scope, action)
    with place.emulator.step():
        reply = others.run(place.account, call)
    if reply.status >= 300:
        raise RuntimeError(f"{service}:{action}: {reply.status} {reply.body!r}")


def _quoted(value: Any) -> str:
    return quote(str(value), safe="")


def load_balancer(
    place: Place, name: str, subnets: Sequence[str], group: str, *, vpc_id: str, public: bool
) -> None:
    """An application load balancer with an interface in each subnet."""
    invoke(
        place,
        "elbv2",
        "CreateLoadBalancer",
        {
            "Name": name,
            "Subnets": list(subnets),
            "SecurityGroups": [group],
            "Scheme": "internet-facing" if public else "internal",
            "Type": "application",
            "Tags": [{"Key": k, "Value": v} for k, v in sorted(place.tags.items())],
        },
    )
    invoke(
        place,
        "elbv2",
        "CreateTargetGroup",
        {"Name": name, "Protocol": "HTTP", "Port": 8080, "VpcId": vpc_id, "TargetType": "instance"},
    )
    for number, subnet in enumerate(subnets, start=1):
        place.service_interface(
            managed.LOAD_BALANCER,
            subnet,
            f"ELB app/{name}/{number:016x}",
            [group],
            public=public,
        )


def database(place: Place, name: str, subnets: Sequence[str], group: str) -> None:
    """A PostgreSQL instance in the data tier, with its one interface."""
    invoke(
        place,
        "rds",
        "CreateDBSubnetGroup",
        {
            "DBSubnetGroupName": name,
            "DBSubnetGroupDescription": name,
            "SubnetIds": list(subnets),
        },
    )
    invoke(
        place,
        "rds",
        "CreateDBInstance",
        {
            "DBInstanceIdentifier": name,
            "DBInstanceClass": "db.t4g.medium",
            "Engine": "postgres",
            "AllocatedStorage": 100,
            "MasterUsername": "owner",
            "ManageMasterUserPassword": True,
            "DBSubnetGroupName": name,
            "VpcSecurityGroupIds": [group],
            "PubliclyAccessible": False,
            "StorageEncrypted": True,
            "Tags": [{"Key": k, "Value": v} for k, v in sorted(place.tags.items())],
        },
    )
    place.service_interface(managed.DATABASE, subnets[0], "RDSNetworkInterface", [group])


def function(place: Place, name: str, subnets: Sequence[str], group: str) -> None:
    """A function inside the VPC, with an interface in each subnet."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    invoke(
        place,
        "iam",
        "CreateRole",
        {"RoleName": name, "AssumeRolePolicyDocument": json.dumps(trust)},
    )
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(
            zipfile.ZipInfo("main.py"), "def handler(event, context):\n    return event\n"
        )
    invoke(
        place,
        "lambda",
        "CreateFunction",
        {
            "FunctionName": name,
            "Runtime": "python3.13",
            "Role": f"arn:aws:iam::{place.account}:role/{name}",
            "Handler": "main.handler",
            "Code": {"ZipFile": archive.getvalue()},
            "VpcConfig": {"SubnetIds": list(subnets), "SecurityGroupIds": [group]},
        },
    )
    for subnet in subnets:
        place.service_interface(managed.FUNCTION, subnet, f"AWS Lambda VPC ENI-{name}", [group])


def table(place: Place, name: str) -> None:
    """A DynamoDB table, reached through the VPC's gateway endpoint."""
    invoke(
        place,
        "dynamodb",
        "CreateTable",
        {
            "TableName": name,
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
    )
