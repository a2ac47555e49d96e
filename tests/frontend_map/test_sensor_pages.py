"""The pages of devices and feeds: what they say, to whom, and at what cost."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assets.registers.services.attachments import Place, attach
from frontend_map.templatetags.figures import age, local_time, measured
from gis_core.access import ROLE_CAPABILITIES, Capability
from gis_core.models import Division, User
from sensors.models import (
    Alarm,
    AlarmRule,
    Datastream,
    FeedFile,
    FeedProfile,
    FeedSource,
    FeedState,
    QualityFlag,
    QuarantinedRow,
    Thing,
)
from sensors.series.services.ingestion import load_observations
from sensors.series.services.registers import add_datastream, add_thing
from sensors.series.services.roll_ups import refresh_roll_ups
from sensors.series.services.series_edits import edit_series
from tests.world import World, make_world

VIEWERS = {"engineer", "analyst", "crew", "manager", "administrator", "auditor"}
STRANGERS = {"clerk", "cashier"}


@dataclass(frozen=True)
class Field:
    """A district's devices: at a meter that reports, at one that is late, at a silent one, and a bare one."""

    world: World
    things: dict[str, Thing]
    streams: dict[str, Datastream]

    def page(self, name: str = "ok") -> str:
        return f"/sensors/{self.things[name].uid}/"


def add_device(
    world: World, code: str, *, node: str | None = None, ages: list[timedelta], value: float = 43.265
) -> tuple[Thing, Datastream]:
    """A device with an hourly pressure series that has a value at each of the ages."""
    place = attach(world.network, [Place(world.nodes[node].pk)])[0] if node else None
    thing = add_thing(
        code=code, name=f"Logger {code}", division=world.district, attachment=place, acting_user=None
    )
    stream = add_datastream(
        thing=thing,
        code=f"{code}:pressure",
        observed_property="pressure",
        unit="m",
        kind="instant",
        interval_s=3600,
        acting_user=None,
    )
    now = timezone.now()
    load_observations(rows=[(stream.pk, now - old, value) for old in ages], acting_user=None, origin=code)
    return thing, stream


@pytest.fixture
def field(district: Division) -> Field:
    world = make_world(district)
    hours = [timedelta(minutes=5, hours=hour) for hour in range(30)]
    made = {
        "ok": add_device(world, "DEV-OK", node="A", ages=hours),
        "late": add_device(world, "DEV-LATE", node="B", ages=[timedelta(hours=2)]),
        "silent": add_device(world, "DEV-SILENT", node="C", ages=[timedelta(days=3)]),
    }
    bare = add_thing(code="DEV-BARE", name="Bare", division=district, attachment=None, acting_user=None)
    refresh_roll_ups()
    return Field(
        world,
        {name: thing for name, (thing, _stream) in made.items()} | {"bare": bare},
        {name: stream for name, (_thing, stream) in made.items()},
    )


def raise_alarm(stream: Datastream, severity: str = "critical") -> Alarm:
    rule = AlarmRule.objects.create(
        division=stream.division, datastream=stream, name="Pressure below 25 m", kind="limit", low=25
    )
    return Alarm.objects.create(
        rule=rule,
        datastream=stream,
        division=stream.division,
        severity=severity,
        started_at=timezone.now() - timedelta(hours=2),
        value=21.4,
    )


