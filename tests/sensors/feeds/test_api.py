"""The REST of feeds: profiles, sources, files, quarantine with another try, and what was received of what was
expected."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from sensors.feeds.services.device_addresses import allow_network
from sensors.feeds.services.live import Batch, store
from sensors.feeds.services.quarantine import Refusal
from sensors.feeds.services.topic_prefixes import set_prefix
from sensors.models import FeedPoint, FeedProfile, FeedSource, FeedState, Observation, QuarantinedRow
from sensors.series.services.ingestion import load_observations
from sensors.series.services.roll_ups import refresh_roll_ups
from tests.sensors.feeds.conftest import make_stream
from tests.world import first_of

EUI = "0102030405060708"


@pytest.fixture
def client(make_user, district, streams) -> Client:
    client = Client()
    client.force_login(make_user("engineer", district))
    return client


def post(client: Client, path: str, body: object, **headers: str):
    return client.post(f"/api/v1/feeds/{path}", json.dumps(body), "application/json", headers=headers)


def test_a_profile_is_made_tried_and_only_in_ones_own_division(client, district, other_district):
    settings = {"separator": ";", "time": {"zone": "Europe/Rome"}}
    made = post(client, "profiles/", {"name": "it", "division": district.code, "settings": settings})
    assert (made.status_code, made.json()["settings"]) == (201, settings)
    assert (
        post(client, "profiles/", {"name": "no", "division": other_district.code, "settings": {}}).status_code
        == 404
    )
    bad = post(
        client, "profiles/", {"name": "bad", "division": district.code, "settings": {"separator": "xx"}}
    )
    assert bad.status_code == 400
    assert "separator" in bad.content.decode()
    tried = post(
        client, "profiles/trial/", {"profile": "it", "sample": "t;P1;Z9\n01.02.2026 10:00;1;2\nx;1;2\n"}
    )
    assert tried.status_code == 200
    assert [entry["is_known"] for entry in tried.json()["series"]] == [True, False]
    assert tried.json()["bad_rows"][0]["code"] == "bad_time"
    assert Observation.objects.count() == 0
    shown = client.get("/api/v1/feeds/profiles/").json()["results"]
    assert {"plain", "auto", "it"} <= {entry["name"] for entry in shown}


def test_quarantined_rows_are_tried_again_when_the_datastream_is_there(client, district, take):
    take("datastream,time,value\nNEW,2026-01-01T00:00:00Z,1\nNEW,never,2\nP1,2026-01-01T00:00:00Z,3\n")
    # The file belongs to the profile's division, the republic: an engineer of a district does not see it.
    assert client.get("/api/v1/feeds/quarantine/").json()["results"] == []
    QuarantinedRow.objects.update(division=district)
    assert post(client, "quarantine/retry/", {"code": "unknown_datastream"}).json() == {
        "tried": 1,
        "taken": 0,
        "waiting": 1,
    }
    make_stream(district, "NEW")
    assert post(client, "quarantine/retry/", {"code": "unknown_datastream"}).json() == {
        "tried": 1,
        "taken": 1,
        "waiting": 0,
    }
    assert Observation.objects.get(datastream__code="NEW").value == 1
    rows = client.get("/api/v1/feeds/quarantine/?state=waiting").json()["results"]
    assert [(row["line"], row["code"], row["raw"]) for row in rows] == [(3, "bad_time", "NEW,never,2")]
    assert post(client, "quarantine/dismiss/", {"rows": [rows[0]["uid"]]}).json() == {"dismissed": 1}
    assert QuarantinedRow.objects.filter(state="waiting").count() == 0
    assert post(client, "quarantine/retry/", {}).status_code == 400


def test_a_wide_row_is_tried_again_for_its_column_alone(client, district, take):
    take("time;P1;NEW\n2026-01-01 00:00;1;2\n2026-01-01 01:00;3;4\n", {"time": {"zone": "UTC"}})
    QuarantinedRow.objects.update(division=district)
    make_stream(district, "NEW")
    assert post(client, "quarantine/retry/", {"code": "unknown_datastream"}).json()["taken"] == 2
    assert Observation.objects.filter(datastream__code="NEW").count() == 2


def test_an_mqtt_message_is_tried_again(client, district):
    source = FeedSource.objects.create(division=district, code="site", name="Site", kind="mqtt")
    FeedPoint.objects.create(source=source, address="s/+", template="{2}")
    set_prefix(prefix="s", division=district, acting_user=None)
    body = b'{"value": 5, "time": "2026-01-01T00:00:00Z"}'
    store(Batch(source, refusals=[Refusal(body, "unknown_datastream", "x", {"topic": "s/NEW"})]))
    make_stream(district, "NEW")
    assert post(client, "quarantine/retry/", {"source": "site"}).json() == {
        "tried": 1,
        "taken": 1,
        "waiting": 0,
    }
    assert Observation.objects.get().value == 5


def test_sources_are_data_and_checked(client, district):
    allow_network(network="10.0.0.0/24", division=district, acting_user=None)
    body = {
        "code": "plc",
        "kind": "modbus",
        "division": district.code,
        "settings": {"host": "10.0.0.5"},
        "points": [{"address": "holding:100:float32", "datastream": "P1"}],
    }
    made = post(client, "sources/", body)
    assert made.status_code == 201, made.content
    assert (made.json()["points"], made.json()["state"], made.json()["silent"]) == (1, "stopped", 1)
    wrong = body | {
        "points": [{"address": "holding:x", "datastream": "P1"}, {"address": "coil:1", "datastream": "Z"}]
    }
    answer = post(client, "sources/", wrong)
    assert answer.status_code == 400
    assert [entry["element"] for entry in answer.json()["error"]["details"]] == [
        "points.0.address",
        "points.1.datastream",
    ]
    assert FeedPoint.objects.filter(source__code="plc").count() == 1
    secret = body | {
        "code": "ua",
        "kind": "opcua",
        "settings": {"url": "opc.tcp://user:secret@host:4840"},
        "points": [],
    }
    assert post(client, "sources/", secret).status_code == 400


@pytest.mark.parametrize(
    "name",
    [
        "TARMOQ_SECRET_KEY",
        "DATABASE_URL",
        "PATH",
        "TARMOQ_FEED_",
        "XTARMOQ_FEED_A",
        "TARMOQ_FEED_A\n",
        "",
        7,
        ["A"],
    ],
)
def test_a_source_cannot_name_a_variable_that_is_not_the_feeds(client, district, name):
    body = {"code": "ua", "kind": "opcua", "division": district.code, "points": []}
    settings = {"url": "opc.tcp://attacker:4840", "user": "u"}
    answer = post(client, "sources/", body | {"settings": settings | {"password_env": name}})
    assert answer.status_code == 400
    assert [entry["element"] for entry in answer.json()["error"]["details"]] == ["settings.password_env"]
    assert not FeedSource.objects.filter(code="ua").exists()
    allowed = body | {"settings": settings | {"password_env": "TARMOQ_FEED_PUMPS_2"}}
    assert post(client, "sources/", allowed).status_code == 201


def test_received_against_expected_and_silent_ones(client, streams):
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    rows = [(streams["P1"].pk, now - timedelta(hours=hour, minutes=-5), 1.0) for hour in range(1, 13)]
    rows.append((streams["P2"].pk, now - timedelta(hours=10), 1.0))
    load_observations(rows=rows, acting_user=None, origin="test")
    refresh_roll_ups()
    shown = {row["code"]: row for row in client.get("/api/v1/feeds/datastreams/").json()["results"]}
    assert (shown["P1"]["received"], shown["P1"]["expected"], shown["P1"]["is_silent"]) == (12, 24.0, False)
    assert (shown["P2"]["received"], shown["P2"]["is_silent"]) == (1, True)
    silent = client.get("/api/v1/feeds/datastreams/?is_silent=true").json()["results"]
    assert {row["code"] for row in silent} == {"P2", "F1", "T1"}


# -- webhooks ----------------------------------------------------------------------------------------------------------


def webhook_source(client: Client, district, kind: str, points: list[dict]) -> tuple[FeedSource, str]:
    made = post(client, "sources/", {"code": kind, "kind": kind, "division": district.code, "points": points})
    assert made.status_code == 201, made.content
    token = client.post(f"/api/v1/feeds/sources/{made.json()['uid']}/token/").json()["token"]
    source = FeedSource.objects.get(code=kind)
    assert source.token_digest != token
    assert token not in json.dumps(client.get("/api/v1/feeds/sources/").json())
    return source, token


def chirpstack(data: bytes, **values):
    return {
        "deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d",
        "time": "2026-01-01T12:00:00.123456789+00:00",
        "deviceInfo": {
            "tenantName": "water",
            "applicationName": "meters",
            "deviceName": "m1",
            "devEui": EUI.upper(),
        },
        "devAddr": "00189440",
        "dr": 1,
        "fCnt": 10,
        "fPort": 2,
        "data": base64.b64encode(data).decode(),
        "rxInfo": [{"gatewayId": "0016c001f153a14c", "rssi": -48, "snr": 9}],
        **values,
    }


def test_chirpstack_uplinks_are_stored_once(client, district):
    points = [
        {
            "address": EUI,
            "port": 2,
            "field": "volume",
            "datastream": "F1",
            "settings": {"decoder": "pulse_counter", "options": {"litres_per_pulse": 10}},
        },
        {"address": EUI, "field": "level.bar", "datastream": "P1", "scale": 10.2},
    ]
    _source, token = webhook_source(client, district, "chirpstack", points)
    outside = Client(enforce_csrf_checks=True)
    body = chirpstack((1234).to_bytes(4, "big"), object={"level": {"bar": 2.5}})
    bearer = {"authorization": f"Bearer {token}"}
    first = post(outside, "lorawan/chirpstack/?event=up", body, **bearer)
    assert (first.status_code, first.json()) == (
        200,
        {"inserted": 2, "unchanged": 0, "corrected": 0, "quarantined": 0},
    )
    again = post(outside, "lorawan/chirpstack/?event=up", body, **bearer)
    assert again.json() == {"inserted": 0, "unchanged": 2, "corrected": 0, "quarantined": 0}
    assert Observation.objects.get(datastream__code="F1").value == pytest.approx(12.34)
    assert Observation.objects.get(datastream__code="P1").value == pytest.approx(25.5)
    assert first_of(Observation.objects.all()).time == datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
    assert post(outside, "lorawan/chirpstack/?event=join", {"deviceInfo": {}}, **bearer).status_code == 200
    assert FeedState.objects.get(source__code="chirpstack").inserted == 2


@pytest.mark.parametrize(
    ("level", "value", "reason"),
    [
        ("1.75", 1.75, ""),
        ("1,75", 1.75, ""),
        ("+ 1.75", 1.75, ""),
        (1.75, 1.75, ""),
        ("abc", None, "'abc' is not a number"),
        ("", None, "'' is not a number"),
        ("NaN", None, "'NaN' is not a number"),
        ("1,234", None, "decimal comma"),
        (None, None, "level is null"),
        ({"bar": 1}, None, "holds others"),
    ],
)
def test_a_text_beside_a_number_is_taken_or_told(client, district, level, value, reason):
    points = [
        {"address": EUI, "field": "level", "datastream": "P1"},
        {"address": EUI, "field": "temperature", "datastream": "F1"},
    ]
    _source, token = webhook_source(client, district, "chirpstack", points)
    body = chirpstack(b"\x01", object={"level": level, "temperature": 21.5})
    answer = post(Client(), "lorawan/chirpstack/", body, authorization=f"Bearer {token}").json()
    assert answer["inserted"] == (1 if value is None else 2)
    assert answer["quarantined"] == (value is None)
    if value is not None:
        assert Observation.objects.get(datastream__code="P1").value == value
    else:
        assert reason in QuarantinedRow.objects.get().reason


def ttn(**more):
    return {
        "end_device_ids": {"dev_eui": EUI.upper()},
        "received_at": "2026-01-01T12:00:00Z",
        "uplink_message": {"f_port": 1, "frm_payload": "Fg==", "decoded_payload": {"level": 99}},
        **more,
    }


def test_simulated_uplinks_and_answers_of_devices_are_not_measured(client, district):
    points = [{"address": EUI, "field": "level", "datastream": "P1"}]
    _source, token = webhook_source(client, district, "ttn", points)
    bearer = {"authorization": f"Bearer {token}"}
    answer = post(Client(), "lorawan/ttn/", ttn(simulated=True), **bearer).json()
    assert (answer["inserted"], answer["quarantined"]) == (0, 1)
    assert "simulated" in QuarantinedRow.objects.get().reason
    for message in ({"f_port": 0, "frm_payload": "Fg=="}, {"frm_payload": "Fg=="}, {}):
        answer = post(Client(), "lorawan/ttn/", ttn(uplink_message=message), **bearer)
        assert (answer.status_code, answer.json()["quarantined"]) == (200, 0), message
    assert Observation.objects.count() == 0
    _source, token = webhook_source(client, district, "chirpstack", points)
    bearer = {"authorization": f"Bearer {token}"}
    answer = post(Client(), "lorawan/chirpstack/", chirpstack(b"\x16", fPort=0), **bearer)
    assert (answer.status_code, answer.json()["quarantined"]) == (200, 0)


def test_the_things_stack_uplinks_are_stored_with_older_samples(client, district):
    points = [
        {"address": EUI, "field": "pressure", "datastream": "P1", "settings": {"decoder": "pressure_logger"}}
    ]
    _source, token = webhook_source(client, district, "ttn", points)
    payload = (3600).to_bytes(2, "big") + (4210).to_bytes(2, "big") + b"\x7f\xff" + (4190).to_bytes(2, "big")
    body = {
        "end_device_ids": {
            "device_id": "dev1",
            "application_ids": {"application_id": "app1"},
            "dev_eui": EUI.upper(),
        },
        "correlation_ids": ["as:up:01"],
        "received_at": "2026-01-01T12:00:00.410Z",
        "uplink_message": {
            "f_port": 1,
            "f_cnt": 3,
            "frm_payload": base64.b64encode(payload).decode(),
            "decoded_payload": {},
            "rx_metadata": [{"gateway_ids": {"gateway_id": "gtw1"}, "time": "2026-01-01T11:59:59.9Z"}],
            "received_at": "2026-01-01T12:00:00.204Z",
        },
    }
    answer = post(Client(), "lorawan/ttn/", body, authorization=f"Bearer {token}")
    assert answer.json()["inserted"] == 2, answer.content
    stored = list(Observation.objects.order_by("time").values_list("time", "value"))
    assert [value for _time, value in stored] == pytest.approx([41.9, 42.1])
    assert stored[1][0] - stored[0][0] == timedelta(seconds=1800)


def test_webhooks_ask_for_their_own_token_and_name_garbage(client, district):
    _source, token = webhook_source(
        client, district, "chirpstack", [{"address": EUI, "field": "x", "datastream": "P1"}]
    )
    outside, bearer = Client(), {"authorization": f"Bearer {token}"}
    body = chirpstack(b"\x01")
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic eDp5"}):
        assert post(outside, "lorawan/chirpstack/", body, **headers).status_code == 401
    assert post(outside, "lorawan/ttn/", body, **bearer).status_code == 401
    assert post(client, "lorawan/chirpstack/", body).status_code == 401
    garbage = [
        [],
        {},
        "x",
        7,
        {"data": "%%%", "fPort": 1},
        chirpstack(b"", time="noon"),
        chirpstack(b"", fPort=999),
    ]
    garbage += [chirpstack(b"", deviceInfo={"devEui": "12"}), chirpstack(b"", deviceInfo=None)]
    for item in garbage:
        answer = post(outside, "lorawan/chirpstack/", item, **bearer)
        assert answer.status_code == 400, item
        assert answer.json()["error"]["message"], item
    raw = outside.post("/api/v1/feeds/lorawan/chirpstack/", b"\xff{", "application/json", headers=bearer)
    assert raw.status_code == 400
    unknown = post(outside, "lorawan/chirpstack/", chirpstack(b"", deviceInfo={"devEui": "f" * 16}), **bearer)
    assert (unknown.status_code, unknown.json()["quarantined"]) == (200, 1)
    FeedPoint.objects.update(address="f" * 16)
    QuarantinedRow.objects.get(code="unknown_device")
    assert FeedProfile.objects.exists()
