"""Files of a GIS: topology from geometry, every bad row by its reason, and our own files back again."""

import json
import math
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import ezdxf
import geopandas
import numpy as np
import pytest
import shapely
from django.contrib.gis.geos import MultiPolygon, Polygon

from assets.editing.services.devices import place_meters_at_pipe_ends
from assets.models import Demand, Network, Node, Pipe, Zone, ZoneConnection
from gis_core.models import Division
from tests.assets.exchange.exchanging import MODELS, done, import_file
from tests.assets.importing import library_model, row_counts
from tests.world import make_world

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:wntr")

# A metre, about, at 41 degrees north.
EAST, NORTH = 1 / 84_000, 1 / 111_000


def at(x_m: float, y_m: float) -> tuple[float, float]:
    return (69.0 + x_m * EAST, 41.0 + y_m * NORTH)


def line(*points: tuple[float, float]) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": [at(*point) for point in points]}


def geojson(path: Path, *features: tuple[str, dict[str, Any], Any]) -> Path:
    """Write features, each (layer, properties, geometry)."""
    document = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": {"layer": layer, **properties}, "geometry": geometry}
            for layer, properties, geometry in features
        ],
    }
    path.write_text(json.dumps(document))
    return path


def pipes() -> dict[str, tuple[str, str]]:
    """Every pipe with the codes of its ends."""
    rows = Pipe.objects.filter(is_connector=False)
    return {
        code: (start, end)
        for code, start, end in rows.values_list("code", "start_node__code", "end_node__code")
    }


# --- topology


def test_near_ends_are_one_node_and_far_ones_are_not(district: Division, tmp_path: Path) -> None:
    path = geojson(
        tmp_path / "a.geojson",
        ("pipe", {"code": "A"}, line((0, 0), (100, 0))),
        ("pipe", {"code": "B"}, line((100.06, 0.05), (200, 0))),
        ("pipe", {"code": "C"}, line((200.3, 0), (300, 0))),
    )
    code, document = import_file(path)
    assert code == 0, document
    assert document["created"]["junction"] == 5
    found = pipes()
    assert found["A"][1] == found["B"][0]
    assert found["B"][1] != found["C"][0]
    joint = Node.objects.get(code=found["A"][1])
    assert joint.geom.coords == at(100, 0)
    again, document = import_file(path)
    assert (again, document["unchanged"]) == (0, 3)
    assert sum(document["created"].values()) == 0


def test_tolerance_can_be_chosen(district: Division, tmp_path: Path) -> None:
    path = geojson(
        tmp_path / "a.geojson",
        ("pipe", {"code": "B"}, line((0, 0), (200, 0))),
        ("pipe", {"code": "C"}, line((200.3, 0), (300, 0))),
    )
    assert import_file(path, "--tolerance", "0.5")[1]["created"]["junction"] == 3


def test_an_end_on_a_line_cuts_it_and_a_crossing_does_not(district: Division, tmp_path: Path) -> None:
    #        D
    #  A-----+-----B      D ends 4 cm above the line; E crosses it
    #     E
    path = geojson(
        tmp_path / "a.geojson",
        ("pipe", {"code": "AB", "stated_length_m": 100.0}, line((0, 0), (50, 0), (100, 0))),
        ("pipe", {"code": "D"}, line((30, 50), (30, 0.04))),
        ("pipe", {"code": "E"}, line((80, -20), (80, 20))),
    )
    code, document = import_file(path)
    assert code == 0, document
    found = pipes()
    assert set(found) == {"AB", "AB-2", "D", "E"}
    assert found["AB-2"][1] == found["AB"][0] == found["D"][1]
    assert [entry["reason"] for entry in document["adjusted"]] == ["nodes lie on it: it becomes 2 pipes"]
    longer, shorter = Pipe.objects.get(code="AB"), Pipe.objects.get(code="AB-2")
    assert longer.stated_length_m == pytest.approx(70, abs=0.2)
    assert shorter.stated_length_m == pytest.approx(30, abs=0.2)
    assert len(longer.geom) == 3
    assert import_file(path)[1]["unchanged"] == 4