def settings_in(page: str, name: str) -> Any:
    found = re.search(rf'<script id="{name}" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


# --- who may see what ---


def test_roles_that_see_sensors_open_the_pages_and_no_others(
    field: Field, client_of: Callable[..., Client]
) -> None:
    for role in VIEWERS | STRANGERS:
        client = client_of(role)
        expected = 200 if role in VIEWERS else 404
        for address in ("/sensors/", field.page(), "/feeds/"):
            assert client.get(address).status_code == expected, (role, address)
        assert ('href="/sensors/"' in client.get("/").content.decode()) == (role in VIEWERS), role
    for address in ("/sensors/", field.page(), "/feeds/"):
        assert Client().get(address)["Location"].startswith("/login/?next=/")


def test_devices_of_other_divisions_do_not_exist(
    field: Field, client_of: Callable[..., Client], other_district: Division
) -> None:
    raise_alarm(field.streams["ok"])
    client = client_of("administrator", other_district)
    assert client.get(field.page()).status_code == 404
    for address in (
        "/sensors/",
        "/sensors/?q=DEV",
        "/sensors/?state=alarm",
        "/feeds/",
        "/alarms/",
        "/alarms/rules/",
    ):
        page = client.get(address).content.decode()
        for secret in ("DEV-", "Logger", "Pressure below"):
            assert secret not in page.replace("q=DEV", "").replace('value="DEV"', ""), address


def test_only_those_who_may_edit_get_the_form(field: Field, client_of: Callable[..., Client]) -> None:
    for role in VIEWERS:
        page = client_of(role).get(field.page()).content.decode()
        may = role in {"engineer", "analyst", "administrator"}
        assert ('id="edit-form"' in page) == may, role
        assert settings_in(page, "sensor-settings")["mayEdit"] == may


# --- the list ---


def test_list_tells_value_age_and_state(field: Field, client_of: Callable[..., Client]) -> None:
    raise_alarm(field.streams["late"])
    page = client_of("engineer").get("/sensors/").content.decode()
    rows = dict(re.findall(r'<li><a href="/sensors/([0-9a-f-]+)/">(.*?)</a></li>', page, re.DOTALL))
    assert len(rows) == 4
    by_name = {name: rows[str(thing.uid)] for name, thing in field.things.items()}
    assert "<b>43.27</b> m" in by_name["ok"]
    assert "5 min ago" in by_name["ok"]
    assert 'class="tag ok"' in by_name["ok"]
    assert 'class="tag late"' in by_name["late"]
    assert 'class="tag bad"' in by_name["late"], "the critical alarm"
    assert 'class="tag silent"' in by_name["silent"]
    assert "3 d ago" in by_name["silent"]
    assert "no value yet" in by_name["bare"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?state=ok", ["OK"]),
        ("?state=late", ["LATE"]),
        ("?state=silent", ["SILENT"]),
        ("?state=bare", ["BARE"]),
        ("?state=alarm", ["SILENT"]),
        ("?q=dev-ok", ["OK"]),
        ("?q=logger&state=late", ["LATE"]),
        ("?state=nonsense", ["BARE", "LATE", "OK", "SILENT"]),
        ("?page=99", ["BARE", "LATE", "OK", "SILENT"]),
        ("?q=%00%25", []),
    ],
)
def test_list_is_narrowed(
    field: Field, client_of: Callable[..., Client], query: str, found: list[str]
) -> None:
    raise_alarm(field.streams["silent"])
    page = client_of("crew").get(f"/sensors/{query}").content.decode()
    assert re.findall(r'<span class="muted">DEV-([A-Z]+)', page) == found


def test_empty_list_says_what_to_do(district: Division, client_of: Callable[..., Client]) -> None:
    page = client_of("engineer").get("/sensors/").content.decode()
    assert "import_datastreams" in page
    page = client_of("manager").get("/sensors/?q=nothing").content.decode()
    assert "No device is like that." in page
    assert 'href="/sensors/"' in page


def test_pages_of_the_list_follow_each_other(field: Field, client_of: Callable[..., Client]) -> None:
    for number in range(60):
        add_thing(
            code=f"EXTRA-{number:02}",
            name="Extra",
            division=field.world.district,
            attachment=None,
            acting_user=None,
        )
    client = client_of("engineer")
    first = client.get("/sensors/").content.decode()
    second = client.get("/sensors/?page=2").content.decode()
    assert "Page 1 of 2" in first
    codes = re.findall(r'<span class="muted">((?:DEV|EXTRA)-\w+)', first + second)
    assert len(codes) == len(set(codes)) == 64


# --- one device ---


def test_device_page_tells_what_is_known(field: Field, client_of: Callable[..., Client]) -> None:
    client = client_of("engineer")
    user = User.objects.get(username__startswith="engineer")
    stream = field.streams["ok"]
    latest = stream.observations.order_by("-time").first()
    assert latest is not None
    edit_series(
        datastream=stream,
        corrections=[(latest.time, 40.5)],
        code="edited",
        reason="Read wrongly <b>",
        acting_user=user,
    )
    alarm = raise_alarm(stream)
    QualityFlag.objects.create(datastream=stream, time=latest.time, rule="spike", severity="fail")
    QualityFlag.objects.create(
        datastream=stream,
        time=latest.time - timedelta(hours=1),
        rule="gap",
        severity="suspect",
        cleared_at=timezone.now() + timedelta(seconds=1),
    )
    page = client.get(field.page()).content.decode()
    assert "40.50</strong> m" in page
    assert local_time(latest.time) in page
    assert "Read wrongly &lt;b&gt;" in page
    assert user.username in page
    assert "Pressure below 25 m" in page
    assert "Spike" in page
    assert 'tag suspect">suspect' not in page, "a flag that was cleared"
    told = settings_in(page, "sensor-settings")
    assert f'data-alarm="{alarm.uid}" data-act="acknowledge"' in page
    assert [(flag["rule"], flag["severity"]) for flag in told["flags"]] == [("spike", "fail")]
    assert told["place"] == [69.402, 41.4]
    (shown,) = told["streams"]
    assert (shown["code"], shown["unit"], shown["zone"]) == ("DEV-OK:pressure", "m", "Asia/Tashkent")
    assert shown["time"] == pytest.approx(latest.time.timestamp(), abs=1e-3)


