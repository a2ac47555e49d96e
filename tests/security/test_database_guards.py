"""T10: raw SQL tries to break each guarantee of the database. None may succeed; and every guard is attacked.

The attacks run as the application itself, logged in as its own role, in a savepoint whose deferred constraints are forced.
Where it is its rights that refuse, the guard behind them is attacked once more by who has them: the owner of the tables.
"""

from datetime import date
from decimal import Decimal

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.db.utils import DatabaseError
from psycopg.errors import InsufficientPrivilege

from billing.services.months import close_month
from billing.services.payments import record_payment
from billing.services.runs import run_billing
from gis_core.models import User
from tests.billing.conftest import let_payments_wait, read
from tests.conftest import make_district
from tests.databases import as_owner, logged_in_as_application
from tests.security.book_attacks import BOOK_ATTACKS, BOOK_CONTROLS, BOOK_WORDS, add_two_people
from tests.security.cash_desk_attacks import CASH_DESK_ATTACKS, CASH_DESK_CONTROLS, CASH_DESK_WORDS
from tests.security.cash_desk_rows import add_cash_rows
from tests.security.channel_attacks import CHANNEL_ATTACKS, CHANNEL_CONTROLS, CHANNEL_WORDS
from tests.security.channel_rows import add_channel_rows, add_suspense
from tests.security.charge_inputs import (
    CHARGE_INPUT_ATTACKS,
    CHARGE_INPUT_TARGETS,
    CHARGE_INPUT_WORDS,
    CHARGE_INPUT_WRITING_FUNCTIONS,
    add_charge_inputs,
)
from tests.security.edit_rows import EDIT_ATTACKS, EDIT_WORDS, WRITING_FUNCTIONS, add_edits, forged_change
from tests.security.element_attacks import ELEMENT_ATTACKS, ELEMENT_CONTROLS, ELEMENT_WORDS
from tests.security.exchange_attacks import EXCHANGE_ATTACKS, add_simulation
from tests.security.feed_rows import FEED_ATTACKS
from tests.security.finding_rows import FINDING_ATTACKS
from tests.security.group_meter_rows import GROUP_METER_ATTACKS, add_group_meters
from tests.security.line_attacks import line_attacks, line_controls
from tests.security.loss_rows import (
    LOSS_ATTACKS,
    LOSS_CONTROLS,
    LOSS_WORDS,
    add_loss_rows,
)
from tests.security.message_rows import MESSAGE_ATTACKS, MESSAGE_WORDS, add_messages
from tests.security.meter_attacks import METER_ATTACKS, METER_CONTROLS, METER_WORDS
from tests.security.outage_rows import OUTAGE_ATTACKS
from tests.security.penalty_attacks import PENALTY_CONTROLS, penalty_attacks
from tests.security.quality_rows import (
    QUALITY_ATTACKS,
    QUALITY_TARGETS,
    QUALITY_WORDS,
    QUALITY_WRITING_FUNCTIONS,
    add_quality_rows,
)
from tests.security.register_attacks import REGISTER_ATTACKS, REGISTER_TARGETS, REGISTER_WORDS
from tests.security.register_rows import add_register_rows
from tests.security.role_attacks import OPENED_FOR_SHOW, ROLE_ATTACKS, sequence_attacks
from tests.security.series_attacks import (
    SERIES_ATTACKS,
    SERIES_TARGETS,
    SERIES_WORDS,
    SERIES_WRITING_FUNCTIONS,
    add_series_rows,
)
from tests.security.signature_attacks import (
    OF_OTHER_USERS,
    add_director,
    columns_of_users,
    held_columns,
    signature_attacks,
)
from tests.security.work_rows import (
    WORK_ATTACKS,
    WORK_CONTROLS,
    WORK_WORDS,
    WORK_WRITING_FUNCTIONS,
    add_work,
)
from tests.security.zone_rows import (
    ZONE_ATTACKS,
    ZONE_CONTROLS,
    ZONE_WORDS,
    ZONE_WRITING_FUNCTIONS,
    add_zone_rows,
)
from tests.world import World, make_world

DECEMBER, JANUARY = date(2025, 12, 1), date(2026, 1, 1)


@pytest.fixture
def world(committing_database: None) -> World:
    """The small world, billed for December (closed) with a payment in January; and a second one beside it.

    It is committed, since some guards tell apart what this transaction wrote from what was there before.
    """
    world = make_world(make_district("QIBRAY", "Qibray tumani"))
    make_world(
        make_district("ZANGIOTA", "Zangiota tumani"), network_code="N2", enterprise_code="ALIEN", first=5
    )
    add_edits(world, range(1))
    add_simulation(world)
    clerk = User.objects.create(username="clerk")
    add_register_rows(world, range(2), clerk)
    add_work(world, range(2), clerk)
    add_loss_rows(world, range(1))
    for day, index in ((DECEMBER, "100"), (JANUARY, "110"), (date(2026, 2, 1), "120")):
        read(world, 0, day, index)
    run_billing(enterprise=world.enterprise, month=DECEMBER, acting_user=None)
    close_month(enterprise=world.enterprise, month=DECEMBER, acting_user=None)
    record_payment(
        account=world.account(0),
        amount=Decimal(100),
        paid_on=date(2026, 1, 5),
        channel="bank",
        reference="1",
        acting_user=None,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sensors_thing (uid, division_id, code, name) "
            "SELECT gen_random_uuid(), id, 'T1', 'T1' FROM gis_core_division WHERE code = 'QIBRAY'"
        )
        cursor.execute(
            "INSERT INTO sensors_datastream (uid, thing_id, division_id, code, observed_property, unit, kind, "
            "interval_s) SELECT gen_random_uuid(), id, division_id, 'D1', 'flow', 'm3/h', 'mean', 3600 "
            "FROM sensors_thing"
        )
        cursor.execute("SELECT sensors_make_partition('2026-01-05')")
        cursor.execute(
            "INSERT INTO sensors_observation (datastream_id, time, value) "
            "SELECT id, '2026-01-05 00:00Z', 1 FROM sensors_datastream"
        )
    with as_owner():
        add_series_rows()
    let_payments_wait(world.account(0), range(1))
    add_two_people(world)
    add_cash_rows(world, world.account(0))
    add_director(world)
    add_channel_rows(world.account(1))
    add_suspense(world.enterprise, range(1))
    add_messages(world.enterprise, range(1))
    add_quality_rows(world, range(1))
    add_charge_inputs(world)
    add_group_meters(world)
    add_zone_rows(world)
    return world


# Short names for rows that many attacks need.
NODE = "(SELECT id FROM assets_node WHERE code = '{}' AND network_id = (SELECT id FROM assets_network WHERE code = 'N1'))"
PIPE = "(SELECT id FROM assets_pipe WHERE code = '{}' AND network_id = (SELECT id FROM assets_network WHERE code = 'N1'))"
ALIEN_NODE = "(SELECT id FROM assets_node WHERE code = 'A' AND network_id = (SELECT id FROM assets_network WHERE code = 'N2'))"
ALIEN_ZONE = "(SELECT id FROM assets_zone WHERE code = 'Z1' AND network_id = (SELECT id FROM assets_network WHERE code = 'N2'))"
ALIEN = "(SELECT id FROM gis_core_division WHERE code = 'ZANGIOTA')"
ENTERPRISE = "(SELECT id FROM gis_core_enterprise WHERE code = 'SUV')"
POINT = "(SELECT id FROM billing_servicepoint WHERE code = 'SP-17000')"
OTHER_POINT = "(SELECT id FROM billing_servicepoint WHERE code = 'SP-17001')"
HEAD = (
    "INSERT INTO billing_ledgertransaction (uid, enterprise_id, division_id, month, booked_on, payment_id) "
    "SELECT gen_random_uuid(), enterprise_id, division_id, '2026-01-01', '2026-01-06', id FROM new_payment RETURNING *"
)
PAYMENT = (
    "INSERT INTO billing_payment (uid, enterprise_id, division_id, account_id, channel, reference, paid_on, amount) "
    "SELECT gen_random_uuid(), enterprise_id, division_id, id, 'bank', 'X', '2026-01-06', 50 "
    "FROM billing_account WHERE number = '17000' RETURNING *"
)


def booked(*legs: str, head: str = HEAD) -> str:
    """A payment with a ledger transaction and the given legs, each `book, account, amount`."""
    values = ", ".join(f"({leg})" for leg in legs)
    return (
        f"WITH new_payment AS ({PAYMENT}), head AS ({head}) "
        "INSERT INTO billing_ledgerentry (transaction_id, division_id, book, account_id, amount) "
        "SELECT head.id, head.division_id, leg.book, leg.account_id, leg.amount FROM head, "
        f"(VALUES {values}) AS leg (book, account_id, amount)"
    )


ACCOUNT = "(SELECT id FROM billing_account WHERE number = '17000')"
NEIGHBOUR = "(SELECT id FROM billing_account WHERE number = '17001')"
OTHER_ACCOUNT = "(SELECT id FROM billing_account WHERE number = '17005')"
GOOD_LEGS = ("'cash', NULL::bigint, 50::numeric", f"'receivable', {ACCOUNT}, -50::numeric")


