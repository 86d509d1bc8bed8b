"""What the product is for, from login to end, with every part real: database, queue, AWS API, browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import product as running
from tests.browser.product import until

PATIENCE = 60_000  # milliseconds: a scan and what follows from it, on a busy machine


@pytest.fixture(scope="module")
def product():
    started = running.start()
    yield started
    running.stop(started)


@pytest.fixture
def sign_in(product, chromium):
    """`sign_in("analyst")` opens a window of their own, through the login page."""
    windows = []

    def open_window(name) -> Page:
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(15_000)
        windows.append(context)
        page = context.new_page()
        page.goto(f"{product.base}/login/")
        page.get_by_label("User name").fill(name)
        page.get_by_label("Password").fill(product.passwords[name])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{product.base}/overview/")
        return page

    yield open_window
    for context in windows:
        context.close()


def bastion(ec2):
    """The demo's open group, as AWS says it is."""
    groups = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["bastion"]}])
    return groups["SecurityGroups"][0]


def ssh_rules(ec2, group):
    """The group's rules that admit the world to port 22: what is exact about each, without its id."""
    found = ec2.describe_security_group_rules(
        Filters=[{"Name": "group-id", "Values": [group["GroupId"]]}]
    )["SecurityGroupRules"]
    return [
        {key: value for key, value in rule.items() if key != "SecurityGroupRuleId"}
        for rule in found
        if not rule["IsEgress"] and rule.get("CidrIpv4") == "0.0.0.0/0" and rule["FromPort"] == 22
    ]


def give_reason(page, button, reason):
    """Fill the reason of the form that ends in `button`, and send it."""
    form = page.locator("form").filter(has=page.get_by_role("button", name=button, exact=True))
    form.get_by_role("textbox").last.fill(reason)
    form.get_by_role("button", name=button, exact=True).click()


def pass_on(page, url):
    """The status the server answers to a POST that the page would not offer."""
    token = page.evaluate("document.querySelector('[name=csrfmiddlewaretoken]').value")
    return page.request.post(
        url, form={"csrfmiddlewaretoken": token}, headers={"Referer": page.url}, max_redirects=0
    ).status


def scan(page, product):
    """Start a scan as a person does and wait for its end."""
    page.goto(f"{product.base}/accounts/")
    page.get_by_role("button", name="Scan Demo organisation").click()
    page.wait_for_load_state()
    expect(page.locator("progress")).to_have_count(
        0, timeout=PATIENCE
    )  # the bar goes with the scan


def test_an_open_port_is_found_asked_for_approved_repaired_proven_and_brought_back(
    product, sign_in
):
    ec2 = product.developer("production")
    group = bastion(ec2)
    before = ssh_rules(ec2, group)
    assert len(before) == 1
    assert before[0]["Description"]
    assert before[0]["Tags"]

    # The analyst finds it, asks for the repair, and cannot approve it.
    analyst = sign_in("analyst")
    inbox = f"{product.base}/findings/?tab=all&rule=sg-ingress-ssh-from-internet&q=bastion"

    row = analyst.get_by_role("row").filter(has_text=group["GroupId"])

    def found():
        analyst.goto(inbox)
        return row.count()

    until(found, what="the finding", pause=1)
    row.get_by_role("link", name="SSH").click()
    expect(analyst.get_by_role("heading", name="What is wrong")).to_be_visible()
    finding = analyst.url
    assert analyst.get_by_role("button", name="Resolve").count() == 0
    give_reason(analyst, "Request this repair", "The incident is over")
    analyst.get_by_role("link", name="Open the request").first.click()
    request = analyst.url
    expect(analyst.get_by_text("an admin decides on it")).to_be_visible()
    assert analyst.get_by_role("button", name=re.compile("Approve")).count() == 0
    assert pass_on(analyst, f"{request}approve/") == 403
    assert ssh_rules(ec2, group) == before

    # The admin sees plan and impact, and approves.
    admin = sign_in("admin")
    admin.goto(f"{product.base}/approvals/")
    admin.locator(f"a[href='{request.removeprefix(product.base)}']").first.click()
    expect(admin.get_by_text("revoke-security-group-ingress").first).to_be_visible()
    expect(admin.get_by_text(re.compile("interface")).first).to_be_visible()
    admin.get_by_role("button", name="Approve and repair").click()
    expect(admin).to_have_url(re.compile("/executions/"))
    verified = admin.locator("#journal .tag-verified").first
    expect(verified).to_be_visible(timeout=PATIENCE)
    journal = admin.url
    assert ssh_rules(ec2, group) == []

    # The finding left by evidence.
    def resolved():
        analyst.goto(finding)
        return analyst.locator(".page-header .tag-resolved").count()

    until(resolved, what="the finding to be resolved", pause=1)

    # One click brings back exactly what was there.
    admin.goto(journal)
    admin.get_by_role("button", name="Roll back…").click()
    give_reason(admin, "Roll back now", "The team needs it another day")
    expect(admin.locator("#journal .tag-verified").first).to_be_visible(timeout=PATIENCE)
    assert ssh_rules(ec2, group) == before

    def failing_again():
        analyst.goto(finding)
        return analyst.locator(".page-header .tag-failing").count()

    until(failing_again, what="the finding to be failing again", pause=1)

    # The audit trail tells all of it, to whoever may read it.
    admin.goto(f"{product.base}/activity/")
    trail = admin.locator("main").inner_text().lower()
    for word in ("request", "approve", "verified", "rollback"):
        assert word in trail, word
    assert analyst.request.get(f"{product.base}/activity/").status == 403


