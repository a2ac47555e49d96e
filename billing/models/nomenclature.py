"""What is supplied and charged: the nomenclature of services, and by whom, to whom and when each is supplied."""

from decimal import Decimal

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q

from billing.models.registers import Account, Contract, SubscriberClass
from gis_core.models import Division, Enterprise


class SuppliedService(models.Model):
    """A service of the nomenclature, by its code.

    `basis` is how its quantity comes about where a contract has it without a service point. One that follows another
    (`base`) takes the other's quantity. Bills list services by `position`. The volume of a water service counts in the
    balances of the network.
    """

    class Basis(models.TextChoices):
        METER = "meter", "by meter"
        NORM = "norm", "by norm"
        OF_SERVICE = "of_service", "follows another service"
        AREA = "area", "by area"
        RESIDENTS = "residents", "by residents"
        FIXED = "fixed", "fixed"
        ONE_OFF = "one_off", "once"
        SHARE = "share", "share of a building's meter"

    code = models.CharField(max_length=20, primary_key=True)
    name = models.CharField(max_length=100)
    unit = models.CharField(max_length=10)
    basis = models.CharField(max_length=10, choices=Basis.choices)
    base = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="followers"
    )
    position = models.PositiveSmallIntegerField(unique=True)
    is_water = models.BooleanField(default=False, help_text="Its volume counts in the network's balances")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.CheckConstraint(
                name="supplied_service_code_form", condition=Q(code__regex=r"^[a-z][a-z0-9_]*$")
            ),
            models.CheckConstraint(
                name="supplied_service_basis_known",
                condition=Q(
                    basis__in=[
                        *("meter", "norm", "of_service", "area"),
                        *("residents", "fixed", "one_off", "share"),
                    ]
                ),
            ),
            models.CheckConstraint(
                name="supplied_service_follows_by_its_basis",
                condition=Q(basis="of_service", base__isnull=False) | (~Q(basis="of_service") & Q(base=None)),
            ),
            models.CheckConstraint(
                name="supplied_service_does_not_follow_itself", condition=Q(base=None) | ~Q(base=F("code"))
            ),
            models.CheckConstraint(
                name="supplied_service_of_water_is_volume",
                condition=Q(is_water=False) | Q(basis__in=["meter", "norm", "share"], unit="m3"),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ContractService(models.Model):
    """A service that a contract has without a service point, over [first day, day after the last)."""

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="services")
    service = models.ForeignKey(SuppliedService, on_delete=models.PROTECT, related_name="contracts")
    validity = DateRangeField()

    class Meta:
        ordering = ["contract", "service", "validity"]
        constraints = [
            models.CheckConstraint(
                name="contract_service_validity_not_empty",
                condition=Q(validity__isempty=False, validity__startswith__isnull=False),
            ),
            ExclusionConstraint(
                name="contract_has_a_service_once_at_a_time",
                expressions=[
                    ("contract", RangeOperators.EQUAL),
                    ("service", RangeOperators.EQUAL),
                    ("validity", RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service_id} under {self.contract}"


class ServiceValue(models.Model):
    """A number of a service that holds from a day until the next one of its kind, for many accounts.

    Without a division it is the whole enterprise's, without a class every class's. The value of the nearest division
    wins, then that of the class: it takes over from its own first day on.
    """

    class Kind(models.TextChoices):
        COEFFICIENT = "coefficient", "coefficient"
        NORM = "norm", "norm, litres per resident and day"

    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="service_values")
    division = models.ForeignKey(
        Division, on_delete=models.PROTECT, null=True, blank=True, related_name="service_values"
    )
    service = models.ForeignKey(SuppliedService, on_delete=models.PROTECT, related_name="values")
    subscriber_class = models.CharField(max_length=12, choices=SubscriberClass.choices, blank=True)
    kind = models.CharField(max_length=11, choices=Kind.choices)
    valid_from = models.DateField()
    value = models.DecimalField(max_digits=14, decimal_places=6)

    class Meta:
        ordering = ["enterprise", "service", "kind", "valid_from"]
        constraints = [
            models.UniqueConstraint(
                name="service_value_once_a_day",
                fields=["enterprise", "division", "service", "subscriber_class", "kind", "valid_from"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="service_value_kind_known", condition=Q(kind__in=["coefficient", "norm"])
            ),
            models.CheckConstraint(
                name="service_value_class_known",
                condition=Q(subscriber_class__in=["", "household", "legal_entity"]),
            ),
            models.CheckConstraint(name="service_value_not_negative", condition=Q(value__gte=Decimal(0))),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value} of {self.service_id} from {self.valid_from}"


class BillingParameters(models.Model):
    """Bounds of the rules of an enterprise from a month on, until the next ones."""

    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="billing_parameters")
    valid_from = models.DateField(help_text="The first day of the first month")
    absence_minimum_days = models.PositiveSmallIntegerField(
        default=5, help_text="A shorter absence does not count"
    )
    average_months = models.PositiveSmallIntegerField(
        default=12, help_text="Months whose average day an estimate takes"
    )
    average_at_most_months = models.PositiveSmallIntegerField(
        default=3, help_text="So many months in a row are estimated, then the norm holds"
    )

    class Meta:
        verbose_name = "billing parameters"
        verbose_name_plural = "billing parameters"
        ordering = ["enterprise", "valid_from"]
        constraints = [
            models.UniqueConstraint(
                name="billing_parameters_once_a_month", fields=["enterprise", "valid_from"]
            ),
            models.CheckConstraint(name="billing_parameters_from_first_day", condition=Q(valid_from__day=1)),
            models.CheckConstraint(
                name="billing_parameters_plausible",
                condition=Q(
                    absence_minimum_days__lte=366, average_months__lte=60, average_at_most_months__lte=60
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.enterprise} from {self.valid_from:%Y-%m}"


class AccountValue(models.Model):
    """A number of an account that holds from a day until the next one of its kind (and service).

    A coefficient or norm of the account replaces what the enterprise set for the service.
    """

    class Kind(models.TextChoices):
        RESIDENTS = "residents", "registered residents"
        AREA = "area", "area, m2"
        COEFFICIENT = "coefficient", "coefficient"
        NORM = "norm", "norm, litres per resident and day"

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="values")
    kind = models.CharField(max_length=11, choices=Kind.choices)
    service = models.ForeignKey(
        SuppliedService, on_delete=models.PROTECT, null=True, blank=True, related_name="account_values"
    )
    valid_from = models.DateField()
    value = models.DecimalField(max_digits=14, decimal_places=6)
    document = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["account", "kind", "service", "valid_from"]
        constraints = [
            models.UniqueConstraint(
                name="account_value_once_a_day",
                fields=["account", "kind", "service", "valid_from"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="account_value_kind_known",
                condition=Q(kind__in=["residents", "area", "coefficient", "norm"]),
            ),
            models.CheckConstraint(
                name="account_value_names_its_service",
                condition=Q(kind__in=["residents", "area"], service=None)
                | Q(kind__in=["coefficient", "norm"], service__isnull=False),
            ),
            models.CheckConstraint(name="account_value_not_negative", condition=Q(value__gte=Decimal(0))),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value} from {self.valid_from}"
