"""What is charged by the day on what was not paid in time."""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from billing.models.registers import SubscriberClass
from gis_core.models import Division, Enterprise


class PenaltyTerms(models.Model):
    """The terms of penalties from a day on, until the next ones.

    A day that a debt is late costs `daily_percent` of what is left of it; the days of grace and the cap are those of
    the terms that held when the debt was due. Without a division they are the whole enterprise's, without a class every
    class's: the terms of the nearest division win, then those of the class, and take over from their own first day on.
    Terms that were charged stay; `daily_percent` 0 ends penalties. Wrong ones are withdrawn for good (`is_withdrawn`):
    they never held, and the next run takes back what was charged by them.
    """

    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="penalty_terms")
    division = models.ForeignKey(
        Division, on_delete=models.PROTECT, null=True, blank=True, related_name="penalty_terms"
    )
    subscriber_class = models.CharField(max_length=12, choices=SubscriberClass.choices, blank=True)
    valid_from = models.DateField()
    daily_percent = models.DecimalField(
        max_digits=8, decimal_places=6, help_text="Of what is owed, for a day"
    )
    grace_days = models.PositiveSmallIntegerField(
        default=0, help_text="Days after the due day that cost nothing"
    )
    cap_percent = models.DecimalField(
        max_digits=5, decimal_places=2, help_text="Of a bill, at which its penalties stop"
    )
    is_withdrawn = models.BooleanField(
        default=False, db_default=False, help_text="They were wrong and never held; this cannot be undone"
    )

    class Meta:
        verbose_name_plural = "penalty terms"
        ordering = ["enterprise", "valid_from", "id"]
        constraints = [
            models.UniqueConstraint(
                name="penalty_terms_once_a_day",
                fields=["enterprise", "division", "subscriber_class", "valid_from"],
                nulls_distinct=False,
                condition=Q(is_withdrawn=False),
            ),
            models.CheckConstraint(
                name="penalty_terms_class_known",
                condition=Q(subscriber_class__in=["", "household", "legal_entity"]),
            ),
            models.CheckConstraint(
                name="penalty_terms_plausible",
                condition=Q(
                    daily_percent__gte=Decimal(0),
                    daily_percent__lte=Decimal(10),
                    cap_percent__gte=Decimal(0),
                    cap_percent__lte=Decimal(100),
                    grace_days__lte=366,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.daily_percent} % a day from {self.valid_from}"
