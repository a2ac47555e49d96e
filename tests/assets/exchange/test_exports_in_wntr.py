"""Every export is read by EPANET and by wntr (and so by what builds on it), with as many elements as it has."""

import warnings
from pathlib import Path
from typing import Any

import pytest
import wntr

from assets.models import Network, Node
from gis_core.models import Division
from tests.assets.exchange.exchanging import done, import_file, run_engine
from tests.assets.exchange.test_epanet_round_trip import ALL

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:wntr")

PLACE = "--place=69.45,41.38"
# What wntr is tested with itself, but for those that are too large for here, not to be run, or no models.
_LEFT_OUT = {
    "bad_syntax",
    "bad_values",
    "bad_times",
    "Net6_plus",
    "msx_example",
    "skeletonize",
    "cv_controls",
}
WNTR_MODELS = {
    path.stem: path
    for path in sorted((Path(wntr.__file__).parent / "tests" / "networks_for_testing").glob("*.inp"))
    if path.stem not in _LEFT_OUT
}
FLOW_UNITS = ("CFS", "GPM", "MGD", "IMGD", "AFD", "LPS", "LPM", "MLD", "CMH", "CMD")

MADE = """[TITLE]
Made
[JUNCTIONS]
 J1 10 1
 J2 8 2 P
 J3 5 0
 J4 5 1
 J5 5 1
[RESERVOIRS]
 R1 50 P
[TANKS]
 T1 30 2 1 4 10 0 VOL
 T2 30 2 1 4 10 0 * YES
[PIPES]
 P1 R1 J1 500 300 {roughness} 0 Open
 P2 J1 J2 400 200 {roughness} 0.5 Open
 P3 J2 T1 300 150 {roughness} 0 CV
 P4 J3 J4 300 150 {roughness} 0 Closed
 P5 J5 T2 300 150 {roughness} 0 Open
[PUMPS]
 U1 J2 J3 HEAD HC SPEED 0.9 PATTERN P
 U2 J2 J5 POWER 5
[VALVES]
 V1 J1 J4 200 PRV 20 0
 V2 J2 J4 200 FCV 2 0
 V3 J3 J4 200 TCV 3 0
 V4 J1 J3 200 GPV LOSS 0
[DEMANDS]
 J1 1 P ;homes
 J1 0.5 ;
[PATTERNS]
 P 1 0.5 1.5
{patterns}
[CURVES]
;PUMP:
 HC 5 20
;VOLUME:
 VOL 0 0
 VOL 5 400
;HEADLOSS:
 LOSS 0 0
 LOSS 10 5
;EFFICIENCY:
 EFF 0 50
 EFF 10 75
[EMITTERS]
 J4 0.1
[QUALITY]
 J1 0.5
[TAGS]
 NODE J1 tag
[ENERGY]
 Pump U1 Efficiency EFF
 Global Price 0.1
[CONTROLS]
 LINK P4 OPEN IF NODE T1 BELOW 1.5
 LINK U1 CLOSED AT TIME 5
 LINK U1 OPEN AT CLOCKTIME 8 PM
[RULES]
RULE one
IF TANK T1 LEVEL ABOVE 3
AND SYSTEM CLOCKTIME >= 8 AM
AND SYSTEM CLOCKTIME < 8:30 PM
AND SYSTEM TIME > 1
THEN PUMP U1 STATUS IS CLOSED
ELSE PUMP U1 STATUS IS OPEN
PRIORITY 2
[OPTIONS]
 UNITS {units}
 HEADLOSS {headloss}
 {option}
[TIMES]
 DURATION 2:00
[COORDINATES]
 R1 -500 0
 J1 0 0
 J2 400 0
 J3 600 0
 J4 600 300
 J5 400 300
 T1 400 -300
 T2 400 600
[END]
"""


def made(path: Path, **changes: str) -> Path:
    usual = {"roughness": "120", "patterns": "", "units": "LPS", "headloss": "H-W", "option": ""}
    path.write_text(MADE.format(**(usual | changes)))
    return path


