"""Checking what came in: flags beside the values, raw untouched, piecewise the same as all at once."""

import random
import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

from gis_core.errors import ReportedError
from gis_core.models import Division
from sensors.models import Datastream, Observation, QualityFlag, QualityRule, UncheckedBucket
from sensors.quality.services.catalogue import validated_parameters
from sensors.quality.services.checking import check_quality, recheck
from sensors.series.services.ingestion import load_observations
from sensors.series.services.registers import add_datastream, add_thing
from sensors.series.services.series_edits import edit_series

START = datetime(2026, 3, 1, tzinfo=UTC)
STEP = timedelta(minutes=5)


def make_stream(
    division: Division,
    code: str,
    quantity: str = "pressure",
    unit: str = "m",
    kind: str = "instant",
    interval_s: int = 300,
) -> Datastream:
    thing = add_thing(code=code, name="Logger", division=division, attachment=None, acting_user=None)
    return add_datastream(
        thing=thing,
        code=f"{code}:{quantity}",
        observed_property=quantity,
        unit=unit,
        kind=kind,
        interval_s=interval_s,
        acting_user=None,
    )


@pytest.fixture
def stream(district: Division) -> Datastream:
    return make_stream(district, "T1")


def load(rows: Any) -> None:
    load_observations(rows=rows, acting_user=None, origin="test")


def regular(
    stream: Datastream, values: Sequence[float], start: datetime = START
) -> list[tuple[int, datetime, float]]:
    return [(stream.pk, start + index * STEP, float(value)) for index, value in enumerate(values)]


def noise(count: int, seed: int = 1) -> list[float]:
    drawn = random.Random(seed)
    return [round(40 + drawn.uniform(-1, 1), 2) for _ in range(count)]


def open_flags(stream: Datastream) -> set[tuple[Any, ...]]:
    return set(
        QualityFlag.objects.filter(datastream=stream, cleared_at=None).values_list(
            "rule", "severity", "time", "end_time", "measure"
        )
    )


def rules_at(stream: Datastream) -> list[tuple[str, str, datetime]]:
    return sorted((rule, severity, time) for rule, severity, time, _end, _measure in open_flags(stream))


def set_rule(stream: Datastream, rule: str, **parameters: Any) -> None:
    QualityRule.objects.update_or_create(
        datastream=stream,
        rule=rule,
        defaults={"division": stream.division, "parameters": validated_parameters(rule, parameters)},
    )


def raw_bits() -> list[tuple[Any, ...]]:
    rows = Observation.objects.order_by("datastream_id", "time").values_list(
        "datastream_id", "time", "value", "received_at"
    )
    return [(pk, time, struct.pack(">d", value), received) for pk, time, value, received in rows]


def test_the_rules_of_a_new_installation_are_valid_and_quiet(stream: Datastream) -> None:
    for row in QualityRule.objects.all():
        assert validated_parameters(row.rule, row.parameters) == row.parameters
    load(regular(stream, noise(2000)))
    result = check_quality()
    assert (result.datastreams, result.values, result.flagged) == (1, 2000, 0)
    assert not UncheckedBucket.objects.exists()
    assert check_quality().datastreams == 0


def test_each_fault_is_flagged_where_it_is_and_raw_stays(stream: Datastream) -> None:
    values = noise(600)
    values[100] = 999  # out of range, and a spike
    values[200] = -5  # negative, and too low
    values[300:500] = [41.0] * 200  # flat for 16 h
    rows = regular(stream, values)
    del rows[550:570]
    rows.append((stream.pk, START + 50 * STEP + timedelta(seconds=1), 40.0))
    load(rows)
    before = raw_bits()
    check_quality()
    assert raw_bits() == before
    found: dict[str, list[tuple[str, datetime]]] = {}
    for rule, severity, time in rules_at(stream):
        found.setdefault(rule, []).append((severity, time))
    assert found["range"] == [("fail", START + 100 * STEP), ("suspect", START + 200 * STEP)]
    assert found["negative"] == [("suspect", START + 200 * STEP)]
    assert ("fail", START + 100 * STEP) in found["spike"]
    assert found["duplicate"] == [("suspect", START + 50 * STEP + timedelta(seconds=1))]
    # 43,200 s are 144 values before the one that is flagged.
    assert [time for _severity, time in found["flat_line"]] == [
        START + index * STEP for index in range(444, 500)
    ]
    assert found["gap"] == [("fail", START + 550 * STEP)]
    gap = QualityFlag.objects.get(datastream=stream, rule="gap")
    assert (gap.end_time, gap.measure) == (START + 570 * STEP, 20)


