"""A year of billing, month by month, against the bare writing of the same rows; and what is read from the books then.

The floor of a run writes the very rows that the run made (saved, and taken back with it) into the same tables: the
same keys, indexes, triggers and deferred checks, with nothing computed. TARMOQ_BENCH_ACCOUNTS says how many accounts
(100,000 where it does not); above that two months are billed, not twelve.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import IO, Any

from django.db import connection, transaction
from django.utils import timezone

from billing.ledger.selectors.debts import debt_summary
from billing.models import Account, BillingRun, Invoice, Reading
from billing.printing.selectors.invoice_document import invoices_pdf
from billing.selectors.accounts import accounts_visible_to, invoices_with_amounts
from billing.services.readings import enter_reading
from billing.services.runs import RunResult, run_billing
from fixtures.demonstration.plan import DOCUMENTED_UNTIL, DemonstrationPlan
from fixtures.demonstration.recipe import build_demonstration
from gis_core.database.constraints import check_constraints_now
from gis_core.models import Enterprise, User
from tests.bench.billed_town import FIRST_MONTH, multiply_accounts
from tests.bench.timing import seconds

ACCOUNTS = int(os.environ.get("TARMOQ_BENCH_ACCOUNTS", "100000"))
MONTHS = 12 if ACCOUNTS <= 100_000 else 2
# What a run writes for its bills, in an order in which each row finds what it names.
WRITTEN = ("billing_invoice", "billing_invoiceline", "billing_ledgertransaction", "billing_ledgerentry")


class _Undo(Exception):
    """Takes a transaction back on purpose."""


def run() -> list[dict[str, Any]]:
    """Rows of the benchmark; see `python -m tests.bench`."""
    build_demonstration(DemonstrationPlan(until=DOCUMENTED_UNTIL), lambda message, done, total: None)
    accounts = multiply_accounts(ACCOUNTS, months=MONTHS)
    enterprise = Enterprise.objects.get()
    print(f"({accounts:,} accounts, {MONTHS} months)", flush=True)
    rows = [_trial(enterprise, accounts)]
    taken: list[float] = []
    written: list[int] = []
    for number in range(MONTHS):
        month = _month_after(FIRST_MONTH, number)
        if number == 1:
            rows.append(_against_the_floor(enterprise, month, accounts))
        result: list[RunResult] = []
        taken.append(seconds(lambda: result.append(_bill(enterprise, month))))  # noqa: B023
        told = result[0]
        written.append(told.lines)
        print(
            f"({month:%Y-%m}: {taken[-1]:.1f} s, {told.invoices:,} bills, {told.lines:,} lines)", flush=True
        )
    if MONTHS == 12:
        # By the line: not every month has as many.
        by_line = taken[11] / written[11] * written[1]
        rows.append(_row("the twelfth month against the second, by the line", accounts, by_line, taken[1]))
    rows.append(_recalculation(enterprise, _month_after(FIRST_MONTH, MONTHS - 1), accounts, taken[-1]))
    print(f"(largest process of PostgreSQL that billed: {_peak_mb():,.0f} MB)", flush=True)
    return [*rows, *_reading_the_books(), _printing()]


def _month_after(month: date, later: int) -> date:
    years, months = divmod(month.month - 1 + later, 12)
    return date(month.year + years, months + 1, 1)


def _bill(enterprise: Enterprise, month: date, *, is_trial: bool = False) -> RunResult:
    return run_billing(enterprise=enterprise, month=month, acting_user=None, is_trial=is_trial)


def _trial(enterprise: Enterprise, accounts: int) -> dict[str, Any]:
    """A trial of the first month against itself again."""
    times = [seconds(lambda: _bill(enterprise, FIRST_MONTH, is_trial=True)) for _ in range(2)]
    return _row("trial of a first month, and again", accounts, *times)


def _against_the_floor(enterprise: Enterprise, month: date, accounts: int) -> dict[str, Any]:
    """A month billed and taken back, and its rows written bare and taken back."""
    saved: dict[str, IO[bytes]] = {}
    with _taken_back():
        newest = _newest()
        ours = seconds(lambda: _bill(enterprise, month))
        run_id = BillingRun.objects.latest("pk").pk
        for table in ("billing_billingrun", *WRITTEN):
            saved[table] = _saved(table, newest[table])
    with _taken_back():
        for table, rows in saved.items():
            _load_aside(table, rows)
        _write("billing_billingrun")
        floor = seconds(lambda: _write_bills(enterprise, month))
        assert BillingRun.objects.latest("pk").pk == run_id
    return _row("billing a month, and its rows written bare", accounts, ours, floor)


@contextmanager
def _taken_back() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
            raise _Undo
    except _Undo:
        pass


def _newest() -> dict[str, int]:
    found = {}
    with connection.cursor() as cursor:
        for table in ("billing_billingrun", *WRITTEN):
            cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table}")
            found[table] = cursor.fetchone()[0]
    return found


def _columns(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute "
            "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
            [table],
        )
        return str(cursor.fetchone()[0])


def _saved(table: str, newest: int) -> IO[bytes]:
    """The rows above a key, as PostgreSQL's own binary."""
    kept = tempfile.TemporaryFile()  # noqa: SIM115 - read later, and gone with the last reader
    asked = f"COPY (SELECT {_columns(table)} FROM {table} WHERE id > {newest} ORDER BY id) TO STDOUT (FORMAT binary)"
    with connection.cursor() as cursor, cursor.copy(asked) as copying:
        for block in copying:
            kept.write(block)
    return kept


