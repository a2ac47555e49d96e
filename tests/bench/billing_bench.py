"""Billing of the demonstration, and of ten times as many accounts, against raw SQL that writes the same rows."""

from datetime import date
from typing import Any

from django.db import connection, transaction

from billing.models import Account, InvoiceLine
from billing.services.runs import run_billing
from fixtures.demonstration.plan import DOCUMENTED_UNTIL, DemonstrationPlan
from fixtures.demonstration.recipe import build_demonstration
from gis_core.models import Enterprise
from tests.bench.timing import seconds

WRITTEN = ("billing_invoice", "billing_invoiceline", "billing_ledgertransaction", "billing_ledgerentry")


class _Undo(Exception):
    """Takes a transaction back on purpose."""


def run() -> list[dict[str, Any]]:
    """A run of the demonstration's first month: ours with every guard, and the same rows inserted bare."""
    seconds_to_build = seconds(
        lambda: build_demonstration(
            DemonstrationPlan(until=DOCUMENTED_UNTIL), lambda message, done, total: None
        )
    )
    enterprise = Enterprise.objects.get()
    accounts = Account.objects.count()
    rows = [_row("billing a month of the demonstration", accounts, *_measure(enterprise, 3))]
    _multiply(10)
    rows.append(_row("the same with ten times the accounts", accounts * 10, *_measure(enterprise, 2)))
    print(f"(the demonstration was built in {seconds_to_build:.1f} s; {InvoiceLine.objects.count()} lines)")
    return rows


