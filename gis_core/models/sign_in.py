"""What else a user signs in with, and where they are signed in."""

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q

from gis_core.models.users import User


class SecondFactor(models.Model):
    """The secret of a user's authenticator (RFC 6238: SHA-1, 6 digits, 30 s), sealed; it counts once it is confirmed.

    `last_step` is the newest 30 s step whose code was taken: a code serves once.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="second_factor")
    sealed_secret = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    confirmed_at = models.DateTimeField(null=True)
    last_step = models.BigIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0)
    failed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="second_factor_has_secret", condition=~Q(sealed_secret="")),
        ]

    def __str__(self) -> str:
        return f"second factor of {self.user}"


class Passkey(models.Model):
    """A device's public key (COSE), under the device's name for it; the secret half never leaves the device.

    `signed` is the device's own count of signatures, 0 for those that do not count.
    """

    uid = models.UUIDField(db_default=RandomUUID(), unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="passkeys")
    name = models.CharField(max_length=100)
    credential_id = models.BinaryField(unique=True)
    public_key = models.BinaryField()
    signed = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="passkey_has_name", condition=~Q(name="")),
            models.CheckConstraint(name="passkey_count_not_negative", condition=Q(signed__gte=0)),
        ]

    def __str__(self) -> str:
        return f"passkey of {self.user}"


class RecoveryCode(models.Model):
    """A code that serves once in place of the authenticator: 120 random bits, kept as their SHA-256."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64, unique=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="recovery_code_digest_form", condition=Q(digest__regex=r"^[0-9a-f]{64}$")
            )
        ]

    def __str__(self) -> str:
        return f"recovery code of {self.user}"


class OpenSession(models.Model):
    """Where a user is signed in: a session of Django's, with what tells a person which one it is."""

    uid = models.UUIDField(db_default=RandomUUID(), unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="open_sessions")
    session_key = models.CharField(max_length=40, unique=True)
    began_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    address = models.CharField(max_length=45, blank=True)
    browser = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(name="open_session_has_key", condition=~Q(session_key=""))]

    def __str__(self) -> str:
        return f"session of {self.user}"
