"""Lines of bills in words."""

from typing import Any

from django.utils.translation import gettext

from billing.models import InvoiceLine


def service_name(service: Any) -> str:
    """What a line is for: its service in the reader's language, where the catalogue has its name."""
    return gettext(service.name) if service else gettext("All services")


def charged_for(line: InvoiceLine) -> str:
    """What a line of a bill is for: its service, or the bill that was not paid in time."""
    if line.kind == InvoiceLine.Kind.PENALTY:
        return gettext("Bill {number}").format(number=line.inputs["bill"])
    return service_name(line.service)


def line_kind(line: InvoiceLine) -> str:
    """How the quantity or the amount of a line came about."""
    return gettext(InvoiceLine.Kind(line.kind).label)
