"""What the map's style sheet says of boxes that must leave each other free."""

import re
from pathlib import Path

STYLES = (Path(__file__).parents[2] / "frontend_map" / "src" / "styles" / "map.css").read_text(
    encoding="utf-8"
)


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