def test_a_corrected_value_clears_its_flag_and_the_history_stays(stream: Datastream) -> None:
    values = noise(50)
    values[20] = 999
    load(regular(stream, values))
    check_quality()
    assert open_flags(stream)
    when = START + 20 * STEP
    edit_series(
        datastream=stream, corrections=[(when, 40.0)], code="edited", reason="spike", acting_user=None
    )
    result = check_quality()
    assert not open_flags(stream)
    assert (
        result.cleared == QualityFlag.objects.filter(datastream=stream, cleared_at__isnull=False).count() > 0
    )


def test_late_values_close_a_gap_in_part(stream: Datastream) -> None:
    rows = regular(stream, noise(100))
    load(rows[:20] + rows[60:])
    check_quality()
    assert rules_at(stream) == [("gap", "fail", START + 20 * STEP)]
    load(rows[40:45])
    check_quality()
    gaps = {(time, end) for _rule, _severity, time, end, _measure in open_flags(stream)}
    assert gaps == {(START + 20 * STEP, START + 40 * STEP), (START + 45 * STEP, START + 60 * STEP)}
    load(rows)
    check_quality()
    assert not open_flags(stream)


def test_counters_roll_over_and_are_reset(district: Division) -> None:
    counter = make_stream(district, "C1", "counter", "m3", "counter")
    load(regular(counter, [99990, 99994, 99998, 3, 9, 15, 2, 5]))
    check_quality()
    assert open_flags(counter) == {
        ("rollover", "note", START + 3 * STEP, None, 5.0),
        ("reset", "suspect", START + 6 * STEP, None, 9987.0),
    }


def test_a_value_sent_again_with_another_value_is_marked(stream: Datastream) -> None:
    rows = regular(stream, noise(10))
    load(rows)
    load([(stream.pk, rows[4][1], rows[4][2] + 0.5)])
    check_quality()
    assert rules_at(stream) == [("duplicate", "suspect", rows[4][1])]


def test_stamps_from_the_future_are_flagged(stream: Datastream) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    rows = [
        (stream.pk, now + timedelta(seconds=shift), 40.0 + shift / 1e6)
        for shift in (-300, 0, 1200, 3 * 86400)
    ]
    load(rows)
    check_quality()
    future = {(severity, time) for rule, severity, time in rules_at(stream) if rule == "future_stamp"}
    assert future == {("suspect", rows[2][1]), ("fail", rows[3][1])}


def test_rules_of_a_division_and_of_a_datastream_go_before_the_general_ones(
    stream: Datastream, district: Division
) -> None:
    load(regular(stream, [*noise(20), 62.0, *noise(20)]))
    check_quality()
    assert not open_flags(stream)
    general = QualityRule.objects.create(
        division=district, observed_property="pressure", rule="range", parameters={"suspect_maximum": 60}
    )
    look_again = partial(recheck, streams=[stream.pk], since=START, until=START + timedelta(days=1))
    look_again()
    assert rules_at(stream) == [("range", "suspect", START + 20 * STEP)]
    set_rule(stream, "range", fail_maximum=61)
    look_again()
    assert rules_at(stream) == [("range", "fail", START + 20 * STEP)]
    QualityRule.objects.filter(datastream=stream).update(is_enabled=False)
    look_again()
    assert not open_flags(stream)
    assert general.pk


def test_general_rules_are_in_canonical_units(district: Division) -> None:
    """210 m of water are above the usual 200 m, in bar as well."""
    bar = make_stream(district, "T2", unit="bar")
    load(regular(bar, [4.0, 4.1, 20.0, 20.6, 20.1, 4.2]))
    check_quality()
    assert ("range", "suspect", START + 3 * STEP) in rules_at(bar)
    assert ("range", "suspect", START + 2 * STEP) in rules_at(bar)
    assert ("range", "suspect", START + 1 * STEP) not in rules_at(bar)


