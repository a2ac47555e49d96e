"""The ground around the network: parcels and buildings, survey points, and the documents that prove them."""

import uuid

from django.contrib.gis.db import models
from django.contrib.postgres.indexes import GistIndex
from django.db.models import F, Func, Q

from assets.models.graph import Node, Pipe
from assets.models.history import Versioned
from assets.models.networks import Network
from gis_core.models import Division, Street, User

# Groups of digits with colons between them, as the state cadastre writes them: 10:01:02:03:04:0005, and for what
# stands on a parcel 10:01:02:03:04:0005:0001:001. Parts of a whole may follow after a slash.
CADASTRAL_NUMBER = r"^[0-9]+(:[0-9]+)+(/[0-9]+)*$"


class _GeodesicArea(Func):
    """ST_Area on the WGS 84 ellipsoid, square metres."""

    template = "ST_Area(%(expressions)s::geography, true)"
    output_field = models.FloatField()


class Document(models.Model):
    """A paper or file that something rests on: a survey report, an as-built drawing, a permit, a photo.

    The file itself lies below MEDIA_ROOT under a name of our own; `sha256` says that it is still the same file.
    """

    class Kind(models.TextChoices):
        SURVEY = "survey", "survey report"
        AS_BUILT = "as_built", "as-built drawing"
        DESIGN = "design", "design drawing"
        CADASTRE = "cadastre", "cadastral extract"
        PERMIT = "permit", "permit"
        PASSPORT = "passport", "passport of equipment"
        ACT = "act", "acceptance certificate"
        PHOTO = "photo", "photo"
        OTHER = "other", "other"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="documents")
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    reference_number = models.CharField(max_length=60, blank=True)
    issued_on = models.DateField(null=True, blank=True)
    issued_by = models.CharField(max_length=200, blank=True)
    stored_name = models.CharField(max_length=100, blank=True, editable=False)
    file_name = models.CharField(max_length=200, blank=True, editable=False)
    content_type = models.CharField(max_length=60, blank=True, editable=False)
    size_bytes = models.PositiveBigIntegerField(null=True, blank=True, editable=False)
    sha256 = models.CharField(max_length=64, blank=True, editable=False)
    created_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="documents", editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(name="document_has_a_title", condition=~Q(title="")),
            models.CheckConstraint(
                name="document_kind_known",
                condition=Q(
                    kind__in=[
                        "survey",
                        "as_built",
                        "design",
                        "cadastre",
                        "permit",
                        "passport",
                        "act",
                        "photo",
                        "other",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="document_file_is_whole",
                condition=Q(stored_name="", file_name="", content_type="", size_bytes=None, sha256="")
                | (
                    ~Q(stored_name="")
                    & ~Q(file_name="")
                    & ~Q(content_type="")
                    & Q(size_bytes__gt=0, sha256__regex=r"^[0-9a-f]{64}$")
                ),
            ),
            models.UniqueConstraint(
                fields=["stored_name"], condition=~Q(stored_name=""), name="document_file_stored_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.reference_number}".strip()


class Parcel(models.Model):
    """A parcel of land of the cadastre. `area_m2` is measured on the ellipsoid, from the drawing."""

    class LandUse(models.TextChoices):
        RESIDENTIAL = "residential", "residential"
        COMMERCIAL = "commercial", "commercial"
        INDUSTRIAL = "industrial", "industrial"
        PUBLIC = "public", "public"
        AGRICULTURAL = "agricultural", "agricultural"
        TRANSPORT = "transport", "roads and transport"
        UTILITY = "utility", "utilities"
        GREEN = "green", "green space"
        OTHER = "other", "other"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="parcels")
    cadastral_number = models.CharField(max_length=60)
    geom = models.MultiPolygonField(srid=4326, spatial_index=False)
    area_m2 = models.GeneratedField(
        expression=_GeodesicArea(F("geom")), output_field=models.FloatField(), db_persist=True
    )
    land_use = models.CharField(max_length=12, choices=LandUse.choices, default=LandUse.OTHER)
    street = models.ForeignKey(
        Street, on_delete=models.PROTECT, null=True, blank=True, related_name="parcels"
    )
    house = models.CharField(max_length=20, blank=True)
    source_document = models.ForeignKey(
        Document, on_delete=models.PROTECT, null=True, blank=True, related_name="parcels"
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="parcel_cadastral_number_form", condition=Q(cadastral_number__regex=CADASTRAL_NUMBER)
            ),
            models.UniqueConstraint(
                name="parcel_number_in_division", fields=["division", "cadastral_number"]
            ),
            models.CheckConstraint(
                name="parcel_land_use_known",
                condition=Q(
                    land_use__in=[
                        "residential",
                        "commercial",
                        "industrial",
                        "public",
                        "agricultural",
                        "transport",
                        "utility",
                        "green",
                        "other",
                    ]
                ),
            ),
        ]
        indexes = [
            GistIndex(fields=["geom"], name="parcel_geom"),
            # The search looks for beginnings.
            models.Index(
                fields=["cadastral_number"], opclasses=["varchar_pattern_ops"], name="parcel_by_number"
            ),
        ]

    def __str__(self) -> str:
        return self.cadastral_number


class Building(models.Model):
    """A building of the cadastre, on a parcel of its own division or on none that is known."""

    class Purpose(models.TextChoices):
        DWELLING = "dwelling", "dwelling house"
        APARTMENTS = "apartments", "block of flats"
        COMMERCIAL = "commercial", "commercial"
        INDUSTRIAL = "industrial", "industrial"
        SCHOOL = "school", "school or kindergarten"
        HOSPITAL = "hospital", "hospital or clinic"
        PUBLIC = "public", "public"
        UTILITY = "utility", "utilities"
        OTHER = "other", "other"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="buildings")
    parcel = models.ForeignKey(
        Parcel, on_delete=models.PROTECT, null=True, blank=True, related_name="buildings"
    )
    cadastral_number = models.CharField(max_length=60)
    geom = models.MultiPolygonField(srid=4326, spatial_index=False)
    area_m2 = models.GeneratedField(
        expression=_GeodesicArea(F("geom")), output_field=models.FloatField(), db_persist=True
    )
    purpose = models.CharField(max_length=12, choices=Purpose.choices, default=Purpose.OTHER)
    storeys = models.PositiveSmallIntegerField(null=True, blank=True)
    year_built = models.PositiveSmallIntegerField(null=True, blank=True)
    street = models.ForeignKey(
        Street, on_delete=models.PROTECT, null=True, blank=True, related_name="buildings"
    )
    house = models.CharField(max_length=20, blank=True)
    source_document = models.ForeignKey(
        Document, on_delete=models.PROTECT, null=True, blank=True, related_name="buildings"
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="building_cadastral_number_form", condition=Q(cadastral_number__regex=CADASTRAL_NUMBER)
            ),
            models.UniqueConstraint(
                name="building_number_in_division", fields=["division", "cadastral_number"]
            ),
            models.CheckConstraint(
                name="building_purpose_known",
                condition=Q(
                    purpose__in=[
                        "dwelling",
                        "apartments",
                        "commercial",
                        "industrial",
                        "school",
                        "hospital",
                        "public",
                        "utility",
                        "other",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="building_storeys_plausible",
                condition=Q(storeys=None) | Q(storeys__gte=1, storeys__lte=200),
            ),
            models.CheckConstraint(
                name="building_year_plausible",
                condition=Q(year_built=None) | Q(year_built__gte=1000, year_built__lte=2200),
            ),
        ]
        indexes = [
            GistIndex(fields=["geom"], name="building_geom"),
            # The search looks for beginnings.
            models.Index(
                fields=["cadastral_number"], opclasses=["varchar_pattern_ops"], name="building_by_number"
            ),
        ]

    def __str__(self) -> str:
        return self.cadastral_number


class SurveyPoint(models.Model):
    """A measured point with its accuracy (root mean square, metres) and the document it was taken from.

    The class is a promise about both accuracies, in metres (see `ACCURACY_LIMITS_M`); the database holds the row to
    it. Points of unknown accuracy are of class E. A point may fix a node: be the measurement of its place.
    """

    class AccuracyClass(models.TextChoices):
        A = "A", "A: control survey, to 0.03 m"
        B = "B", "B: to 0.10 m"
        C = "C", "C: to 0.40 m"
        D = "D", "D: to 1.50 m"
        E = "E", "E: worse or unknown"

    class Method(models.TextChoices):
        GNSS_STATIC = "gnss_static", "GNSS, static"
        GNSS_RTK = "gnss_rtk", "GNSS, RTK"
        GNSS_HANDHELD = "gnss_handheld", "GNSS, hand-held"
        TOTAL_STATION = "total_station", "total station"
        LEVELLING = "levelling", "levelling"
        LOCATOR = "locator", "pipe locator"
        DIGITISED = "digitised", "digitised from a drawing"
        ESTIMATED = "estimated", "estimated"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="survey_points")
    code = models.CharField(max_length=60)
    geom = models.PointField(srid=4326, spatial_index=False)
    elevation_m = models.FloatField(null=True, blank=True)
    accuracy_class = models.CharField(max_length=1, choices=AccuracyClass.choices)
    horizontal_accuracy_m = models.FloatField(null=True, blank=True)
    vertical_accuracy_m = models.FloatField(null=True, blank=True)
    surveyed_on = models.DateField()
    surveyor = models.CharField(max_length=200)
    method = models.CharField(max_length=14, choices=Method.choices)
    source_document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="survey_points")
    node = models.ForeignKey(
        Node, on_delete=models.PROTECT, null=True, blank=True, related_name="survey_points"
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["division", "code"], name="survey_point_code_in_division"),
            models.CheckConstraint(name="survey_point_code_not_empty", condition=~Q(code="")),
            models.CheckConstraint(
                name="survey_point_method_known",
                condition=Q(
                    method__in=[
                        "gnss_static",
                        "gnss_rtk",
                        "gnss_handheld",
                        "total_station",
                        "levelling",
                        "locator",
                        "digitised",
                        "estimated",
                    ]
                ),
            ),
        ]
        indexes = [GistIndex(fields=["geom"], name="survey_point_geom")]

    def __str__(self) -> str:
        return self.code