def new_invoice(
    net: str = "10", vat: str = "1.20", line_net: str = "10", line_vat: str = "1.20", quantity: str = "0.01"
) -> str:
    """An invoice for January with one line and its booking; the figures can be made not to fit."""
    return f"""
    INSERT INTO billing_invoicecounter (enterprise_id, year, last_number) VALUES ({ENTERPRISE}, 2026, 1);
    WITH head AS (
        INSERT INTO billing_invoice (uid, enterprise_id, division_id, account_id, run_id, year, sequence, number,
            month, issued_on, due_on, total_net, total_vat)
        SELECT gen_random_uuid(), enterprise_id, division_id, account_id, run_id, 2026, 1, 'NEW', '2026-01-01',
               '2026-02-01', '2026-02-20', {net}, {vat} FROM billing_invoice LIMIT 1 RETURNING *
    ), line AS (
        INSERT INTO billing_invoiceline (invoice_id, service_id, service_point_id, previous_reading_id, current_reading_id,
            tariff_id, vat_rate_id, consumption_month, consumption_from, consumption_to, quantity, price,
            vat_percent, net, vat, is_reversal)
        SELECT head.id, 'cold_water', service_point_id, current_reading_id, next_reading.id, tariff_id, vat_rate_id,
               '2026-01-01', '2026-01-01', '2026-02-01', {quantity}, 1000, 12, {line_net}, {line_vat}, false
          FROM head, (SELECT * FROM billing_invoiceline LIMIT 1) old,
               (SELECT id FROM billing_reading WHERE read_on = '2026-02-01') next_reading
    ), booking AS (
        INSERT INTO billing_ledgertransaction (uid, enterprise_id, division_id, month, booked_on, invoice_id)
        SELECT gen_random_uuid(), enterprise_id, division_id, '2026-01-01', '2026-01-31', id FROM head RETURNING *
    )
    INSERT INTO billing_ledgerentry (transaction_id, division_id, book, account_id, amount)
    SELECT booking.id, booking.division_id, leg.book, leg.account_id, leg.amount FROM booking, head,
    LATERAL (VALUES ('receivable', head.account_id, 11.20), ('revenue', NULL::bigint, -10.00),
                    ('vat_payable', NULL::bigint, -1.20)) AS leg (book, account_id, amount)"""


CLERK = "(SELECT id FROM gis_core_user WHERE username = 'clerk')"
WAITING_DECIDED = "UPDATE billing_waitingpayment SET state = '{state}', decided_at = now(), decided_by_id = {who} WHERE true"
WAITING_AGAIN = (
    "INSERT INTO billing_waitingpayment (uid, enterprise_id, division_id, account_id, channel, reference, paid_on, "
    "amount, state, entered_by_id) SELECT gen_random_uuid(), enterprise_id, division_id, {account}, channel, "
    "{reference}, paid_on, {amount}, 'open', entered_by_id FROM billing_waitingpayment"
)
# The payment that waits, booked behind its back.
BOOKED_AS_ENTERED = (
    "INSERT INTO billing_payment (uid, enterprise_id, division_id, account_id, channel, reference, paid_on, amount) "
    "SELECT gen_random_uuid(), enterprise_id, division_id, account_id, channel, reference, paid_on, amount "
    "FROM billing_waitingpayment"
)
NEW_PAYMENT = "(SELECT id FROM billing_payment WHERE amount = 60000000)"


def set_column(table: str, column: str, value: str, where: str = "true") -> str:
    return f"UPDATE {table} SET {column} = {value} WHERE {where}"


def copy_range(table: str, columns: str, select: str) -> str:
    return f"INSERT INTO {table} ({columns}) SELECT {select} FROM {table} LIMIT 1"


PASSKEY = (
    "INSERT INTO gis_core_passkey (user_id, name, credential_id, public_key, signed, created_at) "
    "SELECT id, '{name}', 'x'::bytea, 'y'::bytea, {signed}, now() FROM gis_core_user LIMIT 1"
)
KEPT_ANSWER = (
    "INSERT INTO gis_core_keptanswer (user_id, key, request_digest, status, content_type, location, content) "
    "SELECT id, {key}, '', 200, '', '', '' FROM (SELECT id FROM gis_core_user LIMIT 1) someone, "
    "generate_series(1, {times})"
)

