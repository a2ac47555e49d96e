"""The log of accounts as a page: who, what and when, within one's divisions."""

from collections.abc import Callable

from django.test import Client

from gis_core.models import Division
from tests.billing.desk import new_account_body, post
from tests.world import make_world


def test_changes_are_found_by_name_kind_and_day(
    district: Division, other_district: Division, client_of: Callable[..., Client]
) -> None:
    world = make_world(district)
    make_world(other_district, network_code="N2", enterprise_code="SUV2", first=9000)
    clerk = client_of("clerk")
    answer = post(clerk, "accounts/", new_account_body(world, account_number="LOG-1"))
    assert answer.status_code == 201, answer.content

    def shown(query: str) -> str:
        return clerk.get(f"/accounts/changes/?{query}").content.decode()

    everything = shown("since=2025-01-01")
    for expected in ("LOG-1", "Yangi Obunachi", "05.01.2026", "17000", "clerk-qibray"):
        assert expected in everything, expected
    assert "17009000" not in everything
    for query, is_found in (
        ("since=2026-01-01", True),
        ("since=2026-01-05&until=2026-01-05", True),
        ("since=2026-01-06", False),
        ("since=&until=2026-01-04", False),
        ("since=2025-01-01&kind=opened&q=yangi", True),
        ("since=2025-01-01&kind=closed", False),
        ("since=2025-01-01&q=LOG-1", True),
        ("since=2025-01-01&q=Subscriber 0", False),
        # Of the last thirty days, where no day is named.
        ("", False),
    ):
        assert ("LOG-1" in shown(query).replace(query, "").partition("</form>")[2]) == is_found, query


def test_a_wrong_day_is_none(district: Division, client_of: Callable[..., Client]) -> None:
    make_world(district)
    page = client_of("auditor").get("/accounts/changes/?since=yesterday&kind=lost&page=x").content.decode()
    assert "17004" in page