# The largest root mean square error of a class, horizontal and vertical, metres. None: no limit.
ACCURACY_LIMITS_M: dict[str, float | None] = {"A": 0.03, "B": 0.10, "C": 0.40, "D": 1.50, "E": None}

DOCUMENT_TARGETS = ("node", "pipe", "parcel", "building", "survey_point")


class DocumentLink(Versioned):
    """What a document is about: exactly one node, pipe, parcel, building or survey point.

    `network` goes with nodes and pipes, so that the database can hold both in it; the link is of the document's
    division, and what it points to lies in the same branch of the division tree (sql/registers.sql).
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="document_links")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="links")
    network = models.ForeignKey(
        Network, on_delete=models.PROTECT, null=True, blank=True, related_name="document_links"
    )
    node = models.ForeignKey(
        Node, on_delete=models.PROTECT, null=True, blank=True, related_name="document_links"
    )
    pipe = models.ForeignKey(
        Pipe, on_delete=models.PROTECT, null=True, blank=True, related_name="document_links"
    )
    parcel = models.ForeignKey(
        Parcel, on_delete=models.PROTECT, null=True, blank=True, related_name="document_links"
    )
    building = models.ForeignKey(
        Building, on_delete=models.PROTECT, null=True, blank=True, related_name="document_links"
    )
    survey_point = models.ForeignKey(
        SurveyPoint, on_delete=models.PROTECT, null=True, blank=True, related_name="document_links"
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["document", "node", "pipe", "parcel", "building", "survey_point"],
                nulls_distinct=False,
                name="document_linked_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document} of {self.target_kind}"

    @property
    def target_kind(self) -> str:
        """Which of `DOCUMENT_TARGETS` the link points to."""
        return next(name for name in DOCUMENT_TARGETS if getattr(self, f"{name}_id") is not None)
