"""Values from an MQTT broker, each message acknowledged only after its values are committed.

    broker --QoS 1, session kept--> received --batch--> one transaction --commit--> acknowledgements

What is not acknowledged when this process or its database dies comes again, and changes nothing if it was stored.
"""

import hashlib
import logging
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as paho
from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError, close_old_connections, connection, transaction
from django.utils.translation import gettext_noop as _
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from gis_core.errors import ReportedError
from gis_core.sentences import Sentence
from sensors.feeds.services.forms import SeriesName
from sensors.feeds.services.live import Batch, Heartbeat, start_heartbeats, store
from sensors.feeds.services.messages import BadMessage, TopicRoute, decode
from sensors.feeds.services.quarantine import Refusal, quarantine_unowned
from sensors.feeds.services.targets import NoTarget, Target, Targets
from sensors.feeds.services.topic_prefixes import TopicOwners, outside
from sensors.models import FeedKind, FeedPoint, FeedSource, FeedState
from sensors.series.services.observation_arrays import instant_of, microseconds

logger = logging.getLogger(__name__)

SENSORTHINGS_PREFIX = "v1.1/"
# A client's session is kept by the broker for as long as the broker lives.
_SESSION_FOREVER_S = 0xFFFFFFFF
_MOST_IN_FLIGHT = 65_535
_MOST_TOPICS = 200_000
# Not our own messages: SensorThings tells of new entities on the topics on which it takes them. Retained ones once.
_SUBSCRIPTION = SubscribeOptions(qos=1, noLocal=True, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)


@dataclass(frozen=True)
class IngesterOptions:
    """How the ingester connects and batches. `client_id` names the session, so each ingester needs its own."""

    url: str
    client_id: str = "tarmoq-ingester"
    batch_messages: int = 5000
    linger_s: float = 0.05
    reload_s: float = 10.0
    first_pause_s: float = 0.5
    longest_pause_s: float = 30.0


@dataclass(slots=True)
class _Received:
    """A message with the connection it came by: only on that one may it be acknowledged."""

    connection: int
    packet: int
    qos: int
    is_again: bool
    is_retained: bool
    topic: str
    payload: bytes
    arrived_us: int


@dataclass(frozen=True)
class Answers:
    """Topics on which devices answer to what they were told: `topics()` names them, `take(topic, payload)` says what
    came of a message and raises nothing for what a device may send."""

    topics: Callable[[], Sequence[str]]
    take: Callable[[str, bytes], str]


class _DatastreamsChanged(Exception):
    """A datastream that a value was to go into is no longer there."""


