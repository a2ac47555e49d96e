"""Rows of buildings' meters, and raw SQL against their guards; see test_database_guards.py."""

from collections.abc import Iterable
from datetime import date

from django.db.backends.postgresql.psycopg_any import DateRange

from assets.models import Attachment
from billing.models import GroupMeter, GroupMeterFlat, ServicePoint
from tests.world import World


def add_group_meters(world: World, numbers: Iterable[int] = range(1)) -> list[GroupMeter]:
    """So many buildings' meters; the world's first account is a flat of the first of them."""
    division = world.installations[0].service_point.division
    made = [
        GroupMeter.objects.create(
            enterprise=world.enterprise,
            division=division,
            service_point=ServicePoint.objects.create(
                division=division,
                code=f"B-{world.enterprise.code}-{number}",
                attachment=Attachment.objects.create(
                    network=world.network, division=division, node=world.nodes["A"]
                ),
            ),
            service_id="cold_water",
            share_by="residents",
            name=f"Building {number}",
        )
        for number in numbers
    ]
    account = world.installations[0].service_point.contracts.get().contract.account
    GroupMeterFlat.objects.get_or_create(
        account=account,
        service_id="cold_water",
        defaults={"group_meter": made[0], "validity": DateRange(date(2026, 1, 1), None)},
    )
    return made


_FLAT = (
    "INSERT INTO billing_groupmeterflat (group_meter_id, account_id, service_id, validity) "
    "SELECT group_meter_id, {account}, {service}, daterange({days}) FROM billing_groupmeterflat"
)
GROUP_METER_ATTACKS: dict[str, list[str]] = {
    "group_meter_shares_by_a_known_weight": ["UPDATE billing_groupmeter SET share_by = 'whim'"],
    "group_meter_has_a_name": ["UPDATE billing_groupmeter SET name = ''"],
    "group_meter_flat_validity_not_empty": ["UPDATE billing_groupmeterflat SET validity = 'empty'"],
    "group_meter_flat_in_whole_months": [
        "UPDATE billing_groupmeterflat SET validity = daterange('2026-01-02', NULL)",
        "UPDATE billing_groupmeterflat SET validity = daterange('2026-01-01', '2026-03-15')",
    ],
    "flat_has_one_group_meter_at_a_time": [
        _FLAT.format(account="account_id", service="service_id", days="'2026-05-01', NULL")
    ],
    "group_meter_fits_its_flats": [
        "UPDATE billing_groupmeter SET service_id = 'waste'",
        "UPDATE billing_groupmeter SET enterprise_id = "
        "(SELECT id FROM gis_core_enterprise WHERE code <> 'SUV' LIMIT 1)",
        "UPDATE billing_groupmeter SET service_point_id = "
        "(SELECT id FROM billing_servicepoint WHERE code = 'SP-17001')",
        # Of another division than its point.
        "UPDATE billing_groupmeter SET division_id = (SELECT id FROM gis_core_division WHERE code = 'ZANGIOTA')",
    ],
    "group_meter_has_no_contract": [
        "UPDATE billing_contractservicepoint SET service_point_id = "
        "(SELECT service_point_id FROM billing_groupmeter LIMIT 1) "
        "WHERE service_point_id = (SELECT id FROM billing_servicepoint WHERE code = 'SP-17001')"
    ],
    "group_meter_flat_fits_its_meter": [
        _FLAT.format(
            account="(SELECT id FROM billing_account WHERE number = '17001')",
            service="'waste'",
            days="'2026-05-01', NULL",
        ),
        _FLAT.format(
            account="(SELECT id FROM billing_account WHERE number = '17005')",
            service="service_id",
            days="'2026-05-01', NULL",
        ),
        # Out of the meter's division.
        "UPDATE billing_account SET division_id = (SELECT parent_id FROM gis_core_division WHERE code = 'QIBRAY') "
        "WHERE number = '17001'; "
        + _FLAT.format(
            account="(SELECT id FROM billing_account WHERE number = '17001')",
            service="service_id",
            days="'2026-05-01', NULL",
        ),
    ],
}
