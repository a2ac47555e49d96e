"""Balances that only follow what changed equal those computed anew, in whatever order things came and were set.

Random towns: zones nested at random, meters between any two of them, gaps, late and corrected values, volumes replaced,
meters set and taken away, nodes moved. `make test` tries a few, `make prove` many.
"""

import os
import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from assets.models import Network, Node
from balances.models import MeterDay, MeterTouch, ZoneBalance, ZoneMeter
from balances.zone_balances.services.computation import compute_networks
from gis_core.models import Division
from sensors.models import Datastream
from sensors.series.services.series_edits import edit_series
from tests.balances.test_zone_balances import read
from tests.balances.zone_balances.town import (
    compute,
    make_town,
    rows_of,
    run,
    send,
    stream_on,
    table,
    table_of,
    town,
)
from tests.conftest import make_district
from tests.world import World, make_world

__all__ = ["town"]
CASES = 200 if os.environ.get("TARMOQ_PROVE") else 2
STEPS = 4
FIRST, LAST = date(2026, 1, 1), date(2026, 2, 28)
HOURS = 59 * 24
STREAMS = {f"S{number}": f"P{number}" for number in range(1, 6)}
SUMMED = [
    *(
        "supply_m3",
        "storage_change_m3",
        "apportioned_m3",
        "unbilled_m3",
        "billed_metered_m3",
        "billed_unmetered_m3",
    ),
    *("estimated_m3", "billed_m3", "imbalance_billed_m3", "imbalance_apportioned_m3"),
]
_FIGURES = [
    *("zone__code", "granularity", "period_start", "input_m3", "output_m3", "limit_95_m3", "supply_coverage"),
    *("consumption_coverage", "service_points", "status", "reasons", "billed_from", "billed_to", *SUMMED),
]


@dataclass
class RandomTown:
    """A town whose zones and meters are drawn; `leaves` are zones without zones inside them."""

    network: Network
    folder: Path
    random: random.Random
    leaves: list[str] = field(default_factory=list)
    parents: dict[str, str] = field(default_factory=dict)

    def build(self) -> None:
        for code, pipe in STREAMS.items():
            stream_on(self.network, pipe, "flow", "m3/h", code)
        stream_on(self.network, "T", "level", "m", "L")
        inner = ["W", "X", "Y"][: self.random.randint(1, 3)]
        self.parents = {
            code: self.random.choice(inner[:number]) for number, code in enumerate(inner) if number
        }
        self.leaves = [f"Z{number}" for number in range(4)]
        self.parents |= {leaf: self.random.choice(inner) for leaf in self.leaves}
        rows = [("", zone, parent) for zone, parent in self.parents.items()]
        rows += [(node, self.random.choice(self.leaves), "") for node in ("A1", "A2", "B1", "T", "C1")]
        self.random.shuffle(rows)
        run("make_zones", self.network.code, table_of(self.folder, ("node", "zone", "parent"), rows))
        # Each leaf has an inlet or outlet, most meters stand between two leaves.
        for code in STREAMS:
            first, second = self.random.sample(self.leaves, 2)
            self.set_meter(first, code, "inlet")
            if self.random.random() < 0.7:
                self.set_meter(second, code, "outlet")
            hours = [hour for hour in range(1, HOURS + 1) if self.random.random() < 0.9]
            send(Datastream.objects.get(code=code), {hour: self.random.uniform(0, 9) for hour in hours})
        self.set_meter(self.random.choice(self.leaves), "L", "storage")
        send(
            Datastream.objects.get(code="L"),
            {hour: self.random.uniform(1, 4) for hour in range(0, HOURS + 24, 12)},
        )

    def set_meter(self, zone: str, stream: str, role: str) -> None:
        answer = run("set_zone_meter", "--zone", zone, "--datastream", stream, "--role", role)
        assert "changed" in answer, answer

    def values(self) -> dict[int, float]:
        """Some hours of flow, here and there with a gap, now and then the other way."""
        start, length = self.random.randrange(HOURS), self.random.randint(1, HOURS)
        return {
            hour: round(self.random.uniform(-2, 12), 3)
            for hour in range(start + 1, min(start + length, HOURS) + 1)
            if self.random.random() < 0.97
        } or {1: 1.0}

    def step(self) -> None:
        """One thing that happens to a town."""
        chance = self.random.choice(
            ["late", "late", "level", "correct", "import", "meter", "remove", "move", "parent"]
        )
        stream = Datastream.objects.get(code=self.random.choice(list(STREAMS)))
        if chance == "late":
            send(stream, self.values())
        elif chance == "level":
            hours = sorted(self.random.sample(range(HOURS + 24), 200))
            send(Datastream.objects.get(code="L"), {hour: self.random.uniform(1, 4) for hour in hours})
        elif chance == "correct":
            moment = datetime(2026, 1, 1, tzinfo=timezone.get_default_timezone())
            moment += timedelta(hours=self.random.randrange(HOURS))
            value = self.random.choice([None, 99.5])
            code = "deleted" if value is None else "edited"
            edit_series(
                datastream=stream, corrections=[(moment, value)], code=code, reason="x", acting_user=None
            )
        elif chance == "import":
            self.import_some()
        elif chance == "meter":
            self.set_meter(
                self.random.choice(self.leaves), stream.code, self.random.choice(["inlet", "outlet"])
            )
        elif chance == "remove":
            meter = self.random.choice(list(ZoneMeter.objects.filter(removed_at=None)))
            run(
                "set_zone_meter", "--zone", meter.zone.code, "--datastream", meter.datastream.code, "--remove"
            )
        elif chance == "move":
            row = (self.random.choice(["A1", "A2", "B1", "C1"]), self.random.choice(self.leaves), "")
            run("make_zones", self.network.code, table_of(self.folder, ("node", "zone", "parent"), [row]))
        else:
            top = self.random.choice(sorted(set(self.parents.values())))
            moved = self.random.choice(self.leaves)
            row = ("", moved, top)
            run("make_zones", self.network.code, table_of(self.folder, ("node", "zone", "parent"), [row]))

    def import_some(self) -> None:
        kinds = ["billed_metered", "billed_unmetered", "unbilled_metered", "unbilled_unmetered"]
        rows = {}
        for _number in range(5):
            first = FIRST + timedelta(days=self.random.randrange(-9, 50))
            last = first + timedelta(days=self.random.randrange(40))
            key = (self.random.choice(self.leaves), first, last, self.random.choice(kinds))
            rows[key] = (*key, round(self.random.uniform(0, 5000), 3), self.random.choice(["", 12]))
        header = ("zone", "from", "to", "kind", "volume_m3", "connections")
        answer = run(
            "import_consumption", table_of(self.folder, header, rows.values()), "--network", self.network.code
        )
        assert "rows" in answer, answer


