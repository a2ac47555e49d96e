"""What the map's style sheet says of boxes that must leave each other free, and of colours in the dark."""

import re
from pathlib import Path

STYLES = (Path(__file__).parents[2] / "frontend_map" / "src" / "styles" / "map.css").read_text(
    encoding="utf-8"
)
ZOOM = ".leaflet-bar a, .leaflet-bar a:hover, .leaflet-bar a.leaflet-disabled"


def stated(selector: str, prop: str) -> str:
    """What the first rule of a selector, the one of wide screens, says of a property."""
    rule = next(line for line in STYLES.splitlines() if line.startswith(f"{selector} {{"))
    found = re.search(rf"[ {{]{prop}: ([^;]+);", rule)
    assert found is not None, f"{selector} says nothing of {prop}"
    return found[1]


def pixels(selector: str, prop: str) -> int:
    return int(stated(selector, prop).removesuffix("px"))


def test_a_panel_and_a_drawer_leave_the_column_of_tools_free() -> None:
    end = pixels(".map-toolbar", "left") + pixels(".map-toolbar", "width")
    assert pixels(".map-panel", "left") > end
    assert pixels(".map-drawer", "left") > end


def test_buttons_for_zooming_and_the_scale_have_the_colours_of_the_theme() -> None:
    for selector in (ZOOM, ".leaflet-control-scale-line"):
        assert stated(selector, "background") == "var(--surface)"
        assert stated(selector, "color") == "var(--ink)"
