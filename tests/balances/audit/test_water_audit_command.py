"""`water_audit`: files as people send them, wrong files, and a zone's own audit."""

import csv
import io
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import CommandError

from assets.models import Network, Zone
from balances.audit.audit_files import COLUMNS
from balances.models import UnbilledConsumption, ZoneBalance
from gis_core.models import Division, User
from gis_core.table_files import table_file
from sensors.series.services.ingestion import load_observations
from sensors.series.services.roll_ups import refresh_roll_ups
from tests.balances.test_zone_balances import stream_at
from tests.gis_core.test_commands import run
from tests.world import World, local_midnight, make_world

HEADER = [*COLUMNS, "hours_per_day"]
BREA = {
    "audit_id": "brea",
    "days": "366",
    "water_supplied": "8901.9",
    "billed_metered": "8226.517",
    "billed_unmetered": "",
    "unbilled_metered": "208.933",
    "unbilled_unmetered": "22.25475",
    "unauthorized": "22.25475",
    "customer_meter_inaccuracy": "85.2065656565665",
    "data_handling_errors": "20.5662925",
    "mains_length": "215.1",
    "connections": "13425",
    "private_pipe_length": "0",
    "average_pressure": "75",
    "volume_unit": "AF",
    "length_unit": "mi",
    "pressure_unit": "psi",
    "uarl_form": "awwa",
    "hours_per_day": "",
}


def written(*changes: dict[str, str], header: list[str] = HEADER, delimiter: str = ",") -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(header)
    writer.writerows([({**BREA, **change}).get(column, "") for column in header] for change in changes)
    return out.getvalue().encode()


def audited(tmp_path: Path, content: bytes, name: str = "audits.csv") -> tuple[int, dict[str, Any]]:
    path = tmp_path / name
    path.write_bytes(content)
    return run("water_audit", str(path))


def test_the_answer_has_the_fields_of_the_contract(tmp_path: Path) -> None:
    code, document = audited(tmp_path, written({}))
    assert code == 0
    (answer,) = document["audits"]
    assert list(answer) == [
        *("audit_id", "authorized", "apparent_losses", "water_losses", "real_losses", "nrw", "nrw_percent"),
        *("uarl", "ili", "real_losses_l_conn_day", "real_losses_gal_conn_day"),
        *("apparent_losses_gal_conn_day", "limits95", "flags"),
    ]
    assert (answer["audit_id"], answer["authorized"], answer["nrw"]) == ("brea", 8457.70475, 675.383)
    assert round(answer["ili"], 8) == 1.18441916
    assert answer["flags"] == ["blank_billed_unmetered_is_none"]
    assert set(answer["limits95"].values()) == {None}


def test_rows_keep_their_own_units_and_their_order(tmp_path: Path) -> None:
    thousand = {"water_supplied": "1000", "billed_metered": "900", "customer_meter_inaccuracy": "1"}
    units = [{"volume_unit": unit, "audit_id": unit} for unit in ("m3", "ml", "MG", "AF")]
    code, document = audited(tmp_path, written(*({**thousand, **unit} for unit in units)))
    assert code == 0
    assert [answer["audit_id"] for answer in document["audits"]] == ["m3", "ml", "MG", "AF"]
    litres = [answer["apparent_losses_gal_conn_day"] for answer in document["audits"]]
    assert litres[1] == pytest.approx(1000 * litres[0], rel=2e-6)
    assert litres[2] == pytest.approx(3785.411784 * litres[0], rel=2e-6)
    assert litres[3] == pytest.approx(1233.48183754752 * litres[0], rel=2e-6)


@pytest.mark.parametrize(
    "content",
    [
        written({"water_supplied": "8,901.9", "billed_metered": "8,226.517", "connections": "13,425"}),
        written({"water_supplied": "8 901.9", "connections": "13 425"}),
        written(
            {
                name: value.replace(".", ",") if name not in ("audit_id", "volume_unit") else value
                for name, value in BREA.items()
            },
            delimiter=";",
        ),
        written({}, delimiter=";"),
        written({}, delimiter="\t"),
        b"\xef\xbb\xbf" + written({}),
        written({}).decode().encode("utf-16"),
        written({}).replace(b"\r\n", b"\r\n\r\n"),
        written({}).replace(b"audit_id,days", b"Audit ID, Days"),
        written({"water_supplied": "8.9019e3"}),
        written({}, header=[*HEADER, "supplier"]),
        written({}, header=list(reversed(HEADER))),
        written({}, header=list(COLUMNS)),
        table_file("xlsx", HEADER, [[BREA[column] for column in HEADER]]),
        table_file(
            "xlsx",
            HEADER,
            [[float(text) if text.replace(".", "").isdigit() else text for text in BREA.values()]],
        ),
    ],
)
def test_files_as_people_save_them(tmp_path: Path, content: bytes) -> None:
    code, document = audited(tmp_path, content)
    assert code == 0, document
    (answer,) = document["audits"]
    assert round(answer["ili"], 8) == 1.18441916
    assert round(answer["real_losses"], 8) == 316.16764184


