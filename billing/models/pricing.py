"""Prices and taxes, each with the days on which it holds."""

from decimal import Decimal

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, IntegerField, Q, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from billing.models.nomenclature import SuppliedService
from billing.models.registers import SubscriberClass
from gis_core.models import Division, Enterprise


def _length_equals(name: str, other: str, more: int) -> Exact:
    """Whether an array has so many elements more than another."""

    def length(array: str) -> Func:
        return Func(F(array), function="cardinality", output_field=IntegerField())

    return Exact(length(name), length(other) + more)


class Tariff(models.Model):
    """A version of a service's tariff for a class of subscribers, over [first day, day after the last).

    One of a price for the unit (for water and whatever else: `price_per_m3`), components whose sum is the price, blocks
    whose limits count from zero for 30 days, or a price for each register. Without a division it is the whole
    enterprise's; on days on which a nearer division has a version of its own, that one holds.
    """

    class Form(models.TextChoices):
        PRICE = "price", "price"
        COMPONENTS = "components", "components"
        BLOCKS = "blocks", "blocks"
        REGISTERS = "registers", "registers"

    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="tariffs")
    division = models.ForeignKey(
        Division, on_delete=models.PROTECT, null=True, blank=True, related_name="tariffs"
    )
    service = models.CharField(max_length=20, help_text="Code of the nomenclature")
    subscriber_class = models.CharField(max_length=12, choices=SubscriberClass.choices)
    validity = DateRangeField()
    form = models.CharField(
        max_length=10, choices=Form.choices, default=Form.PRICE, db_default=Form.PRICE.value
    )
    price_per_m3 = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    part_names = ArrayField(
        models.CharField(max_length=40),
        default=list,
        blank=True,
        help_text="Names of components, or the registers",
    )
    part_prices = ArrayField(
        models.DecimalField(max_digits=14, decimal_places=4),
        default=list,
        blank=True,
        help_text="Prices of components, blocks or registers",
    )
    block_limits = ArrayField(
        models.DecimalField(max_digits=13, decimal_places=3),
        default=list,
        blank=True,
        help_text="Rising limits for 30 days; the last block has none",
    )
    per_resident = models.BooleanField(
        default=False, db_default=False, help_text="Limits are for each registered resident"
    )
    vat_included = models.BooleanField(default=False, db_default=False)

    class Meta:
        ordering = ["enterprise", "service", "subscriber_class", "validity"]
        constraints = [
            models.CheckConstraint(
                name="tariff_price_not_negative", condition=Q(price_per_m3__gte=Decimal(0))
            ),
            models.CheckConstraint(
                name="tariff_is_of_one_form",
                condition=Q(
                    form="price",
                    price_per_m3__isnull=False,
                    part_names=[],
                    part_prices=[],
                    block_limits=[],
                )
                | (
                    Q(form__in=["components", "registers"], price_per_m3=None, block_limits=[])
                    & ~Q(part_prices=[])
                    & Q(_length_equals("part_names", "part_prices", 0))
                )
                | (
                    Q(form="blocks", price_per_m3=None, part_names=[])
                    & Q(_length_equals("part_prices", "block_limits", 1))
                ),
            ),
            models.CheckConstraint(
                name="tariff_limits_are_of_blocks", condition=Q(per_resident=False) | Q(form="blocks")
            ),
            models.CheckConstraint(
                name="tariff_validity_not_empty",
                condition=Q(validity__isempty=False, validity__startswith__isnull=False),
            ),
            ExclusionConstraint(
                name="tariffs_do_not_overlap",
                expressions=[
                    ("enterprise", RangeOperators.EQUAL),
                    (Coalesce("division", Value(0)), RangeOperators.EQUAL),
                    ("service", RangeOperators.EQUAL),
                    ("subscriber_class", RangeOperators.EQUAL),
                    ("validity", RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        price = self.price_per_m3 if self.form == self.Form.PRICE else self.get_form_display()
        return f"{price} for {self.get_subscriber_class_display()}"


class VatRate(models.Model):
    """Value added tax in percent, by day. Rates of a service replace those of all services."""

    service = models.ForeignKey(
        SuppliedService, on_delete=models.PROTECT, null=True, blank=True, related_name="vat_rates"
    )
    validity = DateRangeField()
    percent = models.DecimalField(max_digits=5, decimal_places=2)

    class Meta:
        verbose_name = "VAT rate"
        verbose_name_plural = "VAT rates"
        ordering = ["validity"]
        constraints = [
            models.CheckConstraint(
                name="vat_percent_plausible", condition=Q(percent__gte=Decimal(0), percent__lte=Decimal(100))
            ),
            models.CheckConstraint(
                name="vat_validity_not_empty",
                condition=Q(validity__isempty=False, validity__startswith__isnull=False),
            ),
            ExclusionConstraint(
                name="vat_rates_do_not_overlap",
                expressions=[
                    (Coalesce("service", Value("")), RangeOperators.EQUAL),
                    ("validity", RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.percent} %"


class ConsumptionProfile(models.Model):
    """How a class's consumption spreads over the days of the week; only the proportions matter.

    It is used to apportion what a meter counted between two readings to the days between them.
    """

    subscriber_class = models.CharField(max_length=12, choices=SubscriberClass.choices)
    iso_weekday = models.PositiveSmallIntegerField(help_text="1 Monday to 7 Sunday")
    weight = models.DecimalField(max_digits=6, decimal_places=4)

    class Meta:
        ordering = ["subscriber_class", "iso_weekday"]
        constraints = [
            models.UniqueConstraint(fields=["subscriber_class", "iso_weekday"], name="profile_weekday_once"),
            models.CheckConstraint(name="profile_weight_positive", condition=Q(weight__gt=Decimal(0))),
            models.CheckConstraint(
                name="profile_weekday_known", condition=Q(iso_weekday__gte=1, iso_weekday__lte=7)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subscriber_class} {self.iso_weekday}: {self.weight}"
