"""The base map's setting, read."""

import pytest

from frontend_map.base_map import base_map_of, tile_template_of


@pytest.mark.parametrize(
    ("address", "kind", "template"),
    [
        ("", "", ""),
        ("https://maps.example/{z}/{x}/{y}.png", "xyz", "https://maps.example/{z}/{x}/{y}.png"),
        ("https://maps.example/wms?service=WMS&layers=a", "wms", ""),
        ("/files/ground.pmtiles", "pmtiles", ""),
    ],
)
def test_small_maps_are_given_what_they_can_draw(address: str, kind: str, template: str) -> None:
    assert base_map_of(address)["kind"] == kind
    assert tile_template_of(address) == template


def test_a_wmts_is_a_template_of_tiles() -> None:
    template = tile_template_of("https://maps.example/wmts?service=WMTS&layer=a")
    assert all(place in template for place in ("{z}", "{x}", "{y}", "tilematrixset=GoogleMapsCompatible"))