def test_limits_are_read_by_their_columns(tmp_path: Path) -> None:
    header = [*HEADER, "water_supplied_limit95_percent", "billed_metered_limit95_percent"]
    changes = {"water_supplied_limit95_percent": "1.3", "billed_metered_limit95_percent": ""}
    _, document = audited(tmp_path, written(changes, header=header))
    limits = document["audits"][0]["limits95"]
    assert limits["water_supplied"] == pytest.approx(1.3)
    assert limits["nrw"] == pytest.approx(1.3 * 8901.9 / 675.383)
    assert limits["authorized"] is None


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"volume_unit": "gal"}, "volume_unit"),
        ({"volume_unit": ""}, "volume_unit"),
        ({"length_unit": "ft"}, "length_unit"),
        ({"length_unit": ""}, "length_unit"),
        ({"pressure_unit": "bar"}, "pressure_unit"),
        ({"uarl_form": "IWSA"}, "uarl_form"),
        ({"water_supplied": "much"}, "water_supplied"),
        ({"water_supplied": "NaN"}, "water_supplied"),
        ({"water_supplied": "inf"}, "water_supplied"),
        ({"water_supplied": "1e300"}, "water_supplied"),
        ({"days": "a year"}, "days"),
        ({"connections": "#DIV/0!"}, "connections"),
        ({"average_pressure": "=75"}, "average_pressure"),
        ({"hours_per_day": "half"}, "hours_per_day"),
    ],
)
def test_what_cannot_be_understood_refuses_the_file(
    tmp_path: Path, change: dict[str, str], column: str
) -> None:
    code, document = audited(tmp_path, written({"audit_id": "good"}, {"audit_id": "bad", **change}))
    assert code == 1
    assert document["error"]["code"] == "bad_rows"
    (detail,) = document["error"]["details"]
    assert (detail["row"], detail["audit_id"], detail["column"]) == (3, "bad", column)
    assert set(detail) == {"row", "audit_id", "column", "value", "reason"}


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    _, document = audited(tmp_path, written({"days": "x", "volume_unit": "y"}, {}, {"connections": "z"}))
    told = [(detail["row"], detail["column"], detail["value"]) for detail in document["error"]["details"]]
    assert told == [(2, "days", "x"), (2, "volume_unit", "y"), (4, "connections", "z")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"\n\n", "empty_file"),
        (written(), "no_data"),
        (written({}).split(b"\r\n", 1)[1], "missing_columns"),
        (written({}, header=[column for column in HEADER if column != "billed_metered"]), "missing_columns"),
        (written({}, header=[*HEADER, "days"]), "column_twice"),
        (written({}, header=[*HEADER, "supplied_limit95_percent"]), "missing_columns"),
        (b"%PDF-1.7 audits", "unreadable_file"),
        (b"PK\x03\x04 no archive", "unreadable_file"),
        (written({}) + b"\x00\x00", "unreadable_file"),
        (written({}) + b'"never closed', "unreadable_file"),
    ],
)
def test_wrong_files(tmp_path: Path, content: bytes, code: str) -> None:
    status, document = audited(tmp_path, content)
    assert (status, document["error"]["code"]) == (1, code)


def test_a_row_with_more_cells_than_columns_is_refused(tmp_path: Path) -> None:
    code, document = audited(tmp_path, written({}).rstrip() + b",7\r\n")
    assert (code, document["error"]["code"]) == (1, "bad_rows")


