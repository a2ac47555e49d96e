"""Prices and taxes, each with the days on which it holds."""

from decimal import Decimal

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import Q

from billing.models.registers import Service, SubscriberClass
from gis_core.models import Enterprise


class Tariff(models.Model):
    """The price of a cubic metre without tax for a class of subscribers, over [first day, day after the last)."""

    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="tariffs")
    service = models.CharField(max_length=20, choices=Service.choices)
    subscriber_class = models.CharField(max_length=12, choices=SubscriberClass.choices)
    validity = DateRangeField()
    price_per_m3 = models.DecimalField(max_digits=14, decimal_places=4)

    class Meta:
        ordering = ["enterprise", "service", "subscriber_class", "validity"]
        constraints = [
            models.CheckConstraint(
                name="tariff_price_not_negative", condition=Q(price_per_m3__gte=Decimal(0))
            ),
            models.CheckConstraint(
                name="tariff_validity_not_empty",
                condition=Q(validity__isempty=False, validity__startswith__isnull=False),
            ),
            ExclusionConstraint(
                name="tariffs_do_not_overlap",
                expressions=[
                    ("enterprise", RangeOperators.EQUAL),
                    ("service", RangeOperators.EQUAL),
                    ("subscriber_class", RangeOperators.EQUAL),
                    ("validity", RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.price_per_m3} for {self.get_subscriber_class_display()}"


class VatRate(models.Model):
    """Value added tax in percent, by day."""

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
                name="vat_rates_do_not_overlap", expressions=[("validity", RangeOperators.OVERLAPS)]
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
