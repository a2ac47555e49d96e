"""The clock of the computer jumps ahead and is set back, by days and by a year: nothing is lost and nothing stuck."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from celery.schedules import crontab
from django.core import mail
from django.db import connection
from django.utils import timezone

from gis_core import scheduler
from gis_core.celery_app import app
from gis_core.models import Division, Job
from gis_core.scheduler import SteadyScheduler
from gis_core.services import jobs
from sensors.alarms.services.evaluating import evaluate_alarms
from sensors.alarms.services.sending import send_notifications
from sensors.feeds.services.file_ingestion import FileTaker, ingest_file
from sensors.feeds.services.live import Heartbeat
from sensors.feeds.services.retrying import retry
from sensors.models import (
    Alarm,
    AlarmEvent,
    Datastream,
    FeedProfile,
    FeedSource,
    FeedState,
    Notification,
    Observation,
    QualityFlag,
    QuarantinedRow,
    Severity,
)
from sensors.quality.services.checking import check_quality
from sensors.series.services.roll_ups import refresh_roll_ups
from tests.conftest import make_district
from tests.sensors.alarms.test_alarms import raise_one, rule_of
from tests.sensors.feeds.brokers import publish, wait_until
from tests.sensors.feeds.conftest import make_stream as make_plain_stream
from tests.sensors.feeds.test_mqtt import Running
from tests.sensors.quality.test_checking import load, make_stream

YEAR = timedelta(days=400)
JUMPS = [timedelta(0), YEAR, -YEAR, timedelta(hours=-1), timedelta(0)]


class Clock:
    """The clock of the application, which can be set; the database's own goes on."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock(monkeypatch: Any) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timezone, "now", clock.now)
    return clock


@pytest.fixture
def stream(district: Division) -> Datastream:
    return make_stream(district, "T1")


@pytest.fixture
def plain_stream(committing_database: None) -> Datastream:
    return make_plain_stream(make_district("QIBRAY", "Qibray tumani"), "P1")


@pytest.mark.figure
def test_messages_are_stored_or_set_aside_whatever_the_clock_says(
    clock: Clock, broker: Any, plain_stream: Datastream
) -> None:
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    published = 0
    with Running(broker.port) as ingester:
        for jump in JUMPS:
            clock.ahead = jump
            moments = [start + timedelta(seconds=published + number) for number in range(300)]
            published += publish(
                broker.port,
                [
                    ("tarmoq/observations/P1", {"time": moment.isoformat(), "value": second})
                    for second, moment in enumerate(moments, published)
                ],
            )
            assert wait_until(lambda expected=published: ingester.committed == expected)
    waiting = QuarantinedRow.objects.filter(state="waiting")
    aside = waiting.count()
    assert Observation.objects.count() + aside == published
    assert 0 < aside <= 300, "only to a clock a year behind are they of the future"
    taken = retry(list(waiting), acting_user=None).taken
    values = list(Observation.objects.order_by("time").values_list("value", flat=True))
    print(
        f"clock jumps: {len(JUMPS) - 1}; messages {published}; lost {published - len(values)}; "
        f"set aside meanwhile {aside}, taken later {taken}"
    )
    assert values == list(range(published))


