"""The losses in a real browser, at a phone's and a desk's size: colours, months, country, zone, board of events."""

import io
import math
import re
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from balances.models import LeakEvent
from tests.e2e.conftest import AT_A_DESK, Visitor
from tests.frontend_map.conftest import Utility
from tests.security.loss_rows import make_event

Visitors = Callable[..., Visitor]


def is_wide(page: Page) -> bool:
    return page.viewport_size is not None and page.viewport_size["width"] > 860


def open_losses(visitor: Visitor, path: str = "/map/?tool=losses") -> Page:
    page = visitor.open_map(path)
    page.wait_for_selector("#map[data-started=true]", timeout=30_000)
    expect(page.locator("#loss-total")).to_be_visible()
    return page


def choose(page: Page, name: str, value: str) -> None:
    """Choose one of a row of buttons: the input lies hidden under its words."""
    page.locator(f"label:has(input[name={name}][value={value}])").click()


def colour_of(swatch: Locator) -> tuple[int, ...]:
    text = swatch.evaluate("element => getComputedStyle(element).backgroundColor")
    return tuple(int(part) for part in text.strip("rgb()").split(","))


# The colour of 0 to 5 %, of which the second zone is.
LOWEST = (253, 241, 196)


def share_drawn(page: Page, colour: tuple[int, ...], above: float | None = None) -> float:
    """Which part of the page's pixels, or of those above a line, has exactly this colour."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    if above is not None:
        picture = picture.crop((0, 0, picture.width, int(above)))
    counts = {found: count for count, found in picture.getcolors(maxcolors=2**24) or []}
    return counts.get(colour, 0) / (picture.width * picture.height)  # type: ignore[call-overload]


@AT_A_DESK
def test_zones_have_exactly_the_colours_of_the_legend(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("analyst")
    page = open_losses(visitor, "/map/?tool=losses&hidden=pipes,nodes,devices")
    # Of the sample: more than 30 %, 0 to 5 %, 10 to 20 %; and the last one lacks data.
    labels = ("> 30 %", "0–5 %", "10–20 %", "Insufficient data")
    colours = {
        label: colour_of(page.locator("#legend li", has_text=label).locator(".swatch")) for label in labels
    }
    page.click("#tool-close")
    page.click("#fit")
    page.wait_for_timeout(2000)
    for label, colour in colours.items():
        assert share_drawn(page, colour) > 0.002, label
    visitor.assert_fits()


def test_the_total_adds_what_is_listed(utility: Utility, visitor_of: Visitors) -> None:
    page = open_losses(visitor_of("analyst"))
    shown = page.locator("#loss-total")
    expect(shown).to_contain_text("Billed:")
    expect(shown).to_contain_text("insufficient data are left out")
    values = page.locator("#zone-list .value").all_inner_texts()
    assert "Insufficient data" in values
    assert len(values) == len(utility.network.zones)


def test_two_months_beside_each_other_and_as_a_difference(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("analyst")
    page = open_losses(visitor)
    choose(page, "loss-view", "difference")
    expect(page.locator("#map")).to_have_attribute("data-loss-view", "difference")
    expect(page.locator("#legend")).to_contain_text("within the limit")
    choose(page, "loss-view", "beside")
    expect(page.locator("#compare-map")).to_have_attribute("data-ready", "true")
    expect(page.locator("#compare-left")).to_have_text("January 2026")
    expect(page.locator("#compare-right")).to_have_text("December 2025")
    choose(page, "loss-view", "month")
    expect(page.locator("#compare-map")).to_have_count(0)
    choose(page, "look", "heat")
    expect(page.locator("#map")).to_have_attribute("data-loss-view", "heat")
    expect(page.locator("#legend")).to_contain_text("m³/km²")
    visitor.assert_fits()


@AT_A_DESK
def test_a_comparison_and_heat_are_in_the_address(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("analyst")
    page = open_losses(visitor)
    choose(page, "loss-view", "beside")
    page.wait_for_function("() => location.search.includes('compare=beside')")
    page.reload()
    page.wait_for_selector("#map[data-started=true]")
    expect(page.locator("#map")).to_have_attribute("data-loss-view", "beside")
    expect(page.locator("#compare-right")).to_have_text("December 2025")
    page = open_losses(visitor, "/map/?tool=losses&month=2025-12-01&compare=difference&other=2026-01-01")
    expect(page.locator("#map")).to_have_attribute("data-loss-view", "difference")
    expect(page.locator("#legend")).to_contain_text("within the limit")
    expect(page.locator("#other-month option:checked")).to_have_text("January 2026")
    choose(page, "loss-view", "month")
    choose(page, "look", "heat")
    page.wait_for_function(
        "() => location.search.includes('look=heat') && !location.search.includes('compare')"
    )
    page.reload()
    page.wait_for_selector("#map[data-started=true]")
    expect(page.locator("#map")).to_have_attribute("data-loss-view", "heat")
    visitor.assert_fits()


def test_no_zone_lies_under_what_floats_over_the_map(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("analyst")
    # The sample is some hundred metres wide: a very small network.
    page = visitor.open_map("/map/")
    page.wait_for_selector("#map[data-started=true]")
    if is_wide(page):
        page.click("#tool-close")
    else:
        page.click("#tools-menu")
    page.click("button[data-tool=losses]")
    expect(page.locator("#loss-total")).to_be_visible()
    page.wait_for_timeout(1000)
    latitude, longitude, zoom = (float(part) for part in re.search(r"at=([^&]+)", page.url)[1].split(","))  # type: ignore[index]
    boxes = {name: page.locator(name).bounding_box() for name in ("#map", ".map-search", "#tool-panel")}
    frame, search, panel = boxes["#map"], boxes[".map-search"], boxes["#tool-panel"]
    assert frame is not None
    assert search is not None
    assert panel is not None
    boxes_of_zones = [zone.geom.extent for zone in utility.network.zones if zone.geom is not None]
    corners = [
        corner for west, south, east, north in boxes_of_zones for corner in ((west, south), (east, north))
    ]
    places = [
        (x + frame["x"] + frame["width"] / 2, y + frame["y"] + frame["height"] / 2)
        for x, y in (drawn_from(longitude, latitude, corner, zoom) for corner in corners)
    ]
    if is_wide(page):
        assert min(x for x, _y in places) >= panel["x"] + panel["width"]
    else:
        assert min(y for _x, y in places) >= search["y"] + search["height"]
        assert max(y for _x, y in places) <= panel["y"]
    visitor.assert_fits()


def drawn_from(
    longitude: float, latitude: float, place: tuple[float, ...], zoom: float
) -> tuple[float, float]:
    """How far right and down of the map's middle a place is drawn, pixels."""

    def down(degrees: float) -> float:
        return -math.asinh(math.tan(math.radians(degrees))) / (2 * math.pi)

    size = 256 * 2**zoom
    return size * (place[0] - longitude) / 360, size * (down(place[1]) - down(latitude))


