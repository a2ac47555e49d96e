"""Lines of bills in words."""

from typing import Any

from django.utils.translation import gettext

from billing.models import InvoiceLine


def service_name(service: Any) -> str:
    """What a line is for: its service in the reader's language, where the catalogue has its name."""
    return gettext(service.name) if service else gettext("All services")


def line_kind(line: InvoiceLine) -> str:
    """How the quantity or the amount of a line came about."""
    return gettext(InvoiceLine.Kind(line.kind).label)