def test_device_without_anything_says_what_to_do(field: Field, client_of: Callable[..., Client]) -> None:
    page = client_of("engineer").get(field.page("bare")).content.decode()
    assert "This device has no datastreams yet" in page
    assert "Its position is not known" in page
    assert 'id="chart"' not in page
    page = client_of("analyst").get(field.page("silent")).content.decode()
    for words in ("No alarms.", "No flags.", "No edits:"):
        assert words in page


def test_a_deleted_device_is_gone(field: Field, client_of: Callable[..., Client]) -> None:
    Thing.objects.filter(pk=field.things["ok"].pk).update(deleted_at=timezone.now())
    client = client_of("engineer")
    assert client.get(field.page()).status_code == 404
    assert "DEV-OK" not in client.get("/sensors/").content.decode()


def test_scripts_are_files_and_pages_are_translated(field: Field, client_of: Callable[..., Client]) -> None:
    client = client_of("engineer")
    for address in ("/sensors/", field.page(), "/feeds/"):
        page = client.get(address).content.decode()
        for attributes in re.findall(r"<script([^>]*)>", page):
            assert "src=" in attributes or "application/json" in attributes, address
        assert not re.search(r"\son\w+=", page)
    for language, words in (("uz", "Oxirgi qiymatlar"), ("ru", "Последние значения")):
        page = client.get(field.page(), headers={"accept-language": language}).content.decode()
        assert words in page
        assert "Latest values" not in page


# --- alarms ---


def test_alarms_page_lists_by_state_and_offers_what_may_be_done(
    field: Field, client_of: Callable[..., Client]
) -> None:
    alarm = raise_alarm(field.streams["ok"])
    clients = {role: client_of(role) for role in VIEWERS}
    for role, client in clients.items():
        page = client.get("/alarms/").content.decode()
        assert "Pressure below 25 m" in page
        assert "Logger DEV-OK" in page
        assert "21.40 m" in page
        may = Capability.HANDLE_ALARMS in ROLE_CAPABILITIES[role]
        assert (f'data-alarm="{alarm.uid}"' in page) == may, role
    client = clients["engineer"]
    assert "No alarms." in client.get("/alarms/?state=closed").content.decode()
    assert "Pressure below" in client.get("/alarms/?state=nonsense").content.decode()
    assert client_of("clerk").get("/alarms/").status_code == 404


# --- feeds ---


def test_feeds_page_counts_what_came(field: Field, client_of: Callable[..., Client]) -> None:
    page = client_of("engineer").get("/feeds/").content.decode()
    # 72 hourly values are expected of three datastreams: 24 came from one, one from the late one, none from the third.
    assert "25 of 72" in page
    assert "1 of 24" in page
    assert "0 of 24" in page
    assert "34.7 %" in page


def test_feeds_page_shows_sources_files_and_quarantine(
    field: Field, client_of: Callable[..., Client]
) -> None:
    district = field.world.district
    now = timezone.now()
    profile = FeedProfile.objects.create(division=district, name="plain-2")
    beats = {
        "PLC-1": ("modbus", FeedState.State.FAILING, now),
        "PLC-2": ("opcua", FeedState.State.RUNNING, now - timedelta(hours=2)),
        "PLC-3": ("mqtt", FeedState.State.RUNNING, now),
    }
    for code, (kind, state, seen_at) in beats.items():
        source = FeedSource.objects.create(division=district, code=code, name=f"Name {code}", kind=kind)
        FeedState.objects.create(
            source=source, state=state, seen_at=seen_at, last_error="no route to host", last_error_at=now
        )
    FeedSource.objects.create(division=district, code="OFF", name="Off", kind="folder", is_active=False)
    file = FeedFile.objects.create(
        division=district, profile=profile, name="a.csv", content_sha256="a" * 64, size_bytes=10, state="done"
    )
    row = QuarantinedRow.objects.create(
        division=district,
        file=file,
        line=7,
        raw="x;<script>",
        code="bad_number",
        reason="“x” is not a number",
        digest="d",
    )
    page = client_of("engineer").get("/feeds/").content.decode()
    for code, shown in (("PLC-1", "failing"), ("PLC-2", "quiet"), ("PLC-3", "running"), ("OFF", "off")):
        entry = re.search(
            rf"<strong>Name {code}</strong>.*?</li>|<strong>Off</strong>.*?</li>", page, re.DOTALL
        )
        found = re.search(rf"· {code} ·.*?class=\"tag (\w+)\"", page, re.DOTALL)
        assert entry is not None
        assert found is not None
        assert found[1] == shown, code
    assert "x;&lt;script&gt;" in page
    assert str(row.uid) in page
    assert "line 7" in page
    assert "a.csv" in page
    assert "bad_number" in page
    narrowed = client_of("analyst").get("/feeds/?reason=other").content.decode()
    assert "is not a number" not in narrowed


