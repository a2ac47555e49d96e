"""SensorThings over MQTT (18-088 clauses 14.2 and 14.3), without a broker: whoever talks to one uses these functions.

Into the service: `publish_received(topic, payload, user)` makes the entity of a message on `v1.1/Observations`,
`v1.1/Datastreams(1)/Observations`, `v1.1/Things`, ... in the name of `user` (None: the anonymous division, where
there is one) and returns its id. It raises StaError, whose message says what is wrong; nothing is stored then. The
same message twice makes one observation, as by HTTP, so that a broker may deliver it again.

Out of the service: what SensorThings writes is put into an outbox in the transaction that writes it (with the
setting STA_MQTT_NOTIFICATIONS). A sender calls `pending_messages(limit)`, publishes the messages, and calls
`forget(last)` once the broker has them; what it did not come to forget is sent again. Topics are those a client can
subscribe to without options: the set (`v1.1/Observations`), the sets below what the entity belongs to
(`v1.1/Datastreams(1)/Observations`), and for changes the entity (`v1.1/Things(1)`) and its properties
(`v1.1/Things(1)/name`, payload `{"name": ...}`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import transaction

from gis_core.models import User
from sensors.models import EntityNotification
from sensors.sensorthings.selectors.documents import Document, written, written_id
from sensors.sensorthings.selectors.errors import StaError, not_found
from sensors.sensorthings.selectors.options import QueryOptions
from sensors.sensorthings.selectors.paths import resolve
from sensors.sensorthings.selectors.reading import Reader
from sensors.sensorthings.selectors.schema import TYPES, EntityType
from sensors.sensorthings.selectors.scope import Scope
from sensors.sensorthings.services.creation import create, parent_links
from sensors.sensorthings.services.values import parsed
from sensors.sensorthings.services.writer import Writer

PREFIX = "v1.1/"
# Links in messages are relative to the service's address, which a broker does not know.
BASE = "/sta/v1.1"
MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class TopicMessage:
    """What is to be published, retained by nobody."""

    topic: str
    payload: bytes


@transaction.atomic
def publish_received(topic: str, payload: bytes, user: User | None) -> Any:
    """Make the entity that a message describes; return its id. Raises StaError; its `status` is HTTP's."""
    if len(payload) > MOST_BYTES:
        raise StaError("The message is too large.")
    path = topic.strip("/")
    if not path.startswith(PREFIX):
        raise not_found(topic[:60])
    scope = Scope(user or AnonymousUser())
    if not (scope.may_read and scope.may_write):
        raise StaError("You may not write here.", status=403)
    reader = Reader(scope, BASE)
    resource = resolve(reader, path.removeprefix(PREFIX))
    if not resource.is_set or resource.is_reference or resource.is_count:
        raise StaError("A message is published to a set of entities.")
    body = parsed(payload)
    if isinstance(body, dict) and "@iot.selfLink" in body:
        # Another ingester tells of it; taken as a new one, it would be told of again without end.
        raise StaError("The message tells of an entity that exists.")
    writer = Writer(reader)
    entity_id = create(writer, resource.entity, body, links=parent_links(writer, resource.parent))
    writer.send_notices()
    return entity_id


def pending_messages(*, limit: int = 100) -> tuple[list[TopicMessage], int | None]:
    """Messages for the oldest `limit` entries of the outbox, and the key to `forget` once they are published."""
    entries = list(EntityNotification.objects.order_by("pk")[:limit])
    messages = [message for entry in entries for message in _messages(entry)]
    return messages, entries[-1].pk if entries else None


def forget(last: int) -> None:
    """Let go of the outbox up to and including an entry."""
    EntityNotification.objects.filter(pk__lte=last).delete()


def _messages(entry: EntityNotification) -> Iterator[TopicMessage]:
    entity = TYPES[entry.entity_type]
    # Who receives a message is the broker's affair.
    reader = Reader(Scope(User(is_superuser=True)), BASE)
    for entity_id in entry.entity_ids:
        document = reader.one(entity, entity_id, QueryOptions())
        # It may have been deleted since.
        if document is not None:
            yield from _messages_of(reader, entity, entity_id, document, entry.changed)


def _messages_of(
    reader: Reader, entity: EntityType, entity_id: Any, document: Document, changed: list[str] | None
) -> Iterator[TopicMessage]:
    payload = written(document)
    own = f"{PREFIX}{entity.plural}({written_id(entity_id)})"
    yield TopicMessage(f"{PREFIX}{entity.plural}", payload)
    for parent in _parents(reader, entity, entity_id):
        yield TopicMessage(f"{PREFIX}{parent}/{entity.plural}", payload)
    if changed is not None:
        yield TopicMessage(own, payload)
        for name in changed:
            if name in entity.properties:
                yield TopicMessage(f"{own}/{name}", written({name: document.get(name)}))


def _parents(reader: Reader, entity: EntityType, entity_id: Any) -> Iterator[str]:
    """The entities whose sets have the entity, as they stand in a path."""
    ways = [way for way in entity.navigation.values() if way.foreign_key]
    if not ways:
        return
    expand = {way.name: QueryOptions(select=("id",)) for way in ways}
    document = reader.one(entity, entity_id, QueryOptions(select=("id",), expand=expand)) or {}
    for way in ways:
        if way.name in document:
            yield f"{TYPES[way.target].plural}({written_id(document[way.name]['@iot.id'])})"
