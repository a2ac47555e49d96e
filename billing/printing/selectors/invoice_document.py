"""Bills as PDF. The data go to documents/invoice.typ as JSON, so no name is ever read as markup."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from billing.models import Invoice, InvoiceLine
from billing.printing.selectors.words import charged_for, line_kind
from billing.selectors.accounts import BillAmounts, amounts_of
from gis_core.figures import figure
from gis_core.qr_codes import qr_png
from gis_core.typst_pdf import pdf_of

_TEMPLATE = Path(__file__).parents[1] / "documents" / "invoice.typ"
# What bills are printed in: the languages that have words of ours.
BILL_LANGUAGES = ("uz", "uz-cyrl", "ru", "en")


def invoice_pdf(invoice: Invoice, language: str = "uz") -> bytes:
    """The bill as PDF bytes, in Uzbek unless another language is asked for; the same bill gives the same bytes."""
    return invoices_pdf([(invoice, amounts_of(invoice))], language)


def invoices_pdf(bills: Sequence[tuple[Invoice, BillAmounts]], language: str = "uz") -> bytes:
    """Bills one after the other in one PDF, each on pages of its own; one at least, in one of BILL_LANGUAGES."""
    # The creation date of the file is the first bill's own, so that printing it again changes nothing.
    issued = datetime.combine(bills[0][0].issued_on, time(), UTC)
    with translation.override(language):
        data = {
            "language": language.partition("-")[0],
            "words": _form_words(),
            "bills": [invoice_data(invoice, amounts) for invoice, amounts in bills],
        }
        return pdf_of(_TEMPLATE, data, made_at=issued, is_bulk=len(bills) > 1)


def _form_words() -> dict[str, str]:
    """What the form says around a bill's own texts."""
    return {
        "invoice": _("Invoice"),
        "subscriber": _("Subscriber"),
        "supplier": _("Supplier"),
        "name": _("Name"),
        "address": _("Address"),
        "account": _("Account"),
        "registry_number": _("Registry number"),
        "tax_id": _("Tax id"),
        "bank": _("Bank"),
        "bank_code": _("Bank code (MFO)"),
        "bank_account": _("Bank account"),
        "period": _("Period"),
        "issued_on": _("Issued on"),
        "due_on": _("To be paid by"),
        "to_pay": _("Amount to pay"),
        "services": _("Services charged"),
        "service": _("Service"),
        "days": _("Days"),
        "readings": _("Readings, m³"),
        "quantity": _("Quantity"),
        "price": _("Price"),
        "net": _("Net"),
        "vat": _("VAT"),
        "total": _("Total"),
        "correction": _("correction"),
        "meter": _("meter"),
        "net_total": _("Without VAT"),
        "bill_total": _("Total of this bill"),
        "previous_balance": _("Previous balance"),
        "paid_ahead": _("Paid ahead"),
        "qr": _(
            "The QR code holds what a payment needs: bank account, bank code, tax id, account and amount."
        ),
        "note": _(
            "Quantity is the difference of two readings; amount is quantity by price; VAT is computed for each line "
            "and rounded to the tiyin. A correction gives back the same line of an earlier bill."
        ),
    }


def invoice_data(invoice: Invoice, amounts: BillAmounts) -> dict[str, Any]:
    """All that the document shows, as texts ready to print."""
    enterprise, account = invoice.enterprise, invoice.account
    subscriber = account.subscriber
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
        "qr_png": list(qr_png(_payment_text(invoice, amounts.to_pay))),
    }


def _line(line: InvoiceLine) -> dict[str, Any]:
    previous, current = line.previous_reading, line.current_reading
    return {
        "service": charged_for(line),
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