def test_rows_of_a_file_that_are_refused_while_the_clock_goes_back_still_wait(
    clock: Clock, plain_stream: Datastream, tmp_path: Path, monkeypatch: Any
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("datastream,time,value\nP1,2026-01-01T00:00:00+05:00,1\nP1,2026-01-01T01:00:00+05:00,x\n")
    profile = FeedProfile.objects.get(name="plain")
    real = FileTaker.take_all

    def take_all(taker: FileTaker, block_bytes: int) -> None:
        clock.ahead -= timedelta(hours=1)
        real(taker, block_bytes)

    monkeypatch.setattr(FileTaker, "take_all", take_all)
    for _time in range(2):
        ingest_file(path, profile=profile, acting_user=None, again=True)
        assert QuarantinedRow.objects.get().state == "waiting"


def test_a_heartbeat_goes_on(clock: Clock, plain_stream: Datastream) -> None:
    source = FeedSource.objects.get(code="mqtt")
    heartbeat = Heartbeat(source)
    heartbeat.EVERY_S = 0.05
    heartbeat.start()
    for jump in (YEAR, timedelta(0)):
        clock.ahead = jump
        time.sleep(0.06)
        heartbeat.beat()
        seen = FeedState.objects.get(source=source).seen_at
        assert seen is not None
        assert abs(seen - clock.now()) < timedelta(seconds=20)


def test_a_notification_that_waits_until_next_year_is_sent_now(
    clock: Clock, stream: Datastream, district: Division
) -> None:
    raise_one(stream, district, "email", "a@example.com")
    # What a sender that died, or was told to try later, leaves while the clock is ahead.
    Notification.objects.update(next_attempt_at=clock.now() + YEAR + timedelta(minutes=2), attempts=1)
    assert send_notifications().sent == 1
    assert len(mail.outbox) == 1
    assert send_notifications().sent == 0


def test_a_wait_of_an_hour_is_still_waited_for(stream: Datastream, district: Division) -> None:
    raise_one(stream, district, "email", "a@example.com")
    Notification.objects.update(next_attempt_at=timezone.now() + timedelta(minutes=59), attempts=9)
    assert send_notifications().sent == 0


@pytest.mark.parametrize("state", ["queued", "running"])
def test_a_job_of_next_year_is_taken_up(clock: Clock, committing_database: None, state: str) -> None:
    job = Job.objects.create(kind="test", division=make_district("QIBRAY", "Qibray"))
    clock.ahead = YEAR
    Job.objects.filter(pk=job.pk).update(created_at=clock.now())
    if state == "running":
        assert jobs.lease_job(str(job.uid)) is not None
    clock.ahead = timedelta(0)
    if state == "running":
        assert jobs.abandoned_jobs() == [], "its worker may live"
        assert jobs.lease_job(str(job.uid)) is None
        clock.ahead = jobs.LEASE + timedelta(seconds=5)
    assert [row.pk for row in jobs.abandoned_jobs()] == [job.pk]
    assert jobs.lease_job(str(job.uid)) is not None
    assert jobs.lease_job(str(job.uid)) is None, "its lease runs by the right clock now"
    assert jobs.abandoned_jobs() == []


def test_alarms_are_raised_after_a_clock_that_was_ahead(clock: Clock, stream: Datastream) -> None:
    rule_of(stream, high=50, raise_after_s=600)
    now = timezone.now().replace(microsecond=0)
    # The poller stamps with the same clock: these are of next year.
    clock.ahead = YEAR
    load([(stream.pk, now + timedelta(minutes=minute), 40.0) for minute in (-5, 0)])
    load([(stream.pk, now + YEAR + timedelta(minutes=minute), 40.0) for minute in (0, 5)])
    evaluate_alarms(now=now + YEAR + timedelta(minutes=5))
    clock.ahead = timedelta(0)
    evaluate_alarms(now=now)
    load([(stream.pk, now + timedelta(minutes=minute), 60.0) for minute in (5, 10, 15)])
    result = evaluate_alarms(now=now + timedelta(minutes=16))
    assert result.raised == 1
    assert Alarm.objects.get().started_at == now + timedelta(minutes=5)
    assert list(AlarmEvent.objects.values_list("action", flat=True)) == ["raised"]


def receive(stream: Datastream, time: datetime, value: float, received_at: datetime) -> None:
    """Store a value as the database does whose own clock says `received_at`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sensors_make_partition(%s)", [time])
        cursor.execute(
            "INSERT INTO sensors_observation (datastream_id, time, value, received_at) VALUES (%s, %s, %s, %s)",
            [stream.pk, time, value, received_at],
        )


def test_silence_is_noticed_of_a_poller_that_stamped_into_the_future(stream: Datastream) -> None:
    rule = rule_of(stream, kind="missing", silent_after_s=3600)
    now = rule.created_at
    receive(stream, now + YEAR, 40.0, now + YEAR)
    receive(stream, now, 40.0, now)
    assert evaluate_alarms(now=now + timedelta(minutes=30)).raised == 0
    assert evaluate_alarms(now=now + timedelta(minutes=70)).raised == 1
    receive(stream, now + timedelta(minutes=75), 40.0, now + timedelta(minutes=75))
    assert evaluate_alarms(now=now + timedelta(minutes=76)).cleared == 1


def test_a_flag_of_next_year_is_cleared_and_holds_nothing_up(stream: Datastream) -> None:
    # The flag and the value that comes after it lie in one hour: hours are what is checked again.
    now = (timezone.now() - timedelta(hours=1)).replace(minute=55, second=0, microsecond=0)
    load([(stream.pk, now - timedelta(minutes=5 * number), 40.0) for number in range(10, 0, -1)])
    check_quality()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sensors_qualityflag (datastream_id, time, rule, severity, made_at) "
            "VALUES (%s, %s, 'range', %s, %s)",
            [stream.pk, now - timedelta(minutes=5), Severity.FAIL, now + YEAR],
        )
    load([(stream.pk, now, 41.0)])
    assert check_quality().cleared == 1
    assert QualityFlag.objects.get(rule="range").cleared_at == now + YEAR


def test_nights_are_looked_at_after_a_clock_that_was_ahead(district: Division) -> None:
    stream = make_stream(district, "F", "flow", "m3/h", interval_s=3600)
    rule_of(stream, kind="night_minimum", high=5, night_from="02:00", night_to="05:00")
    start = datetime(2026, 3, 1, 19, tzinfo=UTC)
    quiet = [(stream.pk, start + timedelta(hours=hour), 1.0) for hour in range(24)]
    load(quiet)
    refresh_roll_ups()
    # A value of next year makes all nights until then seem over.
    load([(stream.pk, start + YEAR, 1.0)])
    evaluate_alarms(now=start + YEAR)
    evaluate_alarms(now=start + timedelta(hours=24))
    load([(stream.pk, start + timedelta(hours=hour), 9.0) for hour in range(24, 48)])
    refresh_roll_ups()
    assert evaluate_alarms(now=start + timedelta(hours=48)).raised == 1


class _Entries(SteadyScheduler):
    """The scheduler with its entries in memory, which counts instead of sending."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self._kept: dict[str, Any] = {}
        super().__init__(app=app, lazy=True, schedule_filename="")

    def setup_schedule(self) -> None:
        self.update_from_dict(
            {
                "often": {"task": "often", "schedule": 10.0},
                "seldom": {"task": "seldom", "schedule": 60.0},
                "nightly": {"task": "nightly", "schedule": crontab(minute=40, hour=2)},
            }
        )

    def get_schedule(self) -> dict[str, Any]:
        return self._kept

    schedule = property(get_schedule)

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        self.started.append(entry.name)

    def close(self) -> None:
        pass


@pytest.fixture
def beat(monkeypatch: Any, clock: Clock) -> _Entries:
    monkeypatch.setattr(type(app), "now", lambda _self: clock.now())
    made = _Entries()
    made.setup_schedule()
    for entry in made.schedule.values():
        # Each asks a clock of its own.
        monkeypatch.setattr(entry.schedule, "nowfun", clock.now)
    return made


def _ticks(beat: _Entries, clock: Clock, seconds: int) -> list[str]:
    """What is started within so many seconds."""
    beat.started.clear()
    for _second in range(seconds):
        clock.ahead += timedelta(seconds=1)
        while beat.tick() == 0:
            pass
    return list(beat.started)


@pytest.mark.parametrize("ahead", [timedelta(days=2), YEAR, timedelta(minutes=5)])
def test_periodic_work_goes_on_after_the_clock_is_set_back(
    beat: _Entries, clock: Clock, ahead: timedelta
) -> None:
    before = _ticks(beat, clock, 130)
    assert (before.count("often"), before.count("seldom")) == (13, 2)
    clock.ahead += ahead
    _ticks(beat, clock, 61)
    clock.ahead -= ahead
    after = _ticks(beat, clock, 130)
    assert after.count("often") in (12, 13)
    assert after.count("seldom") == 2


def test_celery_uses_this_scheduler() -> None:
    assert app.conf.beat_scheduler == f"{scheduler.__name__}:{SteadyScheduler.__name__}"
