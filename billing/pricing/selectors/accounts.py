"""Accounts in months as the registers hold them: staged, priced, and written as price documents."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_noop

from billing.models import Account
from billing.pricing.selectors.cases import price_case
from billing.pricing.selectors.documents import answer_of
from billing.pricing.selectors.engine import price_staged, read_priced
from billing.pricing.selectors.json_nodes import FIRST_YEAR, LAST_YEAR, PRINTED, JsonNode
from billing.pricing.selectors.registered_buildings import stage_registers, stage_shares
from gis_core.database.sql_files import load_sql
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence


def stage_accounts(cursor: Any) -> None:
    """Make the staged tables anew and fill them for the rows of `asked_month` (account_id, month)."""
    cursor.execute("ANALYZE asked_month")
    stage_shares()
    stage_registers(cursor)


def ask_for(cursor: Any, asked: Sequence[tuple[int, date]]) -> None:
    """Make `asked_month` with these accounts (ids) and months (their first days)."""
    cursor.execute("DROP TABLE IF EXISTS asked_month")
    cursor.execute(
        "CREATE TEMPORARY TABLE asked_month ON COMMIT DROP AS "
        "SELECT * FROM unnest(%s::bigint[], %s::date[]) AS asked (account_id, month)",
        [[account for account, _month in asked], [month for _account, month in asked]],
    )


def price_account(account: Account, month: date) -> dict[str, Any]:
    """What an account is to be charged for a month (its first day), by the SQL that bills it; nothing is stored.

    Returns `{"cases": [answers], "document": {"cases": [documents]}}`: one case for each contract that the month
    concerns. The document, priced as a file, has the same answers. ReportedError for a month that none has.
    """
    if not FIRST_YEAR <= month.year <= LAST_YEAR:
        raise ReportedError(
            Sentence(gettext_noop("{month} is no month that can be priced."), month=f"{month:%Y-%m}"),
            code="month",
        )
    with transaction.atomic():
        with connection.cursor() as cursor:
            ask_for(cursor, [(account.pk, month)])
            stage_accounts(cursor)
            price_staged(cursor)
            priced = read_priced(cursor)
            cursor.execute(load_sql("billing.pricing", "read_document"))
            documents = [
                (number, _printed(json.loads(document)))
                for number, reaches_month, document in cursor.fetchall()
                if reaches_month or number in priced.lines or number in priced.exceptions
            ]
            cursor.execute("SELECT installation_no, case_no FROM staged_installation ORDER BY 1")
            installed = cursor.fetchall()
        transaction.set_rollback(True)
    answers = []
    for number, document in documents:
        case = price_case(JsonNode(document))
        listed = [installation for service in case.services for installation in service.installations]
        numbers = [installation_no for installation_no, case_no in installed if case_no == number]
        answers.append(answer_of(number, case, priced, dict(zip(numbers, listed, strict=True))))
    return {"cases": answers, "document": {"cases": [document for _number, document in documents]}}


def _printed(document: dict[str, Any]) -> dict[str, Any]:
    """A document that says so when it has what written ones cannot have: ends of values, or of a service's days."""
    services = document["services"]
    lists = [document.get(name) for name in ("residents", "area_m2", "vat")]
    for service in services:
        lists += [service.get(name) for name in ("tariff", "vat", "coefficient", "norm_l_per_resident_day")]
        lists += [meter.get("quantity_factor") for meter in service.get("installations", ())]
    says_more = any("to" in version for versions in lists for version in versions or ())
    if says_more or any("contract" in service for service in services):
        return {**document, PRINTED: True}
    return document