@pytest.mark.parametrize(
    ("rule", "parameters", "names"),
    [
        ("range", {}, ["fail_minimum"]),
        ("range", {"fail_minimum": 5, "fail_maximum": 1}, ["fail_minimum"]),
        ("range", {"fail_maximum": 5, "suspect_maximum": 6}, ["suspect_maximum"]),
        ("range", {"fail_maximum": "5"}, ["fail_maximum"]),
        ("range", {"fail_maximum": True}, ["fail_maximum"]),
        ("range", {"fail_maximum": float("nan")}, ["fail_maximum"]),
        ("spike", {"suspect": 0}, ["suspect"]),
        ("spike", {"suspect": 1, "method": "magic"}, ["method"]),
        ("gap", {"suspect_steps": 0.5}, ["suspect_steps"]),
        ("gap", {"suspect_steps": 2, "typo": 1}, ["typo"]),
        ("rollover", {"digits": 5.5}, ["digits"]),
        ("flat_line", {"suspect_s": 60, "fail_s": 30}, ["suspect_s"]),
        ("flat_line", [], ["parameters"]),
    ],
)
def test_parameters_are_checked(rule: str, parameters: Any, names: list[str]) -> None:
    with pytest.raises(ReportedError) as refused:
        validated_parameters(rule, parameters)
    assert refused.value.code == "bad_parameters"
    assert [fault["parameter"] for fault in refused.value.details] == names


@pytest.mark.parametrize("seed", range(12))
def test_piece_by_piece_gives_what_all_at_once_gives(district: Division, seed: int) -> None:
    """Values in any order, in pieces, with corrections and deletions between the checks."""
    drawn = random.Random(seed)
    stream = make_stream(district, "P1")
    set_rule(stream, "flat_line", suspect_s=1800, fail_s=5400, tolerance=0.05)
    set_rule(stream, "spike", suspect=3, fail=8, method=drawn.choice(["average", "differential"]))
    set_rule(stream, "rate_of_change", suspect_per_s=0.02, fail_per_s=0.05)
    set_rule(stream, "range", suspect_minimum=35, fail_minimum=20, suspect_maximum=50, fail_maximum=70)
    rows = _eventful_rows(stream, drawn)
    pieces = [rows[place : place + 25] for place in range(0, len(rows), 25)]
    if drawn.random() < 0.7:
        drawn.shuffle(pieces)
    for number, piece in enumerate(pieces):
        load(piece)
        if number % 5 == 3:
            stamp = drawn.choice(piece)[1]
            value = drawn.choice([None, 40.0, 200.0])
            code = "deleted" if value is None else drawn.choice(["edited", "restored", "estimated"])
            edit_series(
                datastream=stream, corrections=[(stamp, value)], code=code, reason="x", acting_user=None
            )
        if drawn.random() < 0.7:
            check_quality()
    check_quality()
    piecewise = open_flags(stream)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sensors_qualityflag SET cleared_at = now() WHERE cleared_at IS NULL AND made_at <= now()"
        )
        cursor.execute(
            "UPDATE sensors_qualityflag SET cleared_at = clock_timestamp() WHERE cleared_at IS NULL"
        )
    recheck(streams=[stream.pk], since=START - timedelta(days=1), until=START + timedelta(days=900))
    assert open_flags(stream) == piecewise
    assert {flag[0] for flag in piecewise} >= {"gap", "spike", "range", "rate_of_change"}


def _eventful_rows(stream: Datastream, drawn: random.Random) -> list[tuple[int, datetime, float]]:
    time, value = START, 40.0
    rows: list[tuple[int, datetime, float]] = []
    while len(rows) < 400:
        time += STEP * (1 if drawn.random() < 0.97 else drawn.choice([2, 3, 30, 700, 12_000]))
        time += timedelta(seconds=drawn.choice([0, 0, 0, 1, -1]))
        if drawn.random() > 0.15 and rows and drawn.random() < 0.9 and len(rows) % 60 > 35:
            value = rows[-1][2]
        else:
            value = round(40 + drawn.uniform(-2, 2), 2)
        if drawn.random() < 0.02:
            value = drawn.choice([-20.0, 0.0, 55.0, 90.0])
        rows.append((stream.pk, time, value))
    return rows
