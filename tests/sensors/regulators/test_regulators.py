"""Regulators: schedules, a closed loop with a simple valve and demand, silence, overrides, commands and answers."""

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from assets.models import Node
from gis_core.errors import ReportedError
from gis_core.models import Division, User
from sensors.models import Datastream, MqttMessage, QualityFlag, Regulator, RegulatorCommand, SetPointEntry
from sensors.regulators.services.controlling import regulate, scheduled_entry
from sensors.regulators.services.messages import acknowledge_command, mark_sent, unsent_messages
from sensors.regulators.services.registers import (
    add_regulator,
    change_regulator,
    end_override,
    override_set_point,
    set_schedule,
)
from sensors.series.services.series_edits import edit_series
from tests.sensors.quality.test_checking import load

# A Monday, midnight in Tashkent.
START = datetime(2026, 3, 1, 19, tzinfo=UTC)
STEP = timedelta(minutes=5)


def overridden(valve: Regulator, user: User, now: datetime = START) -> RegulatorCommand | None:
    """Held at 42 by hand for an hour; the command for it."""
    return override_set_point(
        regulator=valve,
        set_point=42,
        until=now + timedelta(hours=1),
        reason="test",
        acting_user=user,
        now=now,
    )


class Device:
    """A valve that holds what it is told, and the pressure at the critical point behind it, by Hazen-Williams."""

    def __init__(self, valve: Regulator) -> None:
        self.valve, self.held, self.is_deaf = valve, valve.set_point, False
        self.history: list[float] = []

    def pressure_m(self, now: datetime) -> float:
        hour = ((now - START).total_seconds() / 3600) % 24
        # 40 to 120 m3/h, two peaks a day; 13 m are lost at 100 m3/h.
        flow = (
            80 + 25 * math.sin((hour - 6) / 24 * 4 * math.pi) + 15 * math.sin((hour - 9) / 24 * 2 * math.pi)
        )
        return self.held - 13 * (max(flow, 0) / 100) ** 1.852

    def obey(self, now: datetime) -> None:
        for message in unsent_messages(now=now):
            mark_sent(message, now=now)
            told = json.loads(message.payload)
            if self.is_deaf:
                continue
            self.held = told["set_point"]
            answer = {"command": told["command"], "accepted": True, "set_point": self.held}
            assert acknowledge_command(self.valve.answer_topic, json.dumps(answer), now=now) == "acknowledged"
        self.history.append(self.held)


def run(
    device: Device,
    stream: Datastream,
    steps: int,
    shown: Callable[[float, int], float | None],
    start: datetime = START,
) -> list[float]:
    """Pressures at the critical point over `steps` of five minutes; `shown` is what the sensor makes of them."""
    pressures = []
    for number in range(steps):
        now = start + number * STEP
        pressures.append(device.pressure_m(now))
        value = shown(pressures[-1], number)
        if value is not None:
            load([(stream.pk, now, value)])
        regulate(now=now + timedelta(seconds=5))
        device.obey(now + timedelta(seconds=10))
    return pressures


def noisy(pressure: float, number: int) -> float:
    return round(pressure + 0.05 * math.sin(number * 1.7), 3)


def test_the_critical_point_is_held_within_its_band(valve: Regulator, stream: Datastream) -> None:
    change_regulator(regulator=valve, mode="hold", acting_user=None)
    device = Device(valve)
    free = [Device(valve).pressure_m(START + number * STEP) for number in range(288)]
    pressures = run(device, stream, 288, noisy)
    settled = pressures[24:]
    print(f"free {min(free):.1f} to {max(free):.1f} m, held {min(settled):.2f} to {max(settled):.2f} m")
    assert max(free) - min(free) > 10
    assert all(abs(pressure - 25) <= 1.6 for pressure in settled)
    assert sum(abs(pressure - 25) <= 1.05 for pressure in settled) > 0.85 * len(settled)
    assert all(20 <= held <= 60 for held in device.history)
    moves = [abs(after - before) for before, after in zip(device.history, device.history[1:], strict=False)]
    assert max(moves) <= 2.001
    assert not RegulatorCommand.objects.exclude(state="acknowledged").exists()