def test_an_end_on_a_stored_pipe_is_told(district: Division, tmp_path: Path) -> None:
    first = geojson(tmp_path / "a.geojson", ("pipe", {"code": "AB"}, line((0, 0), (100, 0))))
    import_file(first)
    later = geojson(
        tmp_path / "b.geojson",
        ("pipe", {"code": "D"}, line((30, 50), (30, 0.04))),
        # Joined to the stored pipe's end, and further away than the tolerance: nothing to tell.
        ("pipe", {"code": "E"}, line((100, 0), (100, 50))),
        ("pipe", {"code": "F"}, line((60, 50), (60, 0.5))),
    )
    code, document = import_file(later)
    assert code == 0, document
    end = pipes()["D"][1]
    assert [entry["element"] for entry in document["warnings"]] == [f"node {end}"]
    assert "0.04 m from the stored pipe AB" in document["warnings"][0]["reason"]
    assert pipes()["E"][0] == pipes()["AB"][1]
    assert import_file(later)[1]["warnings"] == []


def test_no_split_leaves_lines_whole(district: Division, tmp_path: Path) -> None:
    path = geojson(
        tmp_path / "a.geojson",
        ("pipe", {"code": "AB"}, line((0, 0), (100, 0))),
        ("pipe", {"code": "D"}, line((30, 50), (30, 0))),
    )
    import_file(path, "--no-split")
    assert set(pipes()) == {"AB", "D"}


