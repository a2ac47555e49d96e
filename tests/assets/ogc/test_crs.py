"""Part 2 (OGC 18-058r1), Annex A: coordinate reference systems by reference."""

import functools
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import CRS, Transformer

from assets.ogc.selectors.reference_systems import CRS84
from tests.assets.ogc.conftest import Reader, link_of
from tests.frontend_map.sample import SampleNetwork

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
ITEMS = "/collections/nodes/items"


def listed(reader: Reader) -> list[str]:
    return list(reader.json("/collections/nodes")["crs"])


@functools.cache
def transformer(uri: str) -> Transformer:
    """From CRS84 to the CRS of a URI, in the axis order its authority gives it."""
    return Transformer.from_crs(CRS.from_user_input("OGC:CRS84"), _crs(uri))


def _crs(uri: str) -> CRS:
    return CRS.from_user_input("OGC:CRS84") if uri == CRS84 else CRS.from_epsg(int(uri.removeprefix(EPSG)))


def test_the_class_is_declared(reader: Reader) -> None:
    declared = reader.json("/conformance")["conformsTo"]
    assert "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs" in declared


def test_collections_list_their_systems_and_the_stored_one(reader: Reader) -> None:
    """/conf/crs/crs-uri, default-crs, storageCrs."""
    document = reader.json("/collections")
    for collection in document["collections"]:
        assert collection["crs"][0] == CRS84
        assert collection["storageCrs"] in collection["crs"]
        for code in (4326, 3857, 32641, 32642, 32643):
            assert f"{EPSG}{code}" in collection["crs"]
        assert len(collection["crs"]) == len(set(collection["crs"]))
    for uri in document["crs"]:
        assert _crs(uri)


def test_the_default_is_crs84_and_said(reader: Reader, network: SampleNetwork) -> None:
    """/conf/crs/crs-parameter-default."""
    plain, named = reader.get(ITEMS), reader.get(ITEMS, {"crs": CRS84})
    assert plain["Content-Crs"] == named["Content-Crs"] == f"<{CRS84}>"
    assert plain.json()["features"] == named.json()["features"]


def test_every_system_gives_coordinates_in_its_own_axis_order(reader: Reader, network: SampleNetwork) -> None:
    """/conf/crs/crs-parameter, crs-parameter-transform, crs-transform, geojson."""
    by_uid = {str(node.uid): node.geom for node in network.nodes}
    for uri in listed(reader):
        response = reader.get(ITEMS, {"crs": uri, "limit": 1000})
        assert response.status_code == 200, uri
        assert response["Content-Crs"] == f"<{uri}>"
        metres_or_degrees = 1e-7 if _crs(uri).is_geographic else 0.01
        if "4284" in uri or "284" in uri.removeprefix(EPSG)[:3]:
            # The datum of 1942: PROJ has several operations that differ by metres; the axis order shows all the same.
            metres_or_degrees = 1e-4 if _crs(uri).is_geographic else 15
        for feature in response.json()["features"]:
            point = by_uid[feature["id"]]
            expected = transformer(uri).transform(point.x, point.y)
            assert feature["geometry"]["coordinates"] == pytest.approx(expected, abs=metres_or_degrees), uri
        single = reader.get(f"{ITEMS}/{network.nodes[0].uid}", {"crs": uri})
        assert single["Content-Crs"] == f"<{uri}>"
        in_collection = next(f for f in response.json()["features"] if f["id"] == str(network.nodes[0].uid))
        assert single.json()["geometry"] == in_collection["geometry"]


def test_epsg_4326_is_latitude_first(reader: Reader, network: SampleNetwork) -> None:
    node = network.nodes[0]
    feature = reader.json(f"{ITEMS}/{node.uid}", {"crs": f"{EPSG}4326"})
    assert feature["geometry"]["coordinates"] == [node.geom.y, node.geom.x]


def test_lines_and_areas_keep_their_shape(reader: Reader, network: SampleNetwork) -> None:
    for name in ("pipes", "zones"):
        plain = {f["id"]: f["geometry"] for f in reader.items(name, {"limit": 1000})}
        flipped = reader.items(name, {"limit": 1000, "crs": f"{EPSG}4326"})
        assert flipped
        for feature in flipped:
            turned = shapely.transform(
                shapely.geometry.shape(feature["geometry"]), lambda positions: positions[:, ::-1]
            )
            assert turned.equals_exact(shapely.geometry.shape(plain[feature["id"]]), 1e-12)


