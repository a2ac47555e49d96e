"""Who may read and write what: tokens, sessions, divisions and the anonymous division."""

import base64
import os
import subprocess
import sys
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.test import Client

from assets.models import Node, NodeKind
from assets.registers.services.attachments import Place, attach
from gis_core.models import Division, RoleAssignment, User
from gis_core.services.tokens import make_token
from sensors.models import Datastream, FeatureOfInterest, HistoricalLocation, Location, Thing
from sensors.series.services.ingestion import load_observations
from sensors.series.services.registers import add_datastream, add_thing
from tests.sensors.sensorthings.conftest import Sta, datastream, location, sensor, thing
from tests.world import World, make_world

Role = RoleAssignment.Role


@pytest.fixture
def world(district: Division) -> World:
    return make_world(district)


def bearer(user: User) -> Sta:
    _token, secret = make_token(user=user, name="test", acting_user=None)
    return Sta(Client(), Authorization=f"Bearer {secret}")


def test_nobody_gets_in_without_credentials(db: Any) -> None:
    for method in ("get", "post", "patch", "delete"):
        answer = Sta(Client()).call(method, "Things", {} if method != "get" else None)
        assert answer.status == 401
        assert set(answer.json) == {"code", "type", "message"}
        assert "Basic" in answer.headers["WWW-Authenticate"]


def test_tokens_come_as_bearer_or_basic(make_user: Any, district: Division) -> None:
    user = make_user(Role.ENGINEER, district)
    _token, secret = make_token(user=user, name="test", acting_user=None)
    for header in (
        f"Bearer {secret}",
        "Basic " + base64.b64encode(f"{user.username}:{secret}".encode()).decode(),
        "Basic " + base64.b64encode(f"{secret}:".encode()).decode(),
    ):
        sta = Sta(Client(enforce_csrf_checks=True), Authorization=header)
        assert sta.post("Things", thing()).status == 201
    assert Sta(Client(), Authorization="Bearer wrong").get("Things").status == 401


def test_a_session_needs_its_csrf_token(make_user: Any, district: Division) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user(Role.ENGINEER, district))
    assert Sta(client).get("Things").status == 200
    assert Sta(client).post("Things", thing()).status == 403
    assert Thing.objects.count() == 0


@pytest.mark.parametrize(
    ("role", "reads", "writes"),
    [
        (Role.ENGINEER, 200, 201),
        (Role.ADMINISTRATOR, 200, 201),
        (Role.ANALYST, 200, 403),
        (Role.CREW, 200, 403),
        (Role.MANAGER, 200, 403),
        (Role.AUDITOR, 200, 403),
        (Role.CLERK, 404, 404),
        (Role.CASHIER, 404, 404),
    ],
)
def test_roles(make_user: Any, district: Division, role: str, reads: int, writes: int) -> None:
    sta = bearer(make_user(role, district))
    assert sta.get("Things").status == reads
    assert sta.post("Things", thing()).status == writes
    assert Thing.objects.count() == (1 if writes == 201 else 0)


def test_other_divisions_do_not_exist(make_user: Any, district: Division, other_district: Division) -> None:
    mine, theirs = (bearer(make_user(Role.ENGINEER, one)) for one in (district, other_district))
    body = thing(
        "secret",
        Locations=[location()],
        Datastreams=[datastream(Observations=[{"result": 1, "phenomenonTime": "2020-01-01T00:00:00Z"}])],
    )
    one = theirs.made("Things", body)
    stream = theirs.ids(f"Things({one})/Datastreams")[0]
    observation = theirs.ids(f"Datastreams({stream})/Observations")[0]
    paths = {name["name"]: theirs.ids(name["name"]) for name in theirs.get("").json["value"]}
    for name, ids in paths.items():
        assert mine.ids(name) == []
        for entity_id in ids:
            path = f"{name}('{entity_id}')" if isinstance(entity_id, str) else f"{name}({entity_id})"
            assert mine.get(path).status == 404
            assert mine.call("delete", path).status == 404
            assert mine.call("patch", path, {}).status == 404
    own = mine.made("Things", thing("own", Locations=[location()]))
    link: dict[str, Any] = {"Thing": {"@iot.id": one}}
    assert mine.post("Datastreams", datastream(**link)).status == 400
    assert mine.post(f"Things({one})/Datastreams", datastream()).status == 404
    assert mine.post(f"Datastreams({stream})/Observations", {"result": 1}).status == 404
    foreign = theirs.ids("Sensors")[0]
    assert mine.post(f"Things({own})/Datastreams", datastream(Sensor={"@iot.id": foreign})).status == 400
    rows = [
        {
            "Datastream": {"@iot.id": stream},
            "components": ["phenomenonTime", "result"],
            "dataArray": [["2021-01-01T00:00:00Z", 5]],
        }
    ]
    assert mine.post("CreateObservations", rows).json == ["error"]
    assert mine.ids("Things", filter="Datastreams/Observations/result ge 0") == []
    assert theirs.ids(f"Datastreams({stream})/Observations") == [observation]