def test_odd_rows_are_answered_and_flagged(tmp_path: Path) -> None:
    changes = [
        {"audit_id": ""},
        {"audit_id": "a"},
        {"audit_id": "a", "water_supplied": "-1"},
        {
            "audit_id": "b",
            "connections": "0",
            "mains_length": "",
            "private_pipe_length": "",
            "average_pressure": "",
        },
    ]
    code, document = audited(tmp_path, written(*changes))
    assert code == 0
    flags = [answer["flags"] for answer in document["audits"]]
    assert "missing_audit_id" in flags[0]
    assert "repeated_audit_id" not in flags[1]
    assert {"repeated_audit_id", "negative_water_supplied", "negative_real_losses"} <= set(flags[2])
    assert {"zero_connections", "missing_mains_length", "missing_average_pressure"} <= set(flags[3])
    last = document["audits"][3]
    assert (last["uarl"], last["ili"], last["real_losses_l_conn_day"]) == (None, None, None)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    code, document = run("water_audit", str(tmp_path / "none.csv"))
    assert (code, document["error"]["code"]) == (1, "unreadable_file")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("x.csv", "--zone", "Z1", "--period", "2025"),
        ("--zone", "Z1"),
        ("x.csv", "--period", "2025"),
        ("x.csv", "--hours-per-day", "3"),
        ("--zone", "Z1", "--period", "20256"),
        ("--zone", "Z1", "--period", "2025", "--customer-meter-error-percent", "100"),
    ],
)
def test_bad_arguments(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError) as refused:
        run("water_audit", *arguments)
    assert refused.value.returncode == 2 or "argument" in str(refused.value)


# --- a zone from the system's own data


def keep_year(zone: Zone, *, months: int = 12, status: str = "sufficient") -> None:
    """A hundred m3 supplied a month, seventy used, two unbilled, by twenty service points."""
    for month in range(1, months + 1):
        ZoneBalance.objects.create(
            zone=zone,
            division=zone.division,
            granularity="month",
            period_start=date(2025, month, 1),
            input_m3=120,
            output_m3=15,
            storage_change_m3=5,
            billed_m3=71,
            apportioned_m3=70,
            unbilled_m3=2,
            limit_95_m3=3,
            supply_coverage=1,
            consumption_coverage=1,
            service_points=20,
            status=status if month == months else "sufficient",
        )


@pytest.fixture
def world(district: Division) -> World:
    made = make_world(district)
    UnbilledConsumption.objects.create(
        zone=made.zones["Z1"],
        division=district,
        started_on=date(2024, 12, 31),
        ended_on=date(2025, 1, 10),
        volume_m3=10,
        is_metered=True,
        purpose="flushing",
    )
    return made


def test_a_zone_by_hand(world: World) -> None:
    keep_year(world.zones["Z1"])
    code, document = run("water_audit", "--zone", "Z1", "--period", "2025", "--average-pressure-m", "40")
    assert code == 0
    (answer,) = document["audits"]
    assert (answer["zone_code"], answer["network"], answer["months"]) == ("Z1", "N1", 12)
    assert (answer["period_start"], answer["period_end"]) == ("2025-01-01", "2026-01-01")
    # nine of the ten days of flushing are of the year
    assert answer["volumes"] == {
        "water_supplied": "1200.000",
        "billed_metered": "840.000",
        "billed_unmetered": "0.000",
        "unbilled_metered": "9.000",
        "unbilled_unmetered": "15.000",
        "unauthorized": "3.000",
        "customer_meter_inaccuracy": "17.327",
        "data_handling_errors": "2.100",
    }
    assert (answer["authorized"], answer["water_losses"], answer["nrw"]) == (864, 336, 360)
    assert answer["real_losses"] == pytest.approx(336 - 22.427)
    assert (answer["nrw_percent"], answer["connections"]) == (30, 20)
    # P2 and P4 lie within, P3 leads to a meter that no zone owns: 100 m each
    assert answer["mains_km"] == pytest.approx(0.3)
    assert answer["uarl"] is None
    assert {"small_system", "assumed_unauthorized", "private_pipe_length_unknown"} <= set(answer["flags"])
    # limits of the months add up to 36 m3; consumption has 16.8 of them
    of_supply = (36**2 - 16.8**2) ** 0.5
    assert answer["limits95"]["water_supplied"] == pytest.approx(100 * of_supply / 1200)
    assert answer["limits95"]["nrw"] == pytest.approx(100 * 36 / 360)


