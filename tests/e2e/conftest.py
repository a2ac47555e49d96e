"""A server of our own on a database that commits, and a browser to look at it with.

pytest-django's `live_server` flushes tables with TRUNCATE, which the append-only ones refuse.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.servers.basehttp import ThreadedWSGIServer
from django.db import connections
from django.test.testcases import LiveServerThread, QuietWSGIRequestHandler
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from frontend_map.apps import FrontendMapConfig
from gis_core.models import Division, RoleAssignment, User
from tests.conftest import make_district
from tests.frontend_map.conftest import Utility, make_utility

# Playwright's synchronous interface runs an event loop in this thread, and Django then refuses its ORM here.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

# What a page says is looked at here, how soon in the benchmark: two browsers that draw by software share the machine.
expect.set_options(timeout=30_000)

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
SIZES = {"phone": (380, 800), "desk": (1440, 900)}
PASSWORD = "a-long-password"
# For what does not depend on the size of the window, such as the colours of a map: drawing it by software takes long.
AT_A_DESK = pytest.mark.parametrize("visitor_of", ["desk"], indirect=True)
ROLES = ["engineer", "analyst", "crew", "clerk", "manager"]


class _ServerThread(LiveServerThread):
    """Serves without database connections shared with the test: both see only what is committed."""

    server_class = ThreadedWSGIServer

    def _create_server(self, connections_override: Any = None) -> Any:
        return self.server_class((self.host, self.port), QuietWSGIRequestHandler, allow_reuse_address=False)


@pytest.fixture
def utility(committing_database: None) -> Utility:
    """A committed district with everything in it, and a user of each role, named after it."""
    district = make_district("QIBRAY", "Qibray tumani")
    made = make_utility(district)
    for role in ROLES:
        user = User.objects.create_user(role, password=PASSWORD)
        RoleAssignment.objects.create(user=user, role=role, division=district)
    return made


@pytest.fixture
def empty_district(committing_database: None) -> Division:
    """A committed district with a manager and nothing else."""
    district = make_district("ZANGIOTA", "Zangiota tumani")
    user = User.objects.create_user("manager", password=PASSWORD)
    RoleAssignment.objects.create(user=user, role="manager", division=district)
    return district


@pytest.fixture
def server(committing_database: None) -> Iterator[str]:
    """The address of a running server on the committing database."""
    if not (FrontendMapConfig.static_build() / "map.js").is_file():
        pytest.fail("The pages are not built: run `make setup` (npm run build in frontend_map/).")
    thread = _ServerThread("127.0.0.1", StaticFilesHandler)
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    if thread.error:
        raise thread.error
    yield f"http://127.0.0.1:{thread.port}"
    thread.terminate()
    connections.close_all()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if shutil.which(CHROMIUM) is None:
        pytest.fail(f"{CHROMIUM} is missing: `make setup` installs it.")
    # Under Playwright's event loop Django sees other connections than before; none may stay open unseen, since a
    # database in use cannot be cloned.
    connections.close_all()
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        running.close()


class Visitor:
    """A logged-in person at a screen; remembers every error that the browser reports."""

    def __init__(self, page: Page, server: str) -> None:
        self.page = page
        self.server = server
        self.errors: list[str] = []
        page.on("console", self._remember)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _remember(self, message: ConsoleMessage) -> None:
        # Reading pixels from software WebGL is slow and Chromium says so; that is not about our pages.
        if message.type in ("error", "warning") and "GL Driver Message" not in message.text:
            self.errors.append(f"{message.type}: {message.text}")

    def log_in(self, username: str) -> None:
        self.page.goto(f"{self.server}/login/")
        self.page.fill("[name=username]", username)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("form.stack button")
        self.page.wait_for_url(f"{self.server}/")

    def open(self, path: str) -> Page:
        self.page.goto(self.server + path)
        return self.page

    def open_map(self, path: str = "/map/") -> Page:
        self.open(path)
        self.page.wait_for_selector("#map[data-ready=true]", timeout=30_000)
        return self.page

    def assert_fits(self) -> None:
        """Nothing is wider than the window, and nothing went wrong."""
        excess = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert excess <= 0, f"{self.page.url} is {excess} pixels too wide"
        assert self.errors == []


@pytest.fixture(params=list(SIZES))
def visitor_of(request: Any, browser: Browser, server: str) -> Iterator[Callable[..., Visitor]]:
    """Make a visitor by user name at the size of the test; further options go to the browser's context."""
    width, height = SIZES[request.param]
    contexts = []

    def make(username: str | None, **options: Any) -> Visitor:
        context = browser.new_context(viewport={"width": width, "height": height}, locale="en-GB", **options)
        contexts.append(context)
        visitor = Visitor(context.new_page(), server)
        if username is not None:
            visitor.log_in(username)
        return visitor

    yield make
    for context in contexts:
        context.close()
