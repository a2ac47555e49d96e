"""Answers that are given again when a request is repeated."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from gis_core.models.users import User


class KeptAnswer(models.Model):
    """What a POST with an `Idempotency-Key` was answered; the row is committed together with what the POST did.

    `request_digest` is the SHA-256 of address and body: the same key with another request is a mistake of the sender's.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    request_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    content_type = models.CharField(max_length=200, blank=True, default="")
    location = models.CharField(max_length=2000, blank=True, default="")
    content = models.BinaryField(default=b"")
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="kept_answer_once", fields=["user", "key"]),
            models.CheckConstraint(name="kept_answer_has_key", condition=~Q(key="")),
        ]
        indexes = [models.Index(fields=["at"], name="kept_answer_by_age")]

    def __str__(self) -> str:
        return self.key
