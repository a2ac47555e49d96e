"""Alarms: hysteresis and durations, silence, rates, nights on local clocks; moves, the journal and the outbox."""

import contextlib
import http.server
import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from time import monotonic, sleep
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from gis_core.errors import ReportedError
from gis_core.messages.services import webhooks
from gis_core.messages.services.outcomes import NotSent
from gis_core.messages.services.webhooks import reachable_address
from gis_core.models import Division
from sensors.alarms.services import sending
from sensors.alarms.services.evaluating import evaluate_alarms
from sensors.alarms.services.lifecycle import acknowledge_alarm, clear_alarm, close_alarm
from sensors.alarms.services.rules import add_alarm_rule, change_alarm_rule, set_channel
from sensors.alarms.services.sending import MOST_ATTEMPTS, send_notifications
from sensors.models import Alarm, AlarmEvent, AlarmRule, Datastream, Notification, NotificationChannel
from sensors.series.services.roll_ups import refresh_roll_ups
from tests.sensors.quality.test_checking import START, STEP, load, make_stream, regular


@pytest.fixture
def stream(district: Division) -> Datastream:
    return make_stream(district, "T1")


def rule_of(stream: Datastream, **values: Any) -> AlarmRule:
    given = {"name": "Pressure", "kind": "limit", "datastream": stream, **values}
    return add_alarm_rule(acting_user=None, **given)


def journal() -> list[tuple[str, datetime | None]]:
    return list(AlarmEvent.objects.order_by("id").values_list("action", "sample_time"))


def at(index: int) -> datetime:
    return START + index * STEP


def test_limits_have_hysteresis_and_durations(stream: Datastream) -> None:
    rule_of(stream, high=50, hysteresis=2, raise_after_s=600, clear_after_s=600)
    # Above for 5 minutes only; then above from 5 on, raised at 7; 49 is not back yet; back from 10 on, cleared at 12.
    load(regular(stream, [40, 51, 40, 40, 40, 51, 52, 53, 49, 51, 47, 47, 47, 40]))
    result = evaluate_alarms()
    assert (result.raised, result.cleared) == (1, 1)
    assert journal() == [("raised", at(7)), ("cleared", at(12))]
    alarm = Alarm.objects.get()
    assert (alarm.started_at, alarm.ended_at, alarm.value, alarm.state) == (at(5), at(10), 53.0, "cleared")


def test_piece_by_piece_is_the_same(stream: Datastream) -> None:
    rule_of(stream, high=50, low=20, hysteresis=2, raise_after_s=600, clear_after_s=600)
    values = [40, 51, 40, 40, 40, 51, 52, 53, 49, 51, 47, 47, 47, 40, 19, 18, 17, 21, 22, 30, 30]
    for row in regular(stream, values):
        load([row])
        evaluate_alarms()
        evaluate_alarms()
    assert journal() == [
        ("raised", at(7)),
        ("cleared", at(12)),
        ("raised_again", at(16)),
        ("cleared", at(20)),
    ]
    assert Alarm.objects.get().times_raised == 2


def test_flapping_stays_one_alarm_and_is_told_twice_a_look(stream: Datastream, district: Division) -> None:
    channel = set_channel(
        channel=None,
        division=district,
        acting_user=None,
        name="Duty",
        kind="email",
        target="duty@example.com",
    )
    add_alarm_rule(
        acting_user=None, channels=[channel], name="Flap", kind="limit", datastream=stream, high=50
    )
    load(regular(stream, [40, 60] * 50))
    evaluate_alarms()
    assert Alarm.objects.count() == 1
    assert Alarm.objects.get().times_raised == 50
    assert Notification.objects.count() == 2


def test_silence_is_noticed_and_ends(stream: Datastream) -> None:
    rule_of(stream, kind="missing", silent_after_s=3600)
    now = timezone.now()
    load([(stream.pk, now - timedelta(minutes=50), 1.0)])
    assert evaluate_alarms(now=now).raised == 0
    assert evaluate_alarms(now=now + timedelta(minutes=11)).raised == 1
    assert evaluate_alarms(now=now + timedelta(minutes=12)).raised == 0
    load([(stream.pk, now, 1.0)])
    assert evaluate_alarms(now=now + timedelta(minutes=13)).cleared == 1
    # A stamp of the future is not being heard of.
    load([(stream.pk, now + timedelta(days=30), 1.0)])
    assert evaluate_alarms(now=now + timedelta(hours=2)).raised == 1


def test_a_datastream_that_never_spoke_is_missing(stream: Datastream) -> None:
    rule = rule_of(stream, kind="missing", silent_after_s=3600)
    assert evaluate_alarms(now=rule.created_at + timedelta(seconds=3601)).raised == 1