def test_months_play_and_stop(utility: Utility, visitor_of: Visitors) -> None:
    page = open_losses(visitor_of("analyst"))
    shown = page.locator("#map")
    expect(shown).to_have_attribute("data-month", "2026-01-01")
    page.click("#month-play")
    expect(shown).to_have_attribute("data-month", "2025-12-01")
    expect(shown).to_have_attribute("data-month", "2026-01-01", timeout=5000)
    page.click("#month-play")
    expect(page.locator("#month-play")).to_have_attribute("aria-label", "Play the months")


def test_a_leak_begins_in_its_month(utility: Utility, visitor_of: Visitors) -> None:
    page = open_losses(
        visitor_of("analyst"), f"/map/?tool=losses&selected=zone:{utility.network.zones[0].uid}"
    )
    details = page.locator("#details")
    expect(details).to_contain_text("6.2 m³/h")
    page.click("#month-back")
    expect(page.locator("#map")).to_have_attribute("data-month", "2025-12-01")
    expect(details).not_to_contain_text("6.2 m³/h")


def test_a_chosen_zone_is_seen_whole_and_the_month_stays_within_reach(
    utility: Utility, visitor_of: Visitors
) -> None:
    visitor = visitor_of("analyst")
    page = open_losses(visitor)
    page.locator("#zone-list button", has_text="2-zona").click()
    details = page.locator("#details")
    expect(details).to_be_visible()
    expect(details).to_contain_text("apportioned")
    expect(details).to_contain_text("Billed:")
    card = details.bounding_box()
    slider = page.locator("#month").bounding_box()
    assert card is not None
    assert slider is not None
    apart = slider["y"] >= card["y"] + card["height"] or slider["x"] + slider["width"] <= card["x"]
    assert apart or slider["y"] + slider["height"] <= card["y"]
    page.click("#month-back")
    expect(page.locator("#map")).to_have_attribute("data-month", "2025-12-01")
    expect(details).to_contain_text("December 2025")
    page.wait_for_timeout(600)
    # Close by a zone keeps its colour as a band along its edge; what is drawn of it lies where no sheet covers it.
    swatch = page.locator("#zone-list button", has_text="2-zona").locator(".swatch")
    band = colour_of(swatch) if is_wide(page) else LOWEST
    height = card["y"] if not is_wide(page) else page.viewport_size["height"] if page.viewport_size else 0
    assert share_drawn(page, band, above=height) > 0.002
    visitor.assert_fits()


