"""WCAG 2.2 AA by axe-core on every page at both sizes, light and dark; targets for a thumb; keys; paper; no program.

A page is opened once and looked at four times: its size and colours change under it, as they do when a phone is turned
or the evening comes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path
from typing import Literal

import pytest
from django.db import transaction
from playwright.sync_api import Browser, Page

from assets.registers.services.attachments import Place
from assets.work_orders.services.ordering import WorkPlace, create_order
from gis_core.models import User
from sensors.models import Alarm, Regulator, Thing
from sensors.regulators.services.registers import set_schedule
from sensors.series.services.roll_ups import refresh_roll_ups
from tests.e2e.conftest import Visitor
from tests.frontend_map.conftest import Utility
from tests.frontend_map.test_regulator_pages import add_valve
from tests.frontend_map.test_sensor_pages import add_device, raise_alarm
from tests.security.finding_rows import add_findings
from tests.security.loss_rows import make_event
from tests.world import make_world

Visitors = Callable[[str | None], Visitor]
AXE = Path(__file__).parents[2] / "frontend_map" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# What is drawn on a map is excepted: lists and cards say the same. Its buttons are not.
CANVAS = [".leaflet-map-pane"]
DESK, PHONE = (1440, 900), (390, 844)
THEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
MISSING = ("/map/?network=NOPE", "/nowhere/")
# A finger needs so much, in CSS pixels.
THUMB = 44
# What depends on colours; the rest is found in the light already.
OF_COLOURS = ["color-contrast", "link-in-text-block"]
_AXE_RUN = """async ([only, canvas]) => {
  const where = { exclude: canvas.map((selector) => [selector]) };
  const found = await axe.run(where, { runOnly: only, resultTypes: ["violations"] });
  const told = (node) => `${node.target.join(" ")} ${node.any[0]?.message ?? ""}`;
  return found.violations.filter((rule) => ["serious", "critical"].includes(rule.impact))
    .map((rule) => `${rule.id}: ${rule.help}: ${rule.nodes.slice(0, 3).map(told).join("; ")}`);
}"""
# What is touched and is smaller than a thumb. A link within a sentence is as high as its line, and what a label names
# is touched by its label.
_SMALL = """(thumb) => {
  const isInSentence = (one) => one.tagName === "A" && getComputedStyle(one).display === "inline"
    && [...one.parentElement.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== "");
  const isSeen = (one) => one.checkVisibility({ visibilityProperty: true })
    && one.closest(".visually-hidden, .skip, .leaflet-map-pane, .leaflet-control-attribution, .swagger-ui") === null;
  // A row of the table of elements is chosen by touching it anywhere.
  const row = (one) => one.matches(".tabulator-row .row-mark input") ? [one.closest(".tabulator-row")] : [];
  const boxes = (one) => [one, ...(one.labels ?? []), ...row(one)].map((part) => part.getBoundingClientRect());
  const fits = (box) => box.width >= thumb - 0.5 && box.height >= thumb - 0.5;
  const touched = "a[href], button, summary, select, textarea, input:not([type=hidden]), [role=button], [role=tab]";
  return [...document.querySelectorAll(touched)]
    .filter((one) => isSeen(one) && !isInSentence(one) && !boxes(one).some(fits))
    .map((one) => {
      const box = one.getBoundingClientRect();
      return `${Math.round(box.width)}x${Math.round(box.height)} ${one.outerHTML.replace(/\\s+/g, " ").slice(0, 110)}`;
    });
}"""


@dataclass(frozen=True)
class Everything:
    """A utility with something on every page."""

    utility: Utility
    device: Thing
    alarm: Alarm
    regulator: Regulator

    @property
    def pages(self) -> list[str]:
        """Every page of ours, of the kind that opens with things in it."""
        named = self.utility.pages
        return [
            *(named[name] for name in named if name not in ("map", "field", "invoice_pdf")),
            "/me/",
            "/losses/",
            "/losses/events/",
            "/todo/?list=readings",
            "/sensors/",
            f"/sensors/{self.device.uid}/",
            "/alarms/",
            "/alarms/rules/",
            "/feeds/",
            "/regulators/",
            f"/regulators/{self.regulator.uid}/",
            "/imports/",
            "/api/",
            *MISSING,
        ]


@pytest.fixture
def everything(utility: Utility) -> Everything:
    district = utility.network.network.division
    world = make_world(district, enterprise_code="SUV2")
    device, stream = add_device(
        world, "DEV-1", node="A", ages=[timedelta(minutes=5, hours=hour) for hour in range(30)]
    )
    refresh_roll_ups()
    # A valve and its details are of one transaction.
    with transaction.atomic():
        regulator = add_valve(world, "PRV1", critical_stream=stream, target_m=30, band_m=1, mode="hold")
    set_schedule(regulator=regulator, entries=[(None, time(22), 35.0)], acting_user=None)
    add_findings(world, range(3))
    make_event(utility.network.zones[0])
    valve = next(node for node in utility.network.nodes if node.kind == "valve")
    create_order(
        network=utility.network.network,
        kind="valve_work",
        title="Mend it",
        where=WorkPlace(valve.geom.x, valve.geom.y, Place(valve.pk)),
        acting_user=User.objects.get(username="manager"),
        assignee=User.objects.get(username="crew"),
    )
    # Sees every page, the registers too.
    User.objects.filter(username="manager").update(is_staff=True, is_superuser=True)
    return Everything(utility, device, raise_alarm(stream), regulator)


@pytest.fixture
def visitors(browser: Browser, server: str) -> Iterator[Visitors]:
    contexts = []

    def make(username: str | None) -> Visitor:
        context = browser.new_context(
            viewport={"width": DESK[0], "height": DESK[1]}, locale="en-GB", reduced_motion="reduce"
        )
        contexts.append(context)
        visitor = Visitor(context.new_page(), server)
        if username is not None:
            visitor.log_in(username)
        return visitor

    yield make
    for context in contexts:
        context.close()


def look(page: Page, size: tuple[int, int], theme: Literal["light", "dark"]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=theme)


def opened(visitor: Visitor, address: str) -> Page:
    """The page when it stands; a page of an error would have no fault either."""
    answer = visitor.page.goto(visitor.server + address)
    assert answer is not None
    assert answer.status == (404 if address in MISSING else 200), address
    visitor.page.wait_for_load_state("networkidle")
    return visitor.page


def axe_faults(page: Page, theme: Literal["light", "dark"]) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    only = {"type": "tag", "values": TAGS} if theme == "light" else {"type": "rule", "values": OF_COLOURS}
    found: list[str] = page.evaluate(_AXE_RUN, [only, CANVAS])
    return found


def small_targets(page: Page) -> list[str]:
    found: list[str] = page.evaluate(_SMALL, THUMB)
    return found


def faults_of(
    page: Page,
    name: str,
    *,
    is_ours: bool = True,
    sizes: Sequence[tuple[int, int]] = (DESK, PHONE),
    themes: Sequence[Literal["light", "dark"]] = THEMES,
) -> list[str]:
    """What is wrong with an open page in any of its looks: for axe, for a thumb, and in its width."""
    found = []
    for size in sizes:
        for theme in themes:
            look(page, size, theme)
            found += [f"{name} {size[0]} {theme}: {fault}" for fault in axe_faults(page, theme)]
        if not is_ours:
            continue
        excess = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        found += [f"{name} {size[0]}: {excess} pixels too wide"] if excess > 0 else []
        if size == PHONE:
            found += [f"{name}: small: {target}" for target in small_targets(page)]
    return found


def test_every_page(everything: Everything, visitors: Visitors) -> None:
    faults = []
    stranger = visitors(None)
    faults += faults_of(opened(stranger, "/login/"), "/login/")
    visitor = visitors("manager")
    for address in everything.pages:
        faults += faults_of(opened(visitor, address), address)
    assert not faults, "\n".join(faults)


def test_what_each_role_begins_with(everything: Everything, visitors: Visitors) -> None:
    """The home page of each role, and a crew's pages without a reload between them."""
    faults = []
    for role in ("engineer", "clerk", "analyst"):
        faults += faults_of(visitors(role).page, f"/ of {role}")
    crew = visitors("crew")
    faults += faults_of(crew.page, "/ of crew")
    page = crew.open("/field/")
    order = page.locator("a[href^='#/order/']").first
    order.wait_for()
    for fragment in ("#/", str(order.get_attribute("href")), "#/search", "#/near", "#/offline"):
        page.evaluate("(fragment) => { location.hash = fragment; }", fragment)
        page.wait_for_timeout(300)
        faults += faults_of(page, f"/field/{fragment}")
    assert not faults, "\n".join(faults)


