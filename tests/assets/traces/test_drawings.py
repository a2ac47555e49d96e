"""Long profiles and schematics: figures, drawings that are well formed whatever the names, and who may see them."""

import io
import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from django.core.management import call_command
from django.test import Client

from assets.drawing.selectors.profile_drawing import profile_svg
from assets.drawing.selectors.profiles import profile_between, profile_of_pipes
from assets.drawing.selectors.schematic_drawing import schematic_svg
from assets.drawing.selectors.schematics import schematic_of
from assets.models import NodeResult, SimulationRun, Zone, ZoneConnection
from assets.simulation.services import simulate_network
from gis_core.errors import ReportedError
from gis_core.models import Division, User
from tests.assets.traces.drawing import Drawn, draw
from tests.world import make_world

SVG = "{http://www.w3.org/2000/svg}"
NASTY = "<script>alert(1)</script>&\"'"


@pytest.fixture
def line(district: Division) -> Drawn:
    """R - P1 - A - [V] - P2 - B - P3 - C, lower and lower; the level of B is not known."""
    return draw(
        district,
        {
            "R": ("reservoir", {"head_m": 520.0, "elevation_m": 520.0}),
            "A": ("junction", {"elevation_m": 460.0}),
            "V": ("valve", {"valve_type": "isolation", "elevation_m": 460.0}),
            "B": "junction",
            "C": ("junction", {"elevation_m": 400.0}),
        },
        [
            ("P1", "R", "A", {"roughness": 110.0}),
            ("V/1", "A", "V", {"is_connector": True, "stated_length_m": None}),
            ("P2", "V", "B", {"roughness": 110.0, "stated_length_m": 300.0}),
            ("P3", "B", "C", {"roughness": 110.0}),
        ],
    )


def test_a_profile_has_ground_and_grade(line: Drawn) -> None:
    before = profile_between(line.network, "R", "C")
    assert [point.head_m for point in before.points] == [None] * 5
    simulate_network(line.network, hours=2, acting_user=None)
    document = profile_between(line.network, "R", "C").as_dict()
    assert [point["node"] for point in document["points"]] == ["R", "A", "V", "B", "C"]
    assert [point["chainage_m"] for point in document["points"]] == [0, 100, 100, 400, 500]
    assert [point["ground_m"] for point in document["points"]] == [520, 460, 460, 415, 400]
    assert [point["is_interpolated"] for point in document["points"]] == [False, False, False, True, False]
    assert [pipe["pipe"] for pipe in document["pipes"]] == ["P1", "P2", "P3"]
    assert (document["pipes"][1]["from_m"], document["pipes"][1]["to_m"]) == (100, 400)
    run = SimulationRun.objects.get()
    assert document["run"] == str(run.uid)
    series = NodeResult.objects.get(run=run, node=line.nodes["C"]).head_m
    last = document["points"][-1]
    assert last["head_m"] == round(series[0], 3)
    assert last["pressure_m"] == round(series[0] - 400, 3)
    assert (last["head_min_m"], last["head_max_m"]) == (round(min(series), 3), round(max(series), 3))
    later = profile_between(line.network, "R", "C", time_s=3600)
    assert later.time_s == 3600
    assert later.points[-1].head_m == series[run.times_s.index(3600)]


def test_a_profile_along_named_pipes(line: Drawn) -> None:
    there = profile_of_pipes(line.network, ["P1", "P2", "P3"])
    assert [point.code for point in there.points] == ["R", "A", "V", "B", "C"]
    back = profile_of_pipes(line.network, ["P3", "P2", "P1"])
    assert [point.code for point in back.points] == ["C", "B", "V", "A", "R"]
    assert back.length_m == there.length_m == 500
    assert [point.code for point in profile_of_pipes(line.network, ["P2"], first="B").points] == ["B", "V"]
    for codes, code in ((["P1", "P3"], "not_in_line"), (["P1", "X"], "no_such_pipe"), ([], "no_pipes")):
        with pytest.raises(ReportedError) as refused:
            profile_of_pipes(line.network, codes)
        assert refused.value.code == code


def test_a_profile_is_drawn(line: Drawn, tmp_path: Any) -> None:
    simulate_network(line.network, hours=2, acting_user=None)
    root = ElementTree.fromstring(profile_svg(profile_between(line.network, "R", "C")))
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert {"R", "A", "B", "C", "ground"} <= set(texts)
    assert len(list(root.iter(f"{SVG}path"))) == 4
    file, stdout = tmp_path / "p.svg", io.StringIO()
    call_command("profile", "T", "--from", "R", "--to", "C", "--svg", str(file), "--json", stdout=stdout)
    assert json.loads(stdout.getvalue())["length_m"] == 500
    assert ElementTree.parse(file).getroot().tag == f"{SVG}svg"


def test_a_profile_without_levels_or_length_is_drawn_too(district: Division) -> None:
    drawn = draw(district, {"A": "junction", "B": "junction"}, [("P", "A", "B")])
    for first, last in (("A", "B"), ("A", "A")):
        ElementTree.fromstring(profile_svg(profile_between(drawn.network, first, last)))


def test_the_schematic_of_a_zone(district: Division) -> None:
    world = make_world(district)
    document = schematic_of(world.network, world.zones["Z1"]).as_dict()
    parties = {party["key"]: party for party in document["parties"]}
    assert {key: (party["kind"], party["layer"]) for key, party in parties.items()} == {
        "source R": ("source", 0),
        "zone Z1": ("zone", 1),
        "storage T": ("storage", 2),
        "outside Z2": ("outside", 2),
    }
    assert [(link["from"], link["to"], link["code"], link["role"]) for link in document["links"]] == [
        ("source R", "zone Z1", "M1", "inlet"),
        ("zone Z1", "outside Z2", "M2", "outlet"),
        ("zone Z1", "storage T", "", "storage"),
    ]


