"""EPANET there and back: a model, its import and export, and EPANET run on both, step by step."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assets.models import Network, Node, Pipe
from gis_core.models import Division
from tests.assets.exchange.exchanging import MODELS, done, import_file, run, run_engine
from tests.assets.importing import LIBRARY_MODELS, library_model

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:wntr")

ALL = {path.stem: path for path in sorted(MODELS.glob("*.inp"))} | {
    name: library_model(name) for name in LIBRARY_MODELS
}
PLACE = "--place=69.45,41.38"


def exported(path: Path, tmp_path: Path, *arguments: str, network: str = "N") -> tuple[Path, dict[str, Any]]:
    code, document = import_file(path, PLACE, network=network)
    assert code == 0, document
    target = tmp_path / "exported.inp"
    return target, done("export_network", network, target, "--format", "epanet", "--force", *arguments)


@pytest.mark.figure
@pytest.mark.parametrize("name", ALL)
def test_round_trip(name: str, district: Division, tmp_path: Path) -> None:
    target, document = exported(ALL[name], tmp_path)
    before, after = run_engine(ALL[name], tmp_path), run_engine(target, tmp_path)
    assert after.kinds == before.kinds
    assert after.times_s == before.times_s
    renamed = {entry["code"]: entry["epanet_id"] for entry in document["renamed"]}
    head_m = max(
        np.abs(heads - after.heads[renamed.get(code, code)]).max() for code, heads in before.heads.items()
    )
    largest = max(np.abs(flows).max() for flows in before.flows.values())
    flow = max(
        np.abs(flows - after.flows[renamed.get(code, code)]).max() for code, flows in before.flows.items()
    )
    print(f"EPANET round trip {name}: heads {head_m:.1e} m, flows {100 * flow / largest:.1e} %")
    assert head_m <= 0.01
    assert flow <= 0.001 * largest
    assert document["not_kept"] == []


@pytest.mark.parametrize("name", ["pumps_gpm", "rules_cmh_dw", "tanks_afd_dw"])
def test_text_of_the_model_is_kept(name: str, district: Division, tmp_path: Path) -> None:
    target, _ = exported(ALL[name], tmp_path)

    def sections(path: Path) -> dict[str, list[list[str]]]:
        found: dict[str, list[list[str]]] = {}
        section = ""
        for line in path.read_text().splitlines():
            tokens = line.split(";")[0].split()
            if tokens and tokens[0].startswith("["):
                section = tokens[0]
            elif tokens:
                found.setdefault(section, []).append(tokens)
        return found

    before, after = sections(ALL[name]), sections(target)
    # Times of the clock are written whole, as wntr reads them.
    before["[RULES]"] = [
        ["10:00:00" if token == "10" and line[1:3] == ["SYSTEM", "CLOCKTIME"] else token for token in line]
        for line in before.get("[RULES]", [])
    ]
    for section in (
        "[TITLE]",
        "[CONTROLS]",
        "[RULES]",
        "[SOURCES]",
        "[REACTIONS]",
        "[MIXING]",
        "[REPORT]",
        "[TAGS]",
        "[LABELS]",
        "[BACKDROP]",
        "[EMITTERS]",
    ):
        assert after.get(section, []) == before.get(section, []), section


def test_what_is_not_in_service_or_not_of_epanet_is_listed(district: Division, tmp_path: Path) -> None:
    assert import_file(ALL["rules_cmh_dw"], PLACE)[0] == 0
    Pipe.objects.filter(code="6", is_connector=False).update(lifecycle="removed")
    Node.objects.filter(code="11").update(lifecycle="planned")
    Node.objects.filter(code="5").update(code="a name of five words, longer than EPANET takes")
    target = tmp_path / "out.inp"
    document = done("export_network", "N", target, "--format", "epanet")
    listed = {entry["element"]: entry["reason"] for entry in document["not_kept"]}
    assert listed["pipe 6"] == "it is removed"
    assert listed["pump 11"] == "it is planned"
    # A control, an emitter and rules that name what is not there any more.
    assert any("RULE night" in element for element in listed)
    assert any("RULE flow" in element for element in listed)
    assert "[EMITTERS] 5 2.25" in listed
    [renamed] = [entry for entry in document["renamed"] if entry["code"].startswith("a name")]
    assert len(renamed["epanet_id"]) <= 31
    assert renamed["epanet_id"] in run_engine(target, tmp_path).heads


def test_files_are_not_overwritten_unasked(district: Division, tmp_path: Path) -> None:
    target, _ = exported(ALL["tanks_imgd"], tmp_path)
    before = target.read_bytes()
    code, document = run("export_network", "N", str(target), "--format", "epanet")
    assert code == 1
    assert document["error"]["code"] == "file_exists"
    assert target.read_bytes() == before
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    ("name", "file_format"), [("n.zip", "csv"), ("n.INP", "geojson"), ("n.csv", "epanet")]
)
def test_a_name_that_ends_like_another_format_is_refused(
    district: Division, tmp_path: Path, name: str, file_format: str
) -> None:
    assert import_file(ALL["tanks_imgd"], PLACE)[0] == 0
    code, document = run("export_network", "N", str(tmp_path / name), "--format", file_format)
    assert (code, document["error"]["code"]) == (1, "bad_suffix")
    assert list(tmp_path.iterdir()) == []
    assert run("export_network", "N", str(tmp_path / "without"), "--format", file_format)[0] == 0


def test_other_commodities_are_not_for_epanet(district: Division, tmp_path: Path) -> None:
    Network.objects.create(code="E", name="E", commodity="electricity", division=district)
    code, document = run("export_network", "E", str(tmp_path / "e.inp"), "--format", "epanet")
    assert (code, document["error"]["code"]) == (1, "not_hydraulic")
