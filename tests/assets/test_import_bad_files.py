"""Every kind of bad input: one clear message with line and element, exit 1, a database as it was."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from assets.models import Network
from gis_core.models import Division
from tests.assets.importing import LIBRARY, imported, row_counts, run_import

SMALL = (Path(settings.BASE_DIR) / "fixtures" / "networks" / "small.inp").read_text()


def line_of(text: str, start: str) -> int:
    """The number of the first line that starts so."""
    return next(number for number, line in enumerate(text.split("\n"), 1) if line.strip().startswith(start))


def refused(path: Path, *arguments: str) -> tuple[str, list[dict[str, object]]]:
    """Import what has to fail; return its message and details once the database is seen to be as before."""
    before = row_counts()
    code, document, errors = run_import(path, *arguments)
    assert code == 1
    assert row_counts() == before
    assert document["error"]["message"] in errors
    assert "Traceback" not in errors
    return document["error"]["message"], document["error"]["details"]


# What is replaced in the small model by what, the line where it shows, the element and words of the reason.
BROKEN_LINES = [
    ("P1   J1    J2  120 ", "P1   J1    J2  0 ", "P1", "pipe P1", "length 0 is not above 0"),
    ("P1   J1    J2  120 ", "P1   J1    J2  -5 ", "P1", "pipe P1", "length -5 is not above 0"),
    ("P1   J1    J2  120 ", "P1   J1    J2  12x ", "P1", "pipe P1", "length 12x is not a number"),
    ("P1   J1    J2  120 ", "P1   J1    J2  1,5 ", "P1", "pipe P1", "length 1,5 is not a number"),
    ("P1   J1    J2  120 ", "P1   J1    J2  nan ", "P1", "pipe P1", "length nan is not a possible number"),
    ("P1   J1    J2  120 ", "P1   J1    J2  inf ", "P1", "pipe P1", "length inf is not a possible number"),
    ("P1   J1    J2  120 ", "P1   J1    J2  1e11 ", "P1", "pipe P1", "longer than any pipe"),
    ("120     200 ", "120     0 ", "P1", "pipe P1", "diameter 0 is not above 0"),
    ("200       130 ", "200       x ", "P1", "pipe P1", "roughness x is not a number"),
    ("200       130 ", "200       -130 ", "P1", "pipe P1", "roughness -130 is below 0"),
    (" J3   395        0", " J3", "J3", "JUNCTIONS J3", "at least 2 are needed"),
    ("0     Open", "0     Ajar", "P1", "pipe P1", "status Ajar"),
    ("P1   J1    J2 ", "P1   J1    J9 ", "P1", "pipe P1", "its end node J9 is not in the model"),
    ("P1   J1    J2 ", "P1   j1    J2 ", "P1", "pipe P1", "its start node j1 is not in the model"),
    ("P1   J1    J2 ", "P1   J1    J1 ", "P1", "pipe P1", "both its ends are the node J1"),
    ("P4   J1    J2  140     100       110", "P4   J1    J2  140", "P4", "PIPES P4", "at least 6"),
    (" P2   J2 ", " P1   J2 ", "P1   J2", "pipe P1", "the code is taken by pipe P1 in line"),
    ("PU1  R1    J1 ", "P1   R1    J1 ", "P1   R1", "pump P1", "the code is taken by pipe P1"),
    (" J4   390 ", " J1   390 ", "J1   390", "junction J1", "the code is taken by junction J1"),
    (" R1   410", " J1   410", "J1   410", "reservoir J1", "the code is taken by junction J1"),
    ("PU1  R1    J1 ", "PU1  R1    J8 ", "PU1", "pump PU1", "its end node J8 is not in the model"),
    ("HEAD LIFT", "HEAD LOFT", "PU1", "pump PU1", "curve LOFT is not in the model"),
    ("HEAD LIFT SPEED 1.1 PATTERN DAY", "SPEED 1.1", "PU1", "pump PU1", "neither a head curve nor a power"),
    ("HEAD LIFT", "HEED LIFT", "PU1", "pump PU1", "HEED is not one of"),
    ("PATTERN DAY", "PATTERN NIGHT", "PU1", "pump PU1", "pattern NIGHT is not in the model"),
    ("V1   J3    J4 ", "V1   J7    J4 ", "V1", "valve V1", "its start node J7 is not in the model"),
    ("PRV  35", "XYZ  35", "V1", "valve V1", "its type XYZ is not one of EPANET's"),
    ("V1   J3    J4 ", "V1   J3    T1 ", "V1", "valve V1", "a PRV cannot stand right beside tank T1"),
    ("150  PRV", "0  PRV", "V1", "valve V1", "diameter 0 is not above 0"),
    ("PRV  35", "GPV  35", "V1", "valve V1", "curve 35 is not in the model"),
    ("430        3        1 ", "430        9        1 ", "T1", "tank T1", "levels are out of order"),
    (
        "430        3        1        5        12        0          VOL",
        "430  3  1  5",
        "T1",
        "tank T1",
        "a tank needs 6",
    ),
    ("0          VOL", "0          VAL", "T1", "tank T1", "curve VAL is not in the model"),
    (" J1   400 ", " J1   high ", "J1", "junction J1", "elevation high is not a number"),
    ("J2   1.25  DAY", "J2   1.25  DIY", "J2   1.25", "demand of J2", "pattern DIY is not in the model"),
    ("J2   1.25 ", "J9   1.25 ", "J9", "demand of J9", "there is no such junction"),
    ("DAY  0.5 1.0", "DAY  0.5 one", "DAY", "pattern DAY", "multiplier one is not a number"),
    ("LIFT 10 40", "LIFT 10", "LIFT", "curve LIFT", "a point needs an x and a y value"),
    (" PU1  1.2", " PU7  1.2", "PU7", "status of PU7", "there is no such link"),
    ("LINK PU1 CLOSED", "LINK PU7 CLOSED", "LINK", "control", "acts on PU7, which is not in the model"),
    ("IF NODE T1", "IF NODE T7", "LINK", "control", "looks at node T7, which is not in the model"),
    ("Units     LPS", "Units     M3D", "Units", "option UNITS", "not one of EPANET's flow units"),
    ("Headloss  H-W", "Headloss  D'Arcy", "Headloss", "option HEADLOSS", "not one of H-W, D-W and C-M"),
    ("Duration  24:00", "Duration  soon", "Duration", "time DURATION", "soon is not a time"),
    ("J1  0    0", "J1  NaN    0", "J1  NaN", "junction J1", "x coordinate NaN is not a possible number"),
    ("J1  0    0", "J1  0    1e308", "J1  0    1e308", "junction J1", "y coordinate 1e308 is not a possible"),
    ("P4  50  40", "P4  50  -inf", "P4  50", "pipe P4", "y coordinate of a vertex -inf"),
    ("J1  0    0", "J1  0", "J1  0", "COORDINATES J1", "at least 3"),
    ("[STATUS]", "[STUTAS]", "[STUTAS]", "[STUTAS]", "no such section"),
    ("[TITLE]", "J0 1 2\n[TITLE]", "J0 1 2", "line", "data before the first section"),
    (" J4   390 ", f" {'J' * 61}   390 ", "J" * 61, "junction", "longer than 60 characters"),
]


@pytest.mark.parametrize(("old", "new", "start", "element", "reason"), BROKEN_LINES)
def test_broken_line_is_named(
    old: str, new: str, start: str, element: str, reason: str, tmp_path: Path, district: Division
) -> None:
    assert old in SMALL
    text = SMALL.replace(old, new, 1)
    path = tmp_path / "broken.inp"
    path.write_text(text)
    message, details = refused(path)
    first = details[0]
    assert first["line"] == line_of(text, start)
    assert str(first["element"]).startswith(element)
    assert reason in str(first["reason"])
    assert f"line {first['line']}" in message
    assert not Network.objects.exists()


# Files that are no models at all: what is written, words of the message.
OTHER_FILES: list[tuple[str, bytes, str]] = [
    ("empty.inp", b"", "is empty"),
    ("blank.inp", b" \r\n\t\n", "nothing but blanks"),
    ("noise.inp", bytes(range(256)) * 40, "a NUL byte in line 1"),
    ("roads.shp", b"\x00\x00\x27\x0a" + bytes(96), "a shapefile"),
    ("model.zip", b"PK\x03\x04" + bytes(50), "a ZIP archive"),
    ("model.geojson", b'{"type": "FeatureCollection", "features": []}', "a JSON document"),
    ("features.json", b'[{"type": "Feature"}]', "not an EPANET input file"),
    ("nodes.csv", b"id,x,y\n1,2,3\n", "not an EPANET input file"),
    ("plan.pdf", b"%PDF-1.7\n", "a PDF document"),
    ("page.xml", b"<?xml version='1.0'?><a/>", "an XML or HTML document"),
    ("settings.ini", b"[database]\nhost=localhost\n", "not an EPANET input file"),
    ("utf16.inp", "[JUNCTIONS]\n".encode("utf-16"), "UTF-16"),
    ("letter.txt", "Салом, бу хат.\n".encode("cp1251"), "not an EPANET input file"),
]


@pytest.mark.parametrize(("name", "content", "words"), OTHER_FILES)
def test_file_of_another_kind(
    name: str, content: bytes, words: str, tmp_path: Path, district: Division
) -> None:
    (tmp_path / name).write_bytes(content)
    message, _ = refused(tmp_path / name)
    assert words in message


def test_missing_file_directory_and_device(tmp_path: Path, district: Division) -> None:
    assert "does not exist" in refused(tmp_path / "nowhere.inp")[0]
    assert "is a directory" in refused(tmp_path)[0]
    assert "not a regular file" in refused(Path("/dev/zero"))[0]
    assert "cannot be read" in refused(tmp_path / ("x" * 300))[0]


TRUNCATIONS = [0.1, 0.3, 0.5, 0.7, 0.8, 0.9]


@pytest.mark.parametrize("share", TRUNCATIONS)
@pytest.mark.parametrize("name", ["Net1", "Net3", "ky4"])
def test_truncated_file(name: str, share: float, tmp_path: Path, district: Division) -> None:
    whole = (LIBRARY / f"{name}.inp").read_bytes()
    path = tmp_path / "cut.inp"
    path.write_bytes(whole[: int(len(whole) * share)])
    message, details = refused(path)
    assert "not imported" in message
    assert any("cut off" in str(detail["reason"]) for detail in details) or len(details) == 1000


def test_file_cut_at_a_line_before_its_coordinates(tmp_path: Path, district: Division) -> None:
    path = tmp_path / "cut.inp"
    path.write_text(SMALL[: SMALL.index("[COORDINATES]")])
    assert "cut off: [END] is missing and 6 nodes have no coordinates" in refused(path)[0]


@pytest.mark.parametrize("name", ["Net1", "ky4", "ky10"])
def test_file_cut_between_two_lines_of_its_drawing(name: str, tmp_path: Path, district: Division) -> None:
    lines = (LIBRARY / f"{name}.inp").read_bytes().splitlines(keepends=True)
    first = next(index for index, line in enumerate(lines) if line.startswith(b"[VERTICES]"))
    last = next(index for index, line in enumerate(lines) if line.startswith(b"[LABELS]"))
    path = tmp_path / "cut.inp"
    for count in sorted({first, first + 1, (first + last) // 2, last - 1}):
        path.write_bytes(b"".join(lines[:count]))
        assert "cut off: it stops in [" in refused(path)[0]


def test_all_errors_are_listed_at_once(tmp_path: Path, district: Division) -> None:
    path = tmp_path / "broken.inp"
    path.write_text(SMALL.replace("J1    J2  120", "J1    J9  0").replace("V1   J3", "V1   J8"))
    message, details = refused(path)
    assert "There are 3 such errors in all" in message
    assert [detail["element"] for detail in details] == ["pipe P1", "pipe P1", "valve V1"]


@pytest.mark.parametrize(
    ("drop", "reason"),
    [("[PIPES]", "no pipes, pumps or valves"), ("[JUNCTIONS]", "it has no junctions")],
)
def test_model_without_elements(drop: str, reason: str, tmp_path: Path, district: Division) -> None:
    other = {
        "[PIPES]": "[JUNCTIONS]\nJ1 1\n[COORDINATES]\nJ1 1 1\n[END]\n",
        "[JUNCTIONS]": "[RESERVOIRS]\nR1 1\nR2 2\n[PIPES]\nP R1 R2 10 10 100\n[END]\n",
    }
    path = tmp_path / "part.inp"
    path.write_text(other[drop])
    assert reason in refused(path)[0]


PLACES: list[tuple[list[str], str]] = [
    (["--srid=999999"], "no CRS with the number EPSG:999999"),
    (["--srid=-1"], "no CRS with the number EPSG:-1"),
    (["--srid=4978"], "not a CRS of places on a map"),
    (["--srid=5773"], "not a CRS of places on a map"),
    (["--srid=32642"], "6 of 8 points lie outside EPSG:32642"),
    (["--srid=4326"], "points lie outside EPSG:4326"),
    (["--division=NOWHERE"], "no division NOWHERE"),
    (["--user=nobody"], "no active user nobody"),
    (["--network=не-код"], "cannot be a network's code"),
]


@pytest.mark.parametrize(("arguments", "words"), PLACES)
def test_place_or_name_that_is_not_there(
    arguments: list[str], words: str, tmp_path: Path, district: Division
) -> None:
    path = tmp_path / "small.inp"
    # Shifted so that some points are in the zone of EPSG:32642 and some are not, and none is a longitude.
    path.write_text(
        SMALL.replace("J1  0    0", "J1  500000 4500000").replace("R1  -40  0", "R1  500000 4500100")
    )
    assert words in refused(path, *arguments)[0]


def test_drawing_larger_than_half_the_earth(tmp_path: Path, district: Division) -> None:
    path = tmp_path / "small.inp"
    # Half of its nodes: a single one would be a stray, put among its neighbours.
    far = {
        "J1  0    0": "J1  -90000000    0",
        "J2  100  0": "J2  -90000000  9",
        "R1  -40  0": "R1  -90000000  5",
    }
    text = SMALL
    for near, place in far.items():
        assert near in text
        text = text.replace(near, place)
    path.write_text(text)
    assert "half of the Earth" in refused(path, "--coordinate-unit=m")[0]


def test_no_coordinates_cannot_lie_in_a_crs(tmp_path: Path, district: Division) -> None:
    path = tmp_path / "small.inp"
    path.write_text(SMALL[: SMALL.index("[COORDINATES]")] + "[END]\n")
    assert "No node of the model has coordinates" in refused(path, "--srid=32642")[0]


CHANGES = [
    ("P1   J1    J2  120 ", "P1   J1    J2  121 ", "pipe P1", "stated_length_m 120 → 121"),
    (" J1   400 ", " J1   401 ", "junction J1", "elevation_m 400 → 401"),
    ("J2   1.25", "J2   1.35", "junction J2", "demands"),
    ("P1   J1    J2 ", "P1   J1    J3 ", "pipe P1", "end J2 → J3"),
    ("PRV  35", "PRV  36", "valve V1", "setting 35 → 36"),
    ("PRV  35", "FCV  35", "valve V1", "valve_type PRV → FCV"),
    ("PU1  R1    J1", "PU1  R1    J2", "pump PU1", "end J1 → J2"),
    ("P4  50  40", "P4  50  41", "pipe P4", "vertices"),
    ("PU1 -20 10", "PU1 -21 10", "pump PU1", "vertices"),
    ("LIFT 10 40", "LIFT 10 41", "curve LIFT", "y_values"),
    ("DAY  0.5", "DAY  0.6", "pattern DAY", "multipliers"),
    ("Headloss  H-W", "Headloss  C-M", "network N", "headloss_formula H-W → C-M"),
    ("R1   410", "R1   410 DAY", "reservoir R1", "head_pattern None → DAY"),
    ("J4  180  200", "J4  180  190", "junction J4", "place"),
]


@pytest.mark.parametrize(("old", "new", "element", "reason"), CHANGES)
def test_changed_element_is_refused_with_old_and_new_value(
    old: str, new: str, element: str, reason: str, tmp_path: Path, district: Division
) -> None:
    path = tmp_path / "small.inp"
    path.write_text(SMALL)
    imported(path)
    assert old in SMALL
    path.write_text(SMALL.replace(old, new, 1))
    _, details = refused(path)
    assert element in [detail["element"] for detail in details]
    assert reason in str(next(detail["reason"] for detail in details if detail["element"] == element))


def test_other_placement_division_or_commodity(
    tmp_path: Path, district: Division, other_district: Division
) -> None:
    path = tmp_path / "small.inp"
    path.write_text(SMALL)
    imported(path)
    message, details = refused(path, "--place=70,41")
    assert "6 of its nodes would move" in message
    assert "--place 69.45,41.38 --coordinate-unit auto" in message
    assert len(details) >= 6
    assert "does not belong to division ZANGIOTA" in refused(path, "--division=ZANGIOTA")[0]
    assert "carries water, not heat" in refused(path, "--commodity=heat")[0]


USAGE: list[list[str]] = [
    [],
    ["--srid=32642", "--place=69,41"],
    ["--place=69"],
    ["--place=69,41,7"],
    ["--place=east,north"],
    ["--place=200,41"],
    ["--place=nan,41"],
    ["--srid=WGS84"],
    ["--place=69,41", "--coordinate-unit=yd"],
    ["--srid=32642", "--coordinate-unit=m"],
]


@pytest.mark.parametrize("arguments", USAGE)
def test_wrong_arguments_are_usage_errors(arguments: list[str], district: Division, tmp_path: Path) -> None:
    path = tmp_path / "model.inp"
    path.touch()
    with pytest.raises(CommandError):
        call_command(
            "import_network",
            str(path),
            "--network",
            "N",
            "--division",
            "QIBRAY",
            "--commodity",
            "water",
            *arguments,
        )


def test_size_limit(tmp_path: Path, district: Division, settings: Callable[..., None]) -> None:
    path = tmp_path / "small.inp"
    path.write_text(SMALL)
    settings.NETWORK_UPLOAD_MAX_BYTES = 1000  # type: ignore[attr-defined]
    assert "a model file may have" in refused(path)[0]
