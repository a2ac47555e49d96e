"""What new elements are drawn as: sets of attributes under a name, chosen instead of typed."""

import uuid

from django.contrib.gis.db import models
from django.db.models import Case, F, Q, Value, When

from assets.models.graph import NodeKind
from assets.models.networks import Network
from gis_core.models import Division

PIPE = "pipe"
DRAWN_KINDS = [(PIPE, "pipe"), *NodeKind.choices]


class DrawingTemplate(models.Model):
    """A new pipe or node as it is usually laid: "PE 110 distribution". It holds in its division and those below.

    What is left empty is left to whoever draws. The kind stands in networks of the commodity: (commodity, kind of
    node) refers to `CommodityKind`.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="drawing_templates")
    commodity = models.CharField(max_length=12, choices=Network.Commodity.choices)
    kind = models.CharField(max_length=20, choices=DRAWN_KINDS, default=PIPE)
    node_kind = models.GeneratedField(
        expression=Case(
            When(kind=PIPE, then=Value(None)), default=F("kind"), output_field=models.CharField(max_length=20)
        ),
        output_field=models.CharField(max_length=20, null=True),
        db_persist=True,
    )
    name = models.CharField(max_length=100)
    place = models.PositiveSmallIntegerField(default=0, help_text="Its place in the list")
    diameter_m = models.FloatField(null=True, blank=True)
    material = models.CharField(max_length=40, blank=True)
    valve_type = models.CharField(max_length=10, blank=True)
    voltage_kv = models.FloatField(null=True, blank=True)
    conductor = models.CharField(max_length=40, blank=True)
    placing = models.CharField(
        max_length=11, blank=True, choices=[("overhead", "overhead"), ("underground", "underground")]
    )
    pressure_class = models.CharField(
        max_length=8,
        blank=True,
        choices=[
            ("low", "low pressure"),
            ("medium", "medium pressure"),
            ("high_2", "high pressure, class 2"),
            ("high_1", "high pressure, class 1"),
        ],
    )
    circuit = models.CharField(max_length=6, blank=True, choices=[("supply", "supply"), ("return", "return")])
    flow_regime = models.CharField(
        max_length=8, blank=True, choices=[("gravity", "gravity"), ("pressure", "pressure")]
    )

    class Meta:
        ordering = ["commodity", "place", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["division", "commodity", "kind", "name"], name="drawing_template_once"
            ),
            models.CheckConstraint(name="drawing_template_has_a_name", condition=~Q(name="")),
            models.CheckConstraint(
                name="drawing_template_commodity_known",
                condition=Q(commodity__in=["water", "sewerage", "gas", "electricity", "heat"]),
            ),
            models.CheckConstraint(
                name="drawing_template_diameter_positive",
                condition=Q(diameter_m=None) | Q(diameter_m__gt=0, diameter_m__lt=100.0),
            ),
            models.CheckConstraint(
                name="drawing_template_voltage_plausible",
                condition=Q(voltage_kv=None) | Q(voltage_kv__gte=0.05, voltage_kv__lte=1150),
            ),
            models.CheckConstraint(
                name="drawing_template_words_known",
                condition=Q(
                    valve_type__in=[
                        "",
                        "PRV",
                        "PSV",
                        "PBV",
                        "FCV",
                        "TCV",
                        "GPV",
                        "PCV",
                        "isolation",
                        "check",
                    ],
                    placing__in=["", "overhead", "underground"],
                    pressure_class__in=["", "low", "medium", "high_2", "high_1"],
                    circuit__in=["", "supply", "return"],
                    flow_regime__in=["", "gravity", "pressure"],
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name
