"""A building's meter and a contract that come to one service point at once: one of them is refused."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, connection, transaction

from assets.models import Attachment
from billing.models import ContractServicePoint, GroupMeter, ServicePoint
from tests.conftest import make_district
from tests.world import World, make_world


@pytest.fixture
def committing_world(committing_database: None) -> World:
    return make_world(make_district("QIBRAY", "Qibray tumani"))


@pytest.mark.parametrize("is_building_first", [True, False])
def test_a_building_and_a_contract_at_one_point_wait_for_each_other(
    committing_world: World, is_building_first: bool
) -> None:
    """The second waits for the first one's transaction, and is refused when that is over."""
    world = committing_world
    link = ContractServicePoint.objects.get(contract__account=world.account(0))
    point = ServicePoint.objects.create(
        division=link.service_point.division,
        code="NEW",
        attachment=Attachment.objects.create(
            network=world.network, division=world.district, node=world.nodes["A"]
        ),
    )

    def put_building() -> None:
        GroupMeter.objects.create(
            enterprise=world.enterprise,
            division=point.division,
            service_point=point,
            service_id="cold_water",
            share_by="area",
            name="x",
        )

    def put_contract() -> None:
        ContractServicePoint.objects.filter(pk=link.pk).update(service_point=point)

    first, second = (put_building, put_contract) if is_building_first else (put_contract, put_building)

    def try_second() -> str:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '200ms'")
                second()
        except DatabaseError as error:
            return str(error)
        finally:
            connection.close()
        return "passed"

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            assert "lock timeout" in pool.submit(try_second).result()
        assert "group_meter" in pool.submit(try_second).result()
