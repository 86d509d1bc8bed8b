"""Every page in a real browser: accessible, within its window, silent, in both themes."""

import os
from pathlib import Path

import pytest
from django.urls import reverse

from compliance.frameworks import frameworks

from .conftest import VARIANTS
from .scene import make_scene

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
CIS = next(iter(frameworks()))
SHOTS = os.environ.get("CSPM_SCREENSHOTS", "")

# page → (who opens it, its address from the scene)
PAGES = {
    "login": (None, lambda scene: reverse("account_login")),
    "overview": ("admin", lambda scene: reverse("overview")),
    "inbox": ("analyst", lambda scene: reverse("finding-list")),
    "inbox-by-rule": ("analyst", lambda scene: reverse("finding-list") + "?tab=all&group=rule"),
    "finding": ("analyst", lambda scene: reverse("finding-detail", args=[scene.finding.pk])),
    "drift-finding": ("admin", lambda scene: reverse("finding-detail", args=[scene.drift.pk])),
    "baselines": ("admin", lambda scene: reverse("baseline-list")),
    "baseline": ("admin", lambda scene: reverse("baseline-detail", args=[scene.baseline.pk])),
    "approvals": ("admin", lambda scene: reverse("request-list")),
    "approval": ("admin", lambda scene: reverse("request-detail", args=[scene.pending.pk])),
    "own-request": ("analyst", lambda scene: reverse("request-detail", args=[scene.pending.pk])),
    "execution": ("admin", lambda scene: reverse("execution-detail", args=[scene.execution.pk])),
    "frameworks": ("manager", lambda scene: reverse("framework-list")),
    "framework": ("manager", lambda scene: reverse("framework-detail", args=[CIS])),
    "control": ("manager", lambda scene: reverse("control-detail", args=[CIS, "5.3"])),
    "accounts": ("admin", lambda scene: reverse("account-list")),
    "account": ("admin", lambda scene: reverse("account-detail", args=[scene.account.pk])),
    "connect": ("admin", lambda scene: reverse("account-add")),
    "resources": ("analyst", lambda scene: reverse("resource-list")),
    "resource": ("analyst", lambda scene: reverse("resource-detail", args=[scene.group.pk])),
    "activity": ("admin", lambda scene: reverse("activity")),
    "profile": ("analyst", lambda scene: reverse("profile")),
    "password": ("analyst", lambda scene: reverse("account_change_password")),
    "users": ("admin", lambda scene: reverse("user-list")),
    "user": ("admin", lambda scene: reverse("user-detail", args=[scene.analyst.pk])),
    "missing": ("analyst", lambda scene: "/no-such-page/"),
    "refused": ("analyst", lambda scene: reverse("user-list")),
}
EXPECTED = {
    "missing": "Failed to load resource: the server responded with a status of 404 (Not Found)",
    "refused": "Failed to load resource: the server responded with a status of 403 (Forbidden)",
}


@pytest.mark.parametrize(("size", "theme"), VARIANTS)
def test_every_page_is_accessible_and_silent_and_fits(size, theme, visit):
    scene = make_scene()
    windows = {
        who: visit(getattr(scene, who) if who else None, size=size, theme=theme)
        for who in {who for who, _ in PAGES.values()}
    }
    wrong = {}
    for name, (who, address) in PAGES.items():
        window = windows[who]
        window.complaints.clear()
        window.go(address(scene))
        if SHOTS:
            window.page.screenshot(path=Path(SHOTS) / f"{name}-{size}-{theme}.png", full_page=True)
        problems = [
            *window.axe(),
            *(each for each in window.complaints if each != EXPECTED.get(name)),
            *([f"{window.overflow()} pixels too wide"] if window.overflow() > 0 else []),
        ]
        if problems:
            wrong[name] = problems
    assert wrong == {}


def test_the_menu_opens_and_closes_by_keyboard_on_a_narrow_screen(visit):
    scene = make_scene()
    window = visit(scene.analyst, size="narrow")
    page = window.go(reverse("overview"))
    page.get_by_role("button", name="Menu").focus()
    page.keyboard.press("Enter")
    link = page.get_by_role("link", name="Findings", exact=True)
    link.wait_for(state="visible")
    page.keyboard.press("Escape")
    link.wait_for(state="hidden")
    assert window.complaints == []


def test_the_theme_that_one_chose_stays(visit):
    scene = make_scene()
    window = visit(scene.analyst, theme="light")
    page = window.go(reverse("profile"))
    page.get_by_label("Theme").select_option("dark")
    page = window.go(reverse("overview"))
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"


def test_the_chart_draws_what_the_table_says(visit):
    scene = make_scene()
    window = visit(scene.manager)
    page = window.go(reverse("framework-detail", args=[CIS]))
    page.wait_for_selector(".chart .main-svg")
    assert page.locator(".chart .bars .point").count() > 0
    assert window.complaints == []