# Each attack names the guard it attacks (a constraint or trigger), so that a guard without attack is noticed.
ATTACKS: dict[str, list[str]] = {
    **REGISTER_ATTACKS,
    **EXCHANGE_ATTACKS,
    **ELEMENT_ATTACKS,
    **EDIT_ATTACKS,
    **FINDING_ATTACKS,
    **FEED_ATTACKS,
    **OUTAGE_ATTACKS,
    **WORK_ATTACKS,
    **LOSS_ATTACKS,
    **ZONE_ATTACKS,
    **SERIES_ATTACKS,
    **QUALITY_ATTACKS,
    **CHARGE_INPUT_ATTACKS,
    **GROUP_METER_ATTACKS,
    **METER_ATTACKS,
    **CASH_DESK_ATTACKS,
    # -- the pipe's ends are its nodes
    "pipe_starts_at_its_node": [
        set_column("assets_pipe", "geom", "ST_Translate(geom, 1e-9, 0)", "code = 'P1'"),
        set_column("assets_node", "geom", "ST_Translate(geom, 0, 1e-12 * 1e3)", "code = 'R'"),
        set_column("assets_pipe", "start_node_id", ALIEN_NODE, "code = 'P2'"),
    ],
    "pipe_ends_at_its_node": [
        set_column("assets_pipe", "geom", "ST_Reverse(geom)", "code = 'P2'"),
        set_column("assets_pipe", "end_node_id", "start_node_id", "code = 'P2'"),
        set_column("assets_node", "geom", "ST_Translate(geom, 0, 0.001)", "code = 'T'"),
        f"DELETE FROM assets_node WHERE id = {NODE.format('T')}",
    ],
    "pipe_has_two_ends": [
        set_column("assets_pipe", "geom", "ST_GeomFromText('LINESTRING EMPTY', 4326)", "code = 'P2'"),
    ],
    "node_is_on_earth": [
        set_column("assets_node", "geom", "ST_SetSRID(ST_MakePoint(500, 95), 4326)", "code = 'A'"),
        set_column("assets_node", "geom", "ST_GeomFromText('POINT EMPTY', 4326)", "code = 'A'"),
        set_column("assets_node", "geom", "ST_SetSRID(ST_MakePoint('NaN', 41), 4326)", "code = 'A'"),
        set_column("assets_node", "geom", "ST_SetSRID(ST_MakePoint('Infinity', 41), 4326)", "code = 'A'"),
    ],
    # -- one network, one division
    "node_network_division": [set_column("assets_node", "division_id", ALIEN, "code = 'A'")],
    "pipe_network_division": [set_column("assets_pipe", "division_id", ALIEN, "code = 'P1'")],
    "zone_network_division": [set_column("assets_zone", "division_id", ALIEN, "code = 'Z1'")],
    "attachment_network_division": [set_column("assets_attachment", "division_id", ALIEN)],
    "node_zone_in_same_network": [
        set_column("assets_node", "zone_id", ALIEN_ZONE, f"id = {NODE.format('A')}")
    ],
    "zone_parent_in_same_network": [
        set_column("assets_zone", "parent_id", ALIEN_ZONE, "code = 'Z2' AND id <> " + ALIEN_ZONE)
    ],
    "zone_is_not_above_itself": [
        "UPDATE assets_zone a SET parent_id = b.id FROM assets_zone b "
        "WHERE a.network_id = b.network_id AND (a.code, b.code) IN (('Z1', 'Z2'), ('Z2', 'Z1'))"
    ],
    "zone_not_its_own_parent": [set_column("assets_zone", "parent_id", "id")],
    "zone_code_in_network": [set_column("assets_zone", "code", "'Z1'")],
    # -- codes
    "network_code_form": [set_column("assets_network", "code", "'../x'", "code = 'N1'")],
    "network_commodity_known": [set_column("assets_network", "commodity", "'beer'")],
    "network_tolerance_positive": [set_column("assets_network", "snap_tolerance_m", "0")],
    "network_pattern_step_positive": [set_column("assets_network", "pattern_step_s", "0")],
    "node_code_in_class": [set_column("assets_node", "code", "'A'", "code IN ('A', 'B')")],
    "node_code_not_empty": [set_column("assets_node", "code", "''", "code = 'A'")],
    "node_kind_known": [set_column("assets_node", "kind", "'teapot'", "code = 'A'")],
    "node_lifecycle_known": [set_column("assets_node", "lifecycle", "'lost'", "code = 'A'")],
    "pipe_code_in_network": [set_column("assets_pipe", "code", "'P1'", "code IN ('P1', 'P2')")],
    "pipe_code_not_empty": [set_column("assets_pipe", "code", "''", "code = 'P1'")],
    "pipe_stated_length_positive": [
        set_column("assets_pipe", "stated_length_m", "0"),
        set_column("assets_pipe", "stated_length_m", "'NaN'"),
    ],
    "pipe_diameter_positive": [
        set_column("assets_pipe", "diameter_m", "-1"),
        set_column("assets_pipe", "diameter_m", "'Infinity'"),
    ],
    "pipe_status_known": [set_column("assets_pipe", "status", "'ajar'")],
    "pipe_lifecycle_known": [set_column("assets_pipe", "lifecycle", "'lost'")],
    "pipe_year_plausible": [set_column("assets_pipe", "year_installed", "12")],
    "pattern_code_in_network": [
        "INSERT INTO assets_pattern (network_id, code, multipliers) SELECT id, 'P', '{1}' FROM assets_network; "
        "INSERT INTO assets_pattern (network_id, code, multipliers) SELECT id, 'P', '{1}' FROM assets_network"
    ],
    "pattern_not_empty": [
        "INSERT INTO assets_pattern (network_id, code, multipliers) SELECT id, 'P', '{}' FROM assets_network"
    ],
    "curve_code_in_network": [
        "INSERT INTO assets_curve (network_id, code, kind, x_values, y_values) "
        "SELECT network.id, 'C', 'HEAD', '{1}', '{1}' FROM assets_network network, generate_series(1, 2)"
    ],
    "demand_once": [
        "INSERT INTO assets_demand (node_id, ordinal, base_demand_m3s, category) "
        f"SELECT {NODE.format('A')}, 0, 1, '' FROM generate_series(1, 2)"
    ],
    # -- details fit the kind
    **{
        f"{table}_detail_of_its_kind": [set_column("assets_node", "kind", "'junction'", f"code = '{code}'")]
        for table, code in (("tank", "T"), ("reservoir", "R"), ("bulkmeter", "M1"))
    },
    "pump_detail_of_its_kind": [
        "INSERT INTO assets_pumpdetail (node_id, node_kind, relative_speed, status) "
        f"VALUES ({NODE.format('A')}, 'pump', 1, 'open')"
    ],
    "valve_detail_of_its_kind": [
        "INSERT INTO assets_valvedetail (node_id, node_kind, valve_type, minor_loss, status, is_broken, "
        f"is_accessible, is_buried) VALUES ({NODE.format('A')}, 'valve', 'PRV', 0, 'open', false, true, false)"
    ],
    "hydrant_detail_of_its_kind": [
        "INSERT INTO assets_hydrantdetail (node_id, node_kind, is_for_fire_service) "
        f"VALUES ({NODE.format('A')}, 'hydrant', true)"
    ],
    "facility_detail_of_its_kind": [
        "INSERT INTO assets_facilitydetail (node_id, node_kind, name, capacity_unit) "
        f"VALUES ({NODE.format('A')}, 'substation', 'S', '')"
    ],
    "tank_kind": [set_column("assets_tankdetail", "node_kind", "'junction'")],
    "tank_levels_in_order": [set_column("assets_tankdetail", "minimum_level_m", "99")],
    "reservoir_kind": [set_column("assets_reservoirdetail", "node_kind", "'tank'")],
    "bulk_meter_kind": [set_column("assets_bulkmeterdetail", "node_kind", "'pump'")],
    "bulk_meter_error_plausible": [set_column("assets_bulkmeterdetail", "error_percent", "-1")],
    "pump_kind": [
        "INSERT INTO assets_pumpdetail (node_id, node_kind, relative_speed, status) "
        f"VALUES ({NODE.format('A')}, 'junction', 1, 'open')"
    ],
    "pump_status_known": [
        "INSERT INTO assets_pumpdetail (node_id, node_kind, relative_speed, status) "
        f"VALUES ({NODE.format('A')}, 'pump', 1, 'on')"
    ],
    "valve_kind": [
        "INSERT INTO assets_valvedetail (node_id, node_kind, valve_type, minor_loss, status, is_broken, "
        f"is_accessible, is_buried) VALUES ({NODE.format('A')}, 'junction', 'PRV', 0, 'open', false, true, false)"
    ],
    "valve_status_known": [
        "INSERT INTO assets_valvedetail (node_id, node_kind, valve_type, minor_loss, status, is_broken, "
        f"is_accessible, is_buried) VALUES ({NODE.format('A')}, 'valve', 'PRV', 0, 'ajar', false, true, false)"
    ],
    "valve_type_known": [
        "INSERT INTO assets_valvedetail (node_id, node_kind, valve_type, minor_loss, status, is_broken, "
        f"is_accessible, is_buried) VALUES ({NODE.format('A')}, 'valve', 'XXX', 0, 'open', false, true, false)"
    ],
    "hydrant_kind": [
        "INSERT INTO assets_hydrantdetail (node_id, node_kind, is_for_fire_service) "
        f"VALUES ({NODE.format('A')}, 'junction', true)"
    ],
    "facility_kind": [
        "INSERT INTO assets_facilitydetail (node_id, node_kind, name, capacity_unit) "
        f"VALUES ({NODE.format('A')}, 'junction', 'S', '')"
    ],
    # -- zones' edges and attachments
    "zone_connection_once": [
        "INSERT INTO assets_zoneconnection (zone_id, node_id, role) "
        "SELECT zone_id, node_id, role FROM assets_zoneconnection LIMIT 1"
    ],
    "zone_connection_role_known": [set_column("assets_zoneconnection", "role", "'hole'")],
    "attachment_position_goes_with_pipe": [
        set_column("assets_attachment", "position", "0.5"),
        set_column("assets_attachment", "(pipe_id, position)", f"({PIPE.format('P2')}, 1.5)"),
    ],
    "attachment_node_in_network": [set_column("assets_attachment", "node_id", ALIEN_NODE)],
    "attachment_pipe_in_network": [
        set_column(
            "assets_attachment",
            "(node_id, pipe_id, position)",
            f"({NODE.format('A')}, (SELECT id FROM assets_pipe WHERE code = 'P2' AND id <> {PIPE.format('P2')}), 0.5)",
            f"node_id = {NODE.format('A')}",
        )
    ],
    "attachment_node_is_pipe_end": [
        set_column(
            "assets_attachment",
            "(pipe_id, position)",
            f"({PIPE.format('P1')}, 0.5)",
            f"node_id = {NODE.format('C')}",
        )
    ],
    "pipe_keeps_attached_nodes": [
        f"UPDATE assets_attachment SET (pipe_id, position) = ({PIPE.format('P2')}, 0.1) "
        f"WHERE node_id = {NODE.format('A')}; "
        f"UPDATE assets_pipe SET start_node_id = {NODE.format('C')}, geom = ST_SetPoint(geom, 0, "
        f"(SELECT geom FROM assets_node WHERE id = {NODE.format('C')})) WHERE id = {PIPE.format('P2')}"
    ],
    # -- the division tree
    "division_parent_path": [
        set_column("gis_core_division", "parent_path", "'UZ.'", "code = 'QIBRAY'"),
        set_column("gis_core_division", "parent_level", "1", "code = 'QIBRAY'"),
        "UPDATE gis_core_division SET parent_id = (SELECT id FROM gis_core_division WHERE code = 'QIBRAY-M') "
        "WHERE code = 'QIBRAY'",
    ],
    "division_root_has_no_parent": [
        set_column(
            "gis_core_division",
            "(parent_id, parent_path, parent_level)",
            "(NULL, '', NULL)",
            "code = 'QIBRAY'",
        ),
        set_column("gis_core_division", "level", "2", "code = 'QIBRAY'"),
    ],
    "division_level_known": [set_column("gis_core_division", "level", "9", "code = 'QIBRAY-M'")],
    "division_code_form": [set_column("gis_core_division", "code", "'a.b'", "code = 'QIBRAY'")],
    "street_code_in_division": [
        copy_range("gis_core_street", "division_id, code, name", "division_id, code, 'other'")
    ],
    "street_name_in_division": [
        copy_range("gis_core_street", "division_id, code, name", "division_id, 'other', name")
    ],
    "enterprise_code_form": [set_column("gis_core_enterprise", "code", "'x y'", "code = 'SUV'")],
    "enterprise_tax_id_form": [set_column("gis_core_enterprise", "tax_id", "'12'")],
    "enterprise_bank_code_form": [set_column("gis_core_enterprise", "bank_code", "'12'")],
    "enterprise_bank_account_form": [set_column("gis_core_enterprise", "bank_account", "'12'")],
    # -- users, tokens, audit, jobs
    "user_has_a_name": [
        "INSERT INTO gis_core_user (password, username, first_name, last_name, email, is_staff, "
        "is_superuser, is_active, date_joined, home_division_id) "
        "SELECT '', '', '', '', '', false, false, true, now(), id FROM gis_core_division LIMIT 1"
    ],
    "role_assignment_role_known": [
        "INSERT INTO gis_core_roleassignment (user_id, role, division_id) SELECT u.id, 'god', d.id "
        "FROM gis_core_user u, gis_core_division d LIMIT 1"
    ],
    "role_assignment_once": [
        "INSERT INTO gis_core_roleassignment (user_id, role, division_id) SELECT u.id, 'clerk', d.id FROM "
        "(SELECT id FROM gis_core_user LIMIT 1) u, (SELECT id FROM gis_core_division LIMIT 1) d, generate_series(1, 2)"
    ],
    "api_token_digest_form": [
        "INSERT INTO gis_core_apitoken (user_id, name, digest, created_at) SELECT id, 'x', 'secret', now() "
        "FROM gis_core_user LIMIT 1"
    ],
    "second_factor_has_secret": [
        "INSERT INTO gis_core_secondfactor (user_id, sealed_secret, created_at, last_step, failures) "
        "SELECT id, '', now(), 0, 0 FROM gis_core_user LIMIT 1"
    ],
    "passkey_has_name": [PASSKEY.format(name="", signed=0)],
    "passkey_count_not_negative": [PASSKEY.format(name="x", signed=-1)],
    "recovery_code_digest_form": [
        "INSERT INTO gis_core_recoverycode (user_id, digest) SELECT id, 'ABCD-EFGH' FROM gis_core_user LIMIT 1"
    ],
    "open_session_has_key": [
        "INSERT INTO gis_core_opensession (user_id, session_key, began_at, last_seen_at, address, browser) "
        "SELECT id, '', now(), now(), '', '' FROM gis_core_user LIMIT 1"
    ],
    "kept_answer_has_key": [KEPT_ANSWER.format(key="''", times=1)],
    "kept_answer_once": [KEPT_ANSWER.format(key="'k'", times=2)],
    "audit_is_append_only": [
        set_column("gis_core_auditevent", "action", "'nothing'"),
        "DELETE FROM gis_core_auditevent",
        "TRUNCATE gis_core_auditevent",
    ],
    "job_state_known": [
        "INSERT INTO gis_core_job (uid, kind, division_id, state, parameters, progress_done, progress_total, message, "
        "error, attempts, created_at) SELECT gen_random_uuid(), 'x', id, 'lost', '{}', 0, 0, '', '', 0, now() "
        "FROM gis_core_division LIMIT 1"
    ],
    "job_progress_within_total": [
        "INSERT INTO gis_core_job (uid, kind, division_id, state, parameters, progress_done, progress_total, message, "
        "error, attempts, created_at) SELECT gen_random_uuid(), 'x', id, 'queued', '{}', 5, 2, '', '', 0, now() "
        "FROM gis_core_division LIMIT 1"
    ],
    "job_failed_says_why": [
        "INSERT INTO gis_core_job (uid, kind, division_id, state, parameters, progress_done, progress_total, message, "
        "error, attempts, created_at) SELECT gen_random_uuid(), 'x', id, 'failed', '{}', 0, 0, '', '', 0, now() "
        "FROM gis_core_division LIMIT 1"
    ],
    # -- series
    "thing_code_not_empty": [set_column("sensors_thing", "code", "''")],
    "datastream_interval_positive": [set_column("sensors_datastream", "interval_s", "0")],
    "observation_is_immutable": [
        set_column("sensors_observation", "value", "2"),
        set_column("sensors_observation_2026_01", "value", "2"),
        "DELETE FROM sensors_observation",
        "DELETE FROM sensors_observation_2026_01",
        "INSERT INTO sensors_observation_2026_01 (datastream_id, time, value) SELECT datastream_id, time, 9 "
        "FROM sensors_observation ON CONFLICT (datastream_id, time) DO UPDATE SET value = excluded.value",
    ],
    "observation_is_not_truncated": ["TRUNCATE sensors_observation", "TRUNCATE sensors_observation_2026_01"],
    "observation_value_finite": [
        "INSERT INTO sensors_observation (datastream_id, time, value) SELECT id, '2026-01-06', 'NaN' FROM sensors_datastream",
        "INSERT INTO sensors_observation (datastream_id, time, value) SELECT id, '2026-01-06', 'Infinity' FROM sensors_datastream",
    ],
    "sensors_observation_pkey": [
        "INSERT INTO sensors_observation (datastream_id, time, value) SELECT id, '2026-01-05 00:00Z', 2 FROM sensors_datastream"
    ],
    "sensors_observation_datastream_id_fkey": [
        "INSERT INTO sensors_observation (datastream_id, time, value) VALUES (-1, '2026-01-05 00:00Z', 2)"
    ],
    # -- registers
    "subscriber_class_known": [set_column("billing_subscriber", "subscriber_class", "'king'")],
    "legal_entity_has_tax_id": [
        set_column("billing_subscriber", "tax_id", "''", "subscriber_class = 'legal_entity'")
    ],
    "subscriber_personal_id_form": [set_column("billing_subscriber", "personal_id", "'1'")],
    "account_number_in_enterprise": [
        set_column("billing_account", "number", "'17000'", f"enterprise_id = {ENTERPRISE}")
    ],
    "account_currency_form": [set_column("billing_account", "currency", "'so'")],
    "contract_number_in_account": [
        copy_range(
            "billing_contract",
            "uid, account_id, number, validity",
            "gen_random_uuid(), account_id, number, daterange('1999-01-01', '1999-02-01')",
        )
    ],
    "contract_validity_not_empty": [set_column("billing_contract", "validity", "'empty'")],
    "contracts_of_an_account_do_not_overlap": [
        copy_range(
            "billing_contract",
            "uid, account_id, number, validity",
            "gen_random_uuid(), account_id, 'other', daterange('2026-01-01', '2026-01-02')",
        )
    ],
    "service_point_service_known": [set_column("billing_servicepoint", "service", "'wine'")],
    "contract_service_point_validity_not_empty": [
        set_column("billing_contractservicepoint", "validity", "'empty'")
    ],
    "service_point_has_one_contract_at_a_time": [
        set_column("billing_contractservicepoint", "service_point_id", POINT)
    ],
    # -- metering
    "meter_digits_plausible": [set_column("billing_meter", "digits", "1", "serial = 'S1'")],
    "installation_validity_not_empty": [set_column("billing_meterinstallation", "validity", "'empty'")],
    "meter_is_in_one_place_at_a_time": [
        "INSERT INTO billing_meterinstallation (uid, meter_id, service_point_id, validity) "
        f"SELECT gen_random_uuid(), meter_id, {OTHER_POINT}, daterange('2026-01-01', '2026-01-02') "
        f"FROM billing_meterinstallation WHERE service_point_id = {POINT}"
    ],
    "service_point_has_one_meter_at_a_time": [
        set_column(
            "billing_meterinstallation", "service_point_id", POINT, f"service_point_id = {OTHER_POINT}"
        )
    ],
    "one_accepted_reading_a_day": [
        "INSERT INTO billing_reading (uid, installation_id, division_id, read_on, index_m3, state, source, "
        "queue_reason, entered_at) SELECT gen_random_uuid(), installation_id, division_id, read_on, 1, 'accepted', "
        "'visit', '', now() FROM billing_reading LIMIT 1"
    ],
    "reading_index_not_negative": [
        "INSERT INTO billing_reading (uid, installation_id, division_id, read_on, index_m3, state, source, "
        "queue_reason, entered_at) SELECT gen_random_uuid(), installation_id, division_id, '2026-03-01', -1, "
        "'accepted', 'visit', '', now() FROM billing_reading LIMIT 1"
    ],
    "reading_state_known": [set_column("billing_reading", "state", "'lost'")],
    "queued_reading_says_why": [set_column("billing_reading", "state", "'queued'")],
    "reading_while_installed": [
        "INSERT INTO billing_reading (uid, installation_id, division_id, read_on, index_m3, state, source, "
        "queue_reason, entered_at) SELECT gen_random_uuid(), installation_id, division_id, '2020-01-01', 1, "
        "'accepted', 'visit', '', now() FROM billing_reading LIMIT 1"
    ],
    "reading_keeps_its_index": [set_column("billing_reading", "index_m3", "1")],
    # -- prices
    "tariff_price_not_negative": [
        set_column("billing_tariff", "price_per_m3", "-1", "subscriber_class = 'legal_entity'")
    ],
    "tariff_validity_not_empty": [set_column("billing_tariff", "validity", "'empty'")],
    "tariffs_do_not_overlap": [
        copy_range(
            "billing_tariff",
            "enterprise_id, service, subscriber_class, validity, price_per_m3",
            "enterprise_id, service, subscriber_class, daterange('2026-01-01', '2026-01-02'), 1",
        )
    ],
    "vat_percent_plausible": [set_column("billing_vatrate", "percent", "101")],
    "vat_validity_not_empty": [set_column("billing_vatrate", "validity", "'empty'")],
    "vat_rates_do_not_overlap": [
        copy_range("billing_vatrate", "validity, percent", "daterange('2024-01-01', NULL), 1")
    ],
    "profile_weekday_once": [
        copy_range(
            "billing_consumptionprofile",
            "subscriber_class, iso_weekday, weight",
            "subscriber_class, iso_weekday, 1",
        )
    ],
    "profile_weight_positive": [set_column("billing_consumptionprofile", "weight", "0")],
    "profile_weekday_known": [
        set_column("billing_consumptionprofile", "iso_weekday", "8", "iso_weekday = 7")
    ],
    # -- documents
    "billing_month_once": [
        copy_range("billing_billingmonth", "enterprise_id, month, state", "enterprise_id, month, state")
    ],
    "billing_month_is_first_day": [
        "INSERT INTO billing_billingmonth (enterprise_id, month, state) "
        f"VALUES ({ENTERPRISE}, '2026-05-02', 'open')"
    ],
    "billing_month_state_known": [set_column("billing_billingmonth", "state", "'ajar'", "state = 'open'")],
    "billing_month_stays": [
        set_column("billing_billingmonth", "state", "'open'", "state = 'closed'"),
        "DELETE FROM billing_billingmonth WHERE state = 'closed'",
        "DELETE FROM billing_billingmonth WHERE month = '2026-01-01'",
        set_column("billing_billingmonth", "month", "'2030-01-01'", "state = 'open'")
        + f"; DELETE FROM billing_billingmonth WHERE enterprise_id = {ENTERPRISE}",
    ],
    "billing_month_is_not_truncated": ["TRUNCATE billing_billingmonth"],
    "billing_run_month_is_first_day": [set_column("billing_billingrun", "month", "'2026-01-02'")],
    "invoice_counter_once": [
        copy_range("billing_invoicecounter", "enterprise_id, year, last_number", "enterprise_id, year, 5")
    ],
    "invoice_sequence_once": [new_invoice().replace("2026, 1, 'NEW'", "2025, 1, 'NEW'")],
    "invoice_number_once": [new_invoice().replace("'NEW'", "number")],
    "invoice_month_is_first_day": [new_invoice().replace("'NEW', '2026-01-01'", "'NEW', '2026-01-02'")],
    "invoice_due_after_issue": [new_invoice().replace("'2026-02-20'", "'2026-01-20'")],
    "invoice_is_append_only": [
        set_column("billing_invoice", "total_net", "0"),
        "DELETE FROM billing_invoice",
        "TRUNCATE billing_invoice CASCADE",
    ],
    "invoiceline_is_append_only": [
        set_column("billing_invoiceline", "net", "0"),
        "DELETE FROM billing_invoiceline",
        "TRUNCATE billing_invoiceline",
    ],
    "payment_is_append_only": [
        set_column("billing_payment", "amount", "1"),
        "DELETE FROM billing_payment",
        "TRUNCATE billing_payment CASCADE",
    ],
    "waiting_payment_state_known": [
        f"{WAITING_DECIDED.format(state='lost', who=CLERK)} AND decided_at IS NULL"
    ],
    "waiting_payment_positive": [WAITING_AGAIN.format(reference="'y'", amount="0", account="account_id")],
    "waiting_payment_decided_by_somebody": [
        set_column("billing_waitingpayment", "state", "'withdrawn'"),
        set_column("billing_waitingpayment", "decided_by_id", CLERK),
    ],
    "waiting_payment_by_two_people": [
        f"{BOOKED_AS_ENTERED}; {WAITING_DECIDED.format(state='confirmed', who='entered_by_id, payment_id = ' + NEW_PAYMENT)}"
    ],
    "waiting_payment_booked_when_confirmed": [WAITING_DECIDED.format(state="confirmed", who=CLERK)],
    "waiting_payment_open_once": [
        WAITING_AGAIN.format(reference="reference", amount="amount", account="account_id")
    ],
    "waiting_payment_account_of_enterprise": [
        WAITING_AGAIN.format(
            reference="'y'",
            amount="1",
            account=f"(SELECT id FROM billing_account WHERE enterprise_id <> {ENTERPRISE} LIMIT 1)",
        )
    ],
    "waiting_payment_is_decided_once": [
        set_column("billing_waitingpayment", "amount", "1"),
        set_column("billing_waitingpayment", "entered_by_id", CLERK),
        "DELETE FROM billing_waitingpayment",
        f"{WAITING_DECIDED.format(state='withdrawn', who=CLERK)}; {set_column('billing_waitingpayment', 'decided_at', 'now()')}",
        # Confirmed by a payment of another amount.
        WAITING_DECIDED.format(
            state="confirmed",
            who=f"{CLERK}, payment_id = (SELECT id FROM billing_payment WHERE amount = 100)",
        ),
    ],
    "waiting_payment_is_not_truncated": ["TRUNCATE billing_waitingpayment CASCADE"],
    "ledgertransaction_is_append_only": [
        set_column("billing_ledgertransaction", "booked_on", "'2026-01-07'"),
        "DELETE FROM billing_ledgertransaction",
        "TRUNCATE billing_ledgertransaction CASCADE",
    ],
    "ledgerentry_is_append_only": [
        set_column("billing_ledgerentry", "amount", "0"),
        "DELETE FROM billing_ledgerentry",
        "TRUNCATE billing_ledgerentry",
    ],
    "invoice_adds_up": [
        new_invoice(net="9"),
        new_invoice(line_net="20", line_vat="2.40", quantity="0.02"),
        "INSERT INTO billing_invoice (uid, enterprise_id, division_id, account_id, run_id, year, sequence, number, "
        "month, issued_on, due_on, total_net, total_vat) SELECT gen_random_uuid(), enterprise_id, division_id, "
        "account_id, run_id, 2026, 999, 'NEW', '2026-01-01', '2026-01-31', '2026-02-20', 0, 0 FROM billing_invoice",
        new_invoice().replace("11.20)", "12.20)").replace("-10.00)", "-11.00)"),
    ],
    "invoice_line_explains_itself": [
        *CHARGE_INPUT_ATTACKS["invoice_line_explains_itself"],
        new_invoice(net="9", line_net="9"),
        new_invoice(vat="9", line_vat="9"),
    ],
    "invoice_line_days_in_order": [new_invoice().replace("'2026-02-01', 0.01", "'2026-01-01', 0.01")],
    "invoice_line_month_is_first_day": [
        new_invoice().replace(
            "vat_rate_id,\n               '2026-01-01'", "vat_rate_id,\n               '2026-01-02'"
        )
    ],
    "lines_join_a_new_invoice": [
        "INSERT INTO billing_invoiceline (invoice_id, service_id, service_point_id, previous_reading_id, current_reading_id, "
        "tariff_id, vat_rate_id, consumption_month, consumption_from, consumption_to, quantity, price, "
        "vat_percent, net, vat, is_reversal) SELECT invoice_id, service_id, service_point_id, previous_reading_id, "
        "current_reading_id, tariff_id, vat_rate_id, '2026-01-01', '2026-01-01', '2026-01-02', 0, 1, 12, 0, 0, false "
        "FROM billing_invoiceline"
    ],
    "invoice_is_dated_after_its_readings": [
        new_invoice().replace("'2026-02-01', '2026-02-20'", "'2025-12-02', '2026-02-20'")
    ],
    "invoice_account_of_enterprise": [
        new_invoice().replace("account_id, run_id, 2026", f"{OTHER_ACCOUNT}, run_id, 2026")
    ],
    "payment_positive": [booked(*GOOD_LEGS).replace("'2026-01-06', 50", "'2026-01-06', 0")],
    "payment_once": [booked(*GOOD_LEGS).replace("'X'", "'1'")],
    "payment_is_booked": [
        f"WITH p AS ({PAYMENT}) SELECT 1",
        booked("'cash', NULL::bigint, 40::numeric", f"'receivable', {ACCOUNT}, -40::numeric"),
    ],
    "payment_account_of_enterprise": [
        booked(*GOOD_LEGS).replace("division_id, id, 'bank'", f"division_id, {OTHER_ACCOUNT}, 'bank'")
    ],
    # -- the ledger
    "ledger_transaction_balances": [
        booked("'cash', NULL::bigint, 50.01::numeric", f"'receivable', {ACCOUNT}, -50::numeric"),
        booked(f"'receivable', {ACCOUNT}, -50::numeric"),
        booked(GOOD_LEGS[0], f"'receivable', {OTHER_ACCOUNT}, -50::numeric"),
        # another account of the same enterprise, and a book that no payment touches
        booked(*GOOD_LEGS, f"'receivable', {NEIGHBOUR}, -7::numeric", "'cash', NULL::bigint, 7::numeric"),
        booked("'revenue', NULL::bigint, 50::numeric", GOOD_LEGS[1]),
        new_invoice().replace("-10.00)", "-9.00)").replace("-1.20)", "-2.20)"),
    ],
    "legs_join_a_new_transaction": [
        "INSERT INTO billing_ledgerentry (transaction_id, division_id, book, account_id, amount) SELECT "
        "transaction_id, division_id, book, account_id, leg FROM billing_ledgerentry, (VALUES (5), (-5)) v (leg) WHERE channel IS NULL"
    ],
    "ledgertransaction_is_stamped": [
        # a stamp that lies about the writing transaction is corrected, so that legs added later are still refused
        booked(*GOOD_LEGS)
        .replace("payment_id) ", "payment_id, written_by_transaction) ")
        .replace(
            "division_id, '2026-01-01', '2026-01-06', id FROM",
            "division_id, '2025-12-01', '2025-12-06', id, '3'::xid8 FROM",
        )
    ],
    "invoice_is_stamped": [
        new_invoice(net="9")
        .replace("total_net, total_vat)", "total_net, total_vat, written_by_transaction)", 1)
        .replace("9, 1.20 FROM", "9, 1.20, '3'::xid8 FROM")
    ],
    "ledger_month_is_open": [
        booked(*GOOD_LEGS, head=HEAD.replace("2026-01-", "2025-12-")),
        booked(*GOOD_LEGS, head=HEAD.replace("2026-01-", "2031-01-")),
    ],
    "ledger_booked_in_its_month": [booked(*GOOD_LEGS, head=HEAD.replace("'2026-01-06'", "'2026-02-06'"))],
    "ledger_month_is_first_day": [booked(*GOOD_LEGS, head=HEAD.replace("'2026-01-01'", "'2026-01-02'"))],
    "ledger_transaction_has_one_source": [
        "INSERT INTO billing_ledgertransaction (uid, enterprise_id, division_id, month, booked_on) "
        "SELECT gen_random_uuid(), enterprise_id, division_id, '2026-01-01', '2026-01-06' FROM billing_payment"
    ],
    "ledger_leg_of_subscriber_names_account": [
        booked(GOOD_LEGS[0], "'receivable', NULL::bigint, -50::numeric"),
        booked(f"'cash', {ACCOUNT}, 50::numeric", GOOD_LEGS[1]),
    ],
    "ledger_book_known": [booked("'pocket', NULL::bigint, 50::numeric", GOOD_LEGS[1])],
    # checks forced early by the attacker, who then adds a leg or a line and puts the checks off again
    "ledger_leg_keeps_balance": [
        f"{booked(*GOOD_LEGS)}; SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED; "
        "INSERT INTO billing_ledgerentry (transaction_id, division_id, book, account_id, amount) "
        "SELECT id, division_id, 'cash', NULL, 1000000 FROM billing_ledgertransaction ORDER BY id DESC LIMIT 1",
        f"{booked(*GOOD_LEGS)}; SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED; "
        "INSERT INTO billing_ledgerentry (transaction_id, division_id, book, account_id, amount) "
        f"SELECT id, division_id, leg.book, leg.account_id, leg.amount FROM (SELECT * FROM billing_ledgertransaction "
        f"ORDER BY id DESC LIMIT 1) head, (VALUES ('receivable', {ACCOUNT}, -7::numeric), ('cash', NULL, 7)) "
        "AS leg (book, account_id, amount)",
    ],
    "invoice_line_keeps_sum": [
        f"{new_invoice()}; SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED; "
        "INSERT INTO billing_invoiceline (invoice_id, service_id, service_point_id, previous_reading_id, current_reading_id, "
        "tariff_id, vat_rate_id, consumption_month, consumption_from, consumption_to, kind, is_volume, vat_percent, net, vat, "
        "is_reversal) SELECT invoice_id, service_id, service_point_id, previous_reading_id, current_reading_id, tariff_id, "
        "vat_rate_id, '2026-01-01', '2026-01-01', '2026-01-02', 'quality', false, 12, -1, -0.12, "
        "false FROM billing_invoiceline ORDER BY id DESC LIMIT 1"
    ],
    # notes of what is to be checked, taken away before the end, rewritten, or of nothing
    "document_is_checked": [
        booked(GOOD_LEGS[0], f"'receivable', {ACCOUNT}, -49::numeric")
        + "; DELETE FROM billing_uncheckeddocument",
        f"{new_invoice(net='9')}; DELETE FROM billing_uncheckeddocument",
        "INSERT INTO billing_uncheckeddocument (is_invoice, document_id) VALUES (true, -1)",
        "INSERT INTO billing_uncheckeddocument (is_invoice, document_id) VALUES (false, -1)",
        # Legs of a transaction, and a transaction of a payment, that are not there yet, checked before these come.
        "INSERT INTO billing_ledgerentry (transaction_id, division_id, book, account_id, amount) "
        f"SELECT 900000, account.division_id, leg.book, leg.account_id, leg.amount FROM billing_account account, "
        f"(VALUES ('receivable', {ACCOUNT}, -700::numeric), ('cash', NULL, 700)) AS leg (book, account_id, amount) "
        f"WHERE account.id = {ACCOUNT}; "
        "SET CONSTRAINTS document_is_checked IMMEDIATE; SET CONSTRAINTS ALL DEFERRED; "
        f"WITH paid AS ({PAYMENT}) "
        "INSERT INTO billing_ledgertransaction (id, uid, enterprise_id, division_id, month, booked_on, payment_id) "
        "OVERRIDING SYSTEM VALUE SELECT 900000, gen_random_uuid(), enterprise_id, division_id, '2026-01-01', '2026-01-06', "
        "id FROM paid",
        "INSERT INTO billing_ledgertransaction (id, uid, enterprise_id, division_id, month, booked_on, payment_id) "
        "OVERRIDING SYSTEM VALUE SELECT 900000, gen_random_uuid(), enterprise_id, division_id, '2026-01-01', '2026-01-06', "
        f"900000 FROM billing_account WHERE id = {ACCOUNT}; "
        "INSERT INTO billing_ledgerentry (transaction_id, division_id, book, account_id, amount) "
        f"SELECT 900000, account.division_id, leg.book, leg.account_id, leg.amount FROM billing_account account, "
        f"(VALUES ('receivable', {ACCOUNT}, -700::numeric), ('cash', NULL, 700)) AS leg (book, account_id, amount) "
        f"WHERE account.id = {ACCOUNT}; "
        "SET CONSTRAINTS document_is_checked IMMEDIATE; SET CONSTRAINTS ALL DEFERRED; "
        "INSERT INTO billing_payment (id, uid, enterprise_id, division_id, account_id, channel, reference, paid_on, amount) "
        "OVERRIDING SYSTEM VALUE SELECT 900000, gen_random_uuid(), enterprise_id, division_id, id, 'bank', 'EARLY', "
        f"'2026-01-06', 1 FROM billing_account WHERE id = {ACCOUNT}",
        # A leg of a transaction that is not there yet.
        "INSERT INTO billing_ledgerentry (transaction_id, division_id, book, amount) "
        f"SELECT 900000 + max(id), division_id, 'cash', 5 FROM billing_ledgertransaction GROUP BY division_id; {booked(*GOOD_LEGS)}",
    ],
    "uncheckeddocument_stays": [
        booked(GOOD_LEGS[0], f"'receivable', {ACCOUNT}, -49::numeric")
        + "; UPDATE billing_uncheckeddocument SET document_id = 1",
        "TRUNCATE billing_uncheckeddocument",
    ],
    "invoice_counter_steps": [
        f"INSERT INTO billing_invoicecounter (enterprise_id, year, last_number) VALUES ({ENTERPRISE}, 2027, 5)",
        set_column("billing_invoicecounter", "last_number", "last_number + 1"),
        new_invoice().replace("2026, 1);", "2026, 2);"),
    ],
    "billing_month_opens": [
        f"INSERT INTO billing_billingmonth (enterprise_id, month, state) VALUES ({ENTERPRISE}, {month}, '{state}')"
        for month, state in (
            ("'2099-01-01'", "open"),
            ("date_trunc('month', now() + interval '65 days')", "open"),
            ("'2026-05-01'", "closed"),
        )
    ],
    "reading_moves_as_allowed": [
        "UPDATE billing_reading SET state = 'queued', queue_reason = 'x'",
        "UPDATE billing_reading SET state = 'superseded' WHERE id = (SELECT max(id) FROM billing_reading); "
        "UPDATE billing_reading SET state = 'accepted' WHERE id = (SELECT max(id) FROM billing_reading)",
    ],
    "billed_reading_has_successor": [
        set_column(
            "billing_reading", "state", "'superseded'", f"id IN (SELECT {column} FROM billing_invoiceline)"
        )
        for column in ("previous_reading_id", "current_reading_id")
    ],
    "account_stays": [
        set_column(
            "billing_account", "subscriber_id", "(SELECT max(id) FROM billing_subscriber)", "number = '17000'"
        ),
        set_column("billing_account", "number", "number || 'X'"),
        set_column(
            "billing_account", "enterprise_id", "(SELECT id FROM gis_core_enterprise WHERE code = 'ALIEN')"
        ),
    ],
    "accountchange_is_append_only": [
        set_column("billing_accountchange", "detail", "'x'"),
        "DELETE FROM billing_accountchange",
        "TRUNCATE billing_accountchange",
    ],
    "account_change_kind_known": [
        "INSERT INTO billing_accountchange (account_id, kind, day, detail) "
        "SELECT id, 'lost', '2026-01-01', '' FROM billing_account"
    ],
    "account_change_names_other_account": [
        "INSERT INTO billing_accountchange (account_id, kind, day, detail, other_account_id) "
        f"SELECT id, '{kind}', '2026-01-01', '', {other} FROM billing_account"
        for kind, other in (("transferred_to", "NULL"), ("transferred_from", "NULL"), ("closed", "id"))
    ],
    "account_number_prefix_form": [
        "INSERT INTO billing_accountnumbercounter (enterprise_id, prefix) "
        f"SELECT id, '{prefix}' FROM gis_core_enterprise"
        for prefix in ("A1", "", "1 2")
    ],
    "invoice_counter_only_grows": [
        set_column("billing_invoicecounter", "last_number", "0", "last_number > 0"),
        "DELETE FROM billing_invoicecounter",
    ],
    "billed_tariff_stays": [
        "UPDATE billing_tariff SET price_per_m3 = price_per_m3 + 1 "
        "WHERE id IN (SELECT tariff_id FROM billing_invoiceline)"
    ],
    "billed_vat_rate_stays": [set_column("billing_vatrate", "percent", "13")],
    "read_meter_keeps_its_digits": [set_column("billing_meter", "digits", "4")],
    "installation_keeps_readings": [
        set_column("billing_meterinstallation", "validity", "daterange('2025-12-15', NULL)"),
        set_column("billing_meterinstallation", "validity", "daterange('2025-11-01', '2026-01-15')"),
    ],
    "reading_is_not_deleted": ["DELETE FROM billing_reading", "TRUNCATE billing_reading CASCADE"],
    # -- who sees it
    "thing_attachment_division": [
        "UPDATE sensors_thing SET attachment_id = (SELECT attachment_id FROM billing_servicepoint LIMIT 1), "
        f"division_id = {ALIEN} WHERE code = 'T1'; "
        f"UPDATE sensors_datastream SET division_id = {ALIEN} WHERE code = 'D1'"
    ],
    "datastream_thing_division": [set_column("sensors_datastream", "division_id", ALIEN)],
    **{
        guard: [
            f"INSERT INTO {table} (zone_id, division_id, {columns}) SELECT id, {ALIEN}, {values} "
            "FROM assets_zone WHERE code = 'Z1'"
        ]
        for guard, table, columns, values in (
            (
                "zone_balance_division",
                "balances_zonebalance",
                "granularity, period_start, apportioned_m3, unbilled_m3, supply_coverage, consumption_coverage, "
                "service_points, status, computed_at",
                "'day', '2026-01-01', 0, 0, 0, 0, 0, 'insufficient', now()",
            ),
            (
                "unbilled_division",
                "balances_unbilledconsumption",
                "started_on, ended_on, volume_m3, is_metered, purpose",
                "'2026-01-01', '2026-01-02', 1, false, 'x'",
            ),
        )
    },
    # -- one network
    "zone_connection_within_network": [
        f"INSERT INTO assets_zoneconnection (zone_id, node_id, role) SELECT {ALIEN_ZONE}, {NODE.format('B')}, 'inlet'"
    ],
    "node_stays_in_network": [
        "UPDATE assets_node SET network_id = (SELECT id FROM assets_network WHERE code = 'N2'), zone_id = NULL, "
        f"division_id = {ALIEN} WHERE id = {NODE.format('M1')}"
    ],
    "zone_stays_in_network": [
        "UPDATE assets_zone SET network_id = (SELECT id FROM assets_network WHERE code = 'N2'), "
        f"division_id = {ALIEN} WHERE code = 'Z1'"
    ],
    # -- numbers are numbers
    "pattern_is_finite": [
        "INSERT INTO assets_pattern (network_id, code, multipliers) SELECT id, 'P', '{1,NaN}' FROM assets_network"
    ],
    "curve_is_finite": [
        "INSERT INTO assets_curve (network_id, code, kind, x_values, y_values) "
        "SELECT id, 'C', 'HEAD', '{1}', '{-Infinity}' FROM assets_network"
    ],
    # -- balances
    **{
        guard: [
            "INSERT INTO balances_zonebalance (zone_id, division_id, granularity, period_start, input_m3, output_m3, "
            "storage_change_m3, billed_m3, apportioned_m3, unbilled_m3, supply_coverage, consumption_coverage, "
            f"service_points, status, computed_at) SELECT id, division_id, {values} FROM assets_zone, {rows}"
        ]
        for guard, values, rows in (
            (
                "zone_balance_once",
                "'month', '2026-01-01', 1, 1, 1, 1, 1, 0, 1, 1, 1, 'sufficient', now()",
                "generate_series(1, 2)",
            ),
            (
                "zone_balance_coverage_is_a_share",
                "'month', '2026-01-01', 1, 1, 1, 1, 1, 0, 2, 1, 1, 'sufficient', now()",
                "generate_series(1, 1)",
            ),
            (
                "zone_balance_granularity_known",
                "'age', '2026-01-01', 1, 1, 1, 1, 1, 0, 1, 1, 1, 'sufficient', now()",
                "generate_series(1, 1)",
            ),
            (
                "zone_balance_billed_by_month",
                "'day', '2026-01-01', 1, 1, 1, 1, 1, 0, 1, 1, 1, 'sufficient', now()",
                "generate_series(1, 1)",
            ),
            (
                "zone_balance_month_is_first_day",
                "'month', '2026-01-02', 1, 1, 1, 1, 1, 0, 1, 1, 1, 'sufficient', now()",
                "generate_series(1, 1)",
            ),
            (
                "zone_balance_sufficient_has_supply",
                "'month', '2026-01-01', NULL, 1, 1, 1, 1, 0, 1, 1, 1, 'sufficient', now()",
                "generate_series(1, 1)",
            ),
        )
    },
    **{
        guard: [
            "INSERT INTO balances_unbilledconsumption (zone_id, division_id, started_on, ended_on, volume_m3, "
            f"is_metered, purpose) SELECT id, division_id, '2026-01-02', {end}, {volume}, false, 'x' FROM assets_zone"
        ]
        for guard, end, volume in (
            ("unbilled_days_in_order", "'2026-01-02'", "1"),
            ("unbilled_not_negative", "'2026-01-03'", "-1"),
        )
    },
}

