"""Datastreams from a table: on nodes, devices and pipes; the same table twice; wrong rows refused alone."""

import json
from pathlib import Path

import pytest
from django.core.management import call_command

from gis_core.models import AuditEvent, Division
from sensors.models import Datastream, Thing
from tests.world import World, make_world


@pytest.fixture
def world(district: Division) -> World:
    return make_world(district)


def run(capsys: pytest.CaptureFixture[str], path: Path, text: str) -> dict:
    path.write_text(text, encoding="utf-8")
    capsys.readouterr()
    call_command("import_datastreams", str(path), "--json")
    return json.loads(capsys.readouterr().out)


def test_datastreams_hang_on_nodes_devices_and_pipes(world, tmp_path, capsys):
    table = (
        "datastream,network,asset,property,unit\n"
        "a,N1,A,pressure,m\nb,N1,M1,flow,m3/h\nc,N1,P2,flow,L/s\nd,N1,T,level,m\ne,N1,A,flow,L/h\nf,N1,A,temperature,°C\n"
    )
    result = run(capsys, tmp_path / "t.csv", table)
    assert (result["made"], result["unchanged"], result["things"], result["refused"]) == (6, 0, 4, [])
    streams = {stream.code: stream for stream in Datastream.objects.select_related("thing__attachment")}
    assert streams["a"].thing == streams["e"].thing
    attachment = streams["c"].thing.attachment
    assert attachment is not None
    assert attachment.pipe == world.pipes["P2"]
    assert (streams["c"].unit, streams["c"].unit_factor, streams["c"].kind) == ("L/s", 3.6, "mean")
    assert streams["d"].division == world.district
    assert {thing.code for thing in Thing.objects.all()} == {"N1:A", "N1:M1", "N1:P2", "N1:T"}
    assert AuditEvent.objects.filter(action="import datastreams").count() == 1
    again = run(capsys, tmp_path / "t.csv", table)
    assert (again["made"], again["unchanged"], again["things"]) == (0, 6, 0)


def test_wrong_rows_are_refused_alone_with_their_reasons(world, tmp_path, capsys):
    table = (
        "datastream;network;asset;property;unit;interval_s;kind;time_zone;name\n"
        "ok;N1;B;pressure;bar;300;instant;Europe/Rome;At B\n"
        ";N1;A;pressure;m;;;;\n"
        "x1;N9;A;pressure;m;;;;\n"
        "x2;N1;ZZ;pressure;m;;;;\n"
        "x3;N1;A;pressure;l/s;;;;\n"
        "x4;N1;A;beauty;m;;;;\n"
        "x5;N1;A;pressure;m;-5;;;\n"
        "x6;N1;A;pressure;m;;often;;\n"
        "x7;N1;A;pressure;m;;;Mars;\n"
        "ok;N1;A;pressure;m;;;;\n"
        "y1;N1;M1;flow;m3/h;;;;\n"
        "y2;N1;device:M1;flow;m3/h;;;;\n"
        "x8;N1;pipe:A;flow;m3/h;;;;\n"
    )
    result = run(capsys, tmp_path / "t.csv", table)
    assert result["made"] == 2
    assert [entry["row"] for entry in result["refused"]] == [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14]
    reasons = " ".join(entry["reason"] for entry in result["refused"])
    for word in (
        "empty",
        "N9",
        "ZZ",
        "known are",
        "beauty",
        "-5",
        "often",
        "Mars",
        "row 2",
        "in an earlier row",
    ):
        assert word in reasons, word
    stream = Datastream.objects.get(code="ok")
    assert (stream.interval_s, stream.time_zone, stream.name) == (300, "Europe/Rome", "At B")
    changed = run(
        capsys,
        tmp_path / "u.csv",
        "datastream,network,asset,property,unit\nok,N1,B,pressure,m\nok2,N1,A,pressure,m\n",
    )
    assert changed["made"] == 1
    assert "unit bar" in changed["refused"][0]["reason"]


@pytest.mark.parametrize("content", [b"", b"datastream,network\n", b"\xff\xfe\xff", b"a,b,c\n1,2,3\n"])
def test_a_file_without_the_columns_is_refused_whole(db, tmp_path, capsys, content):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(SystemExit):
        call_command("import_datastreams", str(path), "--json")
    assert "error" in json.loads(capsys.readouterr().out)