def test_filters_do_not_reach_over_the_border(
    make_user: Any, district: Division, other_district: Division
) -> None:
    """A place that two divisions share by a mistake of the data still shows each only its own side."""
    mine, theirs = (bearer(make_user(Role.ENGINEER, one)) for one in (district, other_district))
    shared = mine.made("Locations", location(name="shared"))
    own = mine.made("Things", thing("own", Locations=[{"@iot.id": shared}]))
    foreign = Thing.objects.get(pk=theirs.made("Things", thing("secret")))
    foreign.locations.add(shared)
    assert mine.ids(f"Locations({shared})/Things") == [own]
    assert mine.ids("Locations", filter="Things/name eq 'secret'") == []
    assert [len(one["Things"]) for one in mine.get("Locations", expand="Things").json["value"]] == [1]


def test_the_anonymous_division_is_open_and_the_rest_is_not(
    sta: Sta, make_user: Any, district: Division, other_district: Division
) -> None:
    theirs = bearer(make_user(Role.ENGINEER, other_district))
    theirs.made("Things", thing("secret"))
    one = sta.made("Things", thing("open"))
    assert sta.ids("Things") == [one]
    assert Thing.objects.get(pk=one).division == district
    assert sta.ids("Sensors") == sta.ids("ObservedProperties") == []
    # Somebody with credentials has their own rights, not those of the anonymous.
    assert theirs.get(f"Things({one})").status == 404


def test_the_anonymous_division_is_closed_by_default(district: Division) -> None:
    from django.conf import settings

    assert settings.STA_ANONYMOUS_DIVISION == ""


def test_an_anonymous_division_that_is_none_opens_nothing(district: Division, settings: Any) -> None:
    settings.STA_ANONYMOUS_DIVISION = "NOWHERE"
    assert Sta(Client()).get("Things").status == 401


def test_production_refuses_an_anonymous_division() -> None:
    environment = {
        **os.environ,
        "TARMOQ_SECRET_KEY": "an-example-of-a-key-that-is-long-enough-for-production",
        "TARMOQ_ALLOWED_HOSTS": "example.org",
        "DATABASE_URL": "postgis:///x",
        "CELERY_BROKER_URL": "redis://",
    }
    for code, is_refused in (("UZ", True), ("", False)):
        found = subprocess.run(
            [sys.executable, "-c", "import gis_core.settings.production"],
            env={**environment, "STA_ANONYMOUS_DIVISION": code},
            capture_output=True,
            check=False,
            text=True,
        )
        assert ("STA_ANONYMOUS_DIVISION" in found.stderr) is is_refused
        assert (found.returncode != 0) is is_refused


# --- things on the network ---


def logger_at(world: World, node: str, code: str = "logger") -> tuple[Thing, Datastream]:
    attachment = attach(world.network, [Place(world.nodes[node].pk)])[0]
    one = add_thing(code=code, name=code, division=world.district, attachment=attachment, acting_user=None)
    stream = add_datastream(
        thing=one,
        code=f"{code}:pressure",
        observed_property="pressure",
        unit="m",
        kind="instant",
        interval_s=300,
        acting_user=None,
    )
    return one, stream