@pytest.mark.parametrize("is_answered", [True, False])
def test_it_goes_on_after_a_clock_that_was_ahead(
    valve: Regulator, stream: Datastream, is_answered: bool
) -> None:
    change_regulator(regulator=valve, mode="hold", acting_user=None)
    device = Device(valve)
    run(device, stream, 24, noisy)
    # For a moment it is next year: the sensor seems silent, and the way to the fallback begins.
    ahead = START + timedelta(days=300)
    regulate(now=ahead)
    if is_answered:
        device.obey(ahead + timedelta(seconds=5))
    newest = RegulatorCommand.objects.order_by("-pk").first()
    assert newest is not None
    assert (newest.source, newest.made_at) == ("fallback", ahead)
    pressures = run(device, stream, 144, noisy, start=START + 24 * STEP)
    assert all(abs(pressure - 25) <= 1.6 for pressure in pressures[24:])
    newest.refresh_from_db()
    assert newest.state == ("acknowledged" if is_answered else "expired")


def test_values_of_the_future_are_passed_over_for_those_that_come_after(
    valve: Regulator, stream: Datastream
) -> None:
    """A poller stamped with a clock that ran ahead; nobody has excluded its values yet."""
    change_regulator(regulator=valve, mode="hold", acting_user=None)
    load([(stream.pk, START + timedelta(days=300), 40.0)])
    pressures = run(Device(valve), stream, 144, noisy)
    assert all(abs(pressure - 25) <= 1.6 for pressure in pressures[24:])


def test_an_override_by_a_clock_that_was_ahead_is_over(valve: Regulator, make_user: Any) -> None:
    user = make_user("engineer", valve.division)
    change_regulator(regulator=valve, mode="hold", acting_user=None)
    ahead = START + timedelta(days=300)
    overridden(valve, user, now=ahead)
    regulate(now=ahead + timedelta(minutes=1))
    valve.refresh_from_db()
    assert valve.following == "override"
    regulate(now=START)
    valve.refresh_from_db()
    assert valve.following == "fallback"


@pytest.mark.parametrize("fault", ["silent", "stuck", "flagged", "absurd"])
def test_it_is_safe_when_the_sensor_is_not(valve: Regulator, stream: Datastream, fault: str) -> None:
    change_regulator(regulator=valve, mode="hold", acting_user=None)
    device = Device(valve)
    run(device, stream, 24, noisy)
    before = RegulatorCommand.objects.count()

    def shown(pressure: float, number: int) -> float | None:
        if fault == "silent":
            return None
        return 12.0 if fault in ("stuck", "flagged") else -500.0

    if fault == "flagged":
        later = START + 24 * STEP
        load([(stream.pk, later + number * STEP, 12.0 + number / 10) for number in range(40)])
        QualityFlag.objects.bulk_create(
            QualityFlag(datastream=stream, time=later + number * STEP, rule="spike", severity="fail")
            for number in range(40)
        )
        # All at once, so that the latest is flagged and not of the future.
        now = later + 39 * STEP
        for number in range(30):
            regulate(now=now + number * STEP / 5 * 5)
            device.obey(now + number * STEP)
            if abs(device.held - 45) < 1e-9:
                break
    else:
        run(device, stream, 60, shown, START + 24 * STEP)
    assert all(20 <= held <= 60 for held in device.history)
    valve.refresh_from_db()
    if fault == "absurd":
        # A value that nobody flagged pulls to the limit and not beyond; being one value only, it is found out.
        assert max(device.history) <= 60
    assert valve.following == "fallback", valve.following_reason
    assert valve.set_point == device.held == pytest.approx(45)
    assert RegulatorCommand.objects.count() > before
    assert set(RegulatorCommand.objects.order_by("-id").values_list("source", flat=True)[:1]) == {"fallback"}


def test_after_silence_the_schedule_counts_where_there_is_one(valve: Regulator, stream: Datastream) -> None:
    change_regulator(regulator=valve, mode="hold", acting_user=None)
    set_schedule(regulator=valve, entries=[(None, time(0), 38.0)], acting_user=None)
    device = Device(valve)
    run(device, stream, 40, lambda _pressure, _number: None)
    assert device.held == pytest.approx(38)


