"""A network and the parts of its hydraulic model that are not places: patterns and curves."""

import uuid

from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.db.models import Q

from assets.models.history import Versioned
from gis_core.models import Division


class Network(models.Model):
    """One network of one commodity, run by one division. Codes of its elements are unique within it."""

    class Commodity(models.TextChoices):
        WATER = "water", "water"
        SEWERAGE = "sewerage", "sewerage"
        GAS = "gas", "gas"
        ELECTRICITY = "electricity", "electricity"
        HEAT = "heat", "heat"

    class HeadlossFormula(models.TextChoices):
        HAZEN_WILLIAMS = "H-W", "Hazen-Williams"
        DARCY_WEISBACH = "D-W", "Darcy-Weisbach"
        CHEZY_MANNING = "C-M", "Chezy-Manning"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    code = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    commodity = models.CharField(max_length=12, choices=Commodity.choices)
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="networks")
    snap_tolerance_m = models.FloatField(default=0.1)
    headloss_formula = models.CharField(
        max_length=3, choices=HeadlossFormula.choices, default=HeadlossFormula.HAZEN_WILLIAMS
    )
    pattern_step_s = models.PositiveIntegerField(default=3600)
    default_pattern_code = models.CharField(max_length=60, blank=True)
    demand_multiplier = models.FloatField(default=1.0)
    # How the drawing was brought to the ground: centre, scale factor or CRS. Kept so that a second import agrees.
    placement = models.JSONField(default=dict)
    # Run options of the hydraulic engine, under EPANET's names; their set is the engine's, not ours.
    engine_options = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="network_code_form", condition=Q(code__regex=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
            ),
            models.CheckConstraint(
                name="network_commodity_known",
                condition=Q(commodity__in=["water", "sewerage", "gas", "electricity", "heat"]),
            ),
            models.CheckConstraint(name="network_tolerance_positive", condition=Q(snap_tolerance_m__gt=0)),
            models.CheckConstraint(name="network_pattern_step_positive", condition=Q(pattern_step_s__gt=0)),
        ]

    def __str__(self) -> str:
        return self.code


class Pattern(Versioned):
    """Multipliers that repeat every `pattern_step_s` of the network."""

    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="patterns")
    code = models.CharField(max_length=60)
    multipliers = ArrayField(models.FloatField())

    class Meta:
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(fields=["network", "code"], name="pattern_code_in_network"),
            models.CheckConstraint(name="pattern_not_empty", condition=Q(multipliers__len__gt=0)),
        ]

    def __str__(self) -> str:
        return self.code


class Curve(Versioned):
    """A pump's head or efficiency, a valve's headloss or a tank's volume as points in SI units.

    head: m3/s to m; efficiency: m3/s to %; headloss: m3/s to m; volume: m to m3.
    """

    class Kind(models.TextChoices):
        HEAD = "HEAD", "pump head"
        EFFICIENCY = "EFFICIENCY", "pump efficiency"
        HEADLOSS = "HEADLOSS", "valve headloss"
        VOLUME = "VOLUME", "tank volume"

    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="curves")
    code = models.CharField(max_length=60)
    kind = models.CharField(max_length=10, choices=Kind.choices, blank=True)
    x_values = ArrayField(models.FloatField())
    y_values = ArrayField(models.FloatField())

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["network", "code"], name="curve_code_in_network")]

    def __str__(self) -> str:
        return self.code