def test_bbox_in_every_system(reader: Reader, network: SampleNetwork) -> None:
    """/conf/crs/bbox-crs-parameter: the same box in each system finds the same features."""
    west, south, east, north = 69.3412, 41.3312, 69.3468, 41.3352
    expected = {str(n.uid) for n in network.nodes if west < n.geom.x < east and south < n.geom.y < north}
    assert expected
    for uri in listed(reader):
        # Nodes are far enough from the edges for the lean of meridians in systems of another zone.
        bounds = transformer(uri).transform_bounds(west, south, east, north)
        box = ",".join(f"{number:.8f}" for number in bounds)
        outline = shapely.segmentize(
            shapely.box(*bounds), max(bounds[2] - bounds[0], bounds[3] - bounds[1]) / 50
        )
        within = shapely.transform(outline, functools.partial(_back, uri))
        inside = {str(n.uid) for n in network.nodes if within.intersects(shapely.Point(n.geom.x, n.geom.y))}
        assert expected <= inside
        assert reader.ids("nodes", {"bbox": box, "bbox-crs": uri}) == inside, uri


def _back(uri: str, positions: Any) -> Any:
    """Positions of a system in its own axis order, as longitude and latitude."""
    return np.column_stack(transformer(uri).transform(positions[:, 0], positions[:, 1], direction="INVERSE"))


def test_bbox_crs_defaults_to_crs84(reader: Reader, network: SampleNetwork) -> None:
    """/conf/crs/bbox-crs-parameter-default."""
    box = "69.3412,41.3312,69.3468,41.3352"
    assert reader.ids("nodes", {"bbox": box}) == reader.ids("nodes", {"bbox": box, "bbox-crs": CRS84})
    flipped = "41.3312,69.3412,41.3352,69.3468"
    assert reader.ids("nodes", {"bbox": flipped, "bbox-crs": f"{EPSG}4326"}) == reader.ids(
        "nodes", {"bbox": box}
    )
    assert reader.items("nodes", {"bbox": flipped}) == []


def test_an_antimeridian_box_with_latitude_first(
    reader: Reader, places: dict[str, list[dict[str, Any]]]
) -> None:
    plain = reader.ids("places", {"bbox": "100,-80,-100,80"})
    assert plain == reader.ids("places", {"bbox": "-80,100,80,-100", "bbox-crs": f"{EPSG}4326"})


def test_a_projected_box_follows_its_edges(reader: Reader, places: dict[str, list[dict[str, Any]]]) -> None:
    """A wide box of UTM zone 31: its upper edge is a curve in degrees, which corners alone would cut."""
    uri = f"{EPSG}32631"
    assert reader.refusal("/collections/places/items", {"bbox": "0,0,1,1", "bbox-crs": uri})
    uri = f"{EPSG}32642"
    west, south, east, north = -300_000.0, 4_000_000.0, 1_300_000.0, 5_000_000.0
    to_utm = transformer(uri)
    inside = {
        row["uid"]
        for row in places["places"]
        if row["geom"] is None
        or (
            30 < row["geom"].x < 110
            and west <= to_utm.transform(row["geom"].x, row["geom"].y)[0] <= east
            and south <= to_utm.transform(row["geom"].x, row["geom"].y)[1] <= north
        )
    }
    assert reader.ids("places", {"bbox": f"{west},{south},{east},{north}", "bbox-crs": uri}) == inside


@pytest.mark.parametrize("name", ["crs", "bbox-crs", "filter-crs"])
@pytest.mark.parametrize(
    "uri",
    [
        "http://www.opengis.net/def/crs/OGC/0/does_not_exist",
        "http://www.opengis.net/def/crs/EPSG/0/999999",
        "http://www.opengis.net/def/crs/EPSG/0/27700",
        "http://www.opengis.net/def/crs/EPSG/0/4326;DROP TABLE assets_node",
        "EPSG:4326",
        "4326",
        "",
        "x" * 3000,
        "CRS84",
        "\x00",
    ],
)
def test_an_unknown_system_is_400(reader: Reader, name: str, uri: str) -> None:
    """/conf/crs/crs-parameter-invalid, bbox-crs-parameter-invalid."""
    query = {name: uri, "bbox": "0,0,1,1"}
    assert name in reader.refusal(ITEMS, query)
    assert name in reader.refusal(ITEMS, {name: uri})


def test_an_unknown_system_of_one_feature_is_400(reader: Reader, network: SampleNetwork) -> None:
    assert "crs" in reader.refusal(f"{ITEMS}/{network.nodes[0].uid}", {"crs": f"{EPSG}1"})


@pytest.mark.parametrize(
    ("box", "code"),
    [
        ("1e9,0,2e9,1", 32642),
        ("0,1e12,1,2e12", 3857),
        ("91,0,92,1", 4326),
        ("0,181,1,182", 4326),
        ("700000,4500000,600000,4600000", 32642),
        ("600000,4700000,700000,4600000", 32642),
    ],
)
def test_a_box_outside_its_system_is_400(reader: Reader, box: str, code: int) -> None:
    assert "bbox" in reader.refusal(ITEMS, {"bbox": box, "bbox-crs": f"{EPSG}{code}"})


def test_paging_keeps_the_system(reader: Reader, network: SampleNetwork) -> None:
    document = reader.json(ITEMS, {"crs": f"{EPSG}32642", "limit": 5})
    following = link_of(document, "next")
    assert following
    assert reader.client.get(following)["Content-Crs"] == f"<{EPSG}32642>"