def test_a_corrected_value_that_was_deleted_is_not_acted_on(valve: Regulator, stream: Datastream) -> None:
    change_regulator(regulator=valve, mode="hold", acting_user=None)
    load([(stream.pk, START, 5.0)])
    edit_series(datastream=stream, corrections=[(START, None)], code="deleted", reason="x", acting_user=None)
    regulate(now=START + timedelta(minutes=1))
    valve.refresh_from_db()
    assert valve.following == "fallback"


def test_one_value_moves_the_valve_once(valve: Regulator, stream: Datastream) -> None:
    change_regulator(regulator=valve, mode="hold", acting_user=None)
    device = Device(valve)
    load([(stream.pk, START, 20.0)])
    for minutes in range(1, 25):
        regulate(now=START + timedelta(minutes=minutes))
        device.obey(START + timedelta(minutes=minutes, seconds=5))
    assert device.held == 42


def test_the_schedule_is_on_the_local_clock_and_goes_in_steps(valve: Regulator) -> None:
    entries = [(None, time(6), 44.0), (None, time(22), 36.0), (6, time(0), 30.0)]
    set_schedule(regulator=valve, entries=entries, acting_user=None)
    change_regulator(regulator=valve, mode="schedule", acting_user=None)
    rows = list(SetPointEntry.objects.all())

    def held(day: int, hour: int) -> float:
        entry = scheduled_entry(rows, datetime(2026, 3, day, hour))  # noqa: DTZ001 - local time of the regulator
        assert entry is not None
        return entry.set_point

    # 2026-03-02 is a Monday, the day before a Sunday with a set-point of its own.
    assert [held(2, 5), held(2, 6), held(2, 21), held(2, 22), held(3, 0), held(8, 23)] == [
        30,
        44,
        44,
        36,
        36,
        30,
    ]
    device = Device(valve)
    for number in range(8):
        now = datetime(2026, 3, 2, 1, tzinfo=UTC) + number * STEP  # 06:00 in Tashkent
        regulate(now=now)
        device.obey(now)
    assert device.history[:4] == [42, 44, 44, 44]


def test_commands_wait_for_the_interval_and_run_out(valve: Regulator) -> None:
    set_schedule(regulator=valve, entries=[(None, time(0), 44.0)], acting_user=None)
    change_regulator(regulator=valve, mode="schedule", acting_user=None)
    assert regulate(now=START).commands == 1
    assert regulate(now=START + timedelta(seconds=60)).commands == 0
    result = regulate(now=START + timedelta(seconds=301))
    assert (result.commands, result.expired) == (1, 1)
    first, second = RegulatorCommand.objects.order_by("id")
    assert (first.state, second.state, second.previous_set_point) == ("expired", "pending", 40)
    # The message of the first is no longer to be sent.
    assert [message.command for message in unsent_messages(now=START + timedelta(seconds=301))] == [second]


def answer(command: RegulatorCommand, **values: Any) -> str:
    return json.dumps({"command": str(command.uid), "accepted": True, **values})


def test_answers_are_taken_once_and_believed(valve: Regulator, make_user: Any, district: Division) -> None:
    user = make_user("engineer", district)
    command = overridden(valve, user)
    assert command is not None
    topic = valve.answer_topic
    ignored: list[tuple[str, str | bytes]] = [
        ("elsewhere", answer(command)),
        (topic, b"\xff\xfe"),
        (topic, "[" * 5000),
        (topic, "[" * 3000),
        (topic, "[]"),
        (topic, "{}"),
        (topic, json.dumps({"command": 5, "accepted": True})),
        (topic, answer(command, accepted="yes")),
        (topic, answer(command, set_point="42")),
        (topic, f'{{"command": "{command.uid}", "accepted": true, "set_point": NaN}}'),
        (topic, '{"command": "00000000-0000-0000-0000-000000000000", "accepted": true}'),
    ]
    for where, payload in ignored:
        assert acknowledge_command(where, payload).startswith("ignored"), payload
    command.refresh_from_db()
    assert command.state == "pending"
    assert acknowledge_command(topic, answer(command, set_point=42.0)) == "acknowledged"
    assert acknowledge_command(topic, answer(command, accepted=False)) == "repeated"
    valve.refresh_from_db()
    assert valve.set_point == 42


