"""What changes the bills of one account: quantities given, absences, benefits, poor quality, subsidies."""

from decimal import Decimal

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import Q

from billing.models.nomenclature import SuppliedService
from billing.models.registers import Account

_DAYS = Q(validity__isempty=False, validity__startswith__isnull=False)


class GivenQuantity(models.Model):
    """A quantity of a service that is given for a month: a share of a building's meter, or (with its day) once."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="given_quantities")
    service = models.ForeignKey(SuppliedService, on_delete=models.PROTECT, related_name="given_quantities")
    month = models.DateField(help_text="The first day of the month")
    charged_on = models.DateField(null=True, blank=True)
    quantity = models.DecimalField(max_digits=15, decimal_places=6)
    document = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name_plural = "given quantities"
        ordering = ["account", "month"]
        constraints = [
            models.UniqueConstraint(
                name="given_quantity_once_a_month", fields=["account", "service", "month"]
            ),
            models.CheckConstraint(name="given_quantity_month_is_first_day", condition=Q(month__day=1)),
            models.CheckConstraint(name="given_quantity_not_negative", condition=Q(quantity__gte=Decimal(0))),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.service_id} in {self.month:%Y-%m}"


class Absence(models.Model):
    """Residents who were away over [first day, day after the last), with the document that says so."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="absences")
    validity = DateRangeField()
    residents = models.PositiveSmallIntegerField()
    document = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["account", "validity"]
        constraints = [models.CheckConstraint(name="absence_validity_not_empty", condition=_DAYS)]

    def __str__(self) -> str:
        return f"{self.residents} away"


class Benefit(models.Model):
    """Residents of an account whose consumption within the norm the state pays in part, for some services."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="benefits")
    kind = models.CharField(max_length=60)
    beneficiary = models.CharField(max_length=200, blank=True)
    document = models.CharField(max_length=200, blank=True)
    validity = DateRangeField()
    residents = models.PositiveSmallIntegerField(default=1)
    share_percent = models.DecimalField(max_digits=5, decimal_places=2)

    class Meta:
        ordering = ["account", "id"]
        constraints = [
            models.CheckConstraint(name="benefit_validity_not_empty", condition=_DAYS),
            models.CheckConstraint(
                name="benefit_share_plausible",
                condition=Q(share_percent__gte=Decimal(0), share_percent__lte=Decimal(100)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.share_percent} %"


class BenefitService(models.Model):
    """A service that a benefit applies to."""

    benefit = models.ForeignKey(Benefit, on_delete=models.PROTECT, related_name="services")
    service = models.ForeignKey(SuppliedService, on_delete=models.PROTECT, related_name="benefits")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="benefit_lists_a_service_once", fields=["benefit", "service"])
        ]

    def __str__(self) -> str:
        return f"{self.benefit} of {self.service_id}"


class QualityAct(models.Model):
    """Days on which a service was poor, and the percent of its money that is taken off for them."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="quality_acts")
    service = models.ForeignKey(SuppliedService, on_delete=models.PROTECT, related_name="quality_acts")
    validity = DateRangeField()
    percent = models.DecimalField(max_digits=5, decimal_places=2)
    document = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["account", "id"]
        constraints = [
            models.CheckConstraint(name="quality_act_validity_not_empty", condition=_DAYS),
            models.CheckConstraint(
                name="quality_act_percent_plausible",
                condition=Q(percent__gte=Decimal(0), percent__lte=Decimal(100)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.percent} % off {self.service_id}"


class Subsidy(models.Model):
    """An amount that the state pays towards the services of an account in a month."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="subsidies")
    month = models.DateField(help_text="The first day of the month")
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    document = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name_plural = "subsidies"
        ordering = ["account", "month", "id"]
        constraints = [
            models.CheckConstraint(name="subsidy_month_is_first_day", condition=Q(month__day=1)),
            models.CheckConstraint(name="subsidy_amount_not_negative", condition=Q(amount__gte=Decimal(0))),
        ]

    def __str__(self) -> str:
        return f"{self.amount} for {self.month:%Y-%m}"


class SubsidyService(models.Model):
    """A service that a subsidy pays towards. Account and month are the subsidy's: one alone pays for a service."""

    subsidy = models.ForeignKey(Subsidy, on_delete=models.PROTECT, related_name="services")
    service = models.ForeignKey(SuppliedService, on_delete=models.PROTECT, related_name="subsidies")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    month = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="subsidy_of_a_service_once_a_month", fields=["account", "month", "service"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.subsidy} of {self.service_id}"
