"""Meters of buildings: whose flats share what they show beyond the flats' own meters."""

import uuid

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import Q

from billing.models.nomenclature import SuppliedService
from billing.models.registers import Account, ServicePoint
from gis_core.models import Division, Enterprise


class GroupMeter(models.Model):
    """A service point whose meter counts for a whole building; no contract pays for it, its flats do.

    What it shows in a month, less what the flats are charged for by themselves, is shared among the flats that have
    `service` as a share, by registered residents or by area, both as on the flat's first day in the month.
    """

    class ShareBy(models.TextChoices):
        RESIDENTS = "residents", "residents"
        AREA = "area", "area"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="group_meters")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="group_meters")
    service_point = models.OneToOneField(ServicePoint, on_delete=models.PROTECT, related_name="group_meter")
    service = models.ForeignKey(
        SuppliedService,
        on_delete=models.PROTECT,
        related_name="group_meters",
        help_text="What the flats' shares are charged as",
    )
    share_by = models.CharField(max_length=10, choices=ShareBy.choices)
    name = models.CharField(max_length=100, help_text="The building, as its people know it")

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                name="group_meter_shares_by_a_known_weight", condition=Q(share_by__in=["residents", "area"])
            ),
            models.CheckConstraint(name="group_meter_has_a_name", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name


class GroupMeterFlat(models.Model):
    """An account of a building, in whole months. `service` is the meter's: one meter alone gives a share of it."""

    group_meter = models.ForeignKey(GroupMeter, on_delete=models.PROTECT, related_name="flats")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="group_meters")
    service = models.ForeignKey(SuppliedService, on_delete=models.PROTECT, related_name="+")
    validity = DateRangeField(help_text="From the first day of a month to that of another")

    class Meta:
        ordering = ["group_meter", "account", "validity"]
        constraints = [
            models.CheckConstraint(
                name="group_meter_flat_validity_not_empty",
                condition=Q(validity__isempty=False, validity__startswith__isnull=False),
            ),
            ExclusionConstraint(
                name="flat_has_one_group_meter_at_a_time",
                expressions=[
                    ("account", RangeOperators.EQUAL),
                    ("service", RangeOperators.EQUAL),
                    ("validity", RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} of {self.group_meter}"