class Ingester:
    """One connection to a broker for all active MQTT sources."""

    def __init__(
        self,
        options: IngesterOptions,
        *,
        publish_sensorthings: Callable[[str, bytes], Any] | None = None,
        answers: Answers | None = None,
    ) -> None:
        self.options = options
        self._answers = answers
        self._publish_sensorthings = publish_sensorthings
        self._condition = threading.Condition()
        self._received: deque[_Received] = deque()
        self._connection = 0
        self._is_connected = False
        self._stopping = False
        self._routes: list[TopicRoute] = []
        self._sources: dict[int, FeedSource] = {}
        self._heartbeats: dict[int, Heartbeat] = {}
        self._targets: dict[int, Targets] = {}
        self._plans: dict[str, list[tuple[TopicRoute, Target | NoTarget]]] = {}
        self._loaded_at = 0.0
        self._patterns: set[str] = set()
        # Patterns of points that lie outside of their division's topics, by source; those are not listened to.
        self._outside: dict[int, list[str]] = {}
        self._refused_packets: set[int] = set()
        self._answer_topics: frozenset[str] = frozenset()
        self.committed = 0
        self._client = self._make_client()

    # -- the connection; callbacks run in the client's thread ------------------------------------------------

    def _make_client(self) -> paho.Client:
        parts = urlsplit(self.options.url)
        is_unix = parts.scheme == "mqtt+unix"
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.options.client_id,
            protocol=paho.MQTTv5,
            transport="unix" if is_unix else "tcp",
            manual_ack=True,
        )
        if parts.username:
            client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        if parts.scheme == "mqtts":
            client.tls_set()
        # Annotated as whole seconds, but used as they are.
        client.reconnect_delay_set(self.options.first_pause_s, self.options.longest_pause_s)  # type: ignore[arg-type]
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        return client

    def _connect(self) -> None:
        parts = urlsplit(self.options.url)
        if parts.scheme not in ("mqtt", "mqtts", "mqtt+unix") or not (parts.hostname or parts.path):
            raise ReportedError(
                Sentence(_("MQTT_URL is written as mqtt://user:password@host:1883.")), code="bad_address"
            )
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = _SESSION_FOREVER_S
        properties.ReceiveMaximum = _MOST_IN_FLIGHT
        host = parts.path if parts.scheme == "mqtt+unix" else parts.hostname or ""
        port = parts.port or (8883 if parts.scheme == "mqtts" else 1883)
        self._client.connect_async(host, port, keepalive=30, clean_start=False, properties=properties)
        self._client.loop_start()

    def _on_connect(self, client: Any, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            logger.warning("the broker refuses the connection: %s", reason)
            return
        with self._condition:
            self._connection += 1
            self._is_connected = True
            # What waits here from the last connection will come again.
            self._received.clear()
            self._condition.notify()
        self._patterns = set()
        self._subscribe()
        logger.info("connected to the broker")

    def _on_disconnect(self, client: Any, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        with self._condition:
            self._is_connected = False
            self._connection += 1
            self._received.clear()
            self._condition.notify()
        if not self._stopping:
            logger.warning("the connection to the broker ended: %s", reason)

    def _on_message(self, client: Any, data: Any, message: Any) -> None:
        received = _Received(
            self._connection,
            message.mid,
            message.qos,
            message.dup,
            message.retain,
            message.topic,
            message.payload,
            time.time_ns() // 1000,
        )
        with self._condition:
            self._received.append(received)
            if len(self._received) >= self.options.batch_messages or len(self._received) == 1:
                self._condition.notify()

    def _on_publish(self, client: Any, data: Any, packet: int, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            self._refused_packets.add(packet)

    def _subscribe(self) -> None:
        """Subscribe to what the routes want and is not subscribed to yet on this connection."""
        wanted = {"/".join(route.levels) for route in self._routes}
        if self._publish_sensorthings is not None:
            wanted.add(f"{SENSORTHINGS_PREFIX}#")
        wanted |= self._answer_topics
        new = sorted(wanted - self._patterns)
        # The session may remember from former days what is not to be listened to any more.
        refused = {pattern for patterns in self._outside.values() for pattern in patterns}
        gone = sorted((self._patterns | (refused if not self._patterns else set())) - wanted)
        if new:
            self._client.subscribe([(pattern, _SUBSCRIPTION) for pattern in new])
        if gone:
            self._client.unsubscribe(gone)
        self._patterns = wanted

    # -- the work; in the caller's thread --------------------------------------------------------------------

    def run(self, *, until: Callable[[], bool] | None = None) -> None:
        """Take messages in until `stop` is called, or `until` says so between batches."""
        self._load_routes()
        self._connect()
        try:
            while not self._stopping and not (until is not None and until()):
                self._step()
        finally:
            self._stopping = True
            self._client.disconnect()
            self._client.loop_stop()
            for heartbeat in self._heartbeats.values():
                heartbeat.stop()

    def stop(self) -> None:
        """End `run` after the batch at work. Needs no lock, so that signal handlers may call it."""
        self._stopping = True

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1 and wait until the broker has it; raises ReportedError (`broker_away`)."""
        sent = self._client.publish(topic, payload, qos=1)
        with suppress(RuntimeError, ValueError):
            sent.wait_for_publish(5)
        if sent.rc != paho.MQTT_ERR_SUCCESS or not sent.is_published():
            raise ReportedError(Sentence(_("The broker did not take a message.")), code="broker_away")
        if sent.mid in self._refused_packets:
            self._refused_packets.discard(sent.mid)
            raise ReportedError(
                Sentence(
                    _("The broker does not let this program publish there; its ACL file is to allow it.")
                ),
                code="broker_refused",
            )

    @property
    def is_connected(self) -> bool:
        """Whether the broker is there."""
        return self._is_connected

    def _step(self) -> None:
        batch = self._next_batch()
        if time.monotonic() - self._loaded_at > self.options.reload_s:
            self._without_database_trouble(self._load_routes, [])
            self._subscribe_again()
        if batch:
            self._without_database_trouble(lambda: self._take(batch), batch)
        else:
            self._without_database_trouble(self._beat, [])

    def _subscribe_again(self) -> None:
        if self._is_connected:
            self._subscribe()

    def _next_batch(self) -> list[_Received]:
        with self._condition:
            if not self._received:
                self._condition.wait(0.5)
            if self._received and len(self._received) < self.options.batch_messages:
                self._condition.wait(self.options.linger_s)
            count = min(len(self._received), self.options.batch_messages)
            return [self._received.popleft() for _ in range(count)]

    def _without_database_trouble(self, work: Callable[[], None], batch: Sequence[_Received]) -> None:
        """Do the work; while the database is away, again and again. A message that it cannot bear is found and
        set aside."""
        pause = self.options.first_pause_s
        while not self._stopping:
            try:
                work()
                return
            except (OperationalError, InterfaceError) as error:
                logger.warning(
                    "the database is away, trying again in %.1f s: %s", pause, type(error).__name__
                )
                connection.close()
                time.sleep(pause)
                pause = min(pause * 2, self.options.longest_pause_s)
                close_old_connections()
            # Whatever else goes wrong: an ingester that died of a message would get it again, and die again.
            except Exception as error:
                if not batch and not isinstance(error, DatabaseError):
                    raise
                logger.exception("a batch of %d was refused", len(batch))
                if len(batch) <= 1:
                    self._set_aside(batch, error)
                    return
                half = len(batch) // 2
                for part in (batch[:half], batch[half:]):
                    self._without_database_trouble(lambda some=part: self._take(some), part)  # type: ignore[misc]
                return

    def _set_aside(self, batch: Sequence[_Received], error: Exception) -> None:
        told = (
            "the database refused the message" if isinstance(error, DatabaseError) else type(error).__name__
        )
        for message in batch:
            self._keep_refused(message, BadMessage("refused", told))
        self._acknowledge(batch)

    def _keep_refused(self, message: _Received, problem: BadMessage) -> None:
        """Set a message aside for the sources that its topic belongs to; one that is nobody's for the system."""
        refusals = [_refusal(message, problem)]
        owners = {route.source_id for route, _target in self._plans.get(message.topic, ())}
        for source_id in owners:
            store(Batch(self._sources[source_id], refusals=refusals))
        if not owners:
            quarantine_unowned(refusals)

    def _load_routes(self) -> None:
        sources = list(
            FeedSource.objects.filter(kind=FeedKind.MQTT, is_active=True)
            .select_related("division")
            .order_by("pk")
        )
        points = FeedPoint.objects.filter(source__in=[source.pk for source in sources]).select_related(
            "datastream"
        )
        routes, outside_topics = _routes_of(points.order_by("pk"), {row.pk: row for row in sources})
        new = [source for source in sources if source.pk not in self._heartbeats]
        self._heartbeats.update(start_heartbeats(new))
        self._sources = {source.pk: source for source in sources}
        self._targets = {source.pk: Targets(source.division) for source in sources}
        self._routes = routes
        self._note_outside(outside_topics)
        self._answer_topics = frozenset(self._answers.topics() if self._answers is not None else ())
        self._plans.clear()
        self._loaded_at = time.monotonic()

    def _note_outside(self, topics: dict[int, list[str]]) -> None:
        """Say of a source which of its topics are not its division's, once each time that these change."""
        for pk, patterns in topics.items():
            if self._outside.get(pk) != patterns:
                told = f"Not listened to: {', '.join(patterns[:5])}. {outside(self._sources[pk].division).message}"
                self._heartbeats[pk].fail(told)
                logger.warning("%s: %s", self._sources[pk].code, told)
        self._outside = topics

    def _beat(self) -> None:
        for pk in self._sources:
            self._heartbeats[pk].beat(self._state_of(pk), succeeded=False)

    def _state_of(self, source_id: int) -> str:
        if not self._is_connected:
            return FeedState.State.CONNECTING
        return FeedState.State.FAILING if source_id in self._outside else FeedState.State.RUNNING

    def _take(self, messages: Sequence[_Received]) -> None:
        """Store a batch in one transaction, then acknowledge it."""
        try:
            self._store(messages)
        except _DatastreamsChanged:
            # One was deleted since it was looked up.
            self._load_routes()
            self._store(messages, is_last_try=True)
        for message in messages:
            self._hand_over(message)
        self._acknowledge(messages)
        self.committed += len(messages)

    def _store(self, messages: Sequence[_Received], *, is_last_try: bool = False) -> None:
        self._plan({message.topic for message in messages})
        batches: dict[int, Batch] = {}
        with transaction.atomic():
            self._stamp_again(messages)
            self._keep_stamps([message for message in messages if self._read(message, batches)])
            loads = {pk: store(batch) for pk, batch in batches.items()}
            if not is_last_try and any(loaded.refused for loaded in loads.values()):
                raise _DatastreamsChanged
        for pk, loaded in loads.items():
            self._heartbeats[pk].count(batches[pk], loaded)
            self._heartbeats[pk].beat(
                FeedState.State.FAILING if pk in self._outside else FeedState.State.RUNNING
            )

    def _hand_over(self, message: _Received) -> None:
        """Give a device's answer or a message of SensorThings to its service; what that refuses is set aside."""
        if self._answers is not None and message.topic in self._answer_topics:
            logger.info("%s: %s", message.topic, self._answers.take(message.topic, message.payload))
            return
        if self._publish_sensorthings is None or not message.topic.startswith(SENSORTHINGS_PREFIX):
            if not self._plans[message.topic]:
                # The broker's session still has a subscription of former days, or a topic was given to another.
                self._keep_refused(message, BadMessage("no_source", Sentence(_("the topic is no source's"))))
            return
        try:
            self._publish_sensorthings(message.topic, message.payload)
        except ReportedError as error:
            self._keep_refused(message, BadMessage(error.code, error.message))

    def _plan(self, topics: set[str]) -> None:
        """Find the routes and datastreams of topics not seen before."""
        new = [topic for topic in topics if topic not in self._plans]
        if not new:
            return
        if len(self._plans) > _MOST_TOPICS:
            self._plans.clear()
            new = list(topics)
        found: dict[int, list[tuple[str, TopicRoute, SeriesName]]] = {}
        for topic in new:
            levels = topic.split("/")
            self._plans[topic] = []
            for route in self._routes:
                if route.matches(levels):
                    series = SeriesName(route.code_of(levels), route.unit)
                    found.setdefault(route.source_id, []).append((topic, route, series))
        for source_id, entries in found.items():
            targets = self._targets[source_id].find([series for _topic, _route, series in entries])
            for (topic, route, _series), target in zip(entries, targets, strict=True):
                self._plans[topic].append((route, target))

    def _read(self, message: _Received, batches: dict[int, Batch]) -> bool:
        """Add a message's values to its sources' batches; whether its time of arrival counts."""
        is_stamped = False
        context = {"topic": message.topic}
        for route, target in self._plans[message.topic]:
            batch = batches.get(route.source_id)
            if batch is None:
                batch = batches[route.source_id] = Batch(self._sources[route.source_id])
            batch.messages += 1
            try:
                decoded = decode(route, message.payload)
            except BadMessage as problem:
                batch.refusals.append(_refusal(message, problem))
                continue
            batch.refusals += [_refusal(message, bad) for bad in decoded.bad]
            for item in decoded.items:
                into = target
                if item.datastream:
                    into = self._targets[route.source_id].find([SeriesName(item.datastream, route.unit)])[0]
                if isinstance(into, NoTarget):
                    batch.refusals.append(_refusal(message, BadMessage(into.code, into.reason)))
                    continue
                if item.time_us is None and message.is_retained:
                    unknown = BadMessage(
                        "retained_without_time",
                        Sentence(_("a retained message does not say when it was measured")),
                    )
                    batch.refusals.append(_refusal(message, unknown))
                    continue
                is_stamped = is_stamped or item.time_us is None
                value = (item.value * route.scale + route.shift) * into.factor + into.offset
                time_us = message.arrived_us if item.time_us is None else item.time_us
                batch.values.append((into.datastream_id, time_us, value))
                batch.origins.append((message.payload, context))
        return is_stamped

    def _stamp_again(self, messages: Sequence[_Received]) -> None:
        """Give redelivered messages the stamp of their first arrival."""
        again = {message.packet: message for message in messages if message.is_again}
        if not again:
            return
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT packet, digest, arrived_at FROM sensors_mqttarrival WHERE client_id = %s AND packet = ANY (%s)",
                [self.options.client_id, list(again)],
            )
            for packet, digest, arrived_at in cursor.fetchall():
                if digest == _digest(again[packet]):
                    again[packet].arrived_us = microseconds(arrived_at)

    def _keep_stamps(self, messages: Sequence[_Received]) -> None:
        latest = {message.packet: message for message in messages if message.qos}
        if not latest:
            return
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO sensors_mqttarrival (client_id, packet, digest, arrived_at) "
                "SELECT %s, given.* FROM unnest(%s::integer[], %s::text[], %s::timestamptz[]) given "
                "ON CONFLICT (client_id, packet) DO UPDATE SET digest = excluded.digest, arrived_at = "
                "excluded.arrived_at",
                [
                    self.options.client_id,
                    list(latest),
                    [_digest(message) for message in latest.values()],
                    [instant_of(message.arrived_us) for message in latest.values()],
                ],
            )

    def _acknowledge(self, messages: Sequence[_Received]) -> None:
        """Acknowledge what came by the present connection; the rest comes again under numbers of its own."""
        with self._condition:
            for message in messages:
                if message.qos and message.connection == self._connection and self._is_connected:
                    self._client.ack(message.packet, message.qos)


def _routes_of(
    points: Iterable[FeedPoint], sources: dict[int, FeedSource]
) -> tuple[list[TopicRoute], dict[int, list[str]]]:
    """The routes of points within their division's topics, and by source the patterns of those outside of them."""
    owners = TopicOwners()
    routes: list[TopicRoute] = []
    outside_topics: dict[int, list[str]] = {}
    for point in points:
        if owners.allows(sources[point.source_id].division, point.address):
            routes.append(TopicRoute.of_point(point))
        else:
            outside_topics.setdefault(point.source_id, []).append(point.address)
    return routes, outside_topics


def _digest(message: _Received) -> str:
    return hashlib.sha256(message.topic.encode() + b"\x00" + message.payload).hexdigest()


def _refusal(message: _Received, problem: BadMessage) -> Refusal:
    topic = re.sub(r"[\x00-\x1f]", "?", message.topic)[:1000]
    return Refusal(message.payload, problem.code, problem.reason, {"topic": topic})
