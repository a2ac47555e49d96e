"""What pollers connect to, and whose password they take along."""

import io
import json
import re

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client

from gis_core.errors import ReportedError
from gis_core.models import AuditEvent
from gis_core.services.stored_secrets import seal, unseal
from sensors.feeds.services import device_addresses
from sensors.feeds.services.device_addresses import (
    UNREACHABLE,
    allow_network,
    allowed_address,
    withdraw_network,
)
from sensors.feeds.services.device_passwords import password_of
from sensors.feeds.services.sources import save_source
from sensors.models import DeviceNetwork, FeedSource

URL = "opc.tcp://10.1.2.3:4840/plant"


@pytest.fixture
def source(district):
    allow_network(network="10.1.0.0/16", division=district, acting_user=None)
    return keep(district, {"url": URL, "user": "poller"}, password="s3cret-pass")


def keep(division, settings, **values) -> FeedSource:
    return save_source(
        code="ua",
        name="",
        kind="opcua",
        division=division,
        settings=settings,
        points=[],
        acting_user=None,
        **values,
    )


def modbus(division, host: str, port: int = 502) -> FeedSource:
    """As SQL or an older release could have written it: not checked when it was kept."""
    return FeedSource(division=division, code="m", kind="modbus", settings={"host": host, "port": port})


# Passwords


def test_a_stored_password_stands_encrypted_and_opens_for_its_source_only(source, other_district):
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(source)::text FROM sensors_feedsource source")
        (row,) = cursor.fetchone()
    assert "s3cret-pass" not in row
    assert password_of(source) == "s3cret-pass"
    # Copied by SQL to a source that leads elsewhere, and the source itself pointed elsewhere.
    other = FeedSource.objects.create(
        division=other_district,
        code="mine",
        name="mine",
        kind="opcua",
        settings={"url": "opc.tcp://10.9.9.9:4840", "user": "u"},
        password_sealed=source.password_sealed,
    )
    with pytest.raises(ReportedError, match="Enter it again"):
        password_of(other)
    FeedSource.objects.filter(pk=source.pk).update(settings={"url": "opc.tcp://10.9.9.9:4840", "user": "u"})
    source.refresh_from_db()
    with pytest.raises(ReportedError, match="Enter it again"):
        password_of(source)


def test_a_password_stays_when_the_address_does_and_goes_when_it_changes(source, district):
    assert password_of(keep(district, {"url": URL, "user": "another"})) == "s3cret-pass"
    assert password_of(keep(district, {"url": "opc.tcp://10.1.2.4:4840", "user": "poller"})) == ""
    assert password_of(keep(district, {"url": URL, "user": "poller"})) == ""
    assert "s3cret-pass" not in str(list(AuditEvent.objects.values()))


def test_a_variable_is_sent_only_where_the_operator_bound_it(district, monkeypatch):
    monkeypatch.setenv("TARMOQ_FEED_PUMPS", "of-the-pumps")
    allow_network(network="10.1.0.0/16", division=district, acting_user=None)
    source = keep(district, {"url": URL, "user": "u", "password_env": "TARMOQ_FEED_PUMPS"})
    for bound in (None, "ua", "ua 10.1.2.3:4841", "other 10.1.2.3:4840"):
        if bound is not None:
            monkeypatch.setenv("TARMOQ_FEED_PUMPS_FOR", bound)
        with pytest.raises(ReportedError, match="has not bound"):
            password_of(source)
    monkeypatch.setenv("TARMOQ_FEED_PUMPS_FOR", "ua 10.1.2.3:4840")
    assert password_of(source) == "of-the-pumps"


def test_a_key_can_be_changed_and_a_lost_one_is_said(settings, source):
    former = settings.STORED_SECRETS_KEYS
    new = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    settings.STORED_SECRETS_KEYS = f"{new},{former}"
    assert password_of(source) == "s3cret-pass"
    settings.STORED_SECRETS_KEYS = new
    with pytest.raises(ReportedError, match="Enter it again"):
        password_of(source)
    for keys in ("", "not a key"):
        settings.STORED_SECRETS_KEYS = keys
        with pytest.raises(ReportedError, match="TARMOQ_STORED_SECRETS_KEYS"):
            seal("x", bound_to={})