def capture_and_trust(product, sign_in, vpc_id):
    """A baseline of the VPC, in `auto` by two admins, without a settle delay."""
    admin, other = sign_in("admin"), sign_in("admin2")
    admin.goto(f"{product.base}/resources/?type=ec2.vpc&q={vpc_id}")
    admin.locator("main table a").first.click()
    resource = re.search(r"/resources/(\d+)/", admin.url)[1]
    admin.goto(f"{product.base}/drift/capture/{resource}/")
    admin.get_by_label("Name").fill("Production network")
    admin.get_by_role("button", name="Capture").click()
    admin.wait_for_url(re.compile(r"/drift/\d+/"))
    admin.get_by_label(re.compile("Wait before")).fill("0")
    admin.get_by_role("button", name="Set the limits").click()
    admin.get_by_label("Level").select_option("auto")
    admin.get_by_label(re.compile("^Reason")).fill("Customer data lives here")
    admin.get_by_role("button", name="Set the level").click()
    expect(admin.get_by_text("Another admin has to confirm").first).to_be_visible()
    other.goto(admin.url)
    other.get_by_role("button", name="Confirm").click()
    expect(other.locator("#trust ~ p .tag-auto").first).to_be_visible()
    return admin


def add_rule(ec2, group_id, port):
    ec2.authorize_security_group_ingress(
        GroupId=group_id,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": port,
                "ToPort": port,
                "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "just for a minute"}],
            }
        ],
    )


def has_rule(ec2, group_id, port):
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group_id]}])
    return any(rule["FromPort"] == port for rule in rules["SecurityGroupRules"])


def test_a_trusted_baseline_heals_by_itself_unless_the_kill_switch_is_thrown(product, sign_in):
    ec2 = product.developer("production")
    group = bastion(ec2)
    admin = capture_and_trust(product, sign_in, group["VpcId"])
    baseline = admin.url

    add_rule(ec2, group["GroupId"], 8022)
    scan(admin, product)
    until(
        lambda: not has_rule(ec2, group["GroupId"], 8022),
        what="the added rule to be gone from AWS",
        pause=0.5,
    )
    admin.goto(f"{product.base}/approvals/")
    expect(admin.get_by_text(re.compile("Automatic", re.I)).first).to_be_visible()

    admin.get_by_text("Stop repairs…").click()
    give_reason(admin, "Stop repairs", "Maintenance of the gateway")
    expect(admin.get_by_text("All repairs are stopped").first).to_be_visible()
    add_rule(ec2, group["GroupId"], 8023)
    scan(admin, product)

    def drift_shown():
        admin.goto(baseline)
        return admin.get_by_text("8023").count()

    until(drift_shown, what="the drift on the page", pause=1)
    admin.wait_for_timeout(5_000)  # several rounds of the autopilot
    assert has_rule(ec2, group["GroupId"], 8023)

    admin.goto(f"{product.base}/approvals/")
    admin.get_by_role("button", name="Lift the kill switch").click()
    until(
        lambda: not has_rule(ec2, group["GroupId"], 8023),
        what="the rule to be gone once the switch is lifted",
        pause=0.5,
    )
