"""The page of technical losses: zones, the parts that lose most with their way to the map, and the file."""

import csv
import io
from collections.abc import Callable

import pytest
from django.test import Client

from assets.models import Network, Zone
from tests.frontend_map.conftest import Utility

pytestmark = pytest.mark.django_db
ADDRESS = "/losses/technical/"


def test_zones_parts_and_why_losses_are_unknown(utility: Utility, client_of: Callable[..., Client]) -> None:
    context = client_of("analyst").get(ADDRESS).context
    network = utility.network.network
    assert (context["network"], context["period"], context["unit"]) == (network, "2026-01", "m3")
    assert {line["row"].zone_code for line in context["zones"]} >= {
        zone.code for zone in utility.network.zones
    }
    # Nothing measures pressure here: no loss is known, and it is said why.
    assert context["parts"] == []
    assert dict(context["unknown"])["no pressure is measured"] == context["parts_in_all"] > 0


def test_the_file_has_every_part(utility: Utility, client_of: Callable[..., Client]) -> None:
    client = client_of("analyst")
    answer = client.get(f"{ADDRESS}file/?network={utility.network.network.code}&period=2026&file_format=csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert {row["code"] for row in rows} == {
        pipe.code for pipe in utility.network.pipes if not pipe.is_connector
    }
    assert all("no_pressure" in row["unknown_because"] for row in rows)


@pytest.mark.parametrize("period", ["", "2026-13", "9999-12", "2026-01-05", "x"])
def test_a_period_that_is_none_is_the_newest_month(
    utility: Utility, client_of: Callable[..., Client], period: str
) -> None:
    assert client_of("analyst").get(f"{ADDRESS}?period={period}").context["period"] == "2026-01"


def test_another_divisions_network_is_not_there(utility: Utility, client_of: Callable[..., Client]) -> None:
    assert client_of("analyst").get(f"{ADDRESS}?network=ELSEWHERE").status_code == 404


def test_figures_are_stated_and_wrong_ones_refused(
    utility: Utility, client_of: Callable[..., Client]
) -> None:
    client = client_of("analyst")
    answer = client.get(f"{ADDRESS}?condition_factor=x&standard_percent=2,5")
    stated = {figure.field.name: figure for figure in answer.context["stated"]}
    assert stated["condition_factor"].is_refused
    assert stated["standard_percent"].value == 2.5
    assert 'aria-invalid="true"' in answer.content.decode()
    received = [line["row"].flows.received for line in answer.context["zones"]]
    standard = [line["row"].standard for line in answer.context["zones"]]
    assert standard == [None if one is None else one * 0.025 for one in received]


@pytest.mark.parametrize("commodity", ["gas", "heat", "electricity"])
def test_every_commodity_has_its_page(
    utility: Utility, client_of: Callable[..., Client], commodity: str
) -> None:
    network = Network.objects.create(
        code="OTHER", name="Other", commodity=commodity, division=utility.network.network.division
    )
    Zone.objects.create(network=network, division=network.division, code="O1", name="O1")
    context = client_of("analyst").get(f"{ADDRESS}?network=OTHER&period=2026-01").context
    assert [line["row"].zone_code for line in context["zones"]] == ["O1"]
    assert context["why_not_metered"]


def test_the_economy_of_the_worked_example(client_of: Callable[..., Client]) -> None:
    client = client_of("analyst")
    query = "survey_cost=54 000 000&water_cost_m3=1350&rise_m3_day_year=30&pressure_m=50&new_pressure_m=40"
    economy = client.get(f"/losses/economy/?{query}&leakage_m3_year=1000").context["economy"]
    assert f"{economy.intervention.interval_months:.4f}" == "32.4345"
    assert [f"{row.saved_m3_year:.0f}" for row in economy.pressure] == [
        "106",
        "200",
        "226",
        "284",
        "360",
        "428",
    ]
    assert client.get("/losses/economy/?pressure_m=0&n1=x").context["economy"].pressure == []