def test_what_was_sealed_for_one_thing_does_not_open_for_another():
    sealed = seal("x", bound_to={"a": "1"})
    assert unseal(sealed, bound_to={"a": "1"}) == "x"
    for bound_to in ({"a": "2"}, {}, {"a": "1", "b": "2"}):
        with pytest.raises(ReportedError):
            unseal(sealed, bound_to=bound_to)
    with pytest.raises(ReportedError):
        unseal(sealed[:-4] + "AAAA", bound_to={"a": "1"})


def test_the_api_takes_a_password_and_shows_neither_it_nor_the_address_to_lookers(
    make_user, district, other_district
):
    allow_network(network="10.1.0.0/16", division=district, acting_user=None)
    body = {"code": "ua", "kind": "opcua", "division": district.code, "settings": {"url": URL, "user": "u"}}
    engineer, crew = Client(), Client()
    engineer.force_login(make_user("engineer", district))
    crew.force_login(make_user("crew", district))
    made = engineer.post(
        "/api/v1/feeds/sources/", json.dumps(body | {"password": "s3cret-pass"}), "application/json"
    )
    assert made.status_code == 201, made.content
    assert (made.json()["has_password"], made.json()["settings"]["user"]) == (True, "u")
    assert password_of(FeedSource.objects.get(code="ua")) == "s3cret-pass"
    for client, sees in ((engineer, True), (crew, False)):
        answer = client.get("/api/v1/feeds/sources/")
        assert b"s3cret-pass" not in answer.content
        assert FeedSource.objects.get(code="ua").password_sealed.encode() not in answer.content
        assert (b"10.1.2.3" in answer.content) is sees


# Addresses


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "::ffff:127.0.0.1",
        "localhost",
        "169.254.169.254",
        "fe80::1",
        "0.0.0.0",
        "224.0.0.1",
        "192.168.7.7",
        "2130706433",
    ],
)
def test_no_address_is_polled_that_is_not_allowed(district, settings, host):
    settings.POLL_LOOPBACK = False
    allow_network(network="10.0.0.0/8", division=district, acting_user=None)
    with pytest.raises(ReportedError) as refused:
        allowed_address(modbus(district, host))
    assert refused.value.code == "address_not_allowed"


def test_loopback_stays_closed_even_where_a_row_says_otherwise(district, settings):
    settings.POLL_LOOPBACK = False
    for network in ("127.0.0.0/8", "169.254.0.0/16", "fe80::/10", "ff00::/8"):
        with pytest.raises(ReportedError, match="never polled"):
            allow_network(network=network, division=district, acting_user=None)
    DeviceNetwork.objects.create(division=district, network="0.0.0.0/0")
    for host in ("127.0.0.1", "169.254.169.254"):
        with pytest.raises(ReportedError):
            allowed_address(modbus(district, host))


def test_the_products_own_servers_are_not_polled_where_loopback_is(district, settings):
    settings.POLL_LOOPBACK = True
    settings.MQTT_URL = "mqtt://127.0.0.1:18830"
    settings.WEB_PORT = 8000
    allow_network(network="127.0.0.0/8", division=district, acting_user=None)
    assert allowed_address(modbus(district, "127.0.0.1", 5020)).address == "127.0.0.1"
    for port in (18830, 8000):
        for host in ("127.0.0.1", "127.0.0.2"):
            with pytest.raises(ReportedError):
                allowed_address(modbus(district, host, port))