def test_feeds_page_without_anything_says_what_to_do(
    district: Division, client_of: Callable[..., Client]
) -> None:
    page = client_of("engineer").get("/feeds/").content.decode()
    for words in (
        "There are no datastreams",
        "No source is registered",
        "Nothing was refused.",
        "No file has been",
    ):
        assert words in page


# --- cost ---


def test_pages_ask_no_more_with_more_rows(field: Field, client_of: Callable[..., Client]) -> None:
    client = client_of("engineer")
    addresses = ("/sensors/", field.page(), "/feeds/", "/alarms/", "/alarms/rules/")

    def counts() -> list[int]:
        for address in addresses:
            client.get(address)
        found = []
        for address in addresses:
            with CaptureQueriesContext(connection) as queries:
                client.get(address)
            found.append(len(queries))
        return found

    stream = field.streams["ok"]
    raise_alarm(stream)
    QualityFlag.objects.create(datastream=stream, time=timezone.now(), rule="spike", severity="fail")
    edit_series(
        datastream=stream, corrections=[(timezone.now(), 1.0)], code="edited", reason="r", acting_user=None
    )
    few = counts()
    for number in range(8):
        _thing, other = add_device(field.world, f"MORE-{number}", node="T", ages=[timedelta(hours=1)])
        raise_alarm(other)
        add_datastream(
            thing=field.things["ok"],
            code=f"DEV-OK:{number}",
            observed_property="temperature",
            unit="°C",
            kind="instant",
            interval_s=600,
            acting_user=None,
        )
        QualityFlag.objects.create(datastream=other, time=timezone.now(), rule="gap", severity="fail")
        QualityFlag.objects.create(
            datastream=stream,
            time=timezone.now() + timedelta(seconds=number + 1),
            rule="gap",
            severity="fail",
        )
        edit_series(
            datastream=stream,
            corrections=[(timezone.now(), 2.0)],
            code="edited",
            reason="r",
            acting_user=None,
        )
        FeedSource.objects.create(division=field.world.district, code=f"S{number}", name="S", kind="mqtt")
    assert counts() == few


# --- words ---


@pytest.mark.parametrize(
    ("value", "quantity", "expected"),
    [
        (43.265, "pressure", "43.27"),
        (0.04321, "chlorine", "0.0432"),
        (1234.56, "flow", "1,235"),
        (-7.5, "temperature", "−7.500"),
        (123456.789, "counter", "123,456.789"),
        (0.0, "flow", "0"),
        (1.0, "state", "1"),
        (float("nan"), "flow", "–"),
        (None, "flow", "–"),
    ],
)
def test_measured_values_have_four_digits(value: float | None, quantity: str, expected: str) -> None:
    assert measured(value, quantity) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s ago"),
        (119, "119 s ago"),
        (120, "2 min ago"),
        (7199, "119 min ago"),
        (7200, "2 h ago"),
        (172_800, "2 d ago"),
        (-30, "0 s ago"),
        (-600, "ahead of the clock"),
        (None, "–"),
    ],
)
def test_ages_are_told_in_the_fitting_unit(seconds: float | None, expected: str) -> None:
    assert age(seconds) == expected


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Asia/Tashkent", "1 July 2026, 17:05 UTC+5"),
        ("Europe/Rome", "1 July 2026, 14:05 UTC+2"),
        ("Asia/Kathmandu", "1 July 2026, 17:50 UTC+5:45"),
        ("America/St_Johns", "1 July 2026, 09:35 UTC−2:30"),
        ("UTC", "1 July 2026, 12:05 UTC"),
    ],
)
def test_times_are_local_and_say_so(zone: str, expected: str) -> None:
    assert local_time(datetime(2026, 7, 1, 12, 5, tzinfo=UTC), zone) == expected