def _measure(enterprise: Enterprise, times: int) -> tuple[float, float]:
    """Median seconds of a run and of the bare inserts; each run is rolled back."""
    ours: list[float] = []
    floors: list[float] = []
    for _ in range(times):
        ours.append(_run_once(enterprise, floors))
    return sorted(ours)[times // 2], sorted(floors)[times // 2]


def _run_once(enterprise: Enterprise, floors: list[float]) -> float:
    """Bill a month that is not billed yet, in a transaction that is taken back; and copy what it wrote."""
    taken = 0.0
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(
                    "CREATE TEMPORARY TABLE before ON COMMIT DROP AS SELECT max(id) AS id FROM billing_invoice"
                )
                cursor.execute(_DEARER)
            # Every line of the month changes with its price: as many reversals and as many new lines are posted.
            taken = seconds(
                lambda: run_billing(enterprise=enterprise, month=date(2025, 12, 1), acting_user=None)
            )
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                floors.append(seconds(lambda: _write_bare(cursor)))
            raise _Undo
    except _Undo:
        pass
    return taken


def _write_bare(cursor: Any) -> None:
    """Insert the rows of the last run into tables with the same columns, keys and indexes, but no guards."""
    for table in WRITTEN:
        cursor.execute(f"CREATE TEMPORARY TABLE bare_{table} (LIKE {table} INCLUDING ALL) ON COMMIT DROP")
    _insert(cursor, "billing_invoice", "id > (SELECT id FROM before)")
    _insert(cursor, "billing_invoiceline", "invoice_id > (SELECT id FROM before)")
    _insert(cursor, "billing_ledgertransaction", "invoice_id > (SELECT id FROM before)")
    _insert(
        cursor,
        "billing_ledgerentry",
        "transaction_id IN (SELECT id FROM billing_ledgertransaction WHERE invoice_id > (SELECT id FROM before))",
    )


def _insert(cursor: Any, table: str, condition: str) -> None:
    cursor.execute(
        "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute "
        "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
        [table],
    )
    columns = cursor.fetchone()[0]
    cursor.execute(
        f"INSERT INTO bare_{table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {table} WHERE {condition}"
    )


def _multiply(times: int) -> None:
    """Give every account copies: subscriber, account, contract, service point, meter and readings."""
    with connection.cursor() as cursor:
        cursor.execute(_MULTIPLY, {"copies": times - 1})
        cursor.execute("ANALYZE")


_DEARER = """
CREATE TEMPORARY TABLE old_tariff ON COMMIT DROP AS SELECT * FROM billing_tariff;
UPDATE billing_tariff SET validity = daterange(lower(validity), lower(validity) + 1);
INSERT INTO billing_tariff (enterprise_id, service, subscriber_class, validity, form, price_per_m3, block_limits,
    part_prices)
SELECT enterprise_id, service, subscriber_class, daterange(lower(validity) + 1, upper(validity)), form,
       price_per_m3 + 1, block_limits,
       ARRAY(SELECT price + 1 FROM unnest(part_prices) WITH ORDINALITY AS part (price, place) ORDER BY place)
  FROM old_tariff;
"""
_MULTIPLY = """
CREATE TEMPORARY TABLE copy AS
SELECT account.id AS account_id, account.number || '-' || serial.number AS name
  FROM billing_account account, generate_series(1, %(copies)s) AS serial (number);
INSERT INTO billing_subscriber (uid, division_id, registry_number, subscriber_class, name, tax_id, personal_id, phone,
    street_id, house, flat, residents, is_priority)
SELECT gen_random_uuid(), old.division_id, copy.name, old.subscriber_class, old.name, old.tax_id, '', '', old.street_id,
       old.house, '', 1, false
  FROM copy JOIN billing_account account ON account.id = copy.account_id
  JOIN billing_subscriber old ON old.id = account.subscriber_id;
INSERT INTO billing_account (uid, enterprise_id, division_id, subscriber_id, number, currency)
SELECT gen_random_uuid(), old.enterprise_id, old.division_id, subscriber.id, copy.name, old.currency
  FROM copy JOIN billing_account old ON old.id = copy.account_id
  JOIN billing_subscriber subscriber ON subscriber.registry_number = copy.name;
INSERT INTO billing_contract (uid, account_id, number, validity)
SELECT gen_random_uuid(), account.id, 'C-' || copy.name, contract.validity
  FROM copy JOIN billing_contract contract ON contract.account_id = copy.account_id
  JOIN billing_account account ON account.number = copy.name;
CREATE TEMPORARY TABLE copied_place AS
SELECT copy.name, nextval('assets_attachment_id_seq') AS id, attachment.network_id, attachment.division_id,
       attachment.node_id, attachment.pipe_id, attachment.position
  FROM copy JOIN billing_contract contract ON contract.account_id = copy.account_id
  JOIN billing_contractservicepoint link ON link.contract_id = contract.id
  JOIN billing_servicepoint point ON point.id = link.service_point_id
  JOIN assets_attachment attachment ON attachment.id = point.attachment_id;
INSERT INTO assets_attachment (id, uid, network_id, division_id, node_id, pipe_id, position)
OVERRIDING SYSTEM VALUE SELECT id, gen_random_uuid(), network_id, division_id, node_id, pipe_id, position
  FROM copied_place;
INSERT INTO billing_servicepoint (uid, division_id, code, service, attachment_id)
SELECT gen_random_uuid(), division_id, 'SP-' || name, 'cold_water', id FROM copied_place;
INSERT INTO billing_contractservicepoint (contract_id, service_point_id, validity)
SELECT contract.id, point.id, contract.validity
  FROM copy JOIN billing_contract contract ON contract.number = 'C-' || copy.name
  JOIN billing_servicepoint point ON point.code = 'SP-' || copy.name;
INSERT INTO billing_meter (uid, division_id, serial, model_name, digits)
SELECT gen_random_uuid(), division_id, name, 'copy', 6 FROM copied_place;
INSERT INTO billing_meterinstallation (uid, meter_id, service_point_id, validity)
SELECT gen_random_uuid(), meter.id, point.id, daterange('2025-11-25', NULL)
  FROM copy JOIN billing_meter meter ON meter.serial = copy.name
  JOIN billing_servicepoint point ON point.code = 'SP-' || copy.name;
INSERT INTO billing_reading (uid, installation_id, division_id, read_on, index_m3, state, source,
    queue_reason, entered_at)
SELECT gen_random_uuid(), new.id, point.division_id, day, 100 + 10 * number, 'accepted', 'visit', '', now()
  FROM copy JOIN billing_meter meter ON meter.serial = copy.name
  JOIN billing_meterinstallation new ON new.meter_id = meter.id
  JOIN billing_servicepoint point ON point.id = new.service_point_id,
  (VALUES (date '2025-12-01', 1), (date '2026-01-01', 2), (date '2026-02-01', 3)) AS reading (day, number);
"""


def _row(name: str, accounts: int, ours: float, floor: float) -> dict[str, Any]:
    return {
        "name": name,
        "ours": round(accounts / ours),
        "floor": round(accounts / floor),
        "unit": "accounts/s",
        "ratio": ours / floor,
    }