def _load_aside(table: str, rows: IO[bytes]) -> None:
    rows.seek(0)
    columns = _columns(table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE aside_{table} ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA"
        )
        with cursor.copy(f"COPY aside_{table} ({columns}) FROM STDIN (FORMAT binary)") as copying:
            while block := rows.read(1 << 20):
                copying.write(block)
        cursor.execute(f"ANALYZE aside_{table}")


def _insert(table: str) -> str:
    columns = _columns(table)
    return f"INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM aside_{table} RETURNING 1"


def _write(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_insert(table))


def _write_bills(enterprise: Enterprise, month: date) -> None:
    """All in one statement, as a run writes them, so that the guards see the same sets."""
    parts = ", ".join(f"part_{number} AS ({_insert(table)})" for number, table in enumerate(WRITTEN))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE billing_invoicecounter SET last_number = (SELECT max(sequence) FROM aside_billing_invoice) "
            "WHERE enterprise_id = %s AND year = %s",
            [enterprise.pk, month.year],
        )
        cursor.execute(f"WITH {parts} SELECT 1")
    check_constraints_now()


def _recalculation(enterprise: Enterprise, month: date, accounts: int, whole: float) -> dict[str, Any]:
    """One account in a hundred with a corrected reading, billed again; the floor is 1 % of the month's run."""
    readings = Reading.objects.filter(read_on=month, state="accepted", installation__meter__model_name="copy")
    chosen = list(readings.order_by("pk")[:: max(1, readings.count() // max(1, accounts // 100))])
    clerk = User.objects.get(username="clerk")
    with transaction.atomic():
        for reading in chosen:
            enter_reading(
                installation=reading.installation,
                read_on=month,
                index_m3=reading.index_m3 + 1,
                source=reading.source,
                acting_user=clerk,
            )
    ours = seconds(lambda: _bill(enterprise, month))
    floor = whole * len(chosen) / accounts
    return {
        "name": f"billing {len(chosen):,} corrected accounts again, and their share of a run",
        "ours": ours,
        "floor": floor,
        "unit": "s",
        "ratio": ours / floor,
    }


def _peak_mb() -> float:
    """What the connection's process had in memory at most; its pages of the shared buffers count."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        status = Path(f"/proc/{cursor.fetchone()[0]}/status").read_text()
    told = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(told.split()[1]) / 1024


def _reading_the_books() -> list[dict[str, Any]]:
    """One account's balance, and the debts by age of all, against what is allowed."""
    viewer = User.objects.get(username="manager")
    keys = list(Account.objects.order_by("pk").values_list("uid", flat=True)[:: max(1, ACCOUNTS // 50)])
    balances = sorted(seconds(lambda: accounts_visible_to(viewer).get(uid=key)) for key in keys)  # noqa: B023
    ageing = sorted(
        seconds(lambda: debt_summary(viewer, level="district", as_of=timezone.localdate())) for _ in range(3)
    )[1]
    return [
        _limited("balance of one account, median ms (limit 2)", balances[len(balances) // 2] * 1000, 2, "ms"),
        _limited("debts by age of all accounts, s (limit 2 for a million)", ageing, 2, "s"),
    ]


def _printing() -> dict[str, Any]:
    """Bills on paper, as many at once as a file of them is written by; one process."""
    ids = list(Invoice.objects.order_by("-pk").values_list("pk", flat=True)[:300])
    taken = sum(
        seconds(lambda: invoices_pdf(invoices_with_amounts(ids[start : start + 100]), "uz"))  # noqa: B023
        for start in range(0, len(ids), 100)
    )
    made = len(ids) / taken * 60
    return {
        "name": "bills on paper, PDF, a minute and core (1,000 asked)",
        "ours": round(made),
        "floor": 1000,
        "unit": "bills/min",
        "ratio": 1000 / made,
    }


def _limited(name: str, ours: float, limit: float, unit: str) -> dict[str, Any]:
    return {"name": name, "ours": ours, "floor": limit, "unit": unit, "ratio": ours / limit}


def _row(name: str, accounts: int, ours: float, floor: float) -> dict[str, Any]:
    return {
        "name": name,
        "ours": round(accounts / ours),
        "floor": round(accounts / floor),
        "unit": "accounts/s",
        "ratio": ours / floor,
    }