def test_a_device_that_holds_something_else_has_refused(
    valve: Regulator, make_user: Any, district: Division
) -> None:
    user = make_user("engineer", district)
    command = overridden(valve, user)
    assert command is not None
    assert acknowledge_command(valve.answer_topic, answer(command, set_point=70)) == "refused"
    valve.refresh_from_db()
    assert valve.set_point == 70
    # What it holds is unsafe: it is brought back to the limit at once, further than one step.
    regulate(now=START + timedelta(seconds=300))
    assert RegulatorCommand.objects.latest("id").set_point == 60


def test_overrides_are_safe_bounded_and_end(valve: Regulator, make_user: Any, district: Division) -> None:
    user = make_user("engineer", district)
    until = START + timedelta(hours=1)
    good = {"regulator": valve, "reason": "works", "acting_user": user, "now": START}
    for values, code in (
        ({"set_point": 60.01, "until": until}, "outside_safe_limits"),
        ({"set_point": float("nan"), "until": until}, "outside_safe_limits"),
        ({"set_point": 50, "until": START}, "bad_until"),
        ({"set_point": 50, "until": START + timedelta(days=8)}, "bad_until"),
        ({"set_point": 50, "until": until, "reason": " "}, "no_reason"),
    ):
        with pytest.raises(ReportedError) as refused:
            override_set_point(**{**good, **values})
        assert refused.value.code == code
    assert not RegulatorCommand.objects.exists()
    set_schedule(regulator=valve, entries=[(None, time(0), 40.0)], acting_user=None)
    change_regulator(regulator=valve, mode="schedule", acting_user=None)
    device = Device(valve)
    override_set_point(**good, set_point=44, until=until)
    for number in range(24):
        regulate(now=START + number * STEP)
        device.obey(START + number * STEP)
    assert max(device.history) == 44
    assert device.held == 40
    override_set_point(
        **{**good, "now": START + timedelta(hours=3)}, set_point=44, until=START + timedelta(hours=5)
    )
    end_override(regulator=valve, acting_user=user)
    with pytest.raises(ReportedError):
        end_override(regulator=valve, acting_user=user)


def test_what_is_unsafe_is_not_registered(valve: Regulator, node: Node) -> None:
    for entries in ([(None, time(0), 19.9)], [(None, time(0), 30.0), (None, time(0), 31.0)]):
        with pytest.raises(ReportedError):
            set_schedule(regulator=valve, entries=entries, acting_user=None)
    set_schedule(regulator=valve, entries=[(None, time(0), 58.0)], acting_user=None)
    for values in (
        {"fallback_set_point": 61},
        {"minimum_interval_s": 0},
        {"mode": "hold", "critical_stream": None},
        {"command_topic": "a/#"},
        {"time_zone": "Mars/Olympus"},
        {"gain": float("nan")},
        {"set_point": 50},
    ):
        with pytest.raises(ReportedError):
            change_regulator(regulator=valve, acting_user=None, **values)
    junction = Node.objects.create(
        network=node.network, division=node.division, code="J", kind="junction", geom=node.geom
    )
    with pytest.raises(ReportedError):
        add_regulator(node=junction, acting_user=None, code="X")


def test_raw_sql_cannot_command_what_is_unsafe(valve: Regulator) -> None:
    insert = (
        "INSERT INTO sensors_regulatorcommand (uid, regulator_id, division_id, source, reason, previous_set_point, "
        "set_point, minimum_set_point, maximum_set_point, state, expires_at, answer) "
        "SELECT gen_random_uuid(), id, division_id, 'hold', 'x', set_point, {0}, {1}, {2}, 'pending', now(), '' "
        "FROM sensors_regulator"
    )
    for set_point, least, most in ((61, 20, 60), (61, 20, 70), (43, 20, 60), ("'NaN'", 20, 60), (19, 0, 60)):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(insert.format(set_point, least, most))
    with connection.cursor() as cursor:
        cursor.execute(insert.format(42, 20, 60))
    assert MqttMessage.objects.count() == 0