def test_rates_are_per_hour_and_have_a_sign(stream: Datastream) -> None:
    rule_of(stream, kind="rate", low=-60)
    load(regular(stream, [40, 44, 40, 34, 34]))
    evaluate_alarms()
    # 6 m in 5 minutes are 72 m/h; 4 m are 48.
    assert journal() == [("raised", at(3)), ("cleared", at(4))]
    assert Alarm.objects.get().value == pytest.approx(-72)


def test_a_rule_of_a_quantity_watches_all_of_its_division_in_canonical_units(
    district: Division, other_district: Division, stream: Datastream
) -> None:
    bar = make_stream(district, "T2", unit="bar")
    alien = make_stream(other_district, "T3")
    add_alarm_rule(
        acting_user=None, name="All", kind="limit", division=district, observed_property="pressure", high=60
    )
    for one, value in ((stream, 61.0), (bar, 6.0), (alien, 99.0)):
        load(regular(one, [value]))
    evaluate_alarms()
    assert {alarm.datastream_id for alarm in Alarm.objects.all()} == {stream.pk, bar.pk}


def test_the_night_is_that_of_the_datastreams_clock(district: Division) -> None:
    """01:00 to 05:00 in Rome; on 2026-03-29 the clock skips 02:00, so that night has three hours."""
    flow = make_stream(district, "F1", "flow", "m3/h", "mean", 3600)
    flow.time_zone = "Europe/Rome"
    flow.save()
    rule_of(flow, name="Night", kind="night_minimum", high=10, night_from=time(1), night_to=time(5))
    first = datetime(2026, 3, 27, 0, tzinfo=UTC)
    leak_from, leak_until = datetime(2026, 3, 29, 0, tzinfo=UTC), datetime(2026, 3, 29, 3, tzinfo=UTC)
    rows = [
        # By day 30; at night 5, but for the three hours of the night of the 29th, which are 00:00 to 03:00 UTC.
        (flow.pk, hour, 30.0 if not 0 <= hour.hour <= 3 else 12.0 if leak_from <= hour < leak_until else 5.0)
        for hour in (first + timedelta(hours=number) for number in range(96))
    ]
    load(rows)
    refresh_roll_ups()
    evaluate_alarms()
    assert journal() == [
        ("raised", datetime(2026, 3, 29, 3, tzinfo=UTC)),
        ("cleared", datetime(2026, 3, 30, 3, tzinfo=UTC)),
    ]
    assert Alarm.objects.get().value == 12.0


def test_a_night_without_enough_data_decides_nothing(district: Division) -> None:
    flow = make_stream(district, "F1", "flow", "m3/h", "mean", 3600)
    rule_of(flow, name="Night", kind="night_minimum", high=10, night_from=time(1), night_to=time(5))
    # 20:00 to 24:00 UTC are 01:00 to 05:00 in Tashkent; two of four hours are there.
    load([(flow.pk, START + timedelta(hours=hour), 30.0) for hour in (*range(22), 24, 25)])
    refresh_roll_ups()
    evaluate_alarms()
    assert not Alarm.objects.exists()


def test_a_rule_looks_at_the_last_day_of_what_was_there_before(stream: Datastream) -> None:
    old = datetime(2026, 1, 1, tzinfo=UTC)
    load([(stream.pk, old, 99.0), (stream.pk, old + timedelta(days=10), 99.0)])
    rule_of(stream, high=50)
    evaluate_alarms()
    assert journal() == [("raised", old + timedelta(days=10))]


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "limit"},
        {"kind": "limit", "low": 5, "high": 6, "hysteresis": 1},
        {"kind": "limit", "high": 6, "hysteresis": -1},
        {"kind": "missing"},
        {"kind": "missing", "silent_after_s": 60, "high": 1},
        {"kind": "night_minimum", "high": 1},
        {"kind": "night_minimum", "high": 1, "night_from": time(1), "night_to": time(1)},
        {"kind": "rate", "high": 1, "night_from": time(1), "night_to": time(2)},
        {"kind": "magic", "high": 1},
        {"kind": "limit", "high": float("nan")},
        {"kind": "limit", "high": 1, "observed_property": "flow"},
    ],
)
def test_rules_that_do_not_fit_are_refused(stream: Datastream, values: dict[str, Any]) -> None:
    with pytest.raises(ReportedError) as refused:
        rule_of(stream, **values)
    assert refused.value.code == "bad_alarm_rule"
    assert not AlarmRule.objects.exists()


