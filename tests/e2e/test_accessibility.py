"""WCAG 2.2 AA by axe-core on every page at both sizes, light and dark: nothing serious, nothing critical."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gis_core.models import User
from tests.e2e.conftest import Visitor
from tests.frontend_map.conftest import Utility

Visitors = Callable[..., Visitor]
ROOT = Path(__file__).parents[2]
AXE = ROOT / "frontend_map" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# The canvas of the map is excepted; what stands around it is not.
EXCEPTED = ["#map"]
PAGES = {
    "manager": [
        "/",
        "/map/",
        "/field/",
        "/sensors/",
        "/alarms/",
        "/regulators/",
        "/feeds/",
        "/accounts/",
        "/jobs/",
    ],
    "engineer": ["/", "/work/?list=findings", "/map/?network=NOPE", "/jobs/", "/nowhere/"],
    "clerk": ["/", "/work/?list=readings", "/accounts/?q=G‘ofurov"],
    "crew": ["/", "/field/?lon=69.3412&lat=41.3305"],
}
_RUN = """async ([tags, excepted]) => {
  const where = { exclude: excepted.map((selector) => [selector]) };
  const found = await axe.run(where, { runOnly: { type: "tag", values: tags } });
  const told = (node) => `${node.target.join(" ")} ${node.any[0]?.message ?? ""}`;
  return found.violations.filter((rule) => ["serious", "critical"].includes(rule.impact))
    .map((rule) => `${rule.id}: ${rule.help}: ${rule.nodes.slice(0, 3).map(told).join("; ")}`);
}"""


def faults_of(visitor: Visitor) -> list[str]:
    visitor.page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = visitor.page.evaluate(_RUN, [TAGS, EXCEPTED])
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("role", sorted(PAGES))
def test_no_page_has_a_serious_fault(utility: Utility, visitor_of: Visitors, role: str, theme: str) -> None:
    visitor = visitor_of(role, color_scheme=theme)
    details = [utility.pages[name] for name in ("zone", "account", "job")] if role == "manager" else []
    faults = []
    for address in [*PAGES[role], *details]:
        page = visitor.open(address)
        faults += [f"{address}: {fault}" for fault in faults_of(visitor)]
        excess = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if excess > 0:
            faults.append(f"{address}: {excess} pixels too wide")
    assert faults == []


def test_axe_sees_a_fault(utility: Utility, visitor_of: Visitors) -> None:
    """The control: a picture without words and a pale text are found."""
    visitor = visitor_of("engineer")
    visitor.page.evaluate(
        """() => { const main = document.querySelector("main"); const picture = document.createElement("img");
        picture.src = "/static/frontend_map/favicon.svg"; main.append(picture);
        const text = document.createElement("p"); text.textContent = "pale"; text.style.color = "#eee";
        main.append(text); }"""
    )
    found = " ".join(faults_of(visitor))
    assert "image-alt" in found
    assert "color-contrast" in found


def test_the_header_fits_at_every_width(utility: Utility, visitor_of: Visitors) -> None:
    # The administrator has the most links.
    User.objects.filter(username="manager").update(is_staff=True, is_superuser=True)
    visitor = visitor_of("manager")
    for width in (360, 390, 768, 861, 900, 1000, 1024, 1180, 1181, 1440):
        visitor.page.set_viewport_size({"width": width, "height": 800})
        visitor.open("/")
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width, width
        for menu in (".language-menu", ".account-menu:not(.language-menu)"):
            visitor.page.locator(f"{menu} summary").click()
            box = visitor.page.locator(f"{menu} .account-panel").bounding_box()
            assert box is not None
            assert box["x"] >= 0, (width, menu)
            assert box["x"] + box["width"] <= width, (width, menu)
            visitor.page.locator(f"{menu} summary").click()


def test_the_theme_is_kept(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("engineer")
    paper = "getComputedStyle(document.body.parentElement).backgroundColor"
    light = visitor.page.evaluate(paper)
    visitor.page.get_by_role("button", name="Dark or light").click()
    dark = visitor.page.evaluate(paper)
    assert dark != light
    visitor.page.goto(f"{visitor.server}/jobs/")
    assert visitor.page.evaluate(paper) == dark


def test_without_javascript_pages_say_so(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("engineer")
    browser = visitor.page.context.browser
    assert browser is not None
    plain = browser.new_context(java_script_enabled=False, storage_state=visitor.page.context.storage_state())
    page = plain.new_page()
    for address in ("/", "/map/", "/jobs/"):
        page.goto(visitor.server + address)
        assert "runs no JavaScript" in page.inner_text("body")
    plain.close()
