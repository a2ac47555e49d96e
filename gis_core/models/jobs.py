"""Long work as a row: the queue may lose a message, the row is the truth."""

import uuid

from django.db import models
from django.db.models import F, Q

from gis_core.models.divisions import Division
from gis_core.models.users import User


class Job(models.Model):
    """A long piece of work, its progress, and how it ended.

    A worker holds a job through `lease_until`, which it renews as it reports progress. A lease that has run out
    means that the worker died: the sweeper (`gis_core.tasks.reclaim_abandoned_jobs`) queues the job again.
    A job that is cancelled while it runs ends as cancelled at once; its worker finds that out at its next report, or at
    the latest when it wants to set down the result, and takes back what it did.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "queued"
        RUNNING = "running", "running"
        SUCCEEDED = "succeeded", "succeeded"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=60)
    division = models.ForeignKey(Division, on_delete=models.PROTECT)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    parameters = models.JSONField(default=dict)
    progress_done = models.PositiveBigIntegerField(default=0)
    progress_total = models.PositiveBigIntegerField(default=0)
    message = models.CharField(max_length=200, blank=True)
    result = models.JSONField(null=True)
    error = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    # When it was found to run longer than its kind should; it goes on until it ends, or its hard limit ends it.
    soft_limit_passed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="job_state_known",
                condition=Q(state__in=["queued", "running", "succeeded", "failed", "cancelled"]),
            ),
            models.CheckConstraint(
                name="job_progress_within_total",
                condition=Q(progress_total=0) | Q(progress_done__lte=F("progress_total")),
            ),
            models.CheckConstraint(name="job_failed_says_why", condition=~Q(state="failed") | ~Q(error="")),
        ]
        indexes = [models.Index(fields=["state", "lease_until"], name="job_by_lease")]

    def __str__(self) -> str:
        return f"{self.kind} {self.uid}"