def bring_up_to_date(network: Network, *, is_full: bool = False) -> int:
    return compute_networks([network], since=FIRST, last_day=LAST, acting_user=None, is_full=is_full)[
        "written"
    ]


def figures(network: Network) -> list[tuple[Any, ...]]:
    rows = ZoneBalance.objects.filter(zone__network=network).order_by(
        "zone__code", "granularity", "period_start"
    )
    return list(rows.values_list(*_FIGURES))


def assert_conserved(network: Network) -> int:
    """Every parent whose children suffice is their sum, to the litre; how many were looked at."""
    looked_at = 0
    by_period: dict[tuple[str, date], dict[int, ZoneBalance]] = {}
    for row in ZoneBalance.objects.filter(zone__network=network).select_related("zone"):
        by_period.setdefault((row.granularity, row.period_start), {})[row.zone_id] = row
    for rows in by_period.values():
        for parent in rows.values():
            children = [row for row in rows.values() if row.zone.parent_id == parent.zone_id]
            if not children or any(row.status != "sufficient" for row in children):
                continue
            looked_at += 1
            for name in SUMMED:
                if getattr(parent, name) is not None:
                    assert getattr(parent, name) == sum(getattr(row, name) for row in children), name
            assert net_input(parent) == sum(map(net_input, children))
    return looked_at


def net_input(row: ZoneBalance) -> Decimal:
    assert row.input_m3 is not None
    assert row.output_m3 is not None
    return row.input_m3 - row.output_m3


@pytest.mark.figure
def test_what_follows_changes_equals_what_is_computed_anew(district: Division, tmp_path: Path) -> None:
    looked_at = written = 0
    for case in range(CASES):
        with transaction.atomic():
            network = make_town(make_district(f"D{case}", f"D{case}"), f"T{case}")
            town = RandomTown(network, tmp_path, random.Random(1_000 + case))
            town.build()
            for _step in range(STEPS):
                for _thing in range(town.random.randint(1, 4)):
                    town.step()
                written += bring_up_to_date(network)
                followed = figures(network)
                assert bring_up_to_date(network) == 0
                assert bring_up_to_date(network, is_full=True) == 0, case
                assert figures(network) == followed
                looked_at += assert_conserved(network)
            transaction.set_rollback(True)
    print(
        f"zone balances: {CASES} towns, {written} rows followed changes, {looked_at} parents equal their children"
    )
    assert looked_at > 0
    assert written > 0