def test_things_on_the_network_are_where_their_nodes_are(world: World, make_user: Any) -> None:
    from datetime import UTC, datetime

    # A node without pipes, which would have to move along.
    world.nodes["alone"] = Node.objects.create(
        network=world.network,
        division=world.district,
        kind=NodeKind.JUNCTION,
        code="alone",
        geom=Point(69.3, 41.3, srid=4326),
    )
    one, stream = logger_at(world, "alone")
    load_observations(
        rows=[(stream.pk, datetime(2026, 1, 1, tzinfo=UTC), 31.5)], acting_user=None, origin="x"
    )
    sta = bearer(make_user(Role.ENGINEER, world.district))
    node = Node.objects.get(pk=world.nodes["alone"].pk)
    place = sta.get(f"Things({one.pk})/Locations").json["value"][0]
    assert place["location"] == {"type": "Point", "coordinates": [node.geom.x, node.geom.y]}
    assert len(sta.ids(f"Things({one.pk})/HistoricalLocations")) == 1
    document = sta.get(
        f"Datastreams({stream.pk})", expand="Sensor,ObservedProperty,Observations($expand=FeatureOfInterest)"
    ).json
    assert document["ObservedProperty"]["name"] == "pressure"
    assert document["unitOfMeasurement"] == {"name": "m", "symbol": "m", "definition": None}
    assert document["name"] == "logger:pressure"
    observation = document["Observations"][0]
    assert observation["result"] == 31.5
    assert observation["FeatureOfInterest"]["feature"] == place["location"]
    # The place moves with its node.
    type(node).objects.filter(pk=node.pk).update(geom="SRID=4326;POINT(69.25 41.25)")
    assert sta.get(f"Things({one.pk})/Locations").json["value"][0]["location"]["coordinates"] == [
        69.25,
        41.25,
    ]
    area = "geography'POLYGON((69.24 41.24, 69.26 41.24, 69.26 41.26, 69.24 41.26, 69.24 41.24))'"
    assert sta.ids("Things", filter=f"st_within(Locations/location, {area})") == [one.pk]
    assert (
        sta.call("patch", f"Locations({place['@iot.id']})", {"location": location()["location"]}).status
        == 409
    )
    assert sta.post(f"Things({one.pk})/Locations", location()).status == 409


def test_a_thing_that_is_moved_has_been_elsewhere(world: World, make_user: Any) -> None:
    one, _stream = logger_at(world, "A")
    other = attach(world.network, [Place(world.nodes["B"].pk)])[0]
    one.attachment = other
    one.save()
    sta = bearer(make_user(Role.ANALYST, world.district))
    places = sta.get(f"Things({one.pk})/HistoricalLocations", expand="Locations", orderby="time").json[
        "value"
    ]
    assert [place["Locations"][0]["name"] for place in places] == ["A", "B"]
    assert [place["name"] for place in sta.get(f"Things({one.pk})/Locations").json["value"]] == ["B"]
    assert HistoricalLocation.objects.count() == 2


def test_things_at_one_node_share_its_place(world: World) -> None:
    logger_at(world, "A", "first")
    logger_at(world, "A", "second")
    assert (Location.objects.count(), FeatureOfInterest.objects.count()) == (1, 1)


def test_a_stream_of_the_registers_leads_somewhere_even_without_a_place(
    district: Division, make_user: Any
) -> None:
    one = add_thing(code="x", name="loose logger", division=district, attachment=None, acting_user=None)
    stream = add_datastream(
        thing=one,
        code="x:flow",
        observed_property="flow",
        unit="m3/h",
        kind="mean",
        interval_s=3600,
        acting_user=None,
    )
    sta = bearer(make_user(Role.ENGINEER, district))
    made = sta.made(f"Datastreams({stream.pk})/Observations", {"result": 1})
    assert sta.get(f"Observations('{made}')/FeatureOfInterest").json["name"] == "loose logger"
    assert sta.get(f"Datastreams({stream.pk})/Sensor").status == 200
    assert (
        sta.call("patch", sta.get(f"Datastreams({stream.pk})/Sensor").json["@iot.selfLink"], sensor()).status
        == 403
    )
