"""A bill as a PDF. The data go to documents/invoice.typ as JSON, so no name is ever read as markup."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils import translation

from billing.selectors.accounts import Invoice, InvoiceLine, amounts_of
from frontend_map.templatetags.bills import line_kind, service_name
from frontend_map.templatetags.figures import figure
from gis_core.qr_codes import qr_svg
from gis_core.typst_pdf import pdf_of

_TEMPLATE = Path(__file__).parent / "documents" / "invoice.typ"


def invoice_pdf(invoice: Invoice) -> bytes:
    """The bill as PDF bytes, in Uzbek; the same bill gives the same bytes."""
    # The creation date of the file is the bill's own, so that printing it again changes nothing.
    issued = datetime.combine(invoice.issued_on, time(), UTC)
    with translation.override("uz"):
        return pdf_of(_TEMPLATE, invoice_data(invoice), made_at=issued)


def invoice_data(invoice: Invoice) -> dict[str, Any]:
    """All that the document shows, as texts ready to print."""
    enterprise, account = invoice.enterprise, invoice.account
    subscriber = account.subscriber
    amounts = amounts_of(invoice)
    return {
        "number": invoice.number,
        "month": f"{invoice.month:%m.%Y}",
        "issued_on": _day(invoice.issued_on),
        "due_on": _day(invoice.due_on),
        "currency": account.currency,
        "enterprise": {
            "name": enterprise.name,
            "tax_id": enterprise.tax_id,
            "bank_name": enterprise.bank_name,
            "bank_code": enterprise.bank_code,
            "bank_account": enterprise.bank_account,
            "address": enterprise.address,
            "phone": enterprise.phone,
        },
        "subscriber": {
            "name": subscriber.name,
            "address": subscriber.address,
            "tax_id": subscriber.tax_id,
            "registry_number": subscriber.registry_number,
            "account": account.number,
        },
        "lines": [_line(line) for line in invoice.lines.all()],
        "total_net": _money(invoice.total_net),
        "total_vat": _money(invoice.total_vat),
        "total": _money(amounts.total),
        "previous_balance": _money(amounts.previous_balance),
        "amount_due": _money(amounts.to_pay),
        "paid_ahead": _money(amounts.paid_ahead) if amounts.paid_ahead else "",
        "qr_svg": qr_svg(_payment_text(invoice, amounts.to_pay)),
    }


def _line(line: InvoiceLine) -> dict[str, Any]:
    previous, current = line.previous_reading, line.current_reading
    return {
        "service": service_name(line.service),
        "kind": line_kind(line),
        "from": _day(line.consumption_from),
        "to": _day(line.consumption_to),
        "days": str(line.days),
        "meter": current.installation.meter.serial if current else "",
        "previous": figure(previous.index_m3, 3) if previous else "",
        "current": figure(current.index_m3, 3) if current else "",
        "quantity": "" if line.quantity is None else f"{figure(line.quantity, 3)} {_unit(line)}",
        "price": "" if line.price is None else figure(line.price, 2),
        "net": _money(line.net),
        "vat_percent": "" if line.vat_percent is None else f"{line.vat_percent.normalize():f} %",
        "vat": _money(line.vat),
        "total": _money(line.net + line.vat),
        "is_reversal": line.is_reversal,
    }


def _unit(line: InvoiceLine) -> str:
    unit = line.service.unit if line.service else ""
    return unit.replace("m3", "m³").replace("m2", "m²")


def _payment_text(invoice: Invoice, amount: Decimal) -> str:
    """What a payer needs to type into a bank's form, one item a line."""
    enterprise = invoice.enterprise
    return "\n".join(
        [
            enterprise.name,
            f"STIR: {enterprise.tax_id}",
            f"H/r: {enterprise.bank_account}",
            f"MFO: {enterprise.bank_code}",
            f"Shaxsiy hisob: {invoice.account.number}",
            f"Hisob-faktura: {invoice.number}",
            f"Summa: {amount} {invoice.account.currency}",
        ]
    )


def _money(amount: Decimal) -> str:
    return figure(amount, 2)


def _day(day: date) -> str:
    return f"{day:%d.%m.%Y}"
