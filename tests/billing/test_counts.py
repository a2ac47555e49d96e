"""Who is served through places of the network: by the contract of the day, within what the viewer may see."""

from collections.abc import Callable
from datetime import date

import pytest

from assets.consumer_providers import consumers_at_attachments, list_consumers_at_attachments
from billing.models import ContractServicePoint, ServicePoint, Subscriber
from gis_core.models import Division, User
from tests.world import World, make_world


@pytest.fixture
def world(district: Division) -> World:
    world = make_world(district)
    Subscriber.objects.filter(registry_number="17003").update(is_priority=True, phone="+998901234567")
    return world


def attachments(*nodes: str) -> list[int]:
    return list(
        ServicePoint.objects.filter(attachment__node__code__in=nodes).values_list("attachment_id", flat=True)
    )


def test_subscribers_are_counted_and_listed_by_their_attachments(world: World) -> None:
    everywhere, at_c = attachments("A", "B", "C"), attachments("C")
    assert consumers_at_attachments(everywhere) == {"priority": 1, "subscribers": 5}
    assert consumers_at_attachments(at_c) == {"priority": 1, "subscribers": 2}
    assert consumers_at_attachments([]) == {"priority": 0, "subscribers": 0}
    listed = list_consumers_at_attachments("subscribers", at_c)
    assert [row["registry_number"] for row in listed] == ["17003", "17004"]
    assert {name: value for name, value in listed[0].items() if name != "account_uid"} == {
        "registry_number": "17003",
        "account": "17003",
        "contract": listed[0]["contract"],
        "name": "Subscriber 3",
        "address": "Navoiy ko‘chasi, 4",
        "phone": "+998901234567",
        "is_priority": True,
        "kind": "household",
    }
    assert listed[0]["contract"]
    assert [row["account"] for row in list_consumers_at_attachments("priority", everywhere)] == ["17003"]
    assert len(list_consumers_at_attachments("subscribers", everywhere, limit=2)) == 2
    assert list_consumers_at_attachments("nobody", everywhere) == []


def test_whoever_moved_out_is_not_told(world: World) -> None:
    at_c = attachments("C")
    served = ContractServicePoint.objects.get(
        service_point__attachment__in=at_c, contract__account__number="17004"
    )
    served.validity = (date(2025, 11, 1), date(2026, 1, 1))
    served.save()
    assert consumers_at_attachments(at_c)["subscribers"] == 1
    assert consumers_at_attachments(at_c, on=date(2025, 12, 31))["subscribers"] == 2
    assert consumers_at_attachments(at_c, on=date(2026, 1, 1))["subscribers"] == 1
    assert [row["account"] for row in list_consumers_at_attachments("subscribers", at_c)] == ["17003"]


def test_a_viewer_gets_the_subscribers_of_their_divisions(
    world: World, other_district: Division, make_user: Callable[..., User]
) -> None:
    clerk, stranger = make_user("clerk", world.district), make_user("clerk", other_district)
    engineer = make_user("engineer", world.district)
    at_c = attachments("C")
    assert len(list_consumers_at_attachments("subscribers", at_c, viewer=clerk)) == 2
    assert list_consumers_at_attachments("subscribers", at_c, viewer=stranger) == []
    assert list_consumers_at_attachments("subscribers", at_c, viewer=engineer) == []
