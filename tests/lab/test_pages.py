import pytest

from .errors import refused


@pytest.fixture
def many_groups(developer, vpc):
    made = [
        developer.create_security_group(GroupName=f"page-{n}", Description="x", VpcId=vpc)[
            "GroupId"
        ]
        for n in range(9)
    ]
    yield made
    for group in made:
        developer.delete_security_group(GroupId=group)


def test_pages_put_together_are_the_whole(product, many_groups):
    reader = product.acting()
    whole = reader.describe_security_groups()["SecurityGroups"]
    pages = list(
        reader.get_paginator("describe_security_groups").paginate(PaginationConfig={"PageSize": 5})
    )
    assert [len(page["SecurityGroups"]) for page in pages][:-1] == [5] * (len(pages) - 1)
    assert len(pages) > 1
    assert [g for page in pages for g in page["SecurityGroups"]] == whole
    assert "NextToken" not in pages[-1]


def test_a_token_fits_only_the_request_that_made_it(product, many_groups):
    reader, other = product.acting(), product.acting(account="security")
    call = reader.describe_security_groups
    token = call(MaxResults=5)["NextToken"]
    assert call(MaxResults=1000, NextToken=token)["SecurityGroups"]
    bad = "InvalidNextToken"
    name = [{"Name": "group-name", "Values": ["*"]}]
    assert refused(call, MaxResults=5, NextToken=token, Filters=name) == bad
    assert refused(call, MaxResults=5, NextToken="made-up") == bad
    assert refused(other.describe_security_groups, MaxResults=5, NextToken=token) == bad
    assert refused(reader.describe_subnets, MaxResults=5, NextToken=token) == bad


@pytest.mark.parametrize(
    ("action", "wrong"),
    [
        ("describe_security_groups", 4),
        ("describe_security_groups", 1001),
        ("describe_route_tables", 101),
        ("describe_managed_prefix_lists", 101),
    ],
)
def test_a_page_has_its_limits(product, action, wrong):
    unchecked = getattr(product.acting(parameter_validation=False), action)
    assert refused(unchecked, MaxResults=wrong) == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("action", "ids"),
    [("describe_instances", "InstanceIds"), ("describe_network_interfaces", "NetworkInterfaceIds")],
)
def test_ids_and_pages_exclude_each_other(product, lab, action, ids):
    kind = "ec2.instance" if ids == "InstanceIds" else "ec2.network-interface"
    known = next(iter(lab.truth()[lab.accounts["production"], "eu-central-1", kind]))
    call = getattr(product.acting(), action)
    assert refused(call, MaxResults=5, **{ids: [known]}) == "InvalidParameterCombination"
    assert call(**{ids: [known]})


def test_addresses_never_page(product, developer):
    made = [developer.allocate_address(Domain="vpc")["AllocationId"] for _ in range(7)]
    answer = product.acting().describe_addresses()
    assert len(answer["Addresses"]) == 7
    assert "NextToken" not in answer
    for allocation in made:
        developer.release_address(AllocationId=allocation)


def test_accounts_come_twenty_a_page_at_most(product):
    client = product.acting("organizations", "management", region="us-east-1")
    assert refused(client.list_accounts, MaxResults=21) == "InvalidInputException"
    first = client.list_accounts(MaxResults=2)
    rest = client.list_accounts(MaxResults=2, NextToken=first["NextToken"])
    names = [a["Name"] for page in (first, rest) for a in page["Accounts"]]
    assert names == ["management", "security", "production"]