def test_a_zone_without_a_month_or_with_too_little_data_has_no_figures(world: World) -> None:
    keep_year(world.zones["Z1"], months=11)
    keep_year(world.zones["Z2"], status="insufficient")
    for zone in ("Z1", "Z2"):
        code, document = run("water_audit", "--zone", zone, "--period", "2025")
        (answer,) = document["audits"]
        assert (code, answer["sufficient_months"], answer["real_losses"]) == (0, 11, None)
        assert (answer["nrw"], answer["nrw_percent"]) == (None, None)
        assert "insufficient_data" in answer["flags"]
    code, document = run("water_audit", "--zone", "Z1", "--period", "2025-03")
    assert document["audits"][0]["nrw"] == 30
    assert "days_not_a_year" in document["audits"][0]["flags"]


def test_pressure_is_the_mean_of_the_loggers_in_metres(world: World) -> None:
    keep_year(world.zones["Z1"])
    for code, unit, value in (("A", "bar", 4.0), ("B", "m", 30.0)):
        stream = stream_at(world.nodes[code], "pressure", unit, "instant")
        start = local_midnight(date(2025, 6, 1))
        rows = [(stream.pk, start + timedelta(hours=hour), value) for hour in range(48)]
        load_observations(rows=rows, acting_user=None, origin="test")
    refresh_roll_ups()
    _, document = run("water_audit", "--zone", "Z1", "--period", "2025")
    assert document["audits"][0]["pressure_m"] == pytest.approx((4e5 / 9806.65 + 30) / 2)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--zone", "Z9", "--period", "2025"), "no_zone"),
        (("--zone", "Z1", "--network", "N9", "--period", "2025"), "no_network"),
        (("--zone", "Z1", "--period", "2025"), "no_data"),
        (("--zone", "Z1", "--period", "2025-01-03"), "bad_period"),
        (("--zone", "Z1", "--period", "2025", "--user", "ghost"), "unknown_user"),
    ],
)
def test_what_cannot_be_answered(world: World, arguments: tuple[str, ...], code: str) -> None:
    status, document = run("water_audit", *arguments)
    assert (status, document["error"]["code"]) == (1, code)


def test_a_users_view_ends_at_their_divisions(
    world: World, other_district: Division, make_user: Callable[..., User]
) -> None:
    keep_year(world.zones["Z1"])
    make_user("analyst", world.district, username="near")
    make_user("analyst", other_district, username="far")
    for arguments in (("--zone", "Z1"), ("--zone", "Z1", "--network", "N1")):
        assert run("water_audit", *arguments, "--period", "2025", "--user", "near")[0] == 0
        code, document = run("water_audit", *arguments, "--period", "2025", "--user", "far")
        assert (code, document["error"]["code"]) == (1, "no_network" if "N1" in arguments else "no_zone")


def test_a_code_of_several_networks_needs_the_network(world: World, district: Division) -> None:
    other = Network.objects.create(code="N2", name="N2", commodity="gas", division=district)
    Zone.objects.create(network=other, division=district, code="Z1", name="Gas")
    _, document = run("water_audit", "--zone", "Z1", "--period", "2025")
    assert document["error"]["code"] == "ambiguous_zone"
    assert [detail["network"] for detail in document["error"]["details"]] == ["N1", "N2"]
    _, document = run("water_audit", "--zone", "Z1", "--network", "N2", "--period", "2025")
    assert document["error"]["code"] == "wrong_quantity"


def test_what_is_billed_and_used_elsewhere_is_told_apart(world: World, tmp_path: Path) -> None:
    """A zone that knows of imported consumption alone: each kind comes out as it went in."""
    keep_year(world.zones["Z1"])
    before = run("water_audit", "--zone", "Z1", "--period", "2025")[1]["audits"][0]["volumes"]
    path = tmp_path / "elsewhere.csv"
    path.write_text("zone,from,to,kind,volume_m3\nZ1,2025-01-01,2026-12-31,unbilled_metered,73.000\n")
    code, said = run("import_consumption", str(path), "--network", "N1")
    assert code == 0, said
    after = run("water_audit", "--zone", "Z1", "--period", "2025")[1]["audits"][0]["volumes"]
    assert Decimal(after["unbilled_metered"]) - Decimal(before["unbilled_metered"]) == Decimal("36.500")
    months = ZoneBalance.objects.filter(zone=world.zones["Z1"], granularity="month")
    months.update(billed_unmetered_m3=Decimal(10))
    told = run("water_audit", "--zone", "Z1", "--period", "2025")[1]["audits"][0]["volumes"]
    assert told["billed_unmetered"] == "120.000"
    assert Decimal(told["billed_metered"]) == Decimal(before["billed_metered"]) - 120
