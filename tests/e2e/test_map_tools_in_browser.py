"""The map's tools in a browser, from log-in to result, at both sizes: an engineer's everyday work without a command."""

import math
import re
from collections.abc import Callable
from pathlib import Path

from django.contrib.gis.geos import Point
from playwright.sync_api import Locator, Page, expect

from assets.editing.services.pipes import redraw_pipe
from assets.editing.services.splitting import split_pipe
from assets.models import Edit, Node, Outage, Pipe, Plan, Zone
from assets.simulation.services.simulating import simulate_network
from gis_core.models import User
from tests.e2e.conftest import Visitor
from tests.frontend_map.conftest import Utility

Visitors = Callable[..., Visitor]
ZOOM = 17
# So far off a phone shows two neighbouring junctions between the search and a panel.
FAR = 15.5


def middle_of(utility: Utility, code: str) -> str:
    """The address of the map over the middle of a pipe of the sample, near enough to point at it."""
    pipe = Pipe.objects.get(code=code)
    place = pipe.geom.interpolate_normalized(0.5)
    return f"/map/?at={place.y},{place.x},18"


def open_tool(visitor: Visitor, name: str, path: str = "/map/?") -> Page:
    page = visitor.open_map(f"{path}&tool={name}")
    page.wait_for_selector(f"#tool-panel[data-tool={name}]:not([hidden])")
    page.wait_for_selector("#map[data-started=true]")
    return page


def away(place: Point, centre: Point, zoom: float) -> tuple[float, float]:
    """How far a place is drawn from another, pixels to the right and down, at a zoom of the map."""

    def drawn(point: Point) -> tuple[float, float]:
        size = 256 * 2**zoom
        north = math.asinh(math.tan(math.radians(point.y)))
        return size * (point.x / 360), size * (-north / (2 * math.pi))

    (x, y), (middle_x, middle_y) = drawn(place), drawn(centre)
    return x - middle_x, y - middle_y


def tap_middle(page: Page, offset: tuple[float, float] = (0, 0)) -> None:
    """Tap what lies in the middle of the map that no panel covers (a panel moved it there), or so far from it."""
    box = page.locator("#map").bounding_box()
    panel = page.locator("#tool-panel").bounding_box()
    assert box is not None
    is_phone = page.viewport_size is not None and page.viewport_size["width"] < 861
    lower = panel["height"] / 2 if is_phone and panel is not None else 0
    page.wait_for_timeout(600)
    right, down = offset
    page.mouse.click(box["x"] + box["width"] / 2 + right, box["y"] + box["height"] / 2 - lower + down)
    choice = page.locator("#pick-list button", has_text="P")
    page.wait_for_timeout(300)
    if choice.first.is_visible():
        choice.first.click()


def message(page: Page) -> Locator:
    return page.locator("#map-message")