def test_points_become_nodes_of_their_kind_with_details(district: Division, tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": [*at(40, 0), 412.5]}
    tank = {"type": "Point", "coordinates": at(0, 0)}
    levels = {"initial_level_m": 2, "minimum_level_m": 1, "maximum_level_m": 5, "diameter_m": 12}
    path = geojson(
        tmp_path / "a.geojson",
        ("valve", {"code": "V", "valve_type": "isolation", "status": "closed"}, point),
        ("tanks", {"code": "T", **levels}, tank),
        ("tank", {"code": "BAD", "diameter_m": 3}, {"type": "Point", "coordinates": at(70, 70)}),
        ("pipe", {"code": "P", "DN": 150, "year": 1987}, line((0, 0), (100, 0))),
    )
    code, document = import_file(path, "--skip-bad-rows")
    assert code == 0, document
    [refused] = document["refused"]
    assert "needs initial_level_m, minimum_level_m, maximum_level_m" in refused["reason"]
    valve = Node.objects.get(code="V")
    assert (valve.kind, valve.elevation_m, valve.valve.status) == ("valve", 412.5, "closed")
    assert Node.objects.get(code="T").tank.maximum_level_m == 5
    ends = [pipe for pipe in pipes().values() if "V" in pipe]
    assert len(ends) == 2
    assert Pipe.objects.get(code="P").diameter_m == 0.15
    assert Pipe.objects.get(code="P").year_installed == 1987


# --- bad rows

MANY = [at(index * 0.001, (index % 2) * 0.2) for index in range(150_000)]
BAD: dict[str, tuple[Any, str]] = {
    "self-crossing": (line((0, 0), (50, 50), (50, 0), (0, 50)), "crosses itself"),
    "loop": (line((0, 0), (50, 0), (50, 50), (0.01, 0.01)), "leads back"),
    "empty": ({"type": "LineString", "coordinates": []}, "empty or broken"),
    "none": (None, "no geometry"),
    "nan": ({"type": "LineString", "coordinates": [[69, 41], [math.nan, 41]]}, "not all numbers"),
    "infinite": ({"type": "LineString", "coordinates": [[69, 41], [math.inf, 41]]}, "not all numbers"),
    "out of range": ({"type": "LineString", "coordinates": [[69, 41], [269, 141]]}, "outside"),
    "short": (line((0, 0), (0.05, 0)), "shorter than the tolerance"),
    "no length": (line((0, 0), (0, 0)), "no length"),
    "point": ({"type": "Point", "coordinates": [69, 41]}, "wrong type"),
    "one vertex": ({"type": "LineString", "coordinates": [[69, 41]]}, "empty or broken"),
    "vertices": ({"type": "LineString", "coordinates": MANY}, "100,000 vertices"),
    "nonsense": ({"type": "LineString", "coordinates": [["x", 1], [2, 3]]}, "empty or broken"),
}


def test_every_bad_row_is_named_with_its_reason(district: Division, tmp_path: Path) -> None:
    good = ("pipe", {"code": "GOOD"}, line((500, 0), (600, 0)))
    bad = [("pipe", {"code": name}, geometry) for name, (geometry, _) in BAD.items()]
    path = geojson(tmp_path / "bad.geojson", good, *bad)
    before = row_counts()
    code, document = import_file(path)
    assert code == 1
    found = {
        entry["element"].removeprefix("pipe "): entry["reason"] for entry in document["error"]["details"]
    }
    for name, (_, reason) in BAD.items():
        assert reason in found.pop(name), name
    assert not found
    assert row_counts() == before
    code, dry = import_file(path, "--dry-run")
    assert code == 0
    assert len(dry["refused"]) == len(BAD)
    assert dry["created"]["pipe"] == 1
    assert row_counts() == before
    code, document = import_file(path, "--skip-bad-rows")
    assert code == 0
    assert len(document["refused"]) == len(BAD)
    assert set(pipes()) == {"GOOD"}
    assert Node.objects.count() == 2


def test_bad_values_and_codes_are_refused(district: Division, tmp_path: Path) -> None:
    rows: list[tuple[dict[str, Any], str]] = [
        ({"code": "A", "diameter_m": -1}, "its diameter_m -1"),
        ({"code": "B", "diameter_m": "wide"}, "'wide' cannot be read"),
        ({"code": "C", "lifecycle": "gone"}, "is not one of"),
        ({"code": "D", "status": "ajar"}, "neither open nor closed"),
        ({"code": "E", "year_installed": 12}, "between 1800 and 2200"),
        ({"code": "F", "start_node": "NOWHERE"}, "neither in the file nor stored"),
        ({"code": "G" * 90}, "longer than 80"),
        ({"code": "OK"}, ""),
        ({"code": "OK"}, "is taken by row 8"),
    ]
    features = [
        ("pipe", properties, line((0, 10 * index), (50, 10 * index)))
        for index, (properties, _) in enumerate(rows)
    ]
    _, document = import_file(geojson(tmp_path / "a.geojson", *features), "--dry-run")
    reasons = {entry["row"]: entry["reason"] for entry in document["refused"]}
    for number, (_, reason) in enumerate(rows, start=1):
        assert (reason == "" and number not in reasons) or reason in reasons[number], (number, reasons)


def test_what_the_database_would_refuse_is_said_of_its_row(district: Division, tmp_path: Path) -> None:
    gone = {"type": "Point", "coordinates": at(0, 0)}
    path = geojson(
        tmp_path / "a.geojson",
        ("junction", {"code": "GONE", "lifecycle": "removed"}, gone),
        ("pipe", {"code": "A"}, line((0, 0), (50, 0))),
        ("pipe", {"code": "B", "lifecycle": "removed"}, line((0, 0), (0, 50))),
        ("pipe", {"code": "C", "is_connector": True}, line((100, 0), (150, 0))),
        ("pipe", {"code": "D", "roughness": -1}, line((100, 10), (150, 10))),
        ("pipe", {"code": "  "}, line((100, 20), (150, 20))),
    )
    code, document = import_file(path, "--skip-bad-rows")
    assert code == 0, document
    assert {entry["row"]: entry["reason"] for entry in document["refused"]} == {
        2: "it is not removed and ends at node GONE, which is",
        4: "it is a connector, and neither of its ends is a device",
        5: "its roughness -1.0 is negative",
        6: "its code is empty, longer than 80 or not printable",
    }
    assert set(pipes()) == {"B"}
    # A second file that says nothing of lifecycles finds the removed line as it is.
    again = geojson(tmp_path / "b.geojson", ("pipe", {"code": "B"}, line((0, 0), (0, 50))))
    code, document = import_file(again)
    assert (code, document["unchanged"]) == (0, 1), document


@pytest.mark.parametrize("kind", ["pump", "valve", "regulator", "hydrant", "bulk_meter"])
def test_a_device_of_a_file_has_details(kind: str, district: Division, tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": at(0, 0)}
    code, document = import_file(geojson(tmp_path / "a.geojson", (kind, {"code": "X"}, point)))
    assert code == 0, document
    assert [entry["reason"] for entry in document["adjusted"]] == [
        f"1 {kind} row states no details and gets the usual ones"
    ]
    names = {"regulator": "valve"}
    details = getattr(Node.objects.get(code="X"), names.get(kind, kind))
    assert details.node_kind == kind
    assert kind != "regulator" or (details.valve_type, details.status) == ("TCV", "open")
    # What a file does not state is no difference.
    if kind == "valve":
        type(details).objects.update(status="closed")
    code, document = import_file(tmp_path / "a.geojson")
    assert (code, document["unchanged"], document["adjusted"]) == (0, 1, []), document


def test_parts_and_heights(district: Division, tmp_path: Path) -> None:
    path = geojson(
        tmp_path / "a.geojson",
        (
            "pipe",
            {"code": "M"},
            {"type": "MultiLineString", "coordinates": [[at(0, 0), at(50, 0)], [at(50, 0), at(90, 9)]]},
        ),
        (
            "pipe",
            {"code": "W"},
            {"type": "MultiLineString", "coordinates": [[at(0, 50), at(50, 50)], [at(60, 50), at(90, 50)]]},
        ),
        (
            "pipe",
            {"code": "Z"},
            {"type": "LineString", "coordinates": [[*at(0, 90), 400], [*at(9, 90), 402]]},
        ),
    )
    code, document = import_file(path)
    assert code == 0, document
    assert set(pipes()) == {"M", "W", "W-2", "Z"}
    assert {entry["reason"] for entry in document["adjusted"]} == {
        "its parts are joined to one line",
        "it becomes 2 lines",
    }
    ends = Node.objects.filter(code__in=pipes()["Z"]).order_by("elevation_m")
    assert [node.elevation_m for node in ends] == [400, 402]


# --- formats, CRS, mapping


def test_shapefile_in_a_crs_with_a_mapping(district: Division, tmp_path: Path) -> None:
    frame = geopandas.GeoDataFrame(
        {"NOMER": [1, 2], "DIAM": [100, 150], "MAT": ["чугун", "ПЭ"]},
        geometry=[shapely.LineString([at(0, 0), at(90, 0)]), shapely.LineString([at(90, 0), at(90, 70)])],
        crs="EPSG:4326",
    ).to_crs(32642)
    (tmp_path / "shp").mkdir()
    frame.to_file(tmp_path / "shp" / "truby.shp", encoding="utf-8")
    archive = tmp_path / "truby.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for part in (tmp_path / "shp").iterdir():
            file.write(part, part.name)
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(
        'crs = "EPSG:32642"\n[[layers]]\nlayer = "truby"\nkind = "pipe"\n[layers.columns]\ncode = "NOMER"\n'
        'diameter_m = { column = "DIAM", unit = "mm" }\nmaterial = "MAT"\n'
        '[layers.values.material]\n"чугун" = "cast iron"\n[layers.constants]\nlifecycle = "planned"\n'
    )
    code, document = import_file(archive, "--mapping", str(mapping))
    assert code == 0, document
    first = Pipe.objects.get(code="1")
    assert (first.diameter_m, first.material, first.lifecycle) == (0.1, "cast iron", "planned")
    assert first.geom.coords[0] == pytest.approx(at(0, 0), abs=1e-7)
    assert pipes()["1"][1] == pipes()["2"][0]
    assert import_file(archive, "--mapping", str(mapping))[1]["unchanged"] == 2


def test_a_mapping_names_the_demands(district: Division, tmp_path: Path) -> None:
    def junction(code: str, demand: float | None, x_m: float, kind: str = "junction") -> Any:
        return (kind, {"code": code, "SARF": demand}, {"type": "Point", "coordinates": at(x_m, 0)})

    mapping = tmp_path / "mapping.toml"
    mapping.write_text(
        '[[layers]]\nlayer = "*"\nkind_column = "layer"\n[layers.columns]\ncode = "code"\n'
        'base_demand_m3s = { column = "SARF", unit = "l/s" }\n'
    )
    good = (junction("J1", 2.5, 0), junction("J2", None, 100), junction("J3", 0, 200))
    path = geojson(tmp_path / "a.geojson", *good)
    code, document = import_file(path, "--mapping", str(mapping))
    assert code == 0, document
    assert document["created"]["demand"] == 1
    assert list(Demand.objects.values_list("node__code", "base_demand_m3s")) == [("J1", 0.0025)]
    assert import_file(path, "--mapping", str(mapping))[1]["unchanged"] == 3
    changed = geojson(
        tmp_path / "b.geojson", junction("J1", 3, 0), junction("T", 1, 300, "tank"), junction("J4", 1, 400)
    )
    code, document = import_file(changed, "--mapping", str(mapping), "--skip-bad-rows")
    assert code == 0, document
    reasons = {entry["element"]: entry["reason"] for entry in document["refused"]}
    assert reasons["tank T"] == "only junctions have a demand"
    assert "demands" in reasons["junction J1"]
    assert set(Demand.objects.values_list("node__code", flat=True)) == {"J1", "J4"}


def test_a_file_without_crs_is_asked_for_it(district: Division, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text('code;wkt\n7;"LINESTRING (500000 4540000, 500100 4540000)"\n')
    code, document = import_file(path)
    assert (code, document["error"]["code"]) == (1, "no_known_layer")
    path.write_text('layer;code;wkt\npipe;7;"LINESTRING (500000 4540000, 500100 4540000)"\n')
    code, document = import_file(path)
    assert (code, document["error"]["code"]) == (1, "no_crs")
    assert import_file(path, "--srid", "32642")[0] == 0
    assert Pipe.objects.get(code="7").geodesic_length_m == pytest.approx(100, rel=1e-3)
    code, document = import_file(path, "--srid", "31370", network="BELGIUM")
    assert code == 1


def shapefile(path: Path, material: str, encoding: str, code_page: int) -> Path:
    """A zipped Shapefile of one pipe without a .cpg, its .dbf naming `code_page`."""
    frame = geopandas.GeoDataFrame(
        {"code": ["A"], "material": [material]},
        geometry=[shapely.LineString([at(0, 0), at(90, 0)])],
        crs="EPSG:4326",
    )
    folder = path.with_suffix("")
    folder.mkdir()
    frame.to_file(folder / "pipe.shp", encoding=encoding)
    with zipfile.ZipFile(path, "w") as archive:
        for part in folder.iterdir():
            if part.suffix == ".dbf":
                data = bytearray(part.read_bytes())
                data[29] = code_page
                part.write_bytes(data)
            if part.suffix != ".cpg":
                archive.write(part, part.name)
    return path


@pytest.mark.parametrize(
    ("encoding", "code_page", "assumed"),
    [("CP1251", 0, "CP1251"), ("UTF-8", 0, "UTF-8"), ("CP1251", 0x57, "CP1251"), ("CP1251", 0xC9, "")],
)
def test_a_shapefile_that_does_not_say_its_encoding(
    encoding: str, code_page: int, assumed: str, district: Division, tmp_path: Path
) -> None:
    path = shapefile(tmp_path / "pipe.zip", "чугун", encoding, code_page)
    code, document = import_file(path)
    assert code == 0, document
    assert Pipe.objects.get(code="A").material == "чугун"
    warnings = [entry["reason"] for entry in document["warnings"]]
    assert warnings == (
        [f"its .dbf does not say the encoding of its texts; {assumed} is assumed"] if assumed else []
    )


def test_a_mapping_names_the_encoding(district: Division, tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.toml"
    mapping.write_text('encoding = "cp866"\n[[layers]]\nkind = "pipe"\n')
    path = shapefile(tmp_path / "pipe.zip", "сталь", "CP866", 0)
    code, document = import_file(path, "--mapping", str(mapping))
    assert (code, document["warnings"]) == (0, [])
    table = tmp_path / "pipe.csv"
    table.write_bytes('code;material;wkt\nB;сталь;"LINESTRING (69 41, 69.1 41)"\n'.encode("cp866"))
    assert import_file(table, "--mapping", str(mapping), "--srid", "4326")[0] == 0
    assert set(Pipe.objects.values_list("material", flat=True)) == {"сталь"}
    mapping.write_text('encoding = "hex"\n')
    code, document = import_file(path, "--mapping", str(mapping))
    assert (code, document["error"]["code"]) == (1, "bad_mapping")


def test_empty_cells_are_no_name_and_rows_are_lines(district: Division, tmp_path: Path) -> None:
    path = tmp_path / "pipe.csv"
    path.write_text('code;wkt\nA;"LINESTRING (69 41, 69.1 41)"\n\n;\n')
    code, document = import_file(path, "--srid", "4326")
    assert code == 1
    [refused] = document["error"]["details"]
    assert (refused["row"], refused["element"], refused["reason"]) == (4, "", "it has no geometry")


@pytest.mark.parametrize("name", ["a.geojson", "a.gpkg", "a.zip", "a.dxf", "a.csv", "a.json"])
@pytest.mark.parametrize("content", [b"", b"[1,2]", None])
def test_what_is_named_as_a_gis_file_is_refused_as_one(
    name: str, content: bytes | None, district: Division, tmp_path: Path
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    code, document = import_file(path)
    assert (code, document["error"]["code"]) == (1, "file_unreadable")
    assert not Network.objects.exists()


def test_a_file_that_is_not_there_is_reported_whatever_its_name(district: Division, tmp_path: Path) -> None:
    for name in ("a.inp", "a.xyz", "a", "b" * 300):
        code, document = import_file(tmp_path / name)
        assert (code, document["error"]["code"]) == (1, "file_unreadable")


# --- drawings


def drawing(path: Path) -> Any:
    """A new drawing in UTM 42 N with the layer PIPE; `saveas` writes it to the path."""
    document = ezdxf.new("R2010")
    document.header.custom_vars.append("CRS", "EPSG:32642")
    document.layers.add("PIPE")
    return document


EASTING, NORTHING = 500_000.0, 4_540_000.0


def off(x_m: float, y_m: float) -> tuple[float, float]:
    return (EASTING + x_m, NORTHING + y_m)


def test_curves_of_a_drawing_are_flattened(district: Division, tmp_path: Path) -> None:
    path = tmp_path / "a.dxf"
    document = drawing(path)
    space, layer = document.modelspace(), {"layer": "PIPE"}
    space.add_arc(off(0, 0), 50, 0, 90, dxfattribs=layer)
    space.add_ellipse(off(200, 0), (50, 0), 0.5, 0, math.pi, dxfattribs=layer)
    space.add_spline(
        [(*off(400, 0), 0), (*off(420, 30), 0), (*off(460, -30), 0), (*off(500, 0), 0)], dxfattribs=layer
    )
    # A half circle to the right of the way from 600 to 700, then straight on; and the same as an old polyline.
    bulged = [(*off(600, 0), 1.0), (*off(700, 0), 0.0), (*off(800, 0), 0.0)]
    space.add_lwpolyline(bulged, format="xyb", dxfattribs=layer)
    lower = [(x, y - 300, bulge) for x, y, bulge in bulged]
    space.add_polyline2d(lower, format="xyb", dxfattribs=layer)
    document.saveas(path)
    code, answer = import_file(path)
    assert code == 0, answer
    assert answer["created"]["pipe"] == 5
    lengths = list(Pipe.objects.order_by("id").values_list("geodesic_length_m", flat=True))
    half_circle = math.pi * 50
    # UTM is 0.04 % short in its middle; the arcs are followed within a centimetre.
    expected = [half_circle / 2, 121.1, None, half_circle + 100, half_circle + 100]
    for length, wanted in zip(lengths, expected, strict=True):
        assert wanted is None or length == pytest.approx(wanted, rel=1e-3)
    assert len(Pipe.objects.order_by("id")[2].geom) > 10


RING_ALONE = (
    "it leads back to the node where it begins, and nothing branches from it; draw it as two lines, or put a junction "
    "on it"
)


def test_what_is_no_line_in_a_drawing_is_refused_with_its_row(district: Division, tmp_path: Path) -> None:
    path = tmp_path / "a.dxf"
    document = drawing(path)
    space, layer = document.modelspace(), {"layer": "PIPE"}
    space.add_lwpolyline([off(0, 0), off(100, 0)], dxfattribs=layer)
    space.add_text("DN 100", dxfattribs={**layer, "insert": off(50, 1)})
    space.add_circle(off(0, 500), 50, dxfattribs=layer)
    space.add_lwpolyline([off(0, 900), off(50, 900), off(50, 950)], close=True, dxfattribs=layer)
    space.add_text("Legend", dxfattribs={"layer": "NOTES", "insert": off(50, 1)})
    document.saveas(path)
    code, answer = import_file(path)
    assert code == 1
    refused = {entry["row"]: entry["reason"] for entry in answer["error"]["details"]}
    assert refused == {
        2: "a TEXT is neither a line nor a point",
        3: RING_ALONE,
        4: RING_ALONE,
    }
    assert answer["error"]["details"][0]["element"].startswith("handle ")
    code, answer = import_file(path, "--skip-bad-rows")
    assert (code, answer["created"]["pipe"], len(answer["refused"])) == (0, 1, 3)
    assert {entry["element"] for entry in answer["adjusted"]} == {"layer NOTES"}


def test_a_drawing_seen_from_behind_is_turned(district: Division, tmp_path: Path) -> None:
    path = tmp_path / "a.dxf"
    document = drawing(path)
    attributes = {"layer": "PIPE", "extrusion": (0, 0, -1)}
    mirrored = [(-x, y) for x, y in (off(0, 0), off(100, 0))]
    document.modelspace().add_lwpolyline(mirrored, dxfattribs=attributes)
    document.saveas(path)
    code, answer = import_file(path)
    assert code == 0, answer
    assert Pipe.objects.get().geom.coords[0] == pytest.approx((69.0, 41.0), abs=0.1)


def test_a_flat_drawing_in_degrees_says_no_heights(district: Division, tmp_path: Path) -> None:
    path = tmp_path / "a.dxf"
    document = ezdxf.new("R2010")
    document.layers.add("PIPE")
    document.modelspace().add_line((*at(0, 0), 0), (*at(100, 0), 0), dxfattribs={"layer": "PIPE"})
    document.modelspace().add_arc(at(300, 0), 50 * EAST, 0, 180, dxfattribs={"layer": "PIPE"})
    document.saveas(path)
    code, answer = import_file(path, "--srid", "4326")
    assert code == 0, answer
    assert set(Node.objects.values_list("elevation_m", flat=True)) == {None}
    assert 10 < len(Pipe.objects.order_by("id")[1].geom) < 1000


# --- our own files


def rich_network(district: Division) -> Network:
    code, document = import_file(MODELS / "pumps_gpm.inp", "--place=69.45,41.38")
    assert code == 0, document
    network = Network.objects.get(code="N")
    pipe = Pipe.objects.get(code="L7")
    meter = place_meters_at_pipe_ends(network, [(pipe.pk, pipe.start_node_id, "M")], None)[0]
    Pipe.objects.filter(code="L8").update(
        material="=HYPERLINK(1)", year_installed=1999, lifecycle="out_of_service", stated_length_m=None
    )
    area = MultiPolygon(Polygon.from_bbox((69.4, 41.3, 69.5, 41.4)), srid=4326)
    upper = Zone.objects.create(network=network, division=district, code="Z", name="@upper", geom=area)
    lower = Zone.objects.create(network=network, division=district, code="Z1", name="lower", parent=upper)
    Node.objects.filter(code__in=["MID", "END"]).update(zone=lower, installed_on="2001-02-03")
    ZoneConnection.objects.create(zone=lower, node=meter, role="inlet")
    return network


def contents(network: str) -> dict[str, Any]:
    """All that a network holds, apart from ids, uids and what belongs to the database's history."""
    from assets.exchange.services.export.geo_layers import read_layers

    layers = {}
    for layer in read_layers(Network.objects.get(code=network)):
        rows = layer.rows.drop(columns=["code"]) if layer.name == "network" else layer.rows
        geometry = None if layer.geometry is None else shapely.to_wkb(layer.geometry).tolist()
        layers[layer.name] = (json.loads(rows.to_json(orient="records", double_precision=15)), geometry)
    return layers


@pytest.mark.parametrize(
    ("file_format", "suffix"), [("geopackage", "gpkg"), ("geojson", "geojson"), ("csv", "csv")]
)
def test_own_files_come_back_identical(
    file_format: str, suffix: str, district: Division, tmp_path: Path
) -> None:
    rich_network(district)
    path = tmp_path / f"n.{suffix}"
    document = done("export_network", "N", path, "--format", file_format)
    assert document["counts"]["pipe"] == 8
    code, imported = import_file(path, network="COPY")
    assert code == 0, imported
    assert imported["refused"] == []
    assert contents("COPY") == contents("N")
    code, again = import_file(path, network="COPY")
    assert code == 0, again
    assert sum(again["created"].values()) == 0
    assert again["unchanged"] > 0
    # EPANET computes the same on the copy.
    for network in ("N", "COPY"):
        done("export_network", network, tmp_path / f"{network}.inp", "--format", "epanet")
    assert (tmp_path / "N.inp").read_bytes() == (tmp_path / "COPY.inp").read_bytes()


def test_a_changed_row_is_refused_with_what_differs(district: Division, tmp_path: Path) -> None:
    rich_network(district)
    path = tmp_path / "n.gpkg"
    done("export_network", "N", path, "--format", "geopackage")
    Pipe.objects.filter(code="L1").update(diameter_m=0.7)
    Node.objects.filter(code="MID").update(elevation_m=1)
    code, document = import_file(path)
    assert code == 1
    assert {(entry["element"], entry["reason"]) for entry in document["error"]["details"]} == {
        ("pipe L1", "it differs from what is stored: diameter_m"),
        ("junction MID", "it differs from what is stored: elevation_m"),
    }


def test_csv_cells_are_no_formulas(district: Division, tmp_path: Path) -> None:
    rich_network(district)
    path = tmp_path / "n.csv"
    done("export_network", "N", path, "--format", "csv")
    text = path.read_text()
    assert "'=HYPERLINK(1)" in text
    assert "'@upper" in text
    assert ",=" not in text
    assert ",@" not in text


def test_drawing_keeps_places_and_codes(district: Division, tmp_path: Path) -> None:
    rich_network(district)
    path = tmp_path / "n.dxf"
    document = done("export_network", "N", path, "--format", "dxf")
    assert document["crs"] == "EPSG:32642"
    assert any("demands" in entry["reason"] for entry in document["not_kept"])
    code, imported = import_file(path, network="COPY")
    assert code == 0, imported
    places = {
        network: {
            (node.kind, node.code): node.geom.coords for node in Node.objects.filter(network__code=network)
        }
        for network in ("N", "COPY")
    }
    assert places["N"].keys() == places["COPY"].keys()
    for key, place in places["N"].items():
        assert places["COPY"][key] == pytest.approx(place, abs=1e-8)
    ends = {
        network: {
            (pipe.code, pipe.start_node.code, pipe.end_node.code)
            for pipe in Pipe.objects.filter(network__code=network).select_related("start_node", "end_node")
        }
        for network in ("N", "COPY")
    }
    assert ends["N"] == ends["COPY"]


def test_a_valve_layer_comes_back_from_a_drawing(district: Division, make_user: Any, tmp_path: Path) -> None:
    rich_network(district)
    table = tmp_path / "valves.csv"
    ends = Pipe.objects.filter(is_connector=False).values_list("code", "start_node__code", "end_node__code")
    rows = [f"{code},{node}" for code, start, end in ends for node in (start, end)]
    table.write_text("\n".join(["pipe,node", *rows]))
    make_user("engineer", district, username="engineer")
    assert done("import_valves", table, "--network", "N", "--user", "engineer")["placed"] > 10
    path = tmp_path / "n.dxf"
    done("export_network", "N", path, "--format", "dxf")
    code, imported = import_file(path, network="COPY")
    assert code == 0, imported
    assert imported["refused"] == []
    found = {
        network: {
            (pipe.code, pipe.is_connector, pipe.start_node.code, pipe.start_node.kind, pipe.end_node.code)
            for pipe in Pipe.objects.filter(network__code=network).select_related("start_node", "end_node")
        }
        for network in ("N", "COPY")
    }
    assert found["N"] == found["COPY"]
    heights = {
        network: dict(Node.objects.filter(network__code=network).values_list("code", "elevation_m"))
        for network in ("N", "COPY")
    }
    assert heights["N"] == heights["COPY"]
    again, imported = import_file(path, network="COPY")
    assert (again, imported["refused"], sum(imported["created"].values())) == (0, [], 0)


def test_exports_show_only_their_network(
    district: Division, other_district: Division, tmp_path: Path
) -> None:
    make_world(district)
    make_world(other_district, network_code="N2", enterprise_code="ALIEN", first=5)
    path = tmp_path / "n1.geojson"
    done("export_network", "N1", path, "--format", "geojson")
    features = json.loads(path.read_text())["features"]
    assert sum(feature["properties"]["layer"] == "pipe" for feature in features) == 6


# --- hostile files


def test_a_bomb_is_refused_before_it_is_unpacked(district: Division, tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in ("shp", "shx", "dbf"):
            archive.writestr(f"a.{part}", bytes(60_000_000))
    code, document = import_file(path)
    assert (code, document["error"]["code"]) == (1, "file_unreadable")
    assert "times its size" in document["error"]["message"]


HOSTILE: dict[str, bytes] = {
    "a.geojson": b'{"type":"FeatureCollection","features":' + b"[" * 100_000,
    "b.geojson": b'{"type":"FeatureCollection","features":[1]}',
    "c.geojson": b'{"type":"Topology"}',
    "d.gpkg": b"SQLite format 3\x00" + bytes(5000),
    "e.zip": b"PK\x03\x04" + bytes(500),
    "f.dxf": b"0\nSECTION\n2\nENTITIES\n0\nLINE\n",
    "g.csv": b"layer,wkt\npipe,<OGRVRTDataSource>\n",
    "h.gpkg": b"<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(name: str, district: Division, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(HOSTILE[name])
    before = row_counts()
    place = ["--place=69,41"] if name == "h.gpkg" else ["--srid", "4326"]
    code, document = import_file(path, *place)
    assert code == 1
    assert document["error"]["message"]
    assert row_counts() == before


def test_views_of_a_geopackage_are_not_run(district: Division, tmp_path: Path) -> None:
    path = tmp_path / "view.gpkg"
    geopandas.GeoDataFrame(
        {"code": ["A"]}, geometry=[shapely.LineString([at(0, 0), at(9, 0)])], crs="EPSG:4326"
    ).to_file(path, layer="pipe")
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
        )
        connection.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('endless', 'attributes', 'endless')"
        )
    connection.close()
    code, document = import_file(path)
    assert code == 0, document
    assert set(pipes()) == {"A"}


def test_a_large_real_model_comes_back(district: Division, tmp_path: Path) -> None:
    code, document = import_file(library_model("ky10"), "--place=69.45,41.38")
    assert code == 0, document
    path = tmp_path / "ky10.gpkg"
    done("export_network", "N", path, "--format", "geopackage")
    code, document = import_file(path, network="COPY")
    assert code == 0, document
    one, other = contents("N"), contents("COPY")
    assert one == other
    assert np.isfinite(len(one["pipe"][0]))
