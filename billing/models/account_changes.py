"""What became of accounts: the log of allotments and cancellations, and the counter of their numbers."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from billing.models.registers import Account
from gis_core.models import Enterprise


class AccountNumberCounter(models.Model):
    """Where an enterprise's own account numbers go on. A number may be skipped: nobody counts them but to differ.

    `prefix` begins each of them, so that those of two enterprises never meet.
    """

    enterprise = models.OneToOneField(
        Enterprise, on_delete=models.PROTECT, primary_key=True, related_name="account_numbers"
    )
    prefix = models.CharField(max_length=6, unique=True, help_text="Digits that its numbers begin with")
    last_number = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        ordering = ["prefix"]
        constraints = [
            models.CheckConstraint(
                name="account_number_prefix_form", condition=Q(prefix__regex=r"^[0-9]{1,6}$")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}: {self.last_number}"


class AccountChange(models.Model):
    """What was done to an account, from which day on, by whom. The table takes INSERT only.

    `other_account` is whom a premise was taken over by, or from. `former` is what a closing cut short, by which it can
    be undone: former last days of the contract, its points and its services, by their ids.
    """

    class Kind(models.TextChoices):
        OPENED = "opened", "opened"
        TRANSFERRED_TO = "transferred_to", "transferred to another subscriber"
        TRANSFERRED_FROM = "transferred_from", "taken over from another subscriber"
        CLOSED = "closed", "closed"
        REOPENED = "reopened", "closing undone"
        METER_INSTALLED = "meter_installed", "meter installed"
        METER_EXCHANGED = "meter_exchanged", "meter exchanged"

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    day = models.DateField()
    other_account = models.ForeignKey(
        Account, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    detail = models.CharField(max_length=200, blank=True, help_text="Meters, or why")
    former = models.JSONField(default=dict, db_default={})
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    made_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="account_change_kind_known",
                condition=Q(
                    kind__in=[
                        *("opened", "transferred_to", "transferred_from", "closed"),
                        *("reopened", "meter_installed", "meter_exchanged"),
                    ]
                ),
            ),
            models.CheckConstraint(
                name="account_change_names_other_account",
                condition=Q(kind__in=["transferred_to", "transferred_from"], other_account__isnull=False)
                | (~Q(kind__in=["transferred_to", "transferred_from"]) & Q(other_account=None)),
            ),
        ]
        indexes = [models.Index(fields=["day"], name="account_change_by_day")]

    def __str__(self) -> str:
        return f"{self.account} {self.kind} on {self.day}"
