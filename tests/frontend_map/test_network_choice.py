"""Which network a page shows: what was asked for, what was used last, and never another in silence."""

from collections.abc import Callable

import pytest
from django.test import Client

from assets.models import Network
from gis_core.models import Division
from tests.frontend_map.conftest import Utility, make_utility


@pytest.fixture
def others(utility: Utility, district: Division) -> list[Network]:
    """Networks without zones, one of them before the utility's by its code."""
    return [
        Network.objects.create(code=code, name=name, commodity="water", division=district)
        for code, name in (("AAA", "First by code"), ("ZZZ", "Last by code"))
    ]


def chosen(client: Client, address: str = "/map/") -> str:
    network = client.get(address).context["chosen"]
    return network.code if network else ""


def test_one_begins_where_losses_are_watched(
    utility: Utility, others: list[Network], client_of: Callable[..., Client]
) -> None:
    assert chosen(client_of("engineer")) == "OWN"


def test_the_last_network_is_remembered(
    utility: Utility, others: list[Network], client_of: Callable[..., Client]
) -> None:
    client = client_of("engineer")
    assert chosen(client, "/map/?network=ZZZ") == "ZZZ"
    assert chosen(client) == "ZZZ"
    assert chosen(client, "/map/?network=AAA") == "AAA"
    assert chosen(client) == "AAA"
    Network.objects.filter(code="AAA").delete()
    assert chosen(client) == "OWN"


@pytest.mark.parametrize("code", ["NOPE", "own", "' OR 1=1 --", "<script>", "a" * 300, "%00"])
def test_an_unknown_network_says_so(
    utility: Utility, others: list[Network], client_of: Callable[..., Client], code: str
) -> None:
    client = client_of("engineer")
    answer = client.get(f"/map/?network={code}")
    assert answer.status_code == 404
    page = answer.content.decode()
    assert "<script>”" not in page
    assert 'id="network-picker"' in page
    assert "?network=OWN" in page
    # What does not exist is not remembered either.
    assert chosen(client) == "OWN"


def test_what_was_perhaps_meant_is_offered(
    utility: Utility, others: list[Network], client_of: Callable[..., Client]
) -> None:
    page = client_of("engineer").get("/map/?network=zzz").content.decode()
    assert "?network=ZZZ" in page
    assert "?network=AAA" not in page


def test_another_divisions_network_does_not_exist(
    utility: Utility, other_district: Division, client_of: Callable[..., Client]
) -> None:
    make_utility(other_district, "FAR")
    client = client_of("engineer")
    answer = client.get("/map/?network=FAR")
    assert answer.status_code == 404
    assert 'href="/map/?network=FAR' not in answer.content.decode()
    assert [row["code"] for row in client.get("/api/v1/networks/?q=FAR").json()["results"]] == []


def test_networks_are_found_by_code_name_and_place(
    utility: Utility, others: list[Network], client_of: Callable[..., Client]
) -> None:
    client = client_of("engineer")

    def found(text: str) -> list[str]:
        return [row["code"] for row in client.get("/api/v1/networks/", {"q": text}).json()["results"]]

    assert found("zz") == ["ZZZ"]
    assert found("by code") == ["AAA", "ZZZ"]
    assert found("Last by code (ZZZ)") == ["ZZZ"]
    assert found("last AAA") == []
    assert found("%") == []
    assert found(utility.network.zones[0].division.name) == ["AAA", "OWN", "ZZZ"]


def test_networks_are_paged_by_code(district: Division, client_of: Callable[..., Client]) -> None:
    Network.objects.bulk_create(
        Network(code=f"N{number:03}", name="x", commodity="water", division=district)
        for number in reversed(range(130))
    )
    client = client_of("engineer")
    first = client.get("/api/v1/networks/?limit=100").json()
    second = client.get(first["next"]).json()
    codes = [row["code"] for row in first["results"] + second["results"]]
    assert codes == [f"N{number:03}" for number in range(130)]
    assert second["next"] is None