def test_a_zone_of_zones_shows_them_as_boxes(district: Division) -> None:
    world = make_world(district)
    whole = Zone.objects.create(network=world.network, division=district, code="Z0", name="The whole town")
    ZoneConnection.objects.create(zone=whole, node=world.nodes["M1"], role="inlet")
    Zone.objects.filter(code__in=["Z1", "Z2"]).update(parent=whole)
    document = schematic_of(world.network, whole).as_dict()
    assert {party["key"] for party in document["parties"]} == {"source R", "zone Z1", "zone Z2", "storage T"}
    assert ("zone Z1", "zone Z2", "M2", "inlet") in [
        (link["from"], link["to"], link["code"], link["role"]) for link in document["links"]
    ]
    assert len([link for link in document["links"] if link["code"] == "M1"]) == 1


@pytest.mark.parametrize("direction", ["right", "down"])
def test_drawings_hold_names_as_text(district: Division, direction: str) -> None:
    world = make_world(district)
    Zone.objects.filter(code="Z1").update(code=NASTY[:18], name=NASTY + "\x08")
    zone = Zone.objects.get(pk=world.zones["Z1"].pk)
    world.nodes["M1"].code = NASTY[:16]
    world.nodes["M1"].save()
    svg = schematic_svg(schematic_of(world.network, zone), direction=direction)
    root = ElementTree.fromstring(svg)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg",
        "title",
        "rect",
        "text",
        "path",
        "defs",
        "marker",
        "line",
        "g",
    }
    assert "<script" not in svg
    assert NASTY[:16] in [element.text for element in root.iter(f"{SVG}text")]
    profile = profile_svg(profile_between(world.network, "R", "C"))
    assert "<script" not in profile


def test_nothing_in_a_schematic_covers_anything(district: Division) -> None:
    """Boxes and labels keep apart, with many meters and zones that feed each other."""
    nodes = {f"N{n}": "junction" for n in range(6)} | {f"M{n}": "bulk_meter" for n in range(9)}
    pairs = [(0, 1), (0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 5), (0, 5), (1, 5)]
    pipes = [
        line
        for n, (a, b) in enumerate(pairs)
        for line in ((f"P{n}", f"N{a}", f"M{n}"), (f"Q{n}", f"M{n}", f"N{b}"))
    ]
    drawn = draw(district, nodes, pipes)
    whole = Zone.objects.create(network=drawn.network, division=district, code="Z", name="Z")
    parts = []
    for n in range(6):
        part = Zone.objects.create(
            network=drawn.network, division=district, code=f"Part {n}", name=f"Part {n}", parent=whole
        )
        drawn.nodes[f"N{n}"].zone = part
        drawn.nodes[f"N{n}"].save()
        parts.append(part)
    for n, (a, b) in enumerate(pairs):
        ZoneConnection.objects.create(zone=parts[a], node=drawn.nodes[f"M{n}"], role="outlet")
        ZoneConnection.objects.create(zone=parts[b], node=drawn.nodes[f"M{n}"], role="inlet")
    for direction in ("right", "down"):
        root = ElementTree.fromstring(schematic_svg(schematic_of(drawn.network, whole), direction=direction))
        boxes = [
            tuple(float(element.get(name, "0")) for name in ("x", "y", "width", "height"))
            for element in list(root.iter(f"{SVG}rect"))[1:]
        ]
        assert len(boxes) == 6 + 9
        width, height = float(root.get("width", "0")), float(root.get("height", "0"))
        for index, (x, y, w, h) in enumerate(boxes):
            assert min(x, y) >= 0
            assert x + w <= width
            assert y + h <= height
            for x2, y2, w2, h2 in boxes[index + 1 :]:
                assert not (x < x2 + w2 and x2 < x + w and y < y2 + h2 and y2 < y + h)


def test_rest(district: Division, other_district: Division, make_user: Callable[..., User]) -> None:
    world = make_world(district)
    client, stranger = Client(), Client()
    client.force_login(make_user("crew", district))
    stranger.force_login(make_user("crew", other_district))
    zone = world.zones["Z1"].uid
    shown = {
        f"/api/v1/zones/{zone}/schematic/": "application/json",
        f"/api/v1/zones/{zone}/schematic.svg": "image/svg+xml; charset=utf-8",
        f"/api/v1/zones/{zone}/schematic.svg?direction=down": "image/svg+xml; charset=utf-8",
        "/api/v1/networks/N1/profile/?from=R&to=C": "application/json",
        "/api/v1/networks/N1/profile/?pipes=P1,P2": "application/json",
        "/api/v1/networks/N1/profile.svg?from=R&to=C&time=0": "image/svg+xml; charset=utf-8",
    }
    for address, content_type in shown.items():
        response = client.get(address)
        assert (response.status_code, response["Content-Type"]) == (200, content_type), address
        if "svg" in address:
            assert "sandbox" in response["Content-Security-Policy"]
        assert stranger.get(address).status_code == 404
    for address in (
        f"/api/v1/zones/{zone}/schematic.svg?direction=up",
        "/api/v1/networks/N1/profile/",
        "/api/v1/networks/N1/profile/?from=R",
        "/api/v1/networks/N1/profile/?from=R&to=X",
        "/api/v1/networks/N1/profile/?pipes=P1&to=C",
        "/api/v1/networks/N1/profile/?pipes=%2C",
        "/api/v1/networks/N1/profile/?from=R&to=C&time=soon",
    ):
        assert client.get(address).status_code == 400, address