def test_the_country_leads_down_to_a_zone_and_back(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("analyst")
    page = visitor.open("/losses/?level=region")
    expect(page.locator("#country-map")).to_have_attribute("data-ready", "true")
    for level in ("district", "network", "zone"):
        page.locator(".loss-table tbody a").first.click()
        page.wait_for_url(f"**level={level}**")
        visitor.assert_fits()
    expect(page.locator(".loss-table tbody tr")).to_have_count(len(utility.network.zones))
    page.locator(".loss-crumbs a", has_text="Qibray").first.click()
    page.wait_for_url("**level=network**")
    page.select_option("select[name=basis]", "billed")
    page.wait_for_url("**basis=billed**")
    expect(page.locator(".figures")).to_contain_text("Imbalance, billed")
    with page.expect_download() as fetched:
        page.get_by_role("link", name="XLSX").click()
    assert fetched.value.suggested_filename.endswith(".xlsx")


def test_a_zone_page_names_its_bases_and_gives_its_pictures(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("manager")
    page = visitor.open(f"/zones/{utility.network.zones[0].uid}/")
    expect(page.locator("#headline")).to_contain_text("Imbalance, apportioned")
    expect(page.locator("#headline")).to_contain_text("as billed")
    expect(page.locator("#waterfall svg")).to_be_visible()
    for form in ("SVG", "PNG"):
        with page.expect_download() as fetched:
            page.locator("[data-picture=waterfall]", has_text=form).click()
        assert fetched.value.suggested_filename == f"Z1-waterfall.{form.lower()}"
    expect(page.get_by_text("Night flow of zone Z1 is unknown")).to_be_visible()
    expect(page.get_by_role("button", name="Compute the place")).to_be_visible()
    visitor.assert_fits()


@pytest.fixture
def event(utility: Utility) -> LeakEvent:
    return make_event(utility.network.zones[0])


def test_an_event_goes_through_its_states_by_keyboard(
    utility: Utility, event: LeakEvent, visitor_of: Visitors
) -> None:
    visitor = visitor_of("analyst")
    other = make_event(utility.network.zones[1])
    page = visitor.open("/losses/events/")
    first = page.locator(f"#event-{event.uid}")
    first.focus()
    page.keyboard.press(
        "ArrowUp"
        if first.evaluate("card => !card.closest('li').previousElementSibling") is False
        else "ArrowDown"
    )
    expect(page.locator(f"#event-{other.uid}")).to_be_focused()
    first.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("#event-dialog")
    expect(dialog).to_contain_text("1-zona")
    dialog.get_by_role("button", name="Compute the place").press("Enter")
    expect(dialog.locator(".leak-place .notice")).to_contain_text("Z1")
    dialog.locator("[data-to=open]").press("Enter")
    dialog.locator("textarea[name=note]").fill("looks real")
    dialog.locator("#move-form button.primary").press("Enter")
    expect(page.locator(f".column[data-state=open] #event-{event.uid}")).to_have_count(1)
    expect(dialog).to_contain_text("looks real")
    dialog.locator("[data-to=closed]").click()
    dialog.locator("#move-form button.primary").click()
    expect(page.locator("#dialog-message")).to_have_text("Choose an outcome.")
    dialog.locator("select[name=outcome]").select_option("found")
    dialog.locator("#move-form button.primary").click()
    expect(page.locator("#dialog-message")).to_contain_text("needs its record")
    dialog.locator("input[name=pipe]").fill("P1")
    dialog.locator("input[name=position]").fill("0,5")
    dialog.locator("#move-form button.primary").click()
    expect(page.locator(f".column[data-state=closed] #event-{event.uid}")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(first).to_be_focused()
    event.refresh_from_db()
    assert event.leak is not None
    # A refused move answers 400, and Chromium writes that into its console.
    visitor.errors = [error for error in visitor.errors if "400" not in error]
    visitor.assert_fits()


def test_of_two_at_one_event_the_second_is_told(event: LeakEvent, visitor_of: Visitors) -> None:
    one, two = visitor_of("analyst"), visitor_of("manager")
    for visitor in (one, two):
        visitor.open(f"/losses/events/#event-{event.uid}")
        expect(visitor.page.locator("#event-dialog")).to_be_visible()
        visitor.page.locator("#event-dialog [data-to=open]").click()
    one.page.locator("#move-form button.primary").click()
    expect(one.page.locator(f".column[data-state=open] #event-{event.uid}")).to_have_count(1)
    two.page.locator("#move-form button.primary").click()
    expect(two.page.locator("#dialog-message")).to_contain_text("Somebody else changed")
    expect(two.page.locator("#event-dialog .dialog-head")).to_contain_text("open")
    event.refresh_from_db()
    assert event.history.count() == 1


def test_open_events_are_counted_in_the_header(event: LeakEvent, visitor_of: Visitors) -> None:
    visitor = visitor_of("analyst")
    page = visitor.open("/")
    # With the one of the sample.
    page.locator(".header-count", has_text="2").first.click()
    page.wait_for_url("**/losses/events/")
    expect(page.locator(".event-card")).to_have_count(2)
    visitor.assert_fits()