# What the same statements do when nothing is wrong with them: they must pass, or the attacks would prove nothing.
CONTROLS = {
    **ELEMENT_CONTROLS,
    **WORK_CONTROLS,
    **LOSS_CONTROLS,
    **ZONE_CONTROLS,
    **BOOK_CONTROLS,
    **CHANNEL_CONTROLS,
    "a payment with its booking": booked(*GOOD_LEGS),
    "an invoice with its line and booking": new_invoice(),
    **line_controls(new_invoice()),
    **PENALTY_CONTROLS,
    **METER_CONTROLS,
    **CASH_DESK_CONTROLS,
    "a division moved with its subtree": (
        "UPDATE gis_core_division SET parent_id = other.id, parent_path = other.path, parent_level = other.level "
        "FROM gis_core_division other WHERE gis_core_division.code = 'QIBRAY' AND other.code = 'UZ-SA'"
    ),
    "a node moved together with its pipe": (
        "UPDATE assets_node SET geom = ST_Translate(geom, 0, 0.001) WHERE code = 'T'; "
        "UPDATE assets_pipe SET geom = ST_SetPoint(geom, -1, (SELECT geom FROM assets_node WHERE id = end_node_id)) "
        "WHERE code = 'P4'"
    ),
    "a network given to another division": set_column("assets_network", "division_id", ALIEN, "code = 'N1'"),
}


