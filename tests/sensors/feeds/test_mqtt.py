"""MQTT against a real Mosquitto: what comes is stored once, garbage is set aside, nothing is acknowledged too early."""

import random
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections

from gis_core.models import Division
from sensors.feeds.services.mqtt_ingester import Ingester, IngesterOptions
from sensors.feeds.services.topic_prefixes import set_prefix
from sensors.models import FeedPoint, FeedSource, FeedState, Observation, QuarantinedRow
from tests.conftest import make_district
from tests.sensors.feeds.brokers import product_url, publish, wait_until
from tests.sensors.feeds.conftest import make_stream

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def district_with_streams(committing_database: None) -> Division:
    district = make_district("QIBRAY", "Qibray tumani")
    for code in ("P1", "P2"):
        make_stream(district, code)
    return district


class Running:
    """An ingester in a thread of this process."""

    def __init__(self, port: int, **options: Any) -> None:
        self.ingester = Ingester(IngesterOptions(product_url(port), **options))
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            self.ingester.run()
        finally:
            connections.close_all()

    def __enter__(self) -> Ingester:
        self.thread.start()
        assert wait_until(lambda: self.ingester._is_connected)
        return self.ingester

    def __exit__(self, *exception: object) -> None:
        self.ingester.stop()
        self.thread.join(20)
        assert not self.thread.is_alive()


def messages(count: int, code: str = "P1") -> list[tuple[str, Any]]:
    return [
        (
            f"tarmoq/observations/{code}",
            {"time": (START + timedelta(seconds=number)).isoformat(), "value": number},
        )
        for number in range(count)
    ]


def test_messages_are_stored_once_and_the_session_outlives_the_ingester(broker, district_with_streams):
    with Running(broker.port) as ingester:
        publish(broker.port, messages(500))
        publish(broker.port, messages(500))
        assert wait_until(lambda: ingester.committed == 1000)
    assert Observation.objects.count() == 500
    # Nobody listens now: the broker keeps them, also when it is stopped and started.
    publish(broker.port, messages(200, "P2"))
    broker.stop()
    broker.start()
    with Running(broker.port):
        assert wait_until(lambda: Observation.objects.filter(datastream__code="P2").count() == 200)
    state = FeedState.objects.get(source__code="mqtt")
    assert (state.state, state.inserted, state.unchanged) == ("stopped", 700, 500)


def test_a_broker_that_goes_away_and_returns_is_found_again(broker, district_with_streams):
    with Running(broker.port, first_pause_s=0.1, longest_pause_s=0.5) as ingester:
        publish(broker.port, messages(100))
        assert wait_until(lambda: ingester.committed == 100)
        broker.stop()
        assert wait_until(lambda: not ingester._is_connected)
        broker.start()
        publish(broker.port, messages(300))
        assert wait_until(lambda: Observation.objects.count() == 300)


def test_a_flood_of_garbage_is_set_aside_counted_and_acknowledged(broker, district_with_streams):
    source = random.Random(4)
    flood: list[tuple[str, Any]] = [
        (
            f"tarmoq/observations/{source.choice(['P1', 'P9', 'P1/x', 'Ж'])}",
            source.randbytes(source.randrange(1, 200)),
        )
        for _ in range(1500)
    ]
    flood += [("tarmoq/observations/P1", b'{"value": 1e300, "time": 1767225600}')] * 10
    flood += [("tarmoq/observations/P1", b'{"value": 1, "time": "9999-12-31T00:00:00Z"}')] * 10
    flood += [("tarmoq/observations/P1", b"{" * 20_000)]
    flood += [("tarmoq/observations/P1", b'{"value": 1, "time": 1' + b"0" * 400 + b"}")]
    mixed = flood + messages(300)
    source.shuffle(mixed)
    with Running(broker.port) as ingester:
        publish(broker.port, mixed)
        assert wait_until(lambda: ingester.committed == len(mixed))
    good = Observation.objects.filter(datastream__code="P1", time__lt=START + timedelta(hours=1)).count()
    waiting = QuarantinedRow.objects.filter(state="waiting")
    counted = sum(waiting.values_list("occurrences", flat=True))
    print(
        f"MQTT garbage: messages {len(mixed)}; stored {good}; in quarantine {waiting.count()} rows, {counted} messages"
    )
    assert good == 300
    assert waiting.count() + Observation.objects.count() - good <= len(flood)
    assert counted >= len(flood) - 20
    assert (
        waiting.filter(code="bad_value", raw='{"value": 1e300, "time": 1767225600}').get().occurrences == 10
    )
    assert waiting.filter(is_cut=True).exists()


def test_a_message_nobody_thought_of_does_not_end_the_ingester(broker, district_with_streams, monkeypatch):
    """It would get the message again after each start, and take nothing any more."""
    real = Ingester._read

    def read(self: Ingester, message: Any, batches: Any) -> Any:
        if message.payload == b"poison":
            raise ZeroDivisionError
        return real(self, message, batches)

    monkeypatch.setattr(Ingester, "_read", read)
    with Running(broker.port) as ingester:
        publish(broker.port, [*messages(50), ("tarmoq/observations/P1", b"poison"), *messages(50, "P2")])
        assert wait_until(lambda: Observation.objects.count() == 100)
        assert wait_until(lambda: QuarantinedRow.objects.filter(code="refused").exists())
        assert ingester.is_connected
    assert QuarantinedRow.objects.get().reason == "ZeroDivisionError"


def test_routes_are_data_and_stay_in_their_division(broker, district_with_streams):
    other = make_district("ZANGIOTA", "Zangiota tumani")
    alien = make_stream(other, "Z1")
    set_prefix(prefix="site", division=district_with_streams, acting_user=None)
    own = FeedSource.objects.create(division=district_with_streams, code="site", name="Site", kind="mqtt")
    FeedPoint.objects.create(
        source=own,
        address="site/+/up",
        template="{2}",
        field="data.bar",
        scale=10,
        shift=0.5,
        settings={"time": "at"},
    )
    with Running(broker.port) as ingester:
        body = {"at": "2026-01-01T05:00:00+05:00", "data": {"bar": 2}}
        publish(broker.port, [("site/P2/up", body), ("site/Z1/up", body), ("elsewhere/P2", body)])
        assert wait_until(lambda: ingester.committed == 2)
    assert Observation.objects.get().value == 20.5
    assert not Observation.objects.filter(datastream=alien).exists()
    assert QuarantinedRow.objects.get().code == "unknown_datastream"


def test_a_message_without_a_time_has_that_of_its_first_arrival(broker, district_with_streams, monkeypatch):
    """Killed between commit and acknowledgement, the broker sends it again: still one row."""
    with Running(broker.port) as ingester:
        monkeypatch.setattr(ingester, "_acknowledge", lambda messages: None)
        publish(broker.port, [("tarmoq/observations/P1", b"7.5")])
        assert wait_until(lambda: Observation.objects.count() == 1)
        ingester._client._sock_close()
    with Running(broker.port) as ingester:
        assert wait_until(lambda: ingester.committed == 1)
        publish(broker.port, [("tarmoq/observations/P1", b"7.5")])
        assert wait_until(lambda: ingester.committed == 2)
    assert Observation.objects.count() == 2
