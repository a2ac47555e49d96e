"""`manage.py ingest_mqtt`: values from the MQTT broker into the time series, until it is stopped."""

import logging
import signal
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.db import DatabaseError, close_old_connections

from gis_core.commands import ReportingCommand
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.selectors.organisation import user_by_name
from sensors.feeds.services.mqtt_ingester import Answers, Ingester, IngesterOptions
from sensors.regulators.services.messages import (
    acknowledge_command,
    answer_topics,
    mark_failed,
    mark_sent,
    unsent_messages,
)
from sensors.sensorthings.services import mqtt

logger = logging.getLogger(__name__)
# Pages of notifications between two batches: more would keep commands to regulators waiting.
MOST_PAGES = 5


class Command(ReportingCommand):
    help = (
        "Take in what the active MQTT sources publish (docs/feeds.md), acknowledging each message after its values are "
        "committed. Runs until SIGTERM or Ctrl-C, which ends it after the batch at work."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--url", help="the broker, mqtt://user:password@host:1883; MQTT_URL when absent")
        parser.add_argument(
            "--client-id",
            default="tarmoq-ingester",
            help="name of the session at the broker; one for each ingester",
        )
        parser.add_argument("--batch", type=int, default=5000, help="messages in a transaction at most")
        parser.add_argument("--linger", type=float, default=0.05, help="seconds to wait for a batch to fill")
        parser.add_argument("--seconds", type=float, help="end after so many seconds")
        parser.add_argument(
            "--no-sensorthings", action="store_true", help="leave the topics of SensorThings alone"
        )
        parser.add_argument("--user", help="username on whose behalf SensorThings entities come by MQTT")

    def report(self, **options: Any) -> dict[str, Any]:
        url = options["url"] or settings.MQTT_URL
        if not url:
            raise ReportedError("There is no broker: MQTT_URL is not set.", code="no_broker")
        user = user_by_name(options["user"])
        topics = None if options["no_sensorthings"] else mqtt
        receive = None if topics is None else _receiver(topics, user)
        ingester = Ingester(
            IngesterOptions(
                url,
                client_id=options["client_id"],
                batch_messages=max(1, options["batch"]),
                linger_s=options["linger"],
            ),
            publish_sensorthings=receive,
            answers=Answers(answer_topics, acknowledge_command),
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: ingester.stop())
        ingester.run(until=_until(options["seconds"], ingester, topics))
        return {"messages": ingester.committed}


def _receiver(topics: Any, user: User | None) -> Callable[[str, bytes], Any]:
    """Takes a message of SensorThings; what its service refuses is a ReportedError like any other."""

    def receive(topic: str, payload: bytes) -> Any:
        try:
            return topics.publish_received(topic, payload, user)
        except topics.StaError as error:
            raise ReportedError(str(error) or "The message was refused.", code="sensorthings") from error

    return receive


def _until(seconds: float | None, ingester: Ingester, topics: Any) -> Callable[[], bool]:
    """What is done between batches: commands to regulators and notifications go out; and whether the time is over."""
    deadline = None if seconds is None else time.monotonic() + seconds

    def is_over() -> bool:
        if ingester.is_connected:
            publish_commands(ingester)
            if topics is not None:
                _publish_pending(topics, ingester)
        return deadline is not None and time.monotonic() > deadline

    return is_over


def publish_commands(ingester: Ingester) -> None:
    """Publish the commands that wait for the broker, oldest first; what it does not take stays and is tried again."""
    try:
        for message in unsent_messages():
            try:
                ingester.publish(message.topic, message.payload.encode())
            except ReportedError as error:
                mark_failed(message, error.message)
                return
            mark_sent(message)
    except DatabaseError as error:
        logger.warning("the database is away: %s", type(error).__name__)
        close_old_connections()


def _publish_pending(topics: Any, ingester: Ingester) -> None:
    """Publish what waits in the outbox; what the broker did not take stays there."""
    try:
        for _page in range(MOST_PAGES):
            messages, last = topics.pending_messages(limit=100)
            if last is None:
                return
            for message in messages:
                ingester.publish(message.topic, message.payload)
            topics.forget(last)
    except ReportedError as error:
        logger.warning("notifications wait: %s", error.message)
    except DatabaseError as error:
        logger.warning("the database is away: %s", type(error).__name__)
        close_old_connections()