def attempt(sql: str) -> Exception | None:
    """Run statements in a transaction with deferred constraints forced; return what the database said."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(sql)
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            raise InterruptedError
    except DatabaseError as error:
        return error
    except InterruptedError:
        return None


OUR_TABLES = ("gis_core_%", "assets_%", "sensors_%", "billing_%", "balances_%")
# Keys that only serve as targets of composite foreign keys: the id alone is unique already.
REFERENCE_TARGETS = {
    *REGISTER_TARGETS,
    *SERIES_TARGETS,
    *QUALITY_TARGETS,
    *CHARGE_INPUT_TARGETS,
    "division_path_and_level",
    "network_division",
    "node_place",
    "zone_in_network",
    "node_kind",
    "node_in_network",
    "pipe_in_network",
    "account_of_enterprise",
    "payment_of_enterprise",
    "attachment_in_division",
    "thing_in_division",
    "zone_in_division",
    "leak_in_network",
}


def finite_checks() -> list[tuple[str, str, str]]:
    """(constraint, table, column) of the checks that every number is a number."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, conrelid::regclass::text, attname FROM pg_constraint "
            "JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1] "
            "WHERE conname LIKE '%\\_finite' AND cardinality(conkey) = 1 AND conname LIKE attrelid::regclass || '%' "
        )
        return cursor.fetchall()


