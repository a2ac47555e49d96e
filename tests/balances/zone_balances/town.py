"""A town of five junctions for the tests of zones: one source, two tanks' worth of storage, a meter on every edge.

         F1            F2             F3
    R ---> A1 --- A2 ---> B1 --- T      A2 ---> C1       zones: W holds X and C; X holds A and B
      P1       P2     P3      P4           P5            A: A1, A2   B: B1, T   C: C1

F2 and F3 are on the pipes P3 and P5, which start at one node.
"""

import csv
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.gis.geos import LineString, Point
from django.core.management import call_command

from assets.models import Network, Node, Pipe, ReservoirDetail, TankDetail
from assets.registers.services.attachments import Place, attach
from gis_core.models import Division
from sensors.models import Datastream
from sensors.series.services.ingestion import load_observations
from sensors.series.services.registers import add_datastream, add_thing
from tests.world import local_midnight

PLACES = {
    "R": (69.400, 41.40),
    "A1": (69.401, 41.40),
    "A2": (69.402, 41.40),
    "B1": (69.403, 41.40),
    "T": (69.404, 41.40),
    "C1": (69.402, 41.41),
}
LINES = {"P1": ("R", "A1"), "P2": ("A1", "A2"), "P3": ("A2", "B1"), "P4": ("B1", "T"), "P5": ("A2", "C1")}
ZONES = "node,zone,parent\nA1,A,X\nA2,A,X\nB1,B,X\nT,B,X\nC1,C,W\n,X,W\n,W,\n"
JANUARY = date(2026, 1, 1)
HOURS = 31 * 24
TANK_DIAMETER_M = 10.0


def make_town(district: Division, code: str = "TOWN") -> Network:
    """The town's network without zones."""
    network = Network.objects.create(code=code, name=code, commodity="water", division=district)
    kinds = {"R": "reservoir", "T": "tank"}
    nodes = {
        name: Node.objects.create(
            network=network,
            division=district,
            code=name,
            kind=kinds.get(name, "junction"),
            geom=Point(*place, srid=4326),
            elevation_m=400.0,
        )
        for name, place in PLACES.items()
    }
    for name, (start, end) in LINES.items():
        Pipe.objects.create(
            network=network,
            division=district,
            code=name,
            start_node=nodes[start],
            end_node=nodes[end],
            geom=LineString(PLACES[start], PLACES[end], srid=4326),
            diameter_m=0.2,
            stated_length_m=100.0,
        )
    ReservoirDetail.objects.create(node=nodes["R"], head_m=450)
    TankDetail.objects.create(
        node=nodes["T"],
        initial_level_m=2,
        minimum_level_m=0,
        maximum_level_m=5,
        diameter_m=TANK_DIAMETER_M,
    )
    return network


def stream_on(
    network: Network, asset: str, quantity: str, unit: str, code: str, interval_s: int = 3600
) -> Datastream:
    """A datastream on a pipe or a node of the network."""
    pipe = Pipe.objects.filter(network=network, code=asset).first()
    place = (
        Place(pipe.start_node_id, pipe.pk, 0.5)
        if pipe is not None
        else Place(Node.objects.get(network=network, code=asset).pk)
    )
    attachment = attach(network, [place])[0]
    thing = add_thing(
        code=f"{code}-thing", name=code, division=network.division, attachment=attachment, acting_user=None
    )
    return add_datastream(
        thing=thing,
        code=code,
        observed_property=quantity,
        unit=unit,
        kind="mean" if quantity == "flow" else "instant",
        interval_s=interval_s,
        acting_user=None,
    )


def send(stream: Datastream, values: dict[int, float], start: date = JANUARY) -> None:
    """Store values by hours since local midnight of `start`."""
    first = local_midnight(start)
    rows = [(stream.pk, first + timedelta(hours=hour), value) for hour, value in values.items()]
    load_observations(rows=rows, acting_user=None, origin="test")


def run(command: str, *arguments: Any, **options: Any) -> Any:
    """What a command answers, or the error that it reports."""
    out = StringIO()
    words = [str(argument) for argument in arguments]
    with suppress(SystemExit):
        call_command(command, *words, "--json", stdout=out, stderr=StringIO(), **options)
    answer = json.loads(out.getvalue())
    return answer.get("error", answer)


def table(folder: Path, text: str, name: str = "table.csv") -> Path:
    """A file with this text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def table_of(folder: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Path:
    """A CSV file of rows."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return table(folder, text.getvalue())


METERS = (
    "zone,datastream,role,error_percent\nA,F1,inlet,1\nA,F2,outlet,2\nB,F2,inlet,2\nA,F3,outlet,\nC,F3,inlet,\n"
    "B,L,storage,0\n"
)


@pytest.fixture
def town(district: Division, tmp_path: Path) -> Network:
    """Zones, meters and a month of flows: 10 m3/h in, 3 on to B, 2 to C; the tank rises by half a metre."""
    network = make_town(district)
    streams = {
        name: stream_on(network, pipe, "flow", "m3/h", name)
        for name, pipe in (("F1", "P1"), ("F2", "P3"), ("F3", "P5"))
    }
    level = stream_on(network, "T", "level", "m", "L")
    assert run("make_zones", "TOWN", table(tmp_path, ZONES))["created"] == 5
    assert run("set_zone_meter", table(tmp_path, METERS), "--network", "TOWN")["changed"] == 6
    for name, flow in (("F1", 10.0), ("F2", 3.0), ("F3", 2.0)):
        send(streams[name], dict.fromkeys(range(1, HOURS + 1), flow))
    send(level, {hour: 2.0 if hour < 100 else 2.5 for hour in range(HOURS + 1)})
    return network


def compute(*arguments: Any) -> Any:
    """The answer of compute_balances for January, unless another period is asked for."""
    period = () if "--from" in arguments or "--period" in arguments else ("--from", "2026-01")
    return run("compute_balances", *arguments, *period)


def rows_of(answer: Any, granularity: str = "month") -> dict[str, Any]:
    """Rows by zone; of days the first."""
    found: dict[str, Any] = {}
    for row in answer["rows"]:
        if row["granularity"] == granularity:
            found.setdefault(row["zone_code"], row)
    return found