def test_the_order_in_which_values_come_does_not_matter(district: Division, tmp_path: Path) -> None:
    outcomes = []
    for order in range(3):
        with transaction.atomic():
            network = make_town(district, "ORDER")
            town = RandomTown(network, tmp_path, random.Random(7))
            town.build()
            pieces = [(code, town.values()) for code in STREAMS for _part in range(2)]
            seen: dict[str, set[int]] = {}
            # Each instant once: which of two values for one instant holds is a question of order.
            parts = []
            for code, values in pieces:
                fresh = {
                    hour: value for hour, value in values.items() if hour not in seen.setdefault(code, set())
                }
                seen[code] |= set(fresh)
                parts.append((code, fresh))
            random.Random(order).shuffle(parts)
            for number, (code, values) in enumerate(parts):
                if values:
                    send(Datastream.objects.get(code=code), values)
                if number % 3 == order:
                    bring_up_to_date(network)
            bring_up_to_date(network)
            outcomes.append(figures(network))
            transaction.set_rollback(True)
    assert outcomes[0] == outcomes[1] == outcomes[2]


def test_touches_of_other_datastreams_are_not_kept(town: Network) -> None:
    other = stream_on(town, "A1", "pressure", "m", "H")
    before = MeterTouch.objects.count()
    send(other, {5: 40.0})
    assert MeterTouch.objects.count() == before
    send(Datastream.objects.get(code="F1"), {800: 40.0})
    assert MeterTouch.objects.count() == before + 1
    compute("--network", "TOWN")
    assert not MeterTouch.objects.exists()
    assert MeterDay.objects.filter(datastream__code="F1").count() == 31


@pytest.mark.usefixtures("committing_database")
def test_a_balance_as_it_was_known_and_a_node_that_moves(tmp_path: Path) -> None:
    """What came later, was set later or moved later does not change what was known, nor the days before a move."""
    world = make_world(make_district("QIBRAY", "Qibray tumani"), network_code="TOWN")
    stream = stream_on(world.network, "P1", "flow", "m3/h", "F1")
    run("set_zone_meter", "--zone", "Z1", "--datastream", "F1", "--role", "inlet")
    send(stream, dict.fromkeys(range(1, 700), 4.0))
    for position in range(5):
        read(world, position, date(2026, 1, 1), "100")
        read(world, position, date(2026, 2, 1), "131")
    first = compute("--network", "TOWN", "--daily")
    known = timezone.now().isoformat()
    send(stream, dict.fromkeys(range(700, 745), 7.0))
    moment = stream.observations.order_by("time").values_list("time", flat=True)[9]
    edit_series(datastream=stream, corrections=[(moment, 50.0)], code="edited", reason="x", acting_user=None)
    read(world, 4, date(2026, 2, 1), "162")
    consumption = "zone,from,to,kind,volume_m3\nZ1,2026-01,2026-01,billed_metered,10\n"
    run("import_consumption", table(tmp_path, consumption), "--network", "TOWN")
    run("set_zone_meter", "--zone", "Z1", "--datastream", "F1", "--role", "outlet")
    second = compute("--network", "TOWN", "--daily")
    assert rows_of(second)["Z1"] != rows_of(first)["Z1"]
    stored = figures(world.network)
    then = compute("--network", "TOWN", "--daily", "--as-of", known)
    assert (then["rows"], then["written"]) == (first["rows"], 0)
    assert (
        compute("--network", "TOWN", "--daily", "--as-of", timezone.now().isoformat())["rows"]
        == second["rows"]
    )
    before_all = compute("--network", "TOWN", "--as-of", "2020-01-01T00:00:00+05:00")
    assert rows_of(before_all)["Z1"]["status"] == "insufficient"
    assert rows_of(before_all)["Z1"]["apportioned_m3"] == "0.000"
    assert figures(world.network) == stored
    assert_moves_count_from_their_day(world, tmp_path, second)


def assert_moves_count_from_their_day(world: World, folder: Path, before: dict[str, Any]) -> None:
    """C, where two subscribers hang, goes to Z1 today: January stays, and what is used from now on is that of Z1."""
    today = timezone.localdate()
    month_before = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    for position in (3, 4):
        read(world, position, month_before, "10000")
        read(world, position, today, str(10_000 + (today - month_before).days))
        read(world, position, today + timedelta(days=10), str(10_000 + (today - month_before).days + 20))
    assert Node.objects.get(network=world.network, code="C").zone == world.zones["Z2"]
    answer = run("make_zones", "TOWN", table(folder, "node,zone,parent\nC,Z1,\n"))
    assert answer["moved"] == 1
    assert compute("--network", "TOWN", "--daily")["rows"] == before["rows"]
    assert compute("--network", "TOWN", "--daily", "--full")["rows"] == before["rows"]
    days = run(
        "compute_balances",
        *(
            "--network",
            "TOWN",
            "--from",
            today - timedelta(days=2),
            "--to",
            today + timedelta(days=2),
            "--daily",
        ),
    )
    used = {
        (row["zone_code"], row["period_start"]): Decimal(row["apportioned_m3"])
        for row in days["rows"]
        if row["granularity"] == "day"
    }
    yesterday, tomorrow = str(today - timedelta(days=1)), str(today + timedelta(days=1))
    assert used["Z1", yesterday] + used["Z2", tomorrow] == 0
    assert used["Z2", yesterday] > 0
    assert used["Z1", tomorrow] > 0
