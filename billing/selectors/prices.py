"""The price lists of an enterprise: what holds on a day, and what comes after it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q

from billing.models import ServiceValue, SuppliedService, Tariff, VatRate
from gis_core.models import Enterprise


@dataclass(frozen=True)
class PriceList:
    """The tariffs, norms and coefficients of an enterprise that hold on a day or later, and that day's tax."""

    tariffs: list[Tariff]
    values: list[ServiceValue]
    vat_rates: list[VatRate]


def price_list(enterprise: Enterprise, day: date) -> PriceList:
    """What an enterprise charges on `day`, and what is decreed for later, by service and class; three queries."""
    tariffs = (
        Tariff.objects.filter(enterprise=enterprise)
        .filter(Q(validity__contains=day) | Q(validity__startswith__gt=day))
        .select_related("division")
        .order_by("service", "subscriber_class", "validity")
    )
    values = ServiceValue.objects.filter(enterprise=enterprise).select_related("service", "division")
    newest = values.order_by("service_id", "division_id", "subscriber_class", "kind", "-valid_from").distinct(
        "service_id", "division_id", "subscriber_class", "kind"
    )
    rates = VatRate.objects.filter(validity__contains=day).select_related("service").order_by("service_id")
    return PriceList(list(tariffs), list(newest), list(rates))


def service_names() -> dict[str, str]:
    """The services of the nomenclature by code, in the order of bills, as they were named."""
    return dict(SuppliedService.objects.order_by("position").values_list("code", "name"))


def blocks_of(tariff: Tariff) -> list[tuple[Decimal | None, Decimal]]:
    """The blocks of a tariff as (limit for 30 days, price of the unit); the last has no limit."""
    limits: list[Decimal | None] = [*tariff.block_limits, None]
    return list(zip(limits, tariff.part_prices, strict=True)) if tariff.form == Tariff.Form.BLOCKS else []