@pytest.mark.parametrize(
    ("broker", "port"),
    [("redis://127.0.0.1/0", 6379), ("amqp://127.0.0.1//", 5672), ("amqps://127.0.0.1", 5671)],
)
def test_a_broker_is_not_polled_at_its_usual_port_either(district, settings, broker, port):
    settings.POLL_LOOPBACK = True
    settings.CELERY_BROKER_URL = broker
    allow_network(network="127.0.0.0/8", division=district, acting_user=None)
    with pytest.raises(ReportedError):
        allowed_address(modbus(district, "127.0.0.1", port))


def test_a_network_holds_for_its_division_and_below(district, other_district):
    allow_network(network="10.1.0.0/16", division=district.parent, acting_user=None)
    assert allowed_address(modbus(district, "10.1.0.9")).address == "10.1.0.9"
    DeviceNetwork.objects.update(division=district)
    with pytest.raises(ReportedError):
        allowed_address(modbus(other_district, "10.1.0.9"))
    with pytest.raises(ReportedError):
        allowed_address(modbus(district.parent, "10.1.0.9"))


def test_a_name_is_looked_up_once_and_all_its_addresses_must_be_allowed(district, monkeypatch):
    allow_network(network="10.1.0.0/16", division=district, acting_user=None)
    answers = [["10.1.0.9"], ["10.1.0.9", "192.168.0.1"]]
    monkeypatch.setattr(
        device_addresses.socket,
        "getaddrinfo",
        lambda host, port, **kind: [(2, 1, 6, "", (address, port)) for address in answers.pop(0)],
    )
    # Own servers would be looked up as well.
    monkeypatch.setattr(device_addresses, "_own_ports", lambda address: set())
    assert allowed_address(modbus(district, "plc.example")).address == "10.1.0.9"
    with pytest.raises(ReportedError):
        allowed_address(modbus(district, "plc.example"))


def test_an_address_outside_is_refused_when_it_is_kept(district):
    with pytest.raises(ReportedError, match="no network that is allowed"):
        keep(district, {"url": "opc.tcp://10.66.0.1:4840"})
    allow_network(network="10.66.0.1", division=district, acting_user=None)
    keep(district, {"url": "opc.tcp://10.66.0.1:4840"})


def test_an_unknown_name_is_said_as_a_dead_device_is(district):
    with pytest.raises(ReportedError, match=re.escape(UNREACHABLE)):
        allowed_address(modbus(district, "no-such-host.invalid"))


def test_the_operators_command(district, capsys):
    def run(*words: str) -> dict:
        out = io.StringIO()
        call_command("device_network", *words, "--json", stdout=out)
        return json.loads(out.getvalue() or capsys.readouterr().out)

    made = run("allow", "10.20.0.0/16", "--division", district.code, "--note", "pump stations")
    assert made == {
        "network": "10.20.0.0/16",
        "division": district.code,
        "plain_passwords": False,
        "note": "pump stations",
    }
    assert run("list")["networks"] == [made]
    for words in (
        ("allow", "10.20.0.1/16", "--division", district.code),
        ("allow", "x", "--division", district.code),
        ("withdraw", "10.21.0.0/16", "--division", district.code),
        ("allow", "10.20.0.0/16", "--division", "NOPE"),
    ):
        with pytest.raises(SystemExit) as ended:
            call_command("device_network", *words)
        assert ended.value.code == 1
    run("withdraw", "10.20.0.0/16", "--division", district.code)
    assert run("list")["networks"] == []
    assert list(AuditEvent.objects.order_by("id").values_list("action", flat=True)) == [
        "allow device network",
        "withdraw device network",
    ]


def test_a_row_that_is_no_network_is_refused_by_the_database(district):
    for text in ("10.0.0.0", "everything", "10.0.0.0/8; --"):
        with pytest.raises(IntegrityError), transaction.atomic():
            DeviceNetwork.objects.create(division=district, network=text)
    withdrawn = allow_network(network="10.0.0.0/8", division=district, acting_user=None)
    withdraw_network(network=withdrawn.network, division=district, acting_user=None)
    assert not DeviceNetwork.objects.exists()
