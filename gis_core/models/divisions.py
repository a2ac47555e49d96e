"""The organisation's tree, its streets and the enterprises that issue bills."""

from django.contrib.gis.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Concat


class Division(models.Model):
    """A node of the tree republic > region > district > mahalla.

    `path` is the codes from the root down, each closed by a full stop ("UZ.UZ-TO.QIBRAY."), so that "this
    division and all below it" is one prefix comparison. The database computes it from the parent's path through
    a composite foreign key with ON UPDATE CASCADE (see sql/guards.sql): it cannot be wrong, and no cycle can exist.
    """

    class Level(models.IntegerChoices):
        REPUBLIC = 1, "republic"
        REGION = 2, "region"
        DISTRICT = 3, "district"
        MAHALLA = 4, "mahalla"

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    level = models.PositiveSmallIntegerField(choices=Level.choices)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    parent_path = models.TextField(default="", blank=True, editable=False)
    parent_level = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    path = models.GeneratedField(
        expression=Concat(F("parent_path"), F("code"), Value(".")),
        output_field=models.TextField(),
        db_persist=True,
        unique=True,
    )
    boundary = models.MultiPolygonField(srid=4326, null=True, blank=True)

    class Meta:
        ordering = ["path"]
        constraints = [
            models.CheckConstraint(
                name="division_code_form", condition=Q(code__regex=r"^[A-Z0-9][A-Z0-9-]*$")
            ),
            models.CheckConstraint(
                name="division_root_has_no_parent",
                condition=Q(parent=None, parent_path="", parent_level=None, level=1)
                | Q(
                    parent__isnull=False,
                    parent_path__gt="",
                    parent_level__isnull=False,
                    parent_level__lt=F("level"),
                ),
            ),
            models.CheckConstraint(name="division_level_known", condition=Q(level__gte=1, level__lte=4)),
        ]
        indexes = [models.Index(fields=["path"], opclasses=["text_pattern_ops"], name="division_path_prefix")]

    def __str__(self) -> str:
        return self.name

    @property
    def paths_to_root(self) -> list[str]:
        """The paths of this division and of all above it, the root's first."""
        codes = self.path.split(".")[:-1]
        return [".".join(codes[:depth]) + "." for depth in range(1, len(codes) + 1)]


class Street(models.Model):
    """A street within a division (usually a mahalla); addresses refer to it."""

    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="streets")
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=200)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["division", "code"], name="street_code_in_division"),
            models.UniqueConstraint(fields=["division", "name"], name="street_name_in_division"),
        ]

    def __str__(self) -> str:
        return self.name


class Enterprise(models.Model):
    """The utility enterprise that serves a division and issues its bills."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="enterprises")
    tax_id = models.CharField(max_length=9, help_text="STIR, nine digits")
    bank_name = models.CharField(max_length=200)
    bank_code = models.CharField(max_length=5, help_text="MFO, five digits")
    bank_account = models.CharField(max_length=20, help_text="Twenty digits")
    address = models.CharField(max_length=300, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    invoice_prefix = models.CharField(max_length=10, unique=True)

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="enterprise_code_form", condition=Q(code__regex=r"^[A-Z0-9][A-Z0-9-]*$")
            ),
            models.CheckConstraint(name="enterprise_tax_id_form", condition=Q(tax_id__regex=r"^[0-9]{9}$")),
            models.CheckConstraint(
                name="enterprise_bank_code_form", condition=Q(bank_code__regex=r"^[0-9]{5}$")
            ),
            models.CheckConstraint(
                name="enterprise_bank_account_form", condition=Q(bank_account__regex=r"^[0-9]{20}$")
            ),
        ]

    def __str__(self) -> str:
        return self.name
