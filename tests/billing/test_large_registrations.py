"""What many subscribers bring in one transaction is counted on the way: what follows is planned for it."""

from datetime import date

from django.db import connection

from assets.registers.services.attachments import Place
from billing.services.registers import NewSubscriber, register_subscribers
from gis_core.models import Street
from tests.world import World


def test_the_planner_knows_what_a_large_registration_wrote(world: World) -> None:
    # Where it believes these tables empty, 2,000 readings that follow have taken more than ten minutes.
    street = Street.objects.get(division__parent=world.district)
    register_subscribers(
        subscribers=[
            NewSubscriber(
                registry_number=f"9{number:06}",
                subscriber_class="household",
                name="Somebody",
                street=street,
                house="1",
                place=Place(world.nodes["A"].pk),
                meter_serial=f"M{number}",
                meter_model="SGV-15",
            )
            for number in range(2001)
        ],
        enterprise=world.enterprise,
        network=world.network,
        starts_on=date(2025, 11, 1),
        acting_user=None,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, reltuples FROM pg_class WHERE relname IN ('billing_account', 'billing_servicepoint', "
            "'billing_contractservicepoint', 'billing_meter', 'billing_meterinstallation', 'assets_attachment')"
        )
        counted = dict(cursor.fetchall())
    assert len(counted) == 6
    # PostgreSQL's own worker may count one of them at the same moment, and sees no row of this transaction.
    assert sum(rows >= 2001 for rows in counted.values()) >= 5, counted
