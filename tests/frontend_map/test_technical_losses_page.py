"""The page of technical losses: zones, the parts that lose most with their way to the map, and the file."""

import csv
import io
from collections.abc import Callable

import pytest
from django.test import Client

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
