"""Models that can be stored and that EPANET would not run, and nodes whose coordinates mean nothing."""

from pathlib import Path
from typing import Any

import pytest

from assets.models import Node, Pipe
from gis_core.models import Division
from tests.assets.exchange.exchanging import import_file

MODEL = """[JUNCTIONS]
{junctions}
[RESERVOIRS]
 R1 450
[TANKS]
 T1 420 2 1 4 10 0
[PIPES]
{pipes}
[RULES]
{rules}
[OPTIONS]
 UNITS LPS
 HEADLOSS H-W
[COORDINATES]
{places}
[END]
"""
COUNT = 10
PIPES = [f" P{n} J{n} J{n + 1} 100 200 120" for n in range(1, COUNT)] + [
    " P0 R1 J1 100 200 120",
    " PT J10 T1 100 200 120",
]


def model(path: Path, *, rules: str = "", moved: dict[str, str] | None = None) -> Path:
    places = {"R1": "500000 4580000", "T1": f"{500000 + 100 * (COUNT + 1)} 4580000"}
    places |= {f"J{n}": f"{500000 + 100 * n} 4580000" for n in range(1, COUNT + 1)} | (moved or {})
    path.write_text(
        MODEL.format(
            junctions="\n".join(f" J{n} 400 1" for n in range(1, COUNT + 1)),
            pipes="\n".join(PIPES),
            rules=rules,
            places="\n".join(f" {code} {place}" for code, place in places.items()),
        )
    )
    return path


def taken(path: Path) -> dict[str, Any]:
    code, document = import_file(path, "--place=69.3,41.4")
    assert code == 0, document
    return document


GOOD = """RULE a
IF TANK T1 LEVEL ABOVE 3
AND SYSTEM CLOCKTIME >= 8 AM
THEN PIPE P1 STATUS IS CLOSED
ELSE PIPE P1 STATUS IS OPEN
PRIORITY 1"""


@pytest.mark.parametrize(
    ("rules", "line", "reason"),
    [
        ("RULE 1 IF TANK T1 LEVEL ABOVE 3 THEN PIPE P1 STATUS IS CLOSED", 0, "a line of its own"),
        (GOOD.replace("PIPE P1", "PIPE PX", 1), 3, "it names PIPE PX, which is not in the model"),
        (GOOD.replace("TANK T1", "TANK TX"), 1, "it names TANK TX, which is not in the model"),
        (GOOD.replace("THEN PIPE P1", "THEN NODE J1"), 3, "acts on pipes, pumps and valves only"),
        (GOOD.replace("ABOVE 3", "ABOVE"), 1, "the clause has 5 words"),
        ("RULE b\nTHEN PIPE P1 STATUS IS OPEN", 0, "it has no IF"),
        ("IF TANK T1 LEVEL ABOVE 3", 0, "there is no RULE above it"),
        (GOOD.replace("ELSE", "OTHERWISE"), 4, "OTHERWISE is not one of"),
        (GOOD.replace("ABOVE 3", "HIGHER 3"), 1, "HIGHER is not one of"),
        (GOOD.replace("LEVEL ABOVE", "VOLUME ABOVE"), 1, "VOLUME is not one of"),
        (GOOD.replace("ABOVE 3", "ABOVE high"), 1, "HIGH is neither a number nor one of"),
        (
            GOOD.replace("ELSE PIPE P1 STATUS IS OPEN", "ELSE PIPE P1 STATUS IS SHUT"),
            4,
            "SHUT is neither a number",
        ),
        (GOOD, None, ""),
    ],
)
def test_rules_that_epanet_will_not_run_are_told_with_their_line(
    rules: str, line: int | None, reason: str, district: Division, tmp_path: Path
) -> None:
    path = model(tmp_path / "a.inp", rules=rules)
    warnings = [entry for entry in taken(path)["warnings"] if "will not run" in entry["reason"]]
    first = path.read_text().splitlines().index("[RULES]") + 2
    if line is None:
        assert warnings == []
    else:
        found = [entry["reason"] for entry in warnings if entry["line"] == first + line]
        assert any(reason in one for one in found), warnings


@pytest.mark.parametrize(
    ("moved", "word"),
    [
        ({"J3": "0 0"}, "(0, 0)"),
        ({"J3": "0 0", "J7": "1e9 1e9"}, "far from all others"),
        ({"J3": "4580000 500300"}, "as if x and y were swapped"),
        ({"J1": "0 0"}, "(0, 0)"),
        # However many: no two nodes stand at 0, 0 by chance.
        ({f"J{n}": "0 0" for n in (2, 4, 6, 8, 9)}, "(0, 0)"),
    ],
)
def test_places_without_meaning_are_put_among_their_neighbours(
    moved: dict[str, str], word: str, district: Division, tmp_path: Path
) -> None:
    document = taken(model(tmp_path / "a.inp", moved=moved))
    assert document["placement"]["scale_factor"] == pytest.approx(1)
    assert f"{len(moved)} of 12 nodes lie far from all others" in document["warnings"][0]["reason"]
    said = {entry["element"]: entry["reason"] for entry in document["warnings"]}
    assert word in said[f"junction {next(reversed(moved))}"]
    assert {entry["element"] for entry in document["adjusted"]} == {f"junction {code}" for code in moved}
    lengths = Pipe.objects.filter(code="P5").values_list("geodesic_length_m", flat=True)
    assert lengths[0] == pytest.approx(100, rel=0.01)
    west, _south, east, _north = Node.objects.values_list("geom", flat=True)[0].buffer(0.02).extent
    assert all(west < node.geom.x < east for node in Node.objects.all())


def test_vertices_without_meaning_are_left_out_and_told(district: Division, tmp_path: Path) -> None:
    path = model(tmp_path / "a.inp", moved={})
    text = path.read_text()
    path.write_text(
        text.replace("[END]", "[VERTICES]\n P5 0 0\n[END]")
        if "[END]" in text
        else f"{text}\n[VERTICES]\n P5 0 0\n"
    )
    document = taken(path)
    assert document["placement"]["scale_factor"] == pytest.approx(1)
    (said,) = document["warnings"]
    assert (said["element"], said["reason"]) == (
        "pipe P5",
        "its vertex (0, 0) lies far from all nodes; it is drawn straight",
    )
    assert Pipe.objects.get(code="P5").geodesic_length_m == pytest.approx(100, rel=0.01)
    assert all(abs(node.geom.x - 69.3) < 0.02 for node in Node.objects.all())


def test_a_drawing_around_its_origin_is_left_as_it_is(district: Division, tmp_path: Path) -> None:
    places = {f"J{n}": f"{100 * (n - 5)} {10 * n - 50}" for n in range(1, COUNT + 1)}
    document = taken(model(tmp_path / "a.inp", moved=places | {"R1": "-500 -50", "T1": "600 50"}))
    assert (document["warnings"], document["adjusted"]) == ([], [])
