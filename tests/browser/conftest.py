"""A real browser: Chromium over the live server, signed in by a session, that reports what it minds."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from identity.models import User

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SIZES = {"wide": (1280, 900), "narrow": (375, 812)}
THEMES = ("light", "dark")
VARIANTS = tuple((size, theme) for size in SIZES for theme in THEMES)
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_WATCH = """
addEventListener("securitypolicyviolation", (event) => {
  console.error("CSP: " + event.violatedDirective + " " + event.blockedURI + " " + event.sample);
});
"""


def executable() -> str:
    """Where Chromium is; the tests fail, and do not skip, without one."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    raise RuntimeError(f"no browser found; install one of {', '.join(NAMES)} (make test says how)")


@pytest.fixture(scope="session")
def _playwright() -> Iterator[Playwright]:
    # Playwright's loop runs in this thread, which Django would take for asynchronous code.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as started:
        yield started
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
    else:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@pytest.fixture(scope="session")
def chromium(_playwright: Playwright) -> Iterator[Browser]:
    arguments = ["--disable-dev-shm-usage", "--disable-gpu"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    browser = _playwright.chromium.launch(executable_path=executable(), args=arguments)
    yield browser
    browser.close()


@dataclass
class Visit:
    """One user's browser window; `complaints` are console errors, CSP violations and page errors."""

    context: BrowserContext
    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        """Open a path of ours and wait until htmx has loaded what belongs to the page."""
        self.page.goto(self.base + path, wait_until="load")
        self.page.locator(".htmx-request").first.wait_for(state="detached")
        return self.page

    def axe(self) -> list[str]:
        """What axe finds wrong with the page as it stands, one line for each element."""
        found = Axe().run(self.page, options={"runOnly": {"type": "tag", "values": _RULES}})
        return [
            f"{each['id']}: {node['html'][:160]} ({node.get('failureSummary', '')[:200]})"
            for each in found.response["violations"]
            for node in each["nodes"]
        ]

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        return int(
            self.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
        )


@pytest.fixture
def visit(live_server, chromium: Browser) -> Iterator[Callable[..., Visit]]:
    """`visit(user, size="narrow", theme="dark")` opens a window; no user means nobody signed in."""
    opened: list[BrowserContext] = []

    def open_window(user: User | None = None, *, size: str = "wide", theme: str = "light") -> Visit:
        width, height = SIZES[size]
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            reduced_motion="reduce",
        )
        opened.append(context)
        context.set_default_timeout(15_000)
        context.add_init_script(_WATCH)
        if user is not None:
            client = Client()
            client.force_login(user)
            cookie = client.cookies[settings.SESSION_COOKIE_NAME]
            context.add_cookies(
                [{"name": cookie.key, "value": cookie.value, "url": live_server.url}]
            )
        visiting = Visit(context, context.new_page(), live_server.url)
        visiting.page.on(
            "console",
            lambda message: (
                visiting.complaints.append(message.text) if message.type == "error" else None
            ),
        )
        visiting.page.on("pageerror", lambda error: visiting.complaints.append(str(error)))
        return visiting

    yield open_window
    for context in opened:
        context.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)
