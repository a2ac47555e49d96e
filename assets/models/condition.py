"""What is known of the state of the network: leaks, inspections, verifications in the field, expected lives."""

import uuid

from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.db.models import F, Q

from assets.models.attachments import Attachment
from assets.models.graph import Node, NodeKind, Pipe, Zone
from assets.models.history import Versioned
from assets.models.networks import Network
from gis_core.models import Division, User

PIPE_KIND = "pipe"
# What is verified: nodes of every kind, and pipes.
VERIFIED_KINDS = [*NodeKind.choices, (PIPE_KIND, "pipe")]
GRADES = {1: "very good", 2: "good", 3: "fair", 4: "poor", 5: "failed or failing"}


def _exactly_one_asset() -> Q:
    return Q(node__isnull=False, pipe=None) | Q(node=None, pipe__isnull=False)


class _FieldRecord(Versioned):
    """A fact recorded about one node or one pipe. Facts do not change; what they are about may move.

    Splitting a pipe copies the record to the new part (`copied_from` names the original) and merging moves it. Only
    copies can be deleted: the original keeps the fact.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="%(class)ss")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="%(class)ss")
    node = models.ForeignKey(
        Node, on_delete=models.PROTECT, null=True, blank=True, related_name="%(class)ss", db_index=False
    )
    pipe = models.ForeignKey(
        Pipe, on_delete=models.PROTECT, null=True, blank=True, related_name="%(class)ss", db_index=False
    )
    copied_from = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="copies", editable=False
    )
    recorded_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True


class Inspection(_FieldRecord):
    """A condition found by looking: grade 1 (very good) to 5 (failed or failing)."""

    class Method(models.TextChoices):
        VISUAL = "visual", "visual"
        CCTV = "cctv", "camera in the pipe"
        ACOUSTIC = "acoustic", "acoustic"
        EXCAVATION = "excavation", "excavation"
        THICKNESS = "thickness", "wall thickness measured"
        OPERATION = "operation", "operated"
        OTHER = "other", "other"

    inspected_on = models.DateField()
    inspector = models.CharField(max_length=200)
    method = models.CharField(max_length=10, choices=Method.choices)
    grade = models.PositiveSmallIntegerField(choices=list(GRADES.items()))
    findings = models.TextField(blank=True)
    next_due_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(name="inspection_of_one_asset", condition=_exactly_one_asset()),
            models.CheckConstraint(name="inspection_grade_known", condition=Q(grade__gte=1, grade__lte=5)),
            models.CheckConstraint(
                name="inspection_method_known",
                condition=Q(
                    method__in=[
                        "visual",
                        "cctv",
                        "acoustic",
                        "excavation",
                        "thickness",
                        "operation",
                        "other",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="inspection_next_is_later",
                condition=Q(next_due_on=None) | Q(next_due_on__gt=F("inspected_on")),
            ),
        ]
        indexes = [
            models.Index(fields=["node", "-inspected_on", "-id"], name="inspection_of_node"),
            models.Index(fields=["pipe", "-inspected_on", "-id"], name="inspection_of_pipe"),
        ]

    def __str__(self) -> str:
        return f"inspection of {self.node or self.pipe} on {self.inspected_on}"


class Verification(_FieldRecord):
    """Somebody stood there and found the asset to be as recorded, or said in `remark` what is not."""

    class Method(models.TextChoices):
        VISUAL = "visual", "visual"
        LOCATOR = "locator", "pipe locator"
        GNSS = "gnss", "GNSS"
        EXCAVATION = "excavation", "excavation"
        OPERATION = "operation", "operated"
        PHOTO = "photo", "photo"

    verified_on = models.DateField()
    verified_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="verifications")
    method = models.CharField(max_length=10, choices=Method.choices)
    position_confirmed = models.BooleanField(default=False)
    remark = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(name="verification_of_one_asset", condition=_exactly_one_asset()),
            models.CheckConstraint(
                name="verification_method_known",
                condition=Q(method__in=["visual", "locator", "gnss", "excavation", "operation", "photo"]),
            ),
        ]
        indexes = [
            models.Index(fields=["node", "-verified_on", "-id"], name="verification_of_node"),
            models.Index(fields=["pipe", "-verified_on", "-id"], name="verification_of_pipe"),
        ]

    def __str__(self) -> str:
        return f"verification of {self.node or self.pipe} on {self.verified_on}"


class VerificationPolicy(models.Model):
    """How often assets of a kind are verified. A division's own interval goes before that of the divisions above.

    Without a division it holds everywhere; without any policy for its kind an asset is never due.
    """

    division = models.ForeignKey(
        Division, on_delete=models.PROTECT, null=True, blank=True, related_name="verification_policies"
    )
    commodity = models.CharField(max_length=12, choices=Network.Commodity.choices)
    kind = models.CharField(max_length=20, choices=VERIFIED_KINDS)
    interval_months = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["commodity", "kind", "id"]
        verbose_name_plural = "verification policies"
        constraints = [
            models.UniqueConstraint(
                fields=["division", "commodity", "kind"],
                nulls_distinct=False,
                name="verification_policy_once",
            ),
            models.CheckConstraint(
                name="verification_policy_interval_plausible",
                condition=Q(interval_months__gte=1, interval_months__lte=600),
            ),
            models.CheckConstraint(
                name="verification_policy_kind_known", condition=Q(kind__in=[*NodeKind.values, PIPE_KIND])
            ),
            models.CheckConstraint(
                name="verification_policy_commodity_known",
                condition=Q(commodity__in=["water", "sewerage", "gas", "electricity", "heat"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.commodity} {self.kind}: {self.interval_months} months"


class LeakRecord(models.Model):
    """A leak from its report to its repair. Where it is follows its attachment, through every edit of the pipe."""

    class Source(models.TextChoices):
        SUBSCRIBER = "subscriber", "subscriber's call"
        PATROL = "patrol", "patrol"
        ACOUSTIC = "acoustic", "acoustic survey"
        BALANCE = "balance", "suspicion from the balance"
        PRESSURE = "pressure", "pressure drop"
        OTHER = "other", "other"

    class Kind(models.TextChoices):
        MAIN_BURST = "main_burst", "burst of a main"
        MAIN_LEAK = "main_leak", "leak of a main"
        SERVICE = "service", "service line"
        JOINT = "joint", "joint"
        VALVE = "valve", "valve"
        HYDRANT = "hydrant", "hydrant"
        METER = "meter", "meter"
        TANK = "tank", "tank"
        UNKNOWN = "unknown", "not known yet"

    class Cause(models.TextChoices):
        UNKNOWN = "unknown", "not known"
        CORROSION = "corrosion", "corrosion"
        AGE = "age", "age"
        THIRD_PARTY = "third_party", "damage by others"
        GROUND = "ground", "ground movement"
        FROST = "frost", "frost"
        PRESSURE = "pressure", "pressure surge"
        WORKMANSHIP = "workmanship", "faulty work"

    class State(models.TextChoices):
        REPORTED = "reported", "reported"
        LOCATED = "located", "located"
        BEING_REPAIRED = "being_repaired", "being repaired"
        REPAIRED = "repaired", "repaired"
        REJECTED = "rejected", "rejected"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="leaks")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="leaks")
    number = models.CharField(max_length=40)
    attachment = models.ForeignKey(Attachment, on_delete=models.PROTECT, related_name="leaks")
    source = models.CharField(max_length=10, choices=Source.choices)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.UNKNOWN)
    cause = models.CharField(max_length=12, choices=Cause.choices, default=Cause.UNKNOWN)
    estimated_loss_m3h = models.FloatField(null=True, blank=True)
    state = models.CharField(max_length=14, choices=State.choices, default=State.REPORTED)
    reported_at = models.DateTimeField()
    reported_by = models.CharField(max_length=200, blank=True)
    recorded_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    located_at = models.DateTimeField(null=True, blank=True)
    repair_started_at = models.DateTimeField(null=True, blank=True)
    repaired_at = models.DateTimeField(null=True, blank=True)
    rejected_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["network", "number"], name="leak_number_in_network"),
            models.CheckConstraint(name="leak_number_not_empty", condition=~Q(number="")),
            models.CheckConstraint(
                name="leak_source_known",
                condition=Q(source__in=["subscriber", "patrol", "acoustic", "balance", "pressure", "other"]),
            ),
            models.CheckConstraint(
                name="leak_kind_known",
                condition=Q(
                    kind__in=[
                        "main_burst",
                        "main_leak",
                        "service",
                        "joint",
                        "valve",
                        "hydrant",
                        "meter",
                        "tank",
                        "unknown",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="leak_cause_known",
                condition=Q(
                    cause__in=[
                        "unknown",
                        "corrosion",
                        "age",
                        "third_party",
                        "ground",
                        "frost",
                        "pressure",
                        "workmanship",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="leak_loss_plausible",
                condition=Q(estimated_loss_m3h=None)
                | Q(estimated_loss_m3h__gte=0, estimated_loss_m3h__lt=100_000),
            ),
            # Each state comes with the times that led to it, and with none of those after it.
            models.CheckConstraint(
                name="leak_times_fit_state",
                condition=Q(
                    state="reported",
                    located_at=None,
                    repair_started_at=None,
                    repaired_at=None,
                    rejected_at=None,
                )
                | Q(
                    state="located",
                    located_at__isnull=False,
                    repair_started_at=None,
                    repaired_at=None,
                    rejected_at=None,
                )
                | Q(
                    state="being_repaired",
                    located_at__isnull=False,
                    repair_started_at__isnull=False,
                    repaired_at=None,
                    rejected_at=None,
                )
                | Q(
                    state="repaired",
                    located_at__isnull=False,
                    repair_started_at__isnull=False,
                    repaired_at__isnull=False,
                    rejected_at=None,
                )
                | Q(state="rejected", repair_started_at=None, repaired_at=None, rejected_at__isnull=False),
            ),
            models.CheckConstraint(
                name="leak_times_in_order",
                condition=(Q(located_at=None) | Q(located_at__gte=F("reported_at")))
                & (Q(repair_started_at=None) | Q(repair_started_at__gte=F("located_at")))
                & (Q(repaired_at=None) | Q(repaired_at__gte=F("repair_started_at")))
                & (Q(rejected_at=None) | Q(rejected_at__gte=F("reported_at"))),
            ),
        ]

    def __str__(self) -> str:
        return f"leak {self.number}"


class MaterialLife(models.Model):
    """The life expected of a material, years. `names` are the words that pipes use for it, in small letters."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=100)
    names = ArrayField(models.CharField(max_length=40))
    life_years = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["code"]
        verbose_name_plural = "material lives"
        constraints = [
            models.CheckConstraint(
                name="material_life_plausible", condition=Q(life_years__gte=1, life_years__lte=500)
            ),
            models.CheckConstraint(name="material_life_code_form", condition=Q(code__regex=r"^[a-z0-9_]+$")),
            models.CheckConstraint(name="material_life_has_names", condition=Q(names__len__gt=0)),
        ]

    def __str__(self) -> str:
        return self.name