def test_moves_are_those_of_the_states(stream: Datastream, make_user: Any, district: Division) -> None:
    user = make_user("engineer", district)
    rule_of(stream, high=50)
    load(regular(stream, [60]))
    evaluate_alarms()
    alarm = Alarm.objects.get()
    for refused in (
        lambda: close_alarm(alarm=alarm, acting_user=user),
        lambda: clear_alarm(alarm=alarm, sample=None, acting_user=user, note=" "),
    ):
        with pytest.raises(ReportedError):
            refused()
    acknowledge_alarm(alarm=alarm, acting_user=user, note="on my way")
    with pytest.raises(ReportedError) as twice:
        acknowledge_alarm(alarm=alarm, acting_user=user)
    assert twice.value.code == "illegal_move"
    load([(stream.pk, at(1), 40.0)])
    evaluate_alarms()
    close_alarm(alarm=alarm, acting_user=user)
    for move in (
        lambda: acknowledge_alarm(alarm=alarm, acting_user=user),
        lambda: clear_alarm(alarm=alarm, sample=None, acting_user=user, note="x"),
        lambda: close_alarm(alarm=alarm, acting_user=user),
    ):
        with pytest.raises(ReportedError):
            move()
    assert [action for action, _time in journal()] == ["raised", "acknowledged", "cleared", "closed"]
    # After that, the condition makes a new alarm.
    load([(stream.pk, at(2), 60.0)])
    evaluate_alarms()
    assert Alarm.objects.exclude(state="closed").count() == 1
    assert Alarm.objects.count() == 2


def test_a_rule_that_is_switched_off_clears_its_alarms(stream: Datastream) -> None:
    rule = rule_of(stream, high=50)
    load(regular(stream, [60]))
    evaluate_alarms()
    change_alarm_rule(rule=rule, is_enabled=False, acting_user=None)
    assert Alarm.objects.get().state == "cleared"
    load([(stream.pk, at(1), 70.0)])
    assert evaluate_alarms().raised == 0
    change_alarm_rule(rule=rule, is_enabled=True, high=65, acting_user=None)
    assert evaluate_alarms().raised == 1


# --- the outbox ---


class _Hook(http.server.BaseHTTPRequestHandler):
    calls: list[tuple[dict[str, str], dict[str, Any]]] = []
    statuses: list[int] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.calls.append((dict(self.headers), body))
        self.send_response(self.statuses.pop(0) if self.statuses else 204)
        self.send_header("Location", "http://169.254.169.254/")
        self.end_headers()

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture
def hook(settings: Any) -> Iterator[str]:
    server = http.server.HTTPServer(("127.0.0.1", 0), _Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _Hook.calls, _Hook.statuses = [], []
    settings.TARMOQ_WEBHOOK_HOSTS = [f"127.0.0.1:{server.server_port}"]
    yield f"http://127.0.0.1:{server.server_port}/alarms?x=1"
    server.shutdown()
    server.server_close()


def raise_one(
    stream: Datastream, district: Division, kind: str, target: str, **settings_of_channel: str
) -> NotificationChannel:
    channel = set_channel(
        channel=None,
        division=district,
        acting_user=None,
        name=kind,
        kind=kind,
        target=target,
        **settings_of_channel,
    )
    add_alarm_rule(
        acting_user=None,
        channels=[channel],
        name="High\nBcc: all@example.com",
        kind="limit",
        datastream=stream,
        high=50,
    )
    load(regular(stream, [60]))
    evaluate_alarms()
    return channel


def test_an_email_is_sent_once(stream: Datastream, district: Division) -> None:
    raise_one(stream, district, "email", "duty@example.com, chief@example.com")
    assert send_notifications().sent == 1
    assert send_notifications().sent == 0
    (message,) = mail.outbox
    assert message.to == ["duty@example.com", "chief@example.com"]
    assert "\n" not in message.subject
    assert "T1:pressure" in message.body


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ("warning: High", "Upper limit: 50 ", "Event: raised")),
        ("ru", ("предупреждение: High", "Верхний предел: 50 ", "Событие: поднята")),
        ("uz", ("ogohlantirish: High", "Yuqori chegara: 50 ", "Hodisa: ")),
    ],
)
def test_an_email_speaks_the_language_of_the_settings(
    language: str, said: tuple[str, ...], stream: Datastream, district: Division, settings: Any
) -> None:
    settings.MESSAGE_LANGUAGE = language
    raise_one(stream, district, "email", "duty@example.com")
    assert send_notifications().sent == 1
    (message,) = mail.outbox
    assert all(text in f"{message.subject}\n{message.body}" for text in said), message.body


