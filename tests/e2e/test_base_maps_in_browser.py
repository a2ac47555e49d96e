"""Base maps by a setting, each from a server that answers as its kind does, and the map's colours on a dark page."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from assets.models import Node
from tests.e2e.base_maps import MVT, PNG, BaseMapServer, picture, pmtiles, tile_of, water_tile
from tests.e2e.conftest import AT_A_DESK, Visitor
from tests.frontend_map.conftest import Utility

Visitors = Callable[..., Visitor]
Pixel = tuple[int, int, int]
ZOOM = 10
# Zones have no fill so near, and the ground between the pipes is wide.
NEAR = 18
WATER, WATER_BY_NIGHT = (0xB5, 0xD5, 0xE6), (0x15, 0x36, 0x4A)


@pytest.fixture
def base_maps(utility: Utility) -> Iterator[BaseMapServer]:
    node = utility.network.nodes[0]
    column, row = tile_of(node.geom.x, node.geom.y, ZOOM)
    around = [(ZOOM, column + right, row + down) for right in (-1, 0, 1) for down in (-1, 0, 1)]
    vector = pmtiles({place: water_tile(*place) for place in around}, MVT, ["water", "roads"])
    raster = pmtiles(dict.fromkeys(around, picture(20, 20, 220)), PNG)
    server = BaseMapServer({"/shapes.pmtiles": vector, "/pictures.pmtiles": raster})
    yield server
    server.stop()


def lay(settings: Any, server: BaseMapServer, address: str) -> None:
    """What TARMOQ_BASEMAP_URL does in the settings."""
    policy = deepcopy(settings.CONTENT_SECURITY_POLICY)
    for directive in ("connect-src", "img-src"):
        policy["DIRECTIVES"].setdefault(directive, ["'self'"]).append(server.address)
    settings.CONTENT_SECURITY_POLICY = policy
    settings.TARMOQ_BASEMAP_URL = server.address + address
    settings.TARMOQ_BASEMAP_ATTRIBUTION = "Test map"


def open_near(visitor: Visitor, utility: Utility, query: str = "") -> Page:
    node: Node = utility.network.nodes[0]
    page = visitor.open_map(f"/map/?at={node.geom.y},{node.geom.x},{NEAR}{query}")
    page.wait_for_selector("#map[data-started=true]")
    if page.locator("#tool-panel").is_visible():
        page.click("#tool-close")
    page.wait_for_timeout(1200)
    return page


def pixels_of(page: Page) -> list[Pixel]:
    """The colours of the map as a person sees it, every tenth pixel of it."""
    shot = Image.open(BytesIO(page.locator("#map").screenshot())).convert("RGB")
    width, height = shot.size
    return [shot.getpixel((x, y)) for y in range(0, height, 10) for x in range(0, width, 10)]  # type: ignore[misc]


def share_like(page: Page, colour: Pixel, within: int = 6) -> float:
    pixels = pixels_of(page)
    near = [
        all(abs(one - other) <= within for one, other in zip(pixel, colour, strict=True)) for pixel in pixels
    ]
    return sum(near) / len(near)


@pytest.mark.parametrize(
    ("visitor_of", "address"),
    [
        ("desk", "/xyz/{z}/{x}/{y}.png"),
        ("phone", "/xyz/{z}/{x}/{y}.png"),
        ("desk", "/wms?service=WMS&layers=ground"),
        ("desk", "/wmts?service=WMTS&layer=ground"),
    ],
    ids=["xyz-desk", "xyz-phone", "wms", "wmts"],
    indirect=["visitor_of"],
)
def test_pictures_are_asked_for_as_their_server_wants(
    address: str, base_maps: BaseMapServer, utility: Utility, visitor_of: Visitors, settings: Any
) -> None:
    lay(settings, base_maps, address)
    visitor = visitor_of("crew")
    page = open_near(visitor, utility)
    owed = page.locator(".leaflet-control-attribution")
    expect(owed).to_contain_text("Test map")
    expect(owed).to_be_visible()
    assert base_maps.asked
    assert base_maps.refused == []
    reddish = [red > green + 40 and red > blue + 40 for red, green, blue in pixels_of(page)]
    assert sum(reddish) > 0.4 * len(reddish)
    visitor.assert_fits()


@AT_A_DESK
def test_a_pmtiles_file_of_pictures_is_drawn(
    base_maps: BaseMapServer, utility: Utility, visitor_of: Visitors, settings: Any
) -> None:
    lay(settings, base_maps, "/pictures.pmtiles")
    visitor = visitor_of("crew")
    page = open_near(visitor, utility)
    expect(page.locator("#map")).to_have_attribute("data-basemap", "raster")
    bluish = [blue > red + 40 for red, _green, blue in pixels_of(page)]
    assert sum(bluish) > 0.4 * len(bluish)
    visitor.assert_fits()


@AT_A_DESK
def test_a_pmtiles_file_of_shapes_is_drawn_by_day_and_by_night(
    base_maps: BaseMapServer, utility: Utility, visitor_of: Visitors, settings: Any
) -> None:
    lay(settings, base_maps, "/shapes.pmtiles")
    visitor = visitor_of("crew")
    page = open_near(visitor, utility)
    expect(page.locator("#map")).to_have_attribute("data-basemap", "vector")
    assert share_like(page, WATER) > 0.3
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_timeout(1200)
    assert share_like(page, WATER_BY_NIGHT) > 0.3
    # A map that opens dark is so from the beginning, and the layer tree hides a base map.
    page.context.add_cookies([{"name": "tarmoq_theme", "value": "dark", "url": visitor.server}])
    page = open_near(visitor, utility)
    assert share_like(page, WATER_BY_NIGHT) > 0.3
    page = open_near(visitor, utility, "&hidden=basemap")
    assert share_like(page, WATER_BY_NIGHT) == 0
    visitor.assert_fits()


def test_a_base_map_that_is_not_there_is_said_and_the_network_drawn(
    base_maps: BaseMapServer, utility: Utility, visitor_of: Visitors, settings: Any
) -> None:
    lay(settings, base_maps, "/missing.pmtiles")
    visitor = visitor_of("crew")
    node = utility.network.nodes[0]
    page = visitor.open_map(f"/map/?at={node.geom.y},{node.geom.x},{NEAR}")
    expect(page.locator("#map-message")).to_contain_text("The base map cannot be read.")
    assert int(page.locator("#map").get_attribute("data-nodes") or 0) > 0


@AT_A_DESK
def test_a_dark_page_has_a_dark_map(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("crew")
    page = open_near(visitor, utility, "&hidden=divisions")
    assert share_like(page, (0xEE, 0xF2, 0xF4)) > 0.2
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_timeout(1200)
    assert share_like(page, (0x18, 0x22, 0x2A)) > 0.2
    assert share_like(page, (0xEE, 0xF2, 0xF4)) < 0.02
    # Leaflet's own controls are light; its scale is drawn on every map.
    ground = "getComputedStyle(document.querySelector('.leaflet-control-scale-line')).backgroundColor"
    assert page.evaluate(ground) == page.evaluate(
        "getComputedStyle(document.querySelector('.map-search')).backgroundColor"
    )
    visitor.assert_fits()