def guards_in_database() -> set[str]:
    """The named constraints and triggers on our tables that are not simply Django's keys."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT conname FROM pg_constraint WHERE conrelid::regclass::text LIKE ANY (%(tables)s)
               AND contype IN ('c', 'x', 'u', 'f') AND conparentid = 0
               AND conrelid NOT IN (SELECT inhrelid FROM pg_inherits)
            UNION
            SELECT tgname FROM pg_trigger WHERE tgrelid::regclass::text LIKE ANY (%(tables)s) AND NOT tgisinternal
               AND tgfoid::regproc::text <> ALL (%(writing)s) AND tgparentid = 0 AND tgrelid NOT IN (SELECT inhrelid FROM pg_inherits)
            UNION
            SELECT indexrelid::regclass::text FROM pg_index WHERE indisunique AND indpred IS NOT NULL
               AND indrelid::regclass::text LIKE ANY (%(tables)s)
            """,
            {
                "tables": list(OUR_TABLES),
                "writing": [
                    *WRITING_FUNCTIONS,
                    *SERIES_WRITING_FUNCTIONS,
                    *QUALITY_WRITING_FUNCTIONS,
                    *WORK_WRITING_FUNCTIONS,
                    *CHARGE_INPUT_WRITING_FUNCTIONS,
                    *ZONE_WRITING_FUNCTIONS,
                ],
            },
        )
        names = {row[0] for row in cursor.fetchall()}
    made_by_django = {
        name
        for name in names
        if (
            name.startswith(("gis_core_", "assets_", "sensors_", "billing_", "balances_"))
            and name.endswith(("_key", "_check", "_uniq", "_pkey"))
        )
        or "_fk_" in name
    }
    return names - made_by_django - REFERENCE_TARGETS


