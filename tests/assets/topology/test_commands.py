"""Segments and isolation from outside: by command and by REST, on a model of wntr's."""

import csv
import json
import random
from io import StringIO
from pathlib import Path
from typing import Any

import pandas
import pytest
import wntr
from django.core.management import call_command
from django.test import Client

from assets.models import Network, Pipe
from gis_core.models import Division

pytestmark = pytest.mark.django_db

_LIBRARY = Path(wntr.__file__).parent / "library" / "networks"


def answer_of(*arguments: str) -> dict[str, Any]:
    output = StringIO()
    call_command(*arguments, "--json", stdout=output, stderr=StringIO())
    return dict(json.loads(output.getvalue()))


@pytest.fixture
def valved_net3(district: Division, tmp_path: Path) -> tuple[Network, list[tuple[str, str]]]:
    """Net3 with a random valve layer by `import_valves`, and two rows that are no valves."""
    answer_of(
        "import_network", str(_LIBRARY / "Net3.inp"), "--network", "N3", "--division", district.code,
        "--commodity", "water", "--place", "69.25,41.31",
    )  # fmt: skip
    model = wntr.network.WaterNetworkModel(str(_LIBRARY / "Net3.inp"))
    chance = random.Random(2)
    layer = [
        (code, node)
        for code, pipe in model.pipes()
        for node in (pipe.start_node_name, pipe.end_node_name)
        if chance.random() < 0.4
    ]
    file = tmp_path / "valves.csv"
    with file.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["pipe", "node"])
        writer.writerows([*layer, ("335", "60"), ("nothing", "60")])
    placed = answer_of("import_valves", str(file), "--network", "N3")
    assert placed["placed"] == len(layer)
    assert [row["pipe"] for row in placed["refused"]] == ["335", "nothing"]
    return Network.objects.get(code="N3"), layer


def test_segments_of_a_model_equal_wntrs(valved_net3: tuple[Network, list[tuple[str, str]]]) -> None:
    _network, layer = valved_net3
    model = wntr.network.WaterNetworkModel(str(_LIBRARY / "Net3.inp"))
    nodes, links, _sizes = wntr.metrics.topographic.valve_segments(
        model.to_graph(), pandas.DataFrame(layer, columns=["link", "node"])
    )
    expected: dict[int, set[tuple[str, str]]] = {}
    for code, label in nodes.items():
        expected.setdefault(label, set()).add(("node", code))
    for code, label in links.items():
        if code in model.pipe_name_list:
            expected.setdefault(label, set()).add(("pipe", code))
    found = answer_of("segments", "N3")["segments"]
    parts = [
        frozenset([("node", code) for code in row["nodes"]] + [("pipe", code) for code in row["pipes"]])
        for row in found
    ]
    assert len(parts) == len(set(parts))
    assert set(parts) == {frozenset(part) for part in expected.values() if part}


def test_isolating_a_pipe_shuts_its_segment(valved_net3: tuple[Network, list[tuple[str, str]]]) -> None:
    segments = answer_of("segments", "N3")["segments"]
    for code in ("20", "101", "173"):
        found = answer_of("isolate", "N3", "--pipe", code)
        segment = next(row for row in segments if code in row["pipes"])
        assert (found["pipes"], found["nodes"]) == (segment["pipes"], segment["nodes"])
        assert set(found["close"]) <= set(segment["valves"])
        if found["close"]:
            wider = answer_of("isolate", "N3", "--pipe", code, "--inoperable", found["close"][0])
            assert set(wider["pipes"]) > set(found["pipes"])
            assert wider["passed"] == [found["close"][0]]


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (["isolate", "N3", "--pipe", "none"], 1),
        (["isolate", "N3", "--pipe", "20", "--at", "2"], 1),
        (["isolate", "N3", "--pipe", "20", "--inoperable", "none"], 1),
        (["isolate", "none", "--pipe", "20"], 1),
        (["segments", "none"], 1),
    ],
)
def test_wrong_arguments_are_said(
    valved_net3: tuple[Network, list[tuple[str, str]]], arguments: list[str], exit_code: int
) -> None:
    with pytest.raises(SystemExit) as caught:
        answer_of(*arguments)
    assert caught.value.code == exit_code


def test_by_rest(valved_net3: tuple[Network, list[tuple[str, str]]], make_user: Any) -> None:
    network, _layer = valved_net3
    client = Client()
    client.force_login(make_user("engineer", network.division))
    segments: list[dict[str, Any]] = []
    after = 0
    while after is not None:
        page = client.get(f"/api/v1/networks/N3/segments/?limit=7&after={after}").json()
        segments += page["segments"]
        after = page["next_after"]
    assert segments == answer_of("segments", "N3")["segments"]
    pipe = Pipe.objects.get(network=network, code="20", is_connector=False)
    found = client.get(f"/api/v1/pipes/{pipe.uid}/isolation/?at=0.2")
    assert found.json() == answer_of("isolate", "N3", "--pipe", "20")
    for wrong in ("at=2", "at=x", "inoperable=none", "unknown=1"):
        assert client.get(f"/api/v1/pipes/{pipe.uid}/isolation/?{wrong}").status_code == 400
