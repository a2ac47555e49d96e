"""People, the roles they hold within divisions, and the tokens their programs use."""

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q

from gis_core.models.divisions import Division


class User(AbstractUser):
    """Somebody who signs in. What they may see and do follows from their role assignments (see `access.py`).

    `home_division` is where they belong, whatever roles they hold: who manages users there manages them.
    `one_time_until` is set while the password is one that somebody else gave them: until then it logs in, once, to be
    changed.
    """

    home_division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="home_of")
    one_time_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta(AbstractUser.Meta):  # type: ignore[name-defined,misc]
        constraints = [models.CheckConstraint(name="user_has_a_name", condition=~Q(username=""))]

    def save(self, *arguments: Any, **options: Any) -> None:
        """Without another word somebody belongs to the whole republic, so that nobody below manages them."""
        if self.home_division_id is None:
            self.home_division = Division.objects.get(parent=None)
        super().save(*arguments, **options)


class RoleAssignment(models.Model):
    """A role that a user holds in a division and in everything below it."""

    class Role(models.TextChoices):
        ENGINEER = "engineer", "engineer"
        ANALYST = "analyst", "loss analyst"
        CREW = "crew", "field crew"
        CLERK = "clerk", "billing clerk"
        CASHIER = "cashier", "cashier"
        MANAGER = "manager", "manager"
        ADMINISTRATOR = "administrator", "administrator"
        AUDITOR = "auditor", "auditor"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="role_assignments")
    role = models.CharField(max_length=20, choices=Role.choices)
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="role_assignments")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "role", "division"], name="role_assignment_once"),
            models.CheckConstraint(
                name="role_assignment_role_known",
                condition=Q(
                    role__in=[
                        "engineer",
                        "analyst",
                        "crew",
                        "clerk",
                        "cashier",
                        "manager",
                        "administrator",
                        "auditor",
                    ]
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.get_role_display()} in {self.division}"


class ApiToken(models.Model):
    """A secret for programs, sent as `Authorization: Bearer` or as the password of Basic.

    Only the SHA-256 of the secret is stored: it is 256 random bits, so a slow hash would protect nothing more.
    """

    uid = models.UUIDField(db_default=RandomUUID(), unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "API token"
        verbose_name_plural = "API tokens"
        constraints = [
            models.CheckConstraint(name="api_token_digest_form", condition=Q(digest__regex=r"^[0-9a-f]{64}$"))
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.user}"