def test_the_map_and_its_tools(everything: Everything, visitors: Visitors) -> None:
    visitor = visitors("manager")
    pipe = everything.utility.network.pipes[0]
    page = visitor.open_map(f"/map/?network=OWN&selected=pipe:{pipe.uid}")
    page.wait_for_selector("#details:not([hidden])")
    faults = faults_of(page, "the card")
    page.click("#edit-attributes")
    page.wait_for_selector("#attribute-form [name=material]")
    faults += faults_of(page, "the form")
    look(page, DESK, "light")
    page.keyboard.press("Escape")
    names = page.evaluate(
        "[...document.querySelectorAll('button[data-tool]')].map((one) => one.dataset.tool)"
    )
    for size in (DESK, PHONE):
        look(page, size, "light")
        if size == PHONE:
            page.click("#tools-menu")
            faults += faults_of(page, "the tools of a phone", sizes=[PHONE])
            page.click("#tools-menu")
        for name in names:
            if size == PHONE:
                page.click("#tools-menu")
            page.click(f"button[data-tool={name}]")
            page.locator("#tool-panel:not([hidden]), #drawer:not([hidden])").first.wait_for()
            if name == "table":
                page.wait_for_selector("#element-rows .tabulator-row")
            page.wait_for_timeout(300)
            # A tool has one set of colours at both sizes.
            themes = THEMES if size == DESK else THEMES[:1]
            faults += faults_of(page, f"the tool {name}", sizes=[size], themes=themes)
            page.evaluate("document.getElementById('tool-close').click()")
    assert not faults, "\n".join(faults)


