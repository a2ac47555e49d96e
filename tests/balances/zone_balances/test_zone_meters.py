"""Which datastream measures what of a zone: by options and by table, and all that is refused."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from assets.models import Curve, Network, TankDetail
from balances.models import ZoneMeter
from gis_core.models import AuditEvent, Division
from tests.balances.zone_balances.town import METERS, ZONES, make_town, run, stream_on, table


@pytest.fixture
def network(district: Division, tmp_path: Path) -> Network:
    network = make_town(district)
    for code, pipe in (("F1", "P1"), ("F2", "P3"), ("F3", "P5")):
        stream_on(network, pipe, "flow", "l/s", code)
    stream_on(network, "T", "level", "m", "L")
    stream_on(network, "A1", "pressure", "m", "H")
    run("make_zones", "TOWN", table(tmp_path, ZONES))
    return network


def set_one(zone: str, stream: str, role: str, *more: str) -> dict[str, object]:
    answer: dict[str, object] = run(
        "set_zone_meter", "--zone", zone, "--datastream", stream, "--role", role, *more
    )
    return answer


def test_a_meter_is_set_changed_and_taken_away(network: Network) -> None:
    assert set_one("A", "F1", "inlet") == {
        "changed": 1,
        "zones": [
            {
                "zone_code": "A",
                "meters": [{"datastream": "F1", "role": "inlet", "unit": "l/s", "error_percent": 2.0}],
            }
        ],
    }
    assert set_one("A", "F1", "inlet")["changed"] == 0
    assert set_one("A", "F1", "outlet", "--error-percent", "0.5")["changed"] == 1
    taken = run("set_zone_meter", "--zone", "A", "--datastream", "F1", "--remove")
    assert taken == {"changed": 1, "zones": [{"zone_code": "A", "meters": []}]}
    assert run("set_zone_meter", "--zone", "A", "--datastream", "F1", "--remove")["changed"] == 0
    # What held once is kept.
    assert ZoneMeter.objects.count() == 3
    assert AuditEvent.objects.filter(action__in=["set zone meter", "remove zone meter"]).count() == 3


def test_two_meters_on_pipes_from_one_node_are_two(network: Network, tmp_path: Path) -> None:
    answer = run("set_zone_meter", table(tmp_path, METERS), "--network", "TOWN")
    assert answer["changed"] == 6
    assert [
        (zone["zone_code"], [meter["datastream"] for meter in zone["meters"]]) for zone in answer["zones"]
    ] == [
        ("A", ["F1", "F2", "F3"]),
        ("B", ["F2", "L"]),
        ("C", ["F3"]),
    ]
    assert run("set_zone_meter", table(tmp_path, METERS), "--network", "TOWN")["changed"] == 0


@pytest.mark.parametrize(
    ("zone", "stream", "role", "code"),
    [
        ("Q", "F1", "inlet", "no_zone"),
        ("A", "F9", "inlet", "no_datastream"),
        ("A", "H", "inlet", "wrong_quantity"),
        ("A", "L", "outlet", "wrong_quantity"),
        ("A", "F1", "storage", "wrong_quantity"),
    ],
)
def test_what_cannot_be_is_refused(network: Network, zone: str, stream: str, role: str, code: str) -> None:
    assert set_one(zone, stream, role)["code"] == code
    assert not ZoneMeter.objects.exists()


def test_a_level_needs_its_tank(network: Network) -> None:
    stream_on(network, "A2", "level", "m", "L2")
    assert set_one("A", "L2", "storage")["code"] == "tank_unknown"
    TankDetail.objects.update(diameter_m=0)
    assert set_one("B", "L", "storage")["code"] == "tank_unknown"
    curve = Curve.objects.create(network=network, code="V", kind="VOLUME", x_values=[0, 4], y_values=[0, 100])
    TankDetail.objects.update(volume_curve=curve)
    assert set_one("B", "L", "storage")["changed"] == 1
    stream_on(network, "A2", "volume", "m3", "V2")
    assert set_one("A", "V2", "storage")["changed"] == 1


def test_zones_of_several_networks(network: Network, district: Division, tmp_path: Path) -> None:
    other = make_town(district, "OTHER")
    stream_on(other, "P1", "flow", "m3/h", "O1")
    assert set_one("A", "O1", "inlet")["code"] == "other_network"
    run("make_zones", "OTHER", table(tmp_path, ZONES))
    error = set_one("A", "F1", "inlet")
    assert error["code"] == "ambiguous_zone"
    assert set_one("A", "O1", "inlet", "--network", "TOWN")["code"] == "other_network"
    assert set_one("A", "O1", "inlet", "--network", "OTHER")["changed"] == 1
    assert set_one("A", "O1", "inlet", "--network", "NONE")["code"] == "no_network"


def test_a_table_is_taken_whole_or_not_at_all(network: Network, tmp_path: Path) -> None:
    rows = [
        ("Q,F1,inlet,", "no_zone"),
        ("A,F9,inlet,", "no_datastream"),
        ("A,H,inlet,", "wrong_quantity"),
        ("A,F2,through,", None),
        ("A,F2,inlet,101", None),
        ("A,F2,inlet,much", None),
        ("A,F1,outlet,", None),
    ]
    text = "zone,datastream,role,error_percent\nA,F1,inlet,1\n" + "\n".join(row for row, _code in rows)
    error = run("set_zone_meter", table(tmp_path, text), "--network", "TOWN")
    assert error["code"] == "bad_rows"
    assert [(detail["row"], detail.get("code")) for detail in error["details"]] == [
        (number, code) for number, (_row, code) in enumerate(rows, start=3)
    ]
    assert not ZoneMeter.objects.exists()


@pytest.mark.parametrize(
    "words",
    [
        ["--zone", "A", "--datastream", "F1"],
        ["--zone", "A", "--role", "inlet"],
        ["--zone", "A", "--datastream", "F1", "--role", "door"],
        ["--zone", "A", "--datastream", "F1", "--role", "inlet", "--error-percent", "nan"],
        ["x.csv"],
        ["x.csv", "--network", "TOWN", "--zone", "A"],
    ],
)
def test_wrong_arguments(network: Network, words: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("set_zone_meter", *words, "--json")
