"""The page of a zone's water audit, its table as a file and its sheet; files of audits over REST."""

import io
import json
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from assets.models import Network, Zone
from balances.audit.costs import loss_costs
from balances.audit.selectors.zone_audits import AuditAssumptions, zone_audit
from balances.models import ZoneBalance
from balances.periods import period_of
from frontend_map.water_audit_table import audit_lines, waterfall_steps
from gis_core.models import Division
from tests.balances.audit.test_water_audit_command import BREA, keep_year, written
from tests.world import World, make_world


@pytest.fixture
def world(district: Division) -> World:
    made = make_world(district)
    keep_year(made.zones["Z1"])
    return made


@pytest.fixture
def client(client_of: Callable[..., Client]) -> Client:
    return client_of("analyst")


def address(world: World, query: str = "", *, file: bool = False, zone: str = "Z1") -> str:
    return f"/zones/{world.zones[zone].uid}/water-audit/{'file/' if file else ''}?{query}"


def test_the_page_shows_the_balance_and_its_costs(world: World, client: Client) -> None:
    text = client.get(address(world, "production_cost=1350&tariff=2%20000")).content.decode()
    # 12 months of 100 m3 supplied, 70 used and 2 unbilled: 336 lost, of which 3 + 17.143 + 2.1 apparent.
    real, apparent = Decimal("313.757"), Decimal("22.243")
    assert re.search(r"Real losses</th><td class=\"number\">313\.757</td>", text)
    costs = loss_costs(
        zone_audit(world.zones["Z1"], period_of("2025"), AuditAssumptions()), Decimal(1350), Decimal(2000)
    )
    assert (costs.real, costs.apparent) == (real * 1350, apparent * 2000)
    assert costs.total == real * 1350 + apparent * 2000
    assert f"{round(real * 1350):,}" in text.replace("\u00a0", ",").replace("\u202f", ",")
    assert "UARL is not defined for systems as small as this." in text
    assert '<option value="2025" selected>' in text
    zone_page = f"/zones/{world.zones['Z1'].uid}/"
    assert f"{zone_page}water-audit/" in client.get(zone_page).content.decode()


def test_the_bars_and_the_table_add_up_exactly(world: World) -> None:
    audit = zone_audit(world.zones["Z1"], period_of("2025"), AuditAssumptions())
    level = Decimal(0)
    steps = waterfall_steps(audit)
    assert [step["kind"] for step in steps].count("total") == 3
    for position, step in enumerate(steps):
        if step["kind"] == "minus":
            level -= Decimal(step["volume"])
        else:
            assert position == 0 or level == Decimal(step["volume"])
            level = Decimal(step["volume"])
    found = {
        line.code: line.volume or Decimal(0) for line in audit_lines(audit, loss_costs(audit, None, None))
    }
    assert found["water_supplied"] == found["authorized"] + found["water_losses"]
    assert found["authorized"] == found["billed_authorized"] + found["unbilled_authorized"]
    assert found["water_losses"] == found["apparent_losses"] + found["real_losses"]
    assert found["nrw"] == found["water_losses"] + found["unbilled_authorized"]


def test_without_enough_data_nothing_is_drawn(world: World, client: Client) -> None:
    keep_year(world.zones["Z2"], status="insufficient")
    text = client.get(address(world, zone="Z2", query="period=2025")).content.decode()
    assert "Without enough data there is no balance to draw." in text
    assert 'id="waterfall"' not in text
    assert "volumes are unknown" in text


def test_a_period_without_balances_is_told(world: World, client: Client) -> None:
    response = client.get(address(world, "period=2019"))
    assert (response.status_code, "compute them first" in response.content.decode()) == (200, True)
    for period in ("2025-13", "x", "0000", "2025-01-01"):
        assert client.get(address(world, f"period={period}")).status_code == 200
    assert client.get(address(world, "period=2019&file_format=pdf", file=True)).status_code == 404


def test_the_files(world: World, client: Client) -> None:
    response = client.get(address(world, "period=2025&production_cost=1350&file_format=xlsx", file=True))
    sheet = openpyxl.load_workbook(io.BytesIO(response.content)).active
    assert sheet is not None
    rows = {row[0]: row[2:] for row in sheet.iter_rows(values_only=True)}
    assert rows["component"] == ("volume_m3", "limit_95_percent", "cost_uzs")
    assert rows["real_losses"][0] == pytest.approx(313.757)
    assert rows["real_losses"][2] == pytest.approx(313.757 * 1350, abs=0.01)
    assert rows["nrw_percent"][0] == pytest.approx(30)
    assert rows["nrw"][1] == pytest.approx(10)
    response = client.get(address(world, "period=2025&file_format=pdf", file=True))
    assert response["Content-Type"] == "application/pdf"
    assert response.content.startswith(b"%PDF")
    assert "water-audit-N1-Z1-2025.pdf" in response["Content-Disposition"]
    assert client.get(address(world, "file_format=exe", file=True)).status_code == 404


def test_a_sheet_of_losses_below_zero(world: World, client: Client) -> None:
    ZoneBalance.objects.update(apportioned_m3=200, billed_m3=200)
    assert client.get(address(world, "period=2025&file_format=pdf", file=True)).content.startswith(b"%PDF")
    text = client.get(address(world, "period=2025")).content.decode()
    assert "Real losses are below zero" in text
    assert 'id="waterfall"' in text


@pytest.mark.parametrize("language", ["ru", "uz"])
def test_the_sheet_in_other_languages(world: World, client: Client, language: str) -> None:
    client.cookies["django_language"] = language
    assert client.get(address(world, "file_format=pdf", file=True)).content.startswith(b"%PDF")


def test_other_commodities_have_no_water_audit(world: World, client: Client) -> None:
    gas = Network.objects.create(code="G", name="G", commodity="gas", division=world.district)
    zone = Zone.objects.create(network=gas, division=world.district, code="G1", name="G1")
    assert client.get(f"/zones/{zone.uid}/water-audit/").status_code == 404
    assert "water-audit" not in client.get(f"/zones/{zone.uid}/").content.decode()


def test_files_of_audits_over_rest(client: Client, district: Division) -> None:
    def send(content: bytes, name: str = "audits.csv") -> tuple[int, Any]:
        file = SimpleUploadedFile(name, content)
        response = client.post(
            "/api/v1/water-audits/", {"file": file}, headers={"accept": "application/json"}
        )
        return response.status_code, json.loads(response.content)

    status, document = send(written({}, {"audit_id": "b", "connections": "0"}))
    assert status == 200
    first, second = document["audits"]
    assert round(first["ili"], 8) == 1.18441916
    assert "zero_connections" in second["flags"]
    status, document = send(written({"days": "x"}))
    assert (status, document["error"]["code"]) == (400, "bad_rows")
    assert document["error"]["details"][0]["row"] == 2
    assert send(b"")[0] == 400
    assert client.post("/api/v1/water-audits/", {}).status_code == 400
    assert client.get("/losses/audits/").status_code == 200
    assert BREA["audit_id"] == "brea"


def test_a_month_is_offered_where_no_year_is_whole(world: World, client: Client) -> None:
    keep_year(world.zones["Z2"], months=3)
    text = client.get(address(world, zone="Z2")).content.decode()
    assert '<option value="2025-03" selected>' in text
    assert period_of("2025-03").since == date(2025, 3, 1)