def test_the_registers(everything: Everything, visitors: Visitors) -> None:
    visitor = visitors("manager")
    uid = everything.utility.account.account.subscriber.pk
    faults = []
    for address in (
        "/admin/",
        "/admin/billing/subscriber/",
        f"/admin/billing/subscriber/{uid}/change/",
        "/admin/gis_core/user/",
        "/admin/gis_core/user/add/",
    ):
        faults += faults_of(opened(visitor, address), address, is_ours=False)
    assert not faults, "\n".join(faults)


def test_axe_and_the_thumb_see_a_fault(utility: Utility, visitors: Visitors) -> None:
    """The control: a picture without words, a pale text and a small button are found."""
    page = visitors("engineer").page
    page.evaluate(
        """() => { const main = document.querySelector("main"); const picture = document.createElement("img");
        picture.src = "/static/frontend_map/favicon.svg"; main.append(picture);
        const text = document.createElement("p"); text.textContent = "pale"; text.style.color = "#eee";
        const button = document.createElement("button"); button.textContent = "ok"; main.append(text, button); }"""
    )
    found = " ".join(faults_of(page, "/"))
    for fault in ("image-alt", "color-contrast", "small: "):
        assert fault in found


def test_the_header_fits_at_every_width(utility: Utility, visitors: Visitors) -> None:
    # The administrator has the most links.
    User.objects.filter(username="manager").update(is_staff=True, is_superuser=True)
    page = visitors("manager").page
    for width in (360, 390, 768, 861, 900, 1000, 1024, 1180, 1181, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width
        for menu in (".language-menu", ".account-menu:not(.language-menu)"):
            page.locator(f"{menu} summary").click()
            box = page.locator(f"{menu} .account-panel").bounding_box()
            assert box is not None
            assert box["x"] >= 0, (width, menu)
            assert box["x"] + box["width"] <= width, (width, menu)
            page.locator(f"{menu} summary").click()


def test_keys_are_enough(utility: Utility, visitors: Visitors) -> None:
    """Tab reaches every link and button of a page; on the map arrows enter the search and Esc closes what is open."""
    visitor = visitors("engineer")
    page = visitor.page
    targets = "main a[href], main button, main summary, main select, main input:not([type=hidden])"
    wanted = page.evaluate(
        "(targets) => [...document.querySelectorAll(targets)].filter((one) => one.checkVisibility()"
        " && one.tabIndex >= 0 && !one.disabled).length",
        targets,
    )
    assert wanted > 3
    reached = set()
    for _step in range(wanted + 40):
        page.keyboard.press("Tab")
        place = page.evaluate(
            "(targets) => [...document.querySelectorAll(targets)].indexOf(document.activeElement)", targets
        )
        if place >= 0:
            reached.add(place)
    assert len(reached) == wanted
    page = visitor.open_map("/map/?network=OWN&tool=layers")
    page.wait_for_selector("#map[data-started=true]")
    page.fill("#search", "P1")
    page.wait_for_selector("#search-results [role=option]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector("#details:not([hidden])")
    # Once for the text in the box, and then for what lies around it.
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.wait_for_selector("#details", state="hidden")
    page.keyboard.press("Escape")
    page.wait_for_selector("#tool-panel", state="hidden")


def test_the_theme_is_kept(utility: Utility, visitors: Visitors) -> None:
    visitor = visitors("engineer")
    paper = "getComputedStyle(document.body.parentElement).backgroundColor"
    light = visitor.page.evaluate(paper)
    visitor.page.get_by_role("button", name="Dark or light").click()
    dark = visitor.page.evaluate(paper)
    assert dark != light
    visitor.page.goto(f"{visitor.server}/jobs/")
    assert visitor.page.evaluate(paper) == dark


def test_paper_shows_what_is_read_and_nothing_to_touch(everything: Everything, visitors: Visitors) -> None:
    """Printed from a dark screen: black on white, no header, no button, tables whole."""
    visitor = visitors("manager")
    visitor.page.emulate_media(media="print", color_scheme="dark")
    for name in ("home", "zone", "account", "invoice", "work"):
        page = opened(visitor, everything.utility.pages[name])
        assert not page.locator(".header").is_visible()
        assert page.locator("main").inner_text().strip() != ""
        shown = page.evaluate(
            "[...document.querySelectorAll('button')].filter((one) => one.checkVisibility()).length"
        )
        assert shown == 0, name
        ink, paper = (
            page.evaluate(f"getComputedStyle(document.documentElement).{part}")
            for part in ("color", "backgroundColor")
        )
        assert (ink, paper) == ("rgb(0, 0, 0)", "rgb(255, 255, 255)"), name


def test_without_javascript_pages_say_so(utility: Utility, visitors: Visitors) -> None:
    visitor = visitors("engineer")
    browser = visitor.page.context.browser
    assert browser is not None
    plain = browser.new_context(java_script_enabled=False, storage_state=visitor.page.context.storage_state())
    page = plain.new_page()
    for address in ("/", "/map/", "/jobs/", "/field/", "/work/", "/imports/", "/losses/"):
        page.goto(visitor.server + address)
        assert "runs no JavaScript" in page.inner_text("body"), address
    plain.close()
