"""What is published to the service by MQTT, and what it tells its subscribers; the broker is not needed for either."""

import json
from typing import Any, cast

import pytest

from gis_core.errors import ReportedError
from gis_core.models import Division
from sensors.feeds.services.mqtt_ingester import Ingester
from sensors.management.commands.ingest_mqtt import _publish_pending
from sensors.models import EntityNotification
from sensors.sensorthings.selectors.errors import StaError
from sensors.sensorthings.services import mqtt
from sensors.sensorthings.services.mqtt import forget, pending_messages, publish_received
from tests.sensors.sensorthings.conftest import Sta, thing


def test_a_message_makes_an_entity(sta: Sta, stream: int) -> None:
    body = {"result": 5, "phenomenonTime": "2020-01-01T00:00:00Z"}
    payload = json.dumps(body).encode()
    first = publish_received(f"v1.1/Datastreams({stream})/Observations", payload, None)
    assert sta.get(f"Observations('{first}')").json["result"] == 5
    # Delivered again, it is the same observation.
    assert publish_received(f"/v1.1/Datastreams({stream})/Observations", payload, None) == first
    linked = json.dumps({**body, "result": "text", "Datastream": {"@iot.id": stream}}).encode()
    assert publish_received("v1.1/Observations", linked, None) != first
    made = publish_received("v1.1/Things", json.dumps(thing("by mqtt")).encode(), None)
    assert sta.get(f"Things({made})").json["name"] == "by mqtt"


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("v1.1/Nothings", b"{}"),
        ("v1.0/Things", b"{}"),
        ("v1.1", b"{}"),
        ("v1.1/Things", b"no json"),
        ("v1.1/Things", b"\xff\xfe"),
        ("v1.1/Things", b"{}"),
        ("v1.1/Things(1)", b"{}"),
        ("v1.1/Things/$ref", b"{}"),
        ("v1.1/Datastreams(987654)/Observations", b'{"result": 1}'),
        ("v1.1/Things", b'{"name": "\\u0000", "description": ""}'),
    ],
)
def test_a_message_that_is_none_is_refused(sta: Sta, topic: str, payload: bytes) -> None:
    with pytest.raises(StaError):
        publish_received(topic, payload, None)
    assert sta.ids("Things") == []


def test_a_stranger_publishes_nothing(
    sta: Sta, make_user: Any, other_district: Division, stream: int
) -> None:
    stranger = make_user("engineer", other_district)
    with pytest.raises(StaError):
        publish_received(f"v1.1/Datastreams({stream})/Observations", b'{"result": 1}', stranger)
    with pytest.raises(StaError):
        publish_received("v1.1/Things", json.dumps(thing()).encode(), make_user("analyst", other_district))


def test_subscribers_are_told(sta: Sta, stream: int, settings: Any) -> None:
    settings.STA_MQTT_NOTIFICATIONS = True
    one = sta.get(f"Datastreams({stream})/Thing").id
    made = sta.made(
        f"Datastreams({stream})/Observations", {"result": 5, "phenomenonTime": "2020-01-01T00:00:00Z"}
    )
    messages, last = pending_messages()
    about = sta.get(f"Observations('{made}')/FeatureOfInterest").id
    assert {message.topic for message in messages} == {
        "v1.1/Observations",
        f"v1.1/Datastreams({stream})/Observations",
        f"v1.1/FeaturesOfInterest({about})/Observations",
        "v1.1/FeaturesOfInterest",
    }
    assert all(
        json.loads(message.payload)["result"] == 5
        for message in messages
        if message.topic.endswith("/Observations")
    )
    assert last is not None
    assert pending_messages()[0] == messages
    forget(last)
    assert pending_messages() == ([], None)

    assert sta.call("patch", f"Things({one})", {"name": "renamed"}).status == 200
    messages, _last = pending_messages()
    topics = {message.topic: json.loads(message.payload) for message in messages}
    assert set(topics) == {"v1.1/Things", f"v1.1/Things({one})", f"v1.1/Things({one})/name"}
    assert topics[f"v1.1/Things({one})/name"] == {"name": "renamed"}
    assert topics[f"v1.1/Things({one})"]["name"] == "renamed"


def test_subscribers_are_told_of_the_feature_made_for_an_observation(
    sta: Sta, stream: int, settings: Any
) -> None:
    settings.STA_MQTT_NOTIFICATIONS = True
    rows = [["2020-01-01T00:00:00Z", 1], ["2020-01-02T00:00:00Z", 2]]
    body = {"Datastream": {"@iot.id": stream}, "components": ["phenomenonTime", "result"], "dataArray": rows}
    assert sta.post("CreateObservations", [body]).status == 201
    topics = [message.topic for message in pending_messages()[0]]
    assert topics.count("v1.1/FeaturesOfInterest") == 1
    assert topics.count("v1.1/Observations") == 2


def test_a_put_tells_of_what_it_took_away_too(sta: Sta, settings: Any) -> None:
    one = sta.made("Things", thing(properties={"a": 1}))
    settings.STA_MQTT_NOTIFICATIONS = True
    assert sta.call("put", f"Things({one})", {"name": "new", "description": "a thing"}).status == 200
    told = {message.topic: json.loads(message.payload) for message in pending_messages()[0]}
    assert told[f"v1.1/Things({one})/properties"] == {"properties": None}
    assert told[f"v1.1/Things({one})/name"] == {"name": "new"}


def test_what_is_told_is_not_taken_as_new(sta: Sta, settings: Any) -> None:
    settings.STA_MQTT_NOTIFICATIONS = True
    sta.made("Things", thing())
    (told,) = pending_messages()[0]
    with pytest.raises(StaError):
        publish_received(told.topic, told.payload, None)
    assert len(sta.ids("Things")) == 1


def test_notifications_that_piled_up_go_out_in_pages(sta: Sta, settings: Any) -> None:
    settings.STA_MQTT_NOTIFICATIONS = True
    EntityNotification.objects.bulk_create(
        EntityNotification(entity_type="Thing", entity_ids=[sta.made("Things", thing())]) for _ in range(120)
    )
    sent: list[str] = []

    class Broker:
        def publish(self, topic: str, _payload: bytes) -> None:
            if len(sent) == 230:
                raise ReportedError("The broker did not take a message.", code="broker_away")
            sent.append(topic)

    _publish_pending(mqtt, cast("Ingester", Broker()))
    assert sent == ["v1.1/Things"] * 230
    # What it did not take with its page stays.
    assert EntityNotification.objects.count() == 40


def test_what_failed_is_told_to_nobody(sta: Sta, settings: Any) -> None:
    settings.STA_MQTT_NOTIFICATIONS = True
    assert sta.post("Things", thing(Datastreams=[{"name": "x"}])).status == 400
    assert pending_messages() == ([], None)


def test_without_subscribers_nothing_is_kept(sta: Sta) -> None:
    sta.made("Things", thing())
    assert pending_messages() == ([], None)
