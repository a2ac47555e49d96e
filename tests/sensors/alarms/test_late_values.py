"""Values that come late, and stamps of the future: no alarm is lost by them, and none is raised twice."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from gis_core.models import Division
from sensors.alarms.services import evaluating
from sensors.alarms.services.evaluating import evaluate_alarms
from sensors.alarms.services.late import raise_late
from sensors.alarms.services.lifecycle import clear_alarm
from sensors.alarms.services.rules import add_alarm_rule, set_channel
from sensors.models import Alarm, AlarmEvent, AlarmRule, AlarmWatch, Datastream, Notification
from sensors.quality.services.checking import check_quality
from sensors.series.services.roll_ups import refresh_roll_ups
from sensors.series.services.series_edits import edit_series
from tests.sensors.quality.test_checking import STEP, load, make_stream

NOW = timezone.now().replace(minute=0, second=0, microsecond=0)
START = NOW - timedelta(hours=6)


@pytest.fixture
def stream(district: Division) -> Datastream:
    return make_stream(district, "T1")


def rule_of(stream: Datastream, **values: Any) -> AlarmRule:
    given = {"name": "Pressure", "kind": "limit", "datastream": stream, **values}
    rule = add_alarm_rule(acting_user=None, **given)
    AlarmRule.objects.filter(pk=rule.pk).update(created_at=NOW - timedelta(days=20))
    rule.refresh_from_db()
    return rule


def at(index: int) -> datetime:
    return START + index * STEP


def take(stream: Datastream, values: dict[int, float]) -> None:
    """Values by their places come in, and everything that the periodic work does is done."""
    load([(stream.pk, at(index), value) for index, value in values.items()])
    work()


def work() -> None:
    refresh_roll_ups()
    check_quality(follow=raise_late)
    evaluate_alarms()


def journal() -> list[tuple[str, datetime | None]]:
    return list(AlarmEvent.objects.order_by("id").values_list("action", "sample_time"))


def test_an_excursion_that_came_late_is_raised_and_cleared_once(
    stream: Datastream, district: Division
) -> None:
    channel = set_channel(
        channel=None, division=district, acting_user=None, name="Duty", kind="email", target="a@example.com"
    )
    rule = rule_of(stream, high=50, raise_after_s=600)
    rule.channels.add(channel)
    take(stream, dict.fromkeys([0, 1, 2, 3, 20, 21, 22], 40.0))
    assert journal() == []
    # From the logger's memory: above the limit from 8 to 12.
    take(stream, {index: 60.0 if 8 <= index <= 12 else 41.0 for index in range(4, 20)})
    assert journal() == [("raised", at(10)), ("cleared", at(13))]
    alarm = Alarm.objects.get()
    assert (alarm.started_at, alarm.ended_at, alarm.state) == (at(8), at(13), "cleared")
    assert Notification.objects.count() == 2
    take(stream, {23: 40.0})
    load([(stream.pk, at(9) + timedelta(minutes=1), 61.0)])
    work()
    assert len(journal()) == 2


def test_a_late_value_that_fills_the_duration_raises_what_goes_on(stream: Datastream) -> None:
    rule_of(stream, high=50, raise_after_s=900)
    take(stream, {0: 40.0, 1: 60.0, 2: 40.0, 3: 60.0, 4: 60.0})
    assert journal() == []
    # The value at 2 was wrong, and the logger sends it again.
    take(stream, {2: 60.0})
    assert journal() == [("raised", at(4))]
    assert AlarmWatch.objects.get().is_active
    take(stream, {5: 60.0, 6: 40.0})
    assert journal()[1:] == [("cleared", at(6))]


def test_late_rates_are_seen(stream: Datastream) -> None:
    rule_of(stream, kind="rate", low=-60)
    take(stream, {0: 40.0, 1: 40.0, 5: 30.0, 6: 30.0})
    assert journal() == []
    take(stream, {4: 40.0})
    assert journal() == [("raised", at(5)), ("cleared", at(6))]


def test_within_limits_and_short_of_the_duration_nothing_is_raised(stream: Datastream) -> None:
    rule_of(stream, high=50, raise_after_s=600)
    take(stream, {0: 40.0, 20: 40.0})
    take(stream, {index: 60.0 if index in (5, 8) else 49.0 for index in range(1, 20)})
    assert journal() == []


def test_history_edits_and_what_a_person_cleared_call_nobody(stream: Datastream, make_user: Any) -> None:
    rule_of(stream, high=50)
    take(stream, {0: 60.0, 1: 60.0})
    assert len(journal()) == 1
    clear_alarm(alarm=Alarm.objects.get(), sample=None, acting_user=make_user(), note="known")
    take(stream, {2: 60.0, 3: 60.0, 4: 40.0})
    take(stream, {5: 40.0})
    assert len(journal()) == 2
    load([(stream.pk, START - timedelta(days=60), 99.0), (stream.pk, START - timedelta(days=25), 99.0)])
    edit_series(
        datastream=stream, corrections=[(at(5), 77.0)], code="edited", reason="test", acting_user=None
    )
    work()
    assert len(journal()) == 2


def test_a_stamp_of_the_future_does_not_blind_a_rule(stream: Datastream) -> None:
    rule_of(stream, high=50)
    rule_of(stream, name="Night", kind="night_minimum", high=1, night_from="00:00", night_to="04:00")
    take(stream, {0: 40.0})
    load([(stream.pk, NOW + timedelta(days=200), 40.0)])
    work()
    take(stream, {1: 60.0})
    assert journal() == [("raised", at(1))]
    # At some hours of the day the night's end is the last full hour.
    assert all(
        watch.evaluated_until is not None and watch.evaluated_until <= NOW
        for watch in AlarmWatch.objects.exclude(evaluated_until=None)
    )


def test_pairs_beyond_one_transaction_are_all_looked_at(district: Division, monkeypatch: Any) -> None:
    monkeypatch.setattr(evaluating, "PAIRS", 3)
    streams = [make_stream(district, f"S{number}") for number in range(7)]
    add_alarm_rule(
        acting_user=None,
        name="All",
        kind="limit",
        division=district,
        observed_property=streams[0].observed_property,
        high=50,
    )
    add_alarm_rule(
        acting_user=None,
        name="Silent",
        kind="missing",
        division=district,
        observed_property=streams[0].observed_property,
        silent_after_s=60,
    )
    load([(stream.pk, at(0), 60.0) for stream in streams])
    load([(streams[1].pk, NOW + timedelta(days=9), 60.0)])
    # NOW is a full hour: one hour on may be less than a minute from now.
    result = evaluate_alarms(now=NOW + timedelta(hours=2))
    assert (result.pairs, result.raised) == (14, 14)