class PipeCondition(models.Model):
    """The condition of a pipe, as the view of sql/registers.sql works it out: age, breaks, inspection, grade.

    `grade` is 1 to 5, or null when nothing is known; `grade_method` says what it rests on.
    """

    id = models.BigIntegerField(primary_key=True)
    uid = models.UUIDField()
    network = models.ForeignKey(Network, on_delete=models.DO_NOTHING, related_name="+")
    division = models.ForeignKey(Division, on_delete=models.DO_NOTHING, related_name="+")
    zone = models.ForeignKey(Zone, on_delete=models.DO_NOTHING, null=True, related_name="+")
    code = models.CharField(max_length=80)
    lifecycle = models.CharField(max_length=20)
    material = models.CharField(max_length=40)
    material_code = models.CharField(max_length=40, null=True)
    diameter_m = models.FloatField(null=True)
    length_m = models.FloatField()
    year_installed = models.PositiveSmallIntegerField(null=True)
    age_years = models.IntegerField(null=True)
    expected_life_years = models.PositiveSmallIntegerField(null=True)
    used_life_percent = models.FloatField(null=True)
    breaks = models.IntegerField()
    breaks_per_km_year = models.FloatField()
    inspected_on = models.DateField(null=True)
    inspected_grade = models.PositiveSmallIntegerField(null=True)
    age_grade = models.PositiveSmallIntegerField(null=True)
    break_grade = models.PositiveSmallIntegerField(null=True)
    grade = models.PositiveSmallIntegerField(null=True)
    grade_method = models.CharField(
        max_length=10,
        choices=[
            ("inspection", "inspection"),
            ("age", "age"),
            ("breaks", "breaks"),
            ("unknown", "unknown"),
        ],
    )

    class Meta:
        managed = False
        db_table = "assets_pipecondition"
        ordering = ["id"]

    def __str__(self) -> str:
        return f"condition of pipe {self.code}"
