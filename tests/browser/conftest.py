"""A real browser, people in front of it, and a company to look at. Whatever a page may not do fails the journey."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils.translation import gettext, override
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from config.launcher.bootstrap import CHROMIUM_NAMES, CHROMIUM_PACKAGES
from inference_kpis.demo import plan
from inference_kpis.fleet.health import count_health
from inference_kpis.fleet.models import Node
from inference_kpis.readings.rollups import roll_up_touched
from readiness.demo.actions import load_actions
from readiness.demo.company import load_company
from readiness.demo.fleet import load_fleet
from readiness.demo.people import load_people
from tests.factories import signed_in
from tests.inference_kpis.expositions import vllm
from tests.inference_kpis.pulls import START, pull

# A browser that asks nobody but the server under test.
FLAGS = (
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
WAIT_MS = 20_000
TELL_VIOLATIONS = """addEventListener("securitypolicyviolation", (event) =>
    console.error(`refused by the policy: ${event.violatedDirective} ${event.blockedURI}`))"""


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, started once. It ends with this folder: while it runs, no other event loop may in this thread."""
    executable = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if executable is None:
        pytest.fail(f"Chromium is not installed. On Debian or Ubuntu: apt-get install {' '.join(CHROMIUM_PACKAGES)}")
    sandbox = () if os.geteuid() else ("--no-sandbox",)  # root cannot have one
    expect.set_options(timeout=WAIT_MS)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # The loop of this thread would keep Django from asking the database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        chromium = playwright.chromium.launch(executable_path=executable, args=[*FLAGS, *sandbox])
        yield chromium
        chromium.close()


@dataclass
class Visitor:
    """Somebody with a browser of their own. `faults` is what no page may do; `refusals` are answers that are expected."""

    context: BrowserContext
    home: str
    language: str
    refusals: frozenset[int] = frozenset()
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context.set_default_timeout(WAIT_MS)
        self.context.add_init_script(TELL_VIOLATIONS)
        self.context.on("console", self._hear)
        self.context.on("weberror", lambda error: self.faults.append(str(error.error)))
        self.context.on("request", self._see_request)
        self.context.on("response", self._see_response)
        self.page: Page = self.context.new_page()

    def _hear(self, message: ConsoleMessage) -> None:
        is_answer = message.text.startswith("Failed to load resource: the server responded with a status of")
        if message.type == "error" and not is_answer:  # answers are judged by their status
            self.faults.append(f"{self.page.url}: {message.text}")

    def _see_request(self, request: Request) -> None:
        if not request.url.startswith((self.home, "data:", "blob:")):
            self.faults.append(f"{self.page.url} asked {request.url}")

    def _see_response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.refusals:
            self.faults.append(f"{response.url} answered {response.status}")

    def open(self, path: str = "") -> Page:
        """The page at this path below the language."""
        self.page.goto(f"{self.home}/{self.language}/{path}")
        return self.page

    def word(self, text: str) -> str:
        """What the screen says for this text."""
        with override(self.language):
            return gettext(text)

    def link(self, text: str) -> Locator:
        return self.page.get_by_role("link", name=self.word(text), exact=True)

    def button(self, text: str) -> Locator:
        return self.page.get_by_role("button", name=self.word(text), exact=True)

    def reads(self, text: str) -> None:
        """Wait until the page says this."""
        expect(self.page.get_by_text(self.word(text)).first).to_be_visible()

    def tab_to(self, wanted: Locator) -> None:
        """Go on with the Tab key alone until the focus is there. It has to be seen at every stop."""
        expect(wanted).to_have_count(1)
        for _ in range(80):
            self.page.keyboard.press("Tab")
            assert self.page.evaluate(FOCUS_IS_SEEN), self.page.evaluate("document.activeElement.outerHTML")
            if wanted.evaluate("element => element === document.activeElement"):
                return
        pytest.fail(f"no Tab leads to {wanted}")


# A card shows the focus of the radio inside it. What is the browser's own is left to it: the way round from the end of
# the page to its start, and the parts of a control such as the calendar button of a date.
FOCUS_IS_SEEN = """() => {
    const focused = document.activeElement;
    const shows = (element) => element && getComputedStyle(element).outlineStyle !== "none";
    return focused === document.body || !focused.matches(":focus") || shows(focused) || shows(focused.closest(".choice"));
}"""

Visit = Callable[..., Visitor]


@pytest.fixture
def visit(live_server: LiveServer, browser: Browser) -> Iterator[Visit]:
    """Lets people in: `visit(user, "fr")` is somebody who has signed in, `visit()` somebody who has not yet."""
    visitors = []

    def let_in(
        user: User | None = None, language: str = "en", refusals: frozenset[int] = frozenset(), **options: Any
    ) -> Visitor:
        context = browser.new_context(**options)
        if user is not None:
            cookie = signed_in(user).cookies["sessionid"]
            context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
        visitors.append(Visitor(context, live_server.url, language, refusals))
        return visitors[-1]

    yield let_in
    for visitor in visitors:
        visitor.context.close()
    assert [fault for visitor in visitors for fault in visitor.faults] == []


@dataclass
class Company:
    """The demo company with readings up to this moment: its vLLM nodes answer, one other does not."""

    people: dict[str, User]
    nodes: list[Node]
    requests: int = 0

    def person(self, name: str) -> User:
        return self.people[f"{name}@demo.example"]

    @property
    def up(self) -> list[Node]:
        return [node for node in self.nodes if node.engine == "vllm"]

    @property
    def down(self) -> Node:
        return next(node for node in self.nodes if node.engine == "triton")

    def serve(self, requests: int, ago: timedelta = timedelta(0)) -> None:
        """Each node that answers has served so many more requests by then, and is pulled."""
        self.requests += requests
        seconds = (datetime.now(UTC) - ago - START).total_seconds()
        pull({**{node: vllm(self.requests) for node in self.up}, self.down: "connection_failed"}, seconds)

    def roll_up(self) -> None:
        """What the background does every two seconds."""
        roll_up_touched(datetime.now(UTC))
        count_health(datetime.now(UTC))


@pytest.fixture
def company(live_server: LiveServer, tmp_path: Path) -> Company:
    now = datetime.now(UTC)
    people = load_people(tmp_path / "people.json")
    plan.write(tmp_path / "fleet.json")
    sites = load_fleet(tmp_path / "fleet.json", now)
    load_company(people, sites, now)
    load_actions(people, now)
    company = Company(people, list(Node.objects.select_related("site")))
    for minutes in range(6, -1, -1):
        company.serve(100, timedelta(minutes=minutes))
    company.roll_up()
    return company
