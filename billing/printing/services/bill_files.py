"""Thousands of bills in one PDF, in the order in which they are carried."""

import io
from datetime import date
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_noop as _
from pypdf import PdfWriter

from billing.ledger.selectors.places import AskedPlace, asked_place
from billing.printing.selectors.bills import bills_of_place
from billing.printing.selectors.invoice_document import invoices_pdf
from billing.selectors.accounts import invoices_with_amounts
from gis_core.access import Capability
from gis_core.errors import ReportedError
from gis_core.models import Enterprise, Job
from gis_core.selectors.organisation import enterprise_by_code, seen_paths
from gis_core.sentences import Sentence
from gis_core.services.job_files import file_facts, folder_of
from gis_core.services.job_limits import end_past_soft_limit
from gis_core.services.jobs import ProgressReport

# The writer of PDF takes some 2 MB a bill while it works.
_AT_ONCE = 100


def write_bills(
    path: Path,
    *,
    enterprise: Enterprise,
    month: date,
    place: AskedPlace,
    paths: list[str],
    language: str,
    report_progress: ProgressReport,
) -> int:
    """Write the bills of a month in a place, of accounts below `paths`; return how many. ReportedError `no_bills`."""
    bills = bills_of_place(enterprise, month, place, paths=paths)
    if not bills:
        raise ReportedError(
            Sentence(_("There are no bills of {month} there."), month=f"{month:%Y-%m}"), code="no_bills"
        )
    writer = PdfWriter()
    for start in range(0, len(bills), _AT_ONCE):
        ids = [bill.invoice_id for bill in bills[start : start + _AT_ONCE]]
        printed = invoices_pdf(invoices_with_amounts(ids), language)
        writer.append(io.BytesIO(printed), import_outline=False)
        # Half a month's bills are of no use; who asked takes a street or district at a time.
        end_past_soft_limit()
        report_progress("Printing", start + len(ids), len(bills))
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as stream:
        writer.write(stream)
    unfinished.replace(path)
    return len(bills)


def do_print(job: Job, report_progress: ProgressReport) -> dict[str, Any]:
    """Write a job's file: the bills of its month and place that its maker sees."""
    assert job.created_by is not None
    wanted = job.parameters
    enterprise, month = enterprise_by_code(wanted["enterprise"]), date.fromisoformat(wanted["month"])
    path = folder_of(job) / f"{enterprise.code}-{month:%Y-%m}.pdf"
    number = write_bills(
        path,
        enterprise=enterprise,
        month=month,
        place=asked_place(job.created_by, wanted["place"]),
        paths=seen_paths(job.created_by, Capability.VIEW_SUBSCRIBERS),
        language=wanted["language"],
        report_progress=report_progress,
    )
    return {"bills": number, "file": file_facts(path, "application/pdf")}
