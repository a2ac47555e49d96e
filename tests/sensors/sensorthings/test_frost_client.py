"""frost-sta-client, which knows nothing of us, against a server of ours, with a token."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import frost_sta_client as fsc
import jsonpatch
import pytest
import requests
from django.core.wsgi import get_wsgi_application
from django.db import connections
from geojson import Point

from gis_core.models import RoleAssignment, User
from gis_core.services.tokens import make_token
from tests.conftest import make_district

MEASUREMENT = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
# The client uses what its own libraries have deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture
def service(committing_database: None) -> Iterator[fsc.SensorThingsService]:
    district = make_district("QIBRAY", "Qibray tumani")
    user = User.objects.create_user("logger", password="a-long-password")
    RoleAssignment.objects.create(user=user, role=RoleAssignment.Role.ENGINEER, division=district)
    _token, secret = make_token(user=user, name="frost", acting_user=None)
    application = get_wsgi_application()

    def close_connections(environ: Any, start: Any) -> Any:
        try:
            return list(application(environ, start))
        finally:
            connections.close_all()

    server = make_server("127.0.0.1", 0, close_connections, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/sta/v1.1"
    yield fsc.SensorThingsService(url, auth_handler=fsc.AuthHandler("logger", secret))
    server.shutdown()
    server.server_close()
    thread.join(10)


def made_thing(service: fsc.SensorThingsService) -> tuple[Any, Any]:
    """A thing with a place and a datastream."""
    place = fsc.Location(
        name="here", description="a place", location=Point((69.2, 41.3)), encoding_type="application/geo+json"
    )
    thing = fsc.Thing(name="pump", description="a pump", properties={"a": 1})
    thing.locations = [place]
    service.create(thing)
    stream = fsc.Datastream(
        name="flow",
        description="its flow",
        observation_type=MEASUREMENT,
        unit_of_measurement=fsc.UnitOfMeasurement(name="m3/h", symbol="m3/h", definition="ucum:m3/h"),
        thing=thing,
        sensor=fsc.Sensor(name="meter", description="m", encoding_type="text/plain", metadata="x"),
        observed_property=fsc.ObservedProperty(
            name="flow", definition="http://example.org/flow", description="f"
        ),
    )
    service.create(stream)
    return thing, stream


def observation(stream: Any, hour: int, result: Any) -> Any:
    time = datetime(2026, 1, 1, hour, tzinfo=UTC).isoformat()
    return fsc.Observation(result=result, phenomenon_time=time, datastream=stream)


def test_the_client_creates_reads_changes_and_deletes(service: fsc.SensorThingsService) -> None:
    thing, stream = made_thing(service)
    assert isinstance(thing.id, int)
    found = service.things().find(thing.id)
    assert (found.name, found.properties) == ("pump", {"a": 1})
    place = found.get_locations().query().list().entities[0]
    assert place.location["coordinates"] == [69.2, 41.3]

    made = []
    for hour in range(8):
        made.append(observation(stream, hour, hour * 1.5))
        service.create(made[-1])
    assert service.observations().find(made[3].id).result == 4.5
    listed = (
        service.datastreams()
        .find(stream.id)
        .get_observations()
        .query()
        .orderby("phenomenonTime", "desc")
        .top(3)
        .list()
    )
    assert [one.result for one in listed.entities] == [10.5, 9, 7.5]
    # Its list follows the links to the pages after it.
    assert [one.result for one in listed] == [10.5, 9, 7.5, 6, 4.5, 3, 1.5, 0]
    filtered = (
        service.observations()
        .query()
        .filter("result gt 5 and phenomenonTime lt 2026-01-01T06:00:00Z")
        .count()
        .list()
    )
    assert (filtered.count, sorted(one.result for one in filtered)) == (2, [6, 7.5])
    expanded = (
        service.things()
        .query()
        .expand("Datastreams($expand=Observations($top=2)),Locations")
        .list()
        .entities[0]
    )
    assert len(expanded.datastreams.entities[0].observations.entities) == 2

    found.name = "pump 2"
    service.update(found)
    assert service.things().find(thing.id).name == "pump 2"
    service.patch(found, jsonpatch.JsonPatch([{"op": "add", "path": "/properties/b", "value": 2}]))
    assert service.things().find(thing.id).properties == {"a": 1, "b": 2}
    changed = service.observations().find(made[3].id)
    changed.result = 99
    service.update(changed)
    assert service.observations().find(made[3].id).result == 99
    service.delete(made[3])
    with pytest.raises(requests.HTTPError):
        service.observations().find(made[3].id)
    service.delete(found)
    assert service.datastreams().query().count().list().count == 0


def test_the_client_writes_data_arrays(service: fsc.SensorThingsService) -> None:
    _thing, stream = made_thing(service)
    array = fsc.model.ext.data_array_value.DataArrayValue()
    property_ = array.Property
    array.components = {property_.PHENOMENON_TIME, property_.RESULT}
    array.datastream = stream
    for hour in range(20):
        array.add_observation(observation(stream, hour, hour))
    document = fsc.model.ext.data_array_document.DataArrayDocument()
    document.add_data_array_value(array)
    links = [one.self_link for one in service.observations().create(document)]
    assert len(set(links)) == 20
    listed = service.observations().query().orderby("phenomenonTime", "asc").list()
    assert [one.result for one in listed] == list(range(20))


def test_the_client_writes_multi_datastreams(service: fsc.SensorThingsService) -> None:
    thing, _stream = made_thing(service)
    units = [fsc.UnitOfMeasurement(name=name, symbol=name, definition="x") for name in ("m", "m3/h")]
    multi = fsc.MultiDatastream(
        name="both",
        description="pressure and flow",
        properties={},
        unit_of_measurements=units,
        observation_type="http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_ComplexObservation",
        multi_observation_data_types=[MEASUREMENT, MEASUREMENT],
        thing=thing,
        sensor=fsc.Sensor(name="s", description="s", encoding_type="text/plain", metadata="x"),
        observed_properties=[
            fsc.ObservedProperty(name=name, definition=f"http://example.org/{name}", description=name)
            for name in ("pressure", "flow")
        ],
    )
    service.create(multi)
    one = fsc.Observation(result=[3.5, 12], phenomenon_time="2026-01-01T00:00:00Z", multi_datastream=multi)
    service.create(one)
    assert service.observations().find(one.id).result == [3.5, 12]
    assert service.multi_datastreams().find(multi.id).multi_observation_data_types == [
        MEASUREMENT,
        MEASUREMENT,
    ]


def test_the_client_is_told_what_is_wrong(service: fsc.SensorThingsService) -> None:
    with pytest.raises(requests.HTTPError) as refused:
        service.create(fsc.Thing(name="no description"))
    answer = refused.value.response
    assert answer is not None
    assert answer.status_code == 400
    assert answer.json()["message"] == "A Thing needs description."