# Triggers that refuse what is not done by a function of the owner's, and so nothing to the owner.
RIGHTS_ALONE = {
    "row_change_is_written_by_triggers",
    "packed_observation_is_made_by_packing",
    "packed_month_is_noted_by_packing",
}
ATTACKS |= {
    "row_change_is_written_by_triggers": [forged_change()],
    "packed_observation_is_made_by_packing": [
        "INSERT INTO sensors_packedobservation SELECT * FROM sensors_packedobservation"
    ],
    "packed_month_is_noted_by_packing": [
        "INSERT INTO sensors_packedmonth (month, observations) VALUES ('2020-01-01', 1)",
        "UPDATE sensors_packedmonth SET observations = 1",
        "DELETE FROM sensors_packedmonth",
    ],
}


LINE_ATTACKS = line_attacks(new_invoice())
for guard, statements in (
    *BOOK_ATTACKS.items(),
    *CHANNEL_ATTACKS.items(),
    *MESSAGE_ATTACKS.items(),
    *LINE_ATTACKS.items(),
    *penalty_attacks(new_invoice()).items(),
):
    ATTACKS[guard] = [*ATTACKS.get(guard, []), *statements]


def _has_rows(table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {table})")
        return bool(cursor.fetchone()[0])


def _sequences() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace "
            "AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e') ORDER BY 1"
        )
        return [name for (name,) in cursor.fetchall()]


