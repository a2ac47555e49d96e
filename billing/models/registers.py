"""Who is served, where and under which contract."""

import uuid

from django.contrib.gis.db import models
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db.models import Q

from assets.models import Attachment
from gis_core.models import Division, Enterprise, Street


class SubscriberClass(models.TextChoices):
    HOUSEHOLD = "household", "household"
    LEGAL_ENTITY = "legal_entity", "legal entity"


class Subscriber(models.Model):
    """A household or legal entity of the central consumer base; `registry_number` is given once and kept."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="subscribers")
    registry_number = models.CharField(max_length=20, unique=True)
    subscriber_class = models.CharField(max_length=12, choices=SubscriberClass.choices)
    name = models.CharField(max_length=200)
    tax_id = models.CharField(max_length=9, blank=True, help_text="STIR of a legal entity, nine digits")
    personal_id = models.CharField(max_length=14, blank=True, help_text="JShShIR of a person, 14 digits")
    phone = models.CharField(max_length=20, blank=True)
    street = models.ForeignKey(Street, on_delete=models.PROTECT, related_name="subscribers")
    house = models.CharField(max_length=20)
    flat = models.CharField(max_length=20, blank=True)
    residents = models.PositiveSmallIntegerField(default=0)
    is_priority = models.BooleanField(default=False, help_text="Hospital, school, kindergarten, fire service")

    class Meta:
        ordering = ["registry_number"]
        constraints = [
            models.CheckConstraint(
                name="subscriber_class_known",
                condition=Q(subscriber_class__in=["household", "legal_entity"]),
            ),
            models.CheckConstraint(
                name="legal_entity_has_tax_id",
                condition=~Q(subscriber_class="legal_entity") | Q(tax_id__regex=r"^[0-9]{9}$"),
            ),
            models.CheckConstraint(
                name="subscriber_personal_id_form",
                condition=Q(personal_id="") | Q(personal_id__regex=r"^[0-9]{14}$"),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        """Street, house and flat on one line."""
        flat = f", {self.flat}" if self.flat else ""
        return f"{self.street.name}, {self.house}{flat}"


class Account(models.Model):
    """A subscriber's personal account with an enterprise. Its balance is the sum of its ledger entries."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="accounts")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="accounts")
    subscriber = models.ForeignKey(Subscriber, on_delete=models.PROTECT, related_name="accounts")
    number = models.CharField(max_length=20)
    currency = models.CharField(max_length=3, default="UZS")

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["enterprise", "number"], name="account_number_in_enterprise"),
            models.CheckConstraint(name="account_currency_form", condition=Q(currency__regex=r"^[A-Z]{3}$")),
        ]

    def __str__(self) -> str:
        return self.number


class Contract(models.Model):
    """The agreement behind an account; `validity` is [first day, day after the last)."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="contracts")
    number = models.CharField(max_length=30)
    validity = DateRangeField()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["account", "number"], name="contract_number_in_account"),
            models.CheckConstraint(
                name="contract_validity_not_empty",
                condition=Q(validity__isempty=False, validity__startswith__isnull=False),
            ),
            ExclusionConstraint(
                name="contracts_of_an_account_do_not_overlap",
                expressions=[("account", RangeOperators.EQUAL), ("validity", RangeOperators.OVERLAPS)],
            ),
        ]

    def __str__(self) -> str:
        return self.number


class ServicePoint(models.Model):
    """Where a service is delivered. It hangs on the graph through its attachment, and so belongs to a zone."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="service_points")
    code = models.CharField(max_length=30, unique=True)
    service = models.CharField(max_length=20, default="cold_water", help_text="Code of the nomenclature")
    attachment = models.OneToOneField(Attachment, on_delete=models.PROTECT, related_name="service_point")

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class ContractServicePoint(models.Model):
    """Which contract pays for a service point, and when: at most one at a time.

    `basis` is how the quantity is found while it holds: by meter, by norm, or as a share of a building's meter.
    """

    class Basis(models.TextChoices):
        METER = "meter", "by meter"
        NORM = "norm", "by norm"
        SHARE = "share", "share of a building's meter"

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="service_points")
    service_point = models.ForeignKey(ServicePoint, on_delete=models.PROTECT, related_name="contracts")
    validity = DateRangeField()
    basis = models.CharField(
        max_length=5, choices=Basis.choices, default=Basis.METER, db_default=Basis.METER.value
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="contract_service_point_basis_known", condition=Q(basis__in=["meter", "norm", "share"])
            ),
            models.CheckConstraint(
                name="contract_service_point_validity_not_empty",
                condition=Q(validity__isempty=False, validity__startswith__isnull=False),
            ),
            ExclusionConstraint(
                name="service_point_has_one_contract_at_a_time",
                expressions=[("service_point", RangeOperators.EQUAL), ("validity", RangeOperators.OVERLAPS)],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service_point} under {self.contract}"