def test_a_channel_has_a_language_of_its_own(stream: Datastream, district: Division, settings: Any) -> None:
    settings.MESSAGE_LANGUAGE = "ru"
    raise_one(stream, district, "email", "duty@example.com", language="uz")
    assert send_notifications().sent == 1
    (message,) = mail.outbox
    assert "Yuqori chegara: 50 " in message.body
    # No program puts a language there that we do not speak.
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE sensors_notificationchannel SET language = 'xx'")


def test_a_webhook_is_tried_again_under_the_same_key(
    stream: Datastream, district: Division, hook: str
) -> None:
    _Hook.statuses = [500, 302]
    raise_one(stream, district, "webhook", hook, secret="s3cret")
    now = timezone.now()
    assert send_notifications(now=now).waiting == 1
    assert send_notifications(now=now).waiting == 0
    # A redirect is no success and is not followed.
    assert send_notifications(now=now + timedelta(minutes=5)).waiting == 1
    assert send_notifications(now=now + timedelta(hours=2)).sent == 1
    keys = {headers["Idempotency-Key"] for headers, _body in _Hook.calls}
    assert keys == {str(Notification.objects.get().uid)}
    assert len(_Hook.calls) == 3
    assert _Hook.calls[0][1]["event"] == "raised"
    assert _Hook.calls[0][0]["X-Tarmoq-Signature"].startswith("sha256=")


def test_a_dead_webhook_is_given_up_at_last(stream: Datastream, district: Division, hook: str) -> None:
    _Hook.statuses = [500] * 100
    raise_one(stream, district, "webhook", hook)
    now = timezone.now()
    for number in range(MOST_ATTEMPTS):
        result = send_notifications(now=now + timedelta(hours=3 * number))
    assert result.failed == 1
    assert Notification.objects.get().state == "failed"
    assert "500" in Notification.objects.get().last_error


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "0.0.0.0", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1",
     "fd00::1", "2130706433", "0x7f000001", "100.64.0.1", "224.0.0.1"],
)  # fmt: skip
def test_the_private_network_is_not_called(host: str) -> None:
    with pytest.raises(NotSent):
        reachable_address(host, 80)


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("email", "nobody"),
        ("email", " , "),
        ("webhook", "ftp://example.com/"),
        ("webhook", "file:///etc/passwd"),
        ("webhook", "http://user:secret@example.com/"),
        ("webhook", "http:///x"),
        ("webhook", "http://example.com/a b"),
        ("webhook", "http://[::1/"),
    ],
)
def test_bad_targets_are_refused(district: Division, kind: str, target: str) -> None:
    with pytest.raises(ReportedError) as refused:
        set_channel(channel=None, division=district, acting_user=None, name="x", kind=kind, target=target)
    assert refused.value.code == "bad_channel"


def test_two_senders_and_slow_receivers_double_nothing(
    stream: Datastream, district: Division, monkeypatch: Any
) -> None:
    """Each receiver takes a minute and a half, and another sender looks in meanwhile."""
    channels = [
        set_channel(
            channel=None,
            division=district,
            acting_user=None,
            name=f"Duty {number}",
            kind="email",
            target=f"duty{number}@example.com",
        )
        for number in range(4)
    ]
    add_alarm_rule(acting_user=None, channels=channels, name="High", kind="limit", datastream=stream, high=50)
    load(regular(stream, [60]))
    evaluate_alarms()
    clock = [timezone.now()]
    sent: list[str] = []

    def now() -> datetime:
        return clock[0]

    def send_slowly(row: Notification) -> None:
        sent.append(row.channel.name)
        clock[0] += timedelta(seconds=60)
        if len(sent) == 2:
            send_notifications()
        clock[0] += timedelta(seconds=30)

    monkeypatch.setattr(sending.timezone, "now", now)
    monkeypatch.setattr(sending, "_send", send_slowly)
    send_notifications()
    assert sorted(sent) == [f"Duty {number}" for number in range(4)]
    assert set(Notification.objects.values_list("state", flat=True)) == {"sent"}


def test_an_answer_that_drips_in_is_cut_off(monkeypatch: Any, settings: Any) -> None:
    monkeypatch.setattr(webhooks, "LONGEST_S", 0.5)
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    settings.TARMOQ_WEBHOOK_HOSTS = [f"127.0.0.1:{port}"]

    def drip() -> None:
        client, _address = server.accept()
        with client, contextlib.suppress(OSError):
            client.sendall(b"HTTP/1.1 ")
            for _ in range(200):
                sleep(0.05)
                client.sendall(b" ")

    dripping = threading.Thread(target=drip, daemon=True)
    dripping.start()
    began = monotonic()
    with pytest.raises(NotSent):
        webhooks.post(f"http://127.0.0.1:{port}/", body={}, key="k", secret="")
    assert monotonic() - began < 5
    dripping.join()
    server.close()