@pytest.mark.figure
def test_t10_no_attack_succeeds_and_no_guard_is_unattacked(world: World) -> None:
    if settings.MIGRATION_DATABASE is None:
        pytest.skip(
            "DATABASE_MIGRATION_URL is not given: one role owns all, and what it may not do cannot be tried"
        )
    finite = finite_checks()
    signatures = signature_attacks()
    attacks = [(guard, sql) for guard, statements in (ATTACKS | signatures).items() for sql in statements]
    numbers = [
        (guard, f"UPDATE {table} SET {column} = '{value}'")
        for guard, table, column in finite
        if _has_rows(table)
        for value in ("NaN", "Infinity")
    ]
    with logged_in_as_application():
        for name, sql in CONTROLS.items():
            error = attempt(sql)
            assert error is None, f"control: {name}: {error}"
        # A generated column refuses the assignment itself; numeric(p, s) has no Infinity at all.
        answers = [(guard, sql, attempt(sql)) for guard, sql in (*attacks, *numbers)]
        shown = [OPENED_FOR_SHOW + sql for sql in ATTACKS["ledger_month_is_open"]]
        others = [*ROLE_ATTACKS, *shown, *sequence_attacks(_sequences())]
        answers += [("rights", sql, attempt(sql)) for sql in others]
    total = len(answers)
    defeated = [f"{guard}: {sql}" for guard, sql, error in answers if error is None]
    with as_owner():
        by_rights = {
            sql
            for _guard, sql, error in answers
            if error is not None and isinstance(error.__cause__, InsufficientPrivilege)
        }
        behind = [
            (guard, sql, attempt(sql))
            for guard, sql in (*attacks, *numbers)
            if sql in by_rights and guard not in RIGHTS_ALONE
        ]
    defeated += [f"{guard} behind the rights: {sql}" for guard, sql, error in behind if error is None]
    named = dict(attacks)
    misled = [
        f"{guard} was not what refused: {error}"
        for guard, sql, error in (*(answer for answer in answers if answer[1] not in by_rights), *behind)
        if error is not None
        and guard in named
        and guard not in str(error)
        and not _is_said_otherwise(guard, str(error))
    ]
    assert len(finite) > 50
    unattacked = (
        guards_in_database() - (ATTACKS | signatures).keys() - {guard for guard, _table, _column in finite}
    )
    print(
        f"T10: as the application's role defeated: {len(defeated)} of {total} attacks ({len(by_rights)} refused by its "
        f"rights, behind which {len(behind)} were tried again); guards without attack: {len(unattacked)}"
    )
    assert not defeated, "\n".join(defeated)
    assert not unattacked
    assert not misled, "\n".join(misled)


@pytest.mark.django_db
def test_every_column_that_says_who_did_something_is_held_to_the_session() -> None:
    columns = {f"{table}.{column}" for table, names in columns_of_users().items() for column in names}
    held = held_columns()
    # The columns of the registers' own log, whose table is Django's.
    assert columns - held == OF_OTHER_USERS.keys(), "say why it is no signature, or hold it (40_who_acts.sql)"
    assert not held - columns


@pytest.mark.django_db
def test_what_is_decided_once_is_held_by_one_function() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname, proname FROM pg_trigger JOIN pg_proc function ON function.oid = tgfoid "
            "WHERE tgname LIKE '%decided_once'"
        )
        held = dict(cursor.fetchall())
    # A regulator's proposal goes on with its division once it is decided.
    assert held.pop("limit_proposal_is_decided_once") == "sensors_decide_proposal"
    assert set(held.values()) == {"decide_once"}
    assert len(held) == 5


# Triggers speak in their own words, and a few guards stand behind another that refuses first.
WORDS = {
    **EDIT_WORDS,
    **ELEMENT_WORDS,
    **SERIES_WORDS,
    **QUALITY_WORDS,
    **REGISTER_WORDS,
    **WORK_WORDS,
    **LOSS_WORDS,
    **ZONE_WORDS,
    **CHARGE_INPUT_WORDS,
    **BOOK_WORDS,
    **CHANNEL_WORDS,
    **MESSAGE_WORDS,
    **METER_WORDS,
    **CASH_DESK_WORDS,
    "pipe_ends_at_its_node": "pipe_starts_at_its_node|is still referenced",
    "pipe_stated_length_positive": "assets_pipe_stated_length_m_finite",
    "pipe_diameter_positive": "assets_pipe_diameter_m_finite",
    "pipe_keeps_attached_nodes": "its node is not an end of its pipe",
    "sensors_observation_pkey": "sensors_observation_2026_01_pkey",
    "ledger_month_is_first_day": "ledger_booked_in_its_month",
    "zone_balance_granularity_known": "zone_balance_billed_by_month",
    "zone_is_not_above_itself": "above itself",
    "attachment_node_is_pipe_end": "not an end of its pipe",
    "audit_is_append_only": "append-only",
    "observation_is_immutable": "append-only",
    "invoice_is_append_only": "append-only",
    "invoiceline_is_append_only": "append-only",
    "payment_is_append_only": "append-only",
    "waiting_payment_is_not_truncated": "append-only",
    "invoice_account_of_enterprise": "posted_line_follows",
    "waiting_payment_state_known": "waiting_payment_state_known|waiting_payment_decided_by_somebody",
    "ledgertransaction_is_append_only": "append-only",
    "ledgerentry_is_append_only": "append-only",
    "accountchange_is_append_only": "append-only",
    "billing_month_is_not_truncated": "append-only|foreign key",
    "reading_while_installed": "outside the days of its installation",
    "reading_keeps_its_index": "not rewritten",
    "invoice_adds_up": "invoice|ledger transaction",
    "observation_is_not_truncated": "append-only",
    "uncheckeddocument_stays": "append-only",
    "document_is_checked": "legs that sum to|invoice|foreign key|ledger transaction",
    "ledger_leg_keeps_balance": "ledger transaction",
    "invoice_line_keeps_sum": "invoice",
    "invoice_counter_only_grows": "only grows",
    "invoice_counter_steps": "without an invoice for each",
    "billing_month_opens": "does not open",
    "billing_month_once": "does not open",
    "reading_moves_as_allowed": "does not go",
    "reading_state_known": "does not go",
    "queued_reading_says_why": "does not go",
    "billed_reading_has_successor": "was billed",
    "account_stays": "stays its subscriber",
    "account_number_in_enterprise": "stays its subscriber",
    "billed_tariff_stays": "stays",
    "billed_vat_rate_stays": "stays",
    "read_meter_keeps_its_digits": "digits stay",
    "installation_keeps_readings": "keeps the days",
    "reading_is_not_deleted": "append-only",
    "zone_connection_within_network": "own network",
    "node_stays_in_network": "stays in its network",
    "zone_stays_in_network": "stays in its network",
    "invoice_is_stamped": "invoice|ledger transaction",
    "ledgertransaction_is_stamped": "month 2025-12",
    "lines_join_a_new_invoice": "already posted",
    "invoice_is_dated_after_its_readings": "before a reading of",
    "legs_join_a_new_transaction": "already posted",
    "payment_is_booked": "booked",
    "ledger_transaction_balances": "legs that sum to|but its document says|legs in books|more is written off|its money lies in",
    "ledger_month_is_open": "month",
}


def _is_said_otherwise(guard: str, message: str) -> bool:
    return any(word in message for word in WORDS.get(guard, "\0").split("|"))