def in_wntr(path: Path) -> dict[str, int]:
    """What wntr counts in a file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = wntr.network.WaterNetworkModel(str(path))
    counted = model.describe(level=1)
    return {
        "junction": counted["Nodes"]["Junctions"],
        "tank": counted["Nodes"]["Tanks"],
        "reservoir": counted["Nodes"]["Reservoirs"],
        "pipe": counted["Links"]["Pipes"],
        "pump": counted["Links"]["Pumps"],
        "valve": counted["Links"]["Valves"],
        "control": counted["Controls"],
        "pattern": counted["Patterns"],
    }


def compare(source: Path, target: Path, created: dict[str, int]) -> None:
    """As many elements as were imported, and as many controls as wntr finds in the source, where it can read it."""
    after = in_wntr(target)
    assert {kind: after[kind] for kind in created} == created
    try:
        before = in_wntr(source)
    except (wntr.epanet.exceptions.EpanetException, ValueError):
        # EPANET takes more than wntr does.
        return
    # A default that stands for demands without a pattern.
    assert after.pop("pattern") - before.pop("pattern") in (0, 1)
    assert after == before


def exported(path: Path, directory: Path) -> tuple[Path, dict[str, Any]]:
    target = directory / "exported.inp"
    return target, done("export_network", "N", target, "--format", "epanet", "--force")


@pytest.mark.parametrize(
    "name", [*WNTR_MODELS, *(name for name in ALL if name not in ("ky4", "ky10", "Net6"))]
)
def test_models_of_others_come_back_into_wntr(name: str, district: Division, tmp_path: Path) -> None:
    source = {**ALL, **WNTR_MODELS}[name]
    code, document = import_file(source, PLACE)
    assert code == 0, document
    target, _answer = exported(source, tmp_path)
    compare(source, target, document["created"])
    run_engine(target, tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        *({"units": units} for units in FLOW_UNITS),
        {"headloss": "D-W", "roughness": "0.1"},
        {"headloss": "C-M", "roughness": "0.012"},
        {"option": "PATTERN P"},
        {"option": "PATTERN nothing"},
        {"patterns": " 1 2 2 2"},
        {"patterns": " 1 2 2 2", "option": "PATTERN none"},
        {"option": "QUALITY CHLORINE mg/L"},
        {"option": "QUALITY TRACE R1"},
        {"option": "QUALITY AGE"},
        {"option": "DEMAND MODEL PDA\n REQUIRED PRESSURE 10\n MINIMUM PRESSURE 1"},
        {"option": "EMITTER EXPONENT 0.6"},
    ],
)
def test_models_of_every_kind_come_into_wntr(
    changes: dict[str, str], district: Division, tmp_path: Path
) -> None:
    source = made(tmp_path / "made.inp", **changes)
    code, document = import_file(source, PLACE)
    assert code == 0, document
    target, answer = exported(source, tmp_path)
    assert answer["not_kept"] == []
    compare(source, target, document["created"])
    run_engine(target, tmp_path)


def test_a_network_without_a_default_pattern_keeps_its_constant_demands(
    district: Division, tmp_path: Path
) -> None:
    source = made(tmp_path / "made.inp", patterns=" 1 2 2 2", option="PATTERN none")
    assert import_file(source, PLACE)[0] == 0
    assert Network.objects.get().default_pattern_code == ""
    target, _ = exported(source, tmp_path)
    assert "PATTERN -" not in target.read_text()
    # EPANET takes a pattern called 1 for the default where the file names none.
    before, after = run_engine(source, tmp_path), run_engine(target, tmp_path)
    assert max(abs(flows - after.flows[code]).max() for code, flows in before.flows.items()) < 1e-3


@pytest.mark.parametrize(
    "code",
    [
        "two words",
        'quo"te',
        "semi;colon",
        "[bracket",
        "j" * 40,
        "J3 ",
        "ўлчагич",
        "a,b",
        "гидрант номер 15 б, пожарный",
    ],
)
def test_names_that_epanet_cannot_read_are_others(code: str, district: Division, tmp_path: Path) -> None:
    source = made(tmp_path / "made.inp")
    assert import_file(source, PLACE)[0] == 0
    Node.objects.filter(code="J1").update(code=code)
    target, _ = exported(source, tmp_path)
    assert in_wntr(target)["junction"] == 5
    run_engine(target, tmp_path)


def test_what_is_of_a_later_epanet_is_left_out_and_told(district: Division, tmp_path: Path) -> None:
    source = made(tmp_path / "made.inp")
    text = source.read_text().replace("V3 J3 J4 200 TCV 3 0", "V3 J3 J4 200 PCV 50 2")
    source.write_text(text.replace("[OPTIONS]", "[LEAKAGE]\n P1 1.0 0.1\n[OPTIONS]\n EMITTER BACKFLOW NO"))
    code, document = import_file(source, PLACE)
    assert code == 0, document
    said = {
        entry["element"]: entry["line"] for entry in document["warnings"] if "EPANET 2.2" in entry["reason"]
    }
    lines = source.read_text().splitlines()
    assert said == {
        "section [LEAKAGE]": lines.index("[LEAKAGE]") + 2,
        "valve V3": lines.index(" V3 J3 J4 200 PCV 50 2") + 1,
        "option EMITTER BACKFLOW": lines.index(" EMITTER BACKFLOW NO") + 1,
    }
    target, answer = exported(source, tmp_path)
    assert in_wntr(target)["valve"] == 4
    run_engine(target, tmp_path)
    left_out = " ".join(entry["element"] for entry in answer["not_kept"])
    assert "[LEAKAGE] P1 1.0 0.1" in left_out
    assert "[OPTIONS] EMITTER BACKFLOW NO" in left_out
    # Half open: four times the loss of the open valve.
    assert "TCV 8" in target.read_text()
    done("export_network", "N", tmp_path / "a.gpkg", "--format", "geopackage")