def test_a_line_is_drawn_by_keyboard_and_undone(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("engineer")
    node = Node.objects.filter(kind="junction").order_by("id").first()
    assert node is not None
    before = Pipe.objects.count()
    page = open_tool(visitor, "draw", f"/map/?at={node.geom.y},{node.geom.x},17")
    expect(page.locator("#draw-template option")).not_to_have_count(0)
    for text in (f"{node.geom.y + 0.0013} {node.geom.x + 0.0013}", "50 @ 90", "25 @ 0"):
        page.fill("#draw-typed", text)
        page.press("#draw-typed", "Enter")
    expect(page.locator("#draw-measures")).to_contain_text("75.")
    page.click("#draw-finish")
    expect(message(page)).to_contain_text("Drawn.")
    made = Pipe.objects.order_by("-id").first()
    assert made is not None
    assert Pipe.objects.count() == before + 1
    assert abs(made.geodesic_length_m - 75) < 0.5
    page.click("#draw-undo")
    expect(message(page)).to_contain_text("Undone.")
    assert Pipe.objects.exclude(lifecycle="removed").count() == before
    visitor.assert_fits()


def test_a_line_is_split_by_a_tap(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("engineer")
    pipe = Pipe.objects.filter(is_connector=False).order_by("-geodesic_length_m").first()
    assert pipe is not None
    before = Pipe.objects.filter(is_connector=False).count()
    page = open_tool(visitor, "draw", middle_of(utility, pipe.code))
    # Closed and opened again, the tool serves as at first.
    page.click("#tool-close")
    if page.locator("#tools-menu").is_visible():
        page.click("#tools-menu")
    page.click("button[data-tool=draw]")
    page.click("[data-mode=split]")
    # Some pixels beside the line: metres on the ground, far more than the network's tolerance.
    tap_middle(page, (3, 3))
    expect(message(page)).to_contain_text("Drawn.")
    assert Pipe.objects.filter(is_connector=False).count() == before + 1
    visitor.assert_fits()


def test_a_break_is_isolated_and_made_an_outage(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("engineer")
    pipe = Pipe.objects.filter(is_connector=False).order_by("-geodesic_length_m").first()
    assert pipe is not None
    page = open_tool(visitor, "isolate", middle_of(utility, pipe.code))
    tap_middle(page)
    expect(page.locator("#isolation-sum")).to_contain_text(pipe.code)
    page.locator("#outage-form").locator("..").locator("summary").click()
    page.fill("#outage-form [name=reason]", "a burst")
    page.locator("#outage-form button").click()
    expect(message(page)).to_contain_text("planned")
    assert Outage.objects.get().reason == "a burst"
    expect(page.locator("#outages")).to_contain_text("a burst")
    visitor.assert_fits()


def test_a_refused_question_says_the_servers_words(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("engineer")
    pipe = Pipe.objects.filter(is_connector=False).order_by("-geodesic_length_m").first()
    assert pipe is not None
    Pipe.objects.filter(pk=pipe.pk).update(lifecycle="out_of_service")
    page = open_tool(visitor, "isolate", middle_of(utility, pipe.code))
    tap_middle(page)
    expect(message(page)).to_have_text(f"Pipe {pipe.code} is out of service: there is nothing to isolate.")


def test_a_trace_says_what_it_found(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("crew")
    node = Node.objects.filter(kind="tank").first()
    assert node is not None
    page = open_tool(visitor, "trace", f"/map/?at={node.geom.y},{node.geom.x},18")
    tap_middle(page)
    expect(page.locator("#trace-sum")).to_contain_text("m³")
    page.get_by_role("button", name="Select all that was found").click()
    assert int(page.locator("#map").get_attribute("data-selection") or 0) > 2
    visitor.assert_fits()


def test_a_plan_is_made_drawn_in_and_approved(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("engineer")
    node = Node.objects.filter(kind="junction").order_by("id").first()
    assert node is not None
    page = open_tool(visitor, "plans", f"/map/?at={node.geom.y},{node.geom.x},17")
    page.fill("#plan-form [name=code]", "N-1")
    page.fill("#plan-form [name=name]", "A new street")
    page.locator("#plan-form button").click()
    expect(page.locator("#plan-title")).to_contain_text("A new street")
    page.click("#plan-draw")
    page.wait_for_selector("#tool-panel[data-tool=draw]:not([hidden])")
    before = Pipe.objects.count()
    for text in (f"{node.geom.y + 0.0013} {node.geom.x + 0.0013}", "40 @ 90"):
        page.fill("#draw-typed", text)
        page.press("#draw-typed", "Enter")
    page.click("#draw-finish")
    expect(message(page)).to_contain_text("N-1")
    # The live network stays as it is until the plan is approved.
    assert Pipe.objects.count() == before
    if page.locator("#tools-menu").is_visible():
        page.click("#tools-menu")
    page.click("button[data-tool=plans]")
    page.locator("#plans button").first.click()
    expect(page.locator("#plan-difference")).to_contain_text("added")
    page.click("#plan-beside")
    beside = page.locator("#compare-map")
    expect(beside).to_have_attribute("data-ready", "true")
    assert int(beside.get_attribute("data-planned") or 0) >= 1
    expect(page.locator("#compare-right")).to_have_text("A new street")
    # Both maps show the same place, whichever is moved.
    box = beside.bounding_box()
    assert box is not None
    page.wait_for_timeout(1000)
    shown = page.evaluate("location.search")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 - 60, box["y"] + box["height"] / 2 + 40, steps=4)
    page.mouse.up()
    page.wait_for_timeout(2000)
    assert page.evaluate("location.search") != shown
    page.click("#plan-beside")
    expect(beside).to_have_count(0)
    page.once("dialog", lambda dialog: dialog.accept())
    page.click("#plan-approve")
    expect(message(page)).to_contain_text("in the live network now")
    assert Plan.objects.get().state == "approved"
    assert Pipe.objects.count() > before
    visitor.assert_fits()


def test_two_engineers_on_one_pipe(utility: Utility, visitor_of: Visitors) -> None:
    pipe = Pipe.objects.filter(is_connector=False).order_by("code").first()
    assert pipe is not None
    first, second = visitor_of("engineer"), visitor_of("engineer")
    for visitor in (first, second):
        visitor.open_map(f"/map/?selected=pipe:{pipe.uid}")
        visitor.page.click("#edit-attributes")
        visitor.page.wait_for_selector("#attribute-form [name=material]")
    first.page.fill("#attribute-form [name=material]", "steel")
    first.page.locator("#attribute-form button.primary").click()
    expect(message(first.page)).to_contain_text("Saved.")
    second.page.fill("#attribute-form [name=material]", "PVC")
    second.page.locator("#attribute-form button.primary").click()
    conflict = second.page.locator(".conflict")
    # Both versions are shown, and a person decides.
    expect(conflict).to_contain_text("PVC")
    expect(conflict).to_contain_text("steel")
    pipe.refresh_from_db()
    assert pipe.material == "steel"
    conflict.get_by_role("button", name="Do mine all the same").click()
    expect(conflict).to_have_count(0)
    expect(second.page.locator("#details")).to_contain_text("PVC")
    pipe.refresh_from_db()
    assert pipe.material == "PVC"
    assert Edit.objects.filter(operation="set_pipe_attributes").count() == 2
    first.assert_fits()


def test_two_engineers_at_one_shape(utility: Utility, visitor_of: Visitors) -> None:
    """Both shapes are on the map and in figures, with who was first, before either is kept."""
    visitor = visitor_of("engineer")
    pipe = Pipe.objects.filter(is_connector=False).order_by("-geodesic_length_m").first()
    assert pipe is not None
    page = open_tool(visitor, "draw", middle_of(utility, pipe.code))
    page.click("[data-mode=reshape]")
    tap_middle(page, (3, 3))
    page.wait_for_selector("#shape-keep")
    start, end = pipe.geom.coords[0], pipe.geom.coords[-1]
    bend = ((start[0] + end[0]) / 2 + 0.0002, (start[1] + end[1]) / 2 + 0.0002)
    redraw_pipe(
        pipe.network,
        pipe=str(pipe.uid),
        geometry={"type": "LineString", "coordinates": [start, bend, end]},
        acting_user=User.objects.create_user("colleague"),
    )
    page.click("#shape-keep")
    conflict = page.locator("#draw-conflict")
    expect(conflict).to_contain_text("colleague")
    expect(conflict.locator("tbody tr")).to_have_count(2)
    expect(page.locator("#map")).to_have_attribute("data-overlay-difference", "2")
    # The browser notes the refusal; nothing else went wrong.
    assert all("412" in error for error in visitor.errors)
    visitor.errors.clear()
    visitor.assert_fits()
    page.click("#conflict-mine")
    expect(message(page)).to_contain_text("Drawn.")
    expect(page.locator("#map")).to_have_attribute("data-overlay-difference", "0")
    pipe.refresh_from_db()
    assert len(pipe.geom.coords) == 2


def test_keys_are_enough_to_choose_an_element(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("crew")
    node = next(node for node in utility.network.nodes if node.kind == "tank")
    page = visitor.open_map(f"/map/?at={node.geom.y},{node.geom.x},18")
    page.locator("#map").focus()
    page.keyboard.press("Enter")
    page.wait_for_timeout(400)
    if page.locator("#pick-list").is_visible():
        page.keyboard.press("Enter")
    expect(page.locator("#details")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#details")).to_be_hidden()
    visitor.assert_fits()


def test_the_address_shows_the_same_view_again(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("engineer")
    pipe = Pipe.objects.filter(is_connector=False).order_by("code").first()
    assert pipe is not None
    page = open_tool(visitor, "layers", f"/map/?selected=pipe:{pipe.uid}")
    page.select_option("#pipe-theme", "age")
    page.wait_for_function("() => location.search.includes('pipes=age')")
    page.reload()
    page.wait_for_selector("#map[data-started=true]")
    expect(page.locator("#pipe-theme")).to_have_value("age")
    expect(page.locator("#map")).to_have_attribute("data-selected", f"pipe:{pipe.uid}")
    missing = "00000000-0000-0000-0000-000000000001"
    page = visitor.open_map(f"/map/?selected=pipe:{missing}")
    expect(message(page)).to_contain_text("There is no such element")
    visitor.errors = [error for error in visitor.errors if "404" not in error]
    visitor.assert_fits()


def test_the_schematic_of_a_zone_is_enlarged_and_kept(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("crew")
    zone = Zone.objects.order_by("id").first()
    assert zone is not None
    page = visitor.open_map(f"/map/?selected=zone:{zone.uid}")
    page.click("#details [data-schematic]")
    picture = page.locator("#schematic-picture")
    page.wait_for_selector("#schematic[data-ready=true]")
    before = picture.evaluate("(shown) => shown.getBoundingClientRect().width")
    page.click("#schematic-more")
    assert picture.evaluate("(shown) => shown.getBoundingClientRect().width") > 1.3 * before
    with page.expect_download() as download:
        page.click("#schematic-file")
    assert download.value.suggested_filename.endswith(".svg")
    drawing = Path(download.value.path()).read_text(encoding="utf-8")
    assert drawing.startswith("<svg")
    assert zone.code in drawing
    page.keyboard.press("Escape")
    expect(page.locator("#schematic")).to_have_count(0)
    # Esc closed the picture only.
    expect(page.locator("#details")).to_be_visible()
    visitor.assert_fits()


def test_zones_are_flooded_and_flooded_back(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("engineer")
    # The sample's members are not what the graph gives its zones.
    page = open_tool(visitor, "zones", "/map/?x=1")
    expect(page.locator("#flood-sum")).to_be_visible()
    before = set(Node.objects.values_list("pk", "zone_id"))
    page.click("#flood-apply")
    expect(page.locator("#flood-done")).to_contain_text("Flooded.")
    expect(page.locator("#flood-sum")).to_contain_text("Every zone is as the network has it.")
    assert Edit.objects.filter(operation="flood_zones").count() == 1
    assert set(Node.objects.values_list("pk", "zone_id")) != before
    page.click("#flood-undo")
    expect(message(page)).to_contain_text("Undone.")
    expect(page.locator("#flood-apply")).to_be_visible()
    assert set(Node.objects.values_list("pk", "zone_id")) == before
    visitor.assert_fits()


def test_a_route_sheet_of_two_clicked_nodes(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("crew")
    pipe = Pipe.objects.filter(is_connector=False).order_by("geodesic_length_m").first()
    assert pipe is not None
    page = open_tool(visitor, "profile", f"/map/?at={pipe.start_node.geom.y},{pipe.start_node.geom.x},{ZOOM}")
    tap_middle(page)
    expect(page.locator("#tool-body")).to_contain_text(pipe.start_node.code)
    tap_middle(page, away(pipe.end_node.geom, pipe.start_node.geom, ZOOM))
    link = page.locator("#route-sheet")
    expect(link).to_have_attribute("href", re.compile("language=en"))
    answer = page.request.get(visitor.server + (link.get_attribute("href") or ""))
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.body()[:5] == b"%PDF-"
    visitor.errors = [
        error for error in visitor.errors if "status of" not in error and "profile" not in error
    ]
    visitor.assert_fits()


def test_arrows_show_which_way_water_runs_after_a_simulation(utility: Utility, visitor_of: Visitors) -> None:
    simulate_network(utility.network.network, hours=1, acting_user=User.objects.get(username="engineer"))
    visitor = visitor_of("engineer")
    node = utility.network.nodes[0]
    page = open_tool(visitor, "simulate", f"/map/?at={node.geom.y},{node.geom.x},16")
    expect(page.locator("#simulation-clock")).to_have_text("0:00")
    page.wait_for_function("() => Number(document.getElementById('map').dataset.arrows) > 0")
    page.wait_for_timeout(800)
    with_arrows = page.locator("#map").screenshot()
    page.evaluate("document.querySelector('#tool-close').click()")
    page = open_tool(visitor, "layers", f"/map/?at={node.geom.y},{node.geom.x},16")
    page.wait_for_timeout(800)
    # Without a simulation's colours nothing is drawn of it.
    assert page.locator("#map").get_attribute("data-arrows") == "0"
    assert with_arrows != page.locator("#map").screenshot()
    visitor.assert_fits()


def test_two_lines_are_merged_by_taps(utility: Utility, visitor_of: Visitors) -> None:
    pipe = Pipe.objects.filter(is_connector=False).order_by("-geodesic_length_m").first()
    assert pipe is not None
    made = split_pipe(utility.network.network, pipe=str(pipe.uid), position=0.5, acting_user=None)
    halves = Pipe.objects.filter(uid__in=made["pipes"])
    centre = Point(pipe.geom.interpolate_normalized(0.5).coords[:2])
    before = Pipe.objects.filter(is_connector=False).count()
    visitor = visitor_of("engineer")
    page = open_tool(visitor, "draw", f"/map/?at={centre.y},{centre.x},{FAR}")
    page.click("[data-mode=merge]")
    for half in halves:
        tap_middle(page, away(Point(half.geom.interpolate_normalized(0.5).coords[:2]), centre, FAR))
    expect(message(page)).to_contain_text("Drawn.")
    assert Pipe.objects.filter(is_connector=False).count() == before - 1
    assert Edit.objects.filter(operation="merge_pipes").count() == 1
    left = halves.get()
    if page.locator("#details").is_visible():
        # The card shows what is left, and nobody asks for what is gone.
        expect(page.locator("#details h2")).to_contain_text(left.code)
    page.wait_for_timeout(500)
    visitor.assert_fits()


def test_a_line_is_connected_by_taps(utility: Utility, visitor_of: Visitors) -> None:
    pipes = Pipe.objects.filter(is_connector=False, start_node__kind="junction", end_node__kind="junction")
    # A line along a parallel, and a junction north or south of its end to which it is led.
    pipe, target = next(
        (pipe, node)
        for pipe in pipes.order_by("id")
        for node in Node.objects.filter(kind="junction").order_by("id")
        if abs(pipe.start_node.geom.y - pipe.end_node.geom.y) < 1e-6
        and abs(node.geom.x - pipe.end_node.geom.x) < 1e-6
        and 1e-6 < abs(node.geom.y - pipe.end_node.geom.y) < 0.003
    )
    on_it = Point(pipe.geom.interpolate_normalized(0.7).coords[:2])
    centre = Point((on_it.x + target.geom.x) / 2, (on_it.y + target.geom.y) / 2)
    visitor = visitor_of("engineer")
    page = open_tool(visitor, "draw", f"/map/?at={centre.y},{centre.x},{FAR}")
    page.click("[data-mode=connect]")
    tap_middle(page, away(on_it, centre, FAR))
    expect(message(page)).to_contain_text(pipe.code)
    tap_middle(page, away(target.geom, centre, FAR))
    expect(message(page)).to_contain_text("Drawn.")
    pipe.refresh_from_db()
    assert pipe.end_node_id == target.pk
    assert Edit.objects.get(operation="connect_pipe")
    visitor.assert_fits()
