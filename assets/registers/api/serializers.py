"""JSON forms of the registers around the network. Geometry is GeoJSON, longitude and latitude."""

import math
from typing import Any, ClassVar

from django.utils.translation import gettext_noop as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from assets.models import (
    Building,
    Document,
    DocumentLink,
    Inspection,
    LeakRecord,
    MaterialLife,
    Network,
    Parcel,
    PipeCondition,
    SurveyPoint,
    Verification,
    VerificationPolicy,
)
from assets.models.cadastre import DOCUMENT_TARGETS
from assets.models.condition import GRADES, VERIFIED_KINDS
from assets.networks.api.serializers import GeometryField
from gis_core.api.bodies import TextField, UidField
from gis_core.sentences import said


class NumberField(serializers.FloatField):
    """A finite number; texts and truth values, which the library's own field would take, are refused."""

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, (str, bool)):
            self.fail("invalid")
        value = super().to_internal_value(data)
        if not math.isfinite(value):
            self.fail("invalid")
        return value


class WholeField(serializers.IntegerField):
    """A whole number, as a number."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


class TruthField(serializers.BooleanField):
    """`true` or `false`, and no other words for them."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


@extend_schema_field({"type": "object", "description": "GeoJSON geometry, WGS 84"})
class DrawingField(serializers.JSONField):
    """A GeoJSON geometry; the service says what is wrong with it."""


class StrictSerializer(serializers.Serializer[Any]):
    """A body with the fields named and no others."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) or hasattr(data, "keys"):
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                raise serializers.ValidationError({unknown[0]: [said(_("Unknown field."))]})
        return super().to_internal_value(data)


_UID_OR_NULL: dict[str, Any] = {"read_only": True, "allow_null": True, "default": None}


class _PlotSerializer(serializers.ModelSerializer[Any]):
    """What parcels and buildings have in common."""

    division = serializers.CharField(source="division.code", read_only=True)
    street = serializers.IntegerField(source="street_id", read_only=True, allow_null=True)
    street_name = serializers.CharField(source="street.name", **_UID_OR_NULL)
    source_document = serializers.UUIDField(source="source_document.uid", **_UID_OR_NULL)
    area_m2 = serializers.FloatField(read_only=True, help_text="Geodesic, of the drawing")
    geometry = GeometryField(source="geojson", read_only=True)


class ParcelSerializer(_PlotSerializer):
    class Meta:
        model = Parcel
        fields = (
            "uid",
            "division",
            "cadastral_number",
            "land_use",
            "area_m2",
            "street",
            "street_name",
            "house",
            "source_document",
            "geometry",
        )


class BuildingSerializer(_PlotSerializer):
    parcel = serializers.UUIDField(source="parcel.uid", **_UID_OR_NULL)
    parcel_number = serializers.CharField(source="parcel.cadastral_number", **_UID_OR_NULL)

    class Meta:
        model = Building
        fields = (
            "uid",
            "division",
            "cadastral_number",
            "parcel",
            "parcel_number",
            "purpose",
            "storeys",
            "year_built",
            "area_m2",
            "street",
            "street_name",
            "house",
            "source_document",
            "geometry",
        )


class SurveyPointSerializer(serializers.ModelSerializer[SurveyPoint]):
    division = serializers.CharField(source="division.code", read_only=True)
    source_document = serializers.UUIDField(source="source_document.uid", read_only=True)
    source_document_title = serializers.CharField(source="source_document.title", read_only=True)
    network = serializers.CharField(source="node.network.code", **_UID_OR_NULL)
    node = serializers.UUIDField(source="node.uid", **_UID_OR_NULL)
    node_code = serializers.CharField(source="node.code", **_UID_OR_NULL)
    geometry = GeometryField(source="geojson", read_only=True)

    class Meta:
        model = SurveyPoint
        fields = (
            "uid",
            "division",
            "code",
            "elevation_m",
            "accuracy_class",
            "horizontal_accuracy_m",
            "vertical_accuracy_m",
            "surveyed_on",
            "surveyor",
            "method",
            "source_document",
            "source_document_title",
            "network",
            "node",
            "node_code",
            "geometry",
        )


class DocumentSerializer(serializers.ModelSerializer[Document]):
    division = serializers.CharField(source="division.code", read_only=True)
    created_by = serializers.CharField(source="created_by.username", **_UID_OR_NULL)
    has_file = serializers.SerializerMethodField()

    class Meta:
        model = Document
        fields = (
            "uid",
            "division",
            "title",
            "kind",
            "reference_number",
            "issued_on",
            "issued_by",
            "has_file",
            "file_name",
            "content_type",
            "size_bytes",
            "sha256",
            "created_by",
            "created_at",
        )

    def get_has_file(self, document: Document) -> bool:
        return bool(document.stored_name)


class DocumentLinkSerializer(serializers.ModelSerializer[DocumentLink]):
    document = serializers.UUIDField(source="document.uid", read_only=True)
    document_title = serializers.CharField(source="document.title", read_only=True)
    network = serializers.CharField(source="network.code", **_UID_OR_NULL)
    target_kind = serializers.ChoiceField(choices=DOCUMENT_TARGETS, read_only=True)
    target = serializers.UUIDField(source="target_uid", read_only=True)
    target_code = serializers.CharField(read_only=True)

    class Meta:
        model = DocumentLink
        fields = ("uid", "document", "document_title", "network", "target_kind", "target", "target_code")


class _PlotEntrySerializer(StrictSerializer):
    division = TextField(max_length=40, help_text="Code of the division")
    # Its form is the database's to judge: what is malformed and what is taken elsewhere have one answer.
    cadastral_number = TextField(max_length=60, help_text="For example 10:01:02:03:04:0005")
    geometry = DrawingField(help_text="Polygon or MultiPolygon")
    street = WholeField(required=False, allow_null=True, help_text="id of the street")
    house = TextField(required=False, allow_blank=True, max_length=20)
    source_document = UidField(required=False, allow_null=True)


class ParcelEntrySerializer(_PlotEntrySerializer):
    land_use = serializers.ChoiceField(choices=Parcel.LandUse.choices, required=False)


class BuildingEntrySerializer(_PlotEntrySerializer):
    parcel = UidField(required=False, allow_null=True)
    purpose = serializers.ChoiceField(choices=Building.Purpose.choices, required=False)
    storeys = WholeField(required=False, allow_null=True, min_value=1, max_value=200)
    year_built = WholeField(required=False, allow_null=True, min_value=1000, max_value=2200)


class SurveyPointEntrySerializer(StrictSerializer):
    division = TextField(max_length=40, help_text="Code of the division")
    code = TextField(max_length=60)
    geometry = DrawingField(help_text="Point")
    elevation_m = NumberField(required=False, allow_null=True, min_value=-500, max_value=9000)
    accuracy_class = serializers.ChoiceField(choices=SurveyPoint.AccuracyClass.choices)
    horizontal_accuracy_m = NumberField(required=False, allow_null=True, max_value=10_000)
    vertical_accuracy_m = NumberField(required=False, allow_null=True, max_value=10_000)
    surveyed_on = serializers.DateField()
    surveyor = TextField(max_length=200)
    method = serializers.ChoiceField(choices=SurveyPoint.Method.choices)
    source_document = UidField()
    node = UidField(required=False, allow_null=True, help_text="The node that the point fixes")


class DocumentEntrySerializer(StrictSerializer):
    division = TextField(max_length=40, help_text="Code of the division")
    title = TextField(max_length=200)
    kind = serializers.ChoiceField(choices=Document.Kind.choices)
    reference_number = TextField(required=False, allow_blank=True, max_length=60)
    issued_on = serializers.DateField(required=False, allow_null=True)
    issued_by = TextField(required=False, allow_blank=True, max_length=200)


class DocumentFileSerializer(serializers.Serializer[Any]):
    file = serializers.FileField(help_text="PDF, PNG, JPEG or TIFF, at most 25 MB", max_length=255)


class DocumentLinkEntrySerializer(StrictSerializer):
    document = UidField()
    target_kind = serializers.ChoiceField(choices=DOCUMENT_TARGETS)
    target = UidField(help_text="uid of what the document is about")


class _FactSerializer(serializers.ModelSerializer[Any]):
    """What inspections and verifications have in common."""

    network = serializers.CharField(source="network.code", read_only=True)
    node = serializers.UUIDField(source="node.uid", **_UID_OR_NULL)
    pipe = serializers.UUIDField(source="pipe.uid", **_UID_OR_NULL)
    asset_code = serializers.SerializerMethodField()
    is_copy = serializers.SerializerMethodField(help_text="Carried over from the pipe this one was split off")

    def get_asset_code(self, row: Any) -> str:
        return str((row.node or row.pipe).code)

    def get_is_copy(self, row: Any) -> bool:
        return row.copied_from_id is not None


class InspectionSerializer(_FactSerializer):
    class Meta:
        model = Inspection
        fields = (
            "uid",
            "network",
            "node",
            "pipe",
            "asset_code",
            "inspected_on",
            "inspector",
            "method",
            "grade",
            "findings",
            "next_due_on",
            "recorded_at",
            "is_copy",
        )


class VerificationSerializer(_FactSerializer):
    verified_by = serializers.CharField(source="verified_by.username", read_only=True)

    class Meta:
        model = Verification
        fields = (
            "uid",
            "network",
            "node",
            "pipe",
            "asset_code",
            "verified_on",
            "verified_by",
            "method",
            "position_confirmed",
            "remark",
            "recorded_at",
            "is_copy",
        )


class _OneAssetSerializer(StrictSerializer):
    uid = UidField(required=False, help_text="The client's own; sent again, it is recorded once")
    node = UidField(required=False)
    pipe = UidField(required=False)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if ("node" in values) == ("pipe" in values):
            raise serializers.ValidationError(said(_("Give either node or pipe.")))
        return values


class InspectionEntrySerializer(_OneAssetSerializer):
    inspected_on = serializers.DateField()
    inspector = TextField(max_length=200)
    method = serializers.ChoiceField(choices=Inspection.Method.choices)
    grade = WholeField(
        min_value=1, max_value=5, help_text=", ".join(f"{n} {word}" for n, word in GRADES.items())
    )
    findings = TextField(required=False, allow_blank=True, max_length=10_000)
    next_due_on = serializers.DateField(required=False, allow_null=True)


class VerificationEntrySerializer(_OneAssetSerializer):
    verified_on = serializers.DateField()
    method = serializers.ChoiceField(choices=Verification.Method.choices)
    position_confirmed = TruthField(required=False)
    remark = TextField(required=False, allow_blank=True, max_length=10_000)


class VerificationPolicySerializer(serializers.ModelSerializer[VerificationPolicy]):
    division = serializers.CharField(source="division.code", **_UID_OR_NULL)

    class Meta:
        model = VerificationPolicy
        fields = ("id", "division", "commodity", "kind", "interval_months")


class VerificationPolicyEntrySerializer(StrictSerializer):
    division = TextField(max_length=40, help_text="Code of the division it holds in")
    commodity = serializers.ChoiceField(choices=Network.Commodity.choices)
    kind = serializers.ChoiceField(choices=VERIFIED_KINDS)
    interval_months = WholeField(min_value=1, max_value=600)


class VerificationStatusSerializer(serializers.Serializer[Any]):
    asset_class = serializers.ChoiceField(choices=["node", "pipe"])
    uid = serializers.UUIDField()
    code = serializers.CharField()
    kind = serializers.CharField()
    network = serializers.CharField()
    zone = serializers.UUIDField(allow_null=True)
    zone_name = serializers.CharField(allow_null=True)
    lifecycle = serializers.CharField()
    last_verified_on = serializers.DateField(allow_null=True)
    last_verified_by = serializers.CharField(allow_null=True)
    last_method = serializers.CharField(allow_null=True)
    interval_months = serializers.IntegerField(allow_null=True)
    due_on = serializers.DateField(allow_null=True)
    is_overdue = serializers.BooleanField()


class VerificationStatusPageSerializer(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = VerificationStatusSerializer(many=True)


class VerificationCountSerializer(serializers.Serializer[Any]):
    network = serializers.CharField()
    division = serializers.CharField()
    zone = serializers.CharField(allow_null=True)
    kind = serializers.CharField()
    assets = serializers.IntegerField()
    verified = serializers.IntegerField(help_text="Ever verified")
    overdue = serializers.IntegerField()


class LeakSerializer(serializers.ModelSerializer[LeakRecord]):
    network = serializers.CharField(source="network.code", read_only=True)
    node = serializers.UUIDField(source="attachment.node.uid", read_only=True)
    node_code = serializers.CharField(source="attachment.node.code", read_only=True)
    pipe = serializers.UUIDField(source="attachment.pipe.uid", **_UID_OR_NULL)
    pipe_code = serializers.CharField(source="attachment.pipe.code", **_UID_OR_NULL)
    position = serializers.FloatField(source="attachment.position", read_only=True, allow_null=True)
    zone = serializers.UUIDField(source="attachment.node.zone.uid", **_UID_OR_NULL)
    recorded_by = serializers.CharField(source="recorded_by.username", **_UID_OR_NULL)
    geometry = GeometryField(source="geojson", read_only=True)

    class Meta:
        model = LeakRecord
        fields = (
            "uid",
            "network",
            "number",
            "state",
            "source",
            "kind",
            "cause",
            "estimated_loss_m3h",
            "reported_at",
            "reported_by",
            "recorded_by",
            "located_at",
            "repair_started_at",
            "repaired_at",
            "rejected_at",
            "note",
            "node",
            "node_code",
            "pipe",
            "pipe_code",
            "position",
            "zone",
            "geometry",
        )


class _PlaceSerializer(StrictSerializer):
    """Where a leak is: at a node, on a pipe at a position, or at a longitude and latitude."""

    node = UidField(required=False)
    pipe = UidField(required=False)
    position = NumberField(required=False, min_value=0, max_value=1, help_text="0 start, 1 end of the pipe")
    lon = NumberField(required=False, min_value=-180, max_value=180)
    lat = NumberField(required=False, min_value=-90, max_value=90)
    tolerance_m = NumberField(required=False, max_value=200, help_text="With lon and lat; 30 by default")
    place_is_required: ClassVar[bool] = True

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        given = sum(name in values for name in ("node", "pipe", "lon"))
        if ("lon" in values) != ("lat" in values):
            raise serializers.ValidationError(said(_("lon and lat go together.")))
        if given > 1 or (given == 0 and self.place_is_required):
            raise serializers.ValidationError(said(_("Give one of node, pipe, or lon and lat.")))
        if "position" in values and "pipe" not in values:
            raise serializers.ValidationError(said(_("position goes with pipe.")))
        if "tolerance_m" in values and "lon" not in values:
            raise serializers.ValidationError(said(_("tolerance_m goes with lon and lat.")))
        return values


class LeakEntrySerializer(_PlaceSerializer):
    network = TextField(max_length=60, help_text="Code of the network")
    uid = UidField(required=False, help_text="The client's own; sent again, it is recorded once")
    number = TextField(
        required=False, max_length=40, help_text="By default the network's next one of the year"
    )
    source = serializers.ChoiceField(choices=LeakRecord.Source.choices)  # type: ignore[assignment]
    kind = serializers.ChoiceField(choices=LeakRecord.Kind.choices, required=False)
    cause = serializers.ChoiceField(choices=LeakRecord.Cause.choices, required=False)
    estimated_loss_m3h = NumberField(required=False, allow_null=True, min_value=0, max_value=99_999)
    reported_at = serializers.DateTimeField(required=False)
    reported_by = TextField(required=False, allow_blank=True, max_length=200)
    note = TextField(required=False, allow_blank=True, max_length=10_000)


class LeakChangeSerializer(_PlaceSerializer):
    """What becomes of a leak: its next state with a time, and what is known of it."""

    place_is_required = False
    state = serializers.ChoiceField(choices=LeakRecord.State.choices, required=False)
    at = serializers.DateTimeField(required=False, help_text="When it came to the state; now by default")
    kind = serializers.ChoiceField(choices=LeakRecord.Kind.choices, required=False)
    cause = serializers.ChoiceField(choices=LeakRecord.Cause.choices, required=False)
    estimated_loss_m3h = NumberField(required=False, allow_null=True, min_value=0, max_value=99_999)
    note = TextField(required=False, allow_blank=True, max_length=10_000)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        values = super().validate(values)
        if not values:
            raise serializers.ValidationError(said(_("Nothing to change.")))
        if "state" not in values and values.keys() & {"at", "node", "pipe", "lon"}:
            raise serializers.ValidationError(said(_("A time or place goes with a state.")))
        return values


class PipeConditionSerializer(serializers.ModelSerializer[PipeCondition]):
    network = serializers.CharField(source="network.code", read_only=True)
    zone = serializers.UUIDField(source="zone.uid", **_UID_OR_NULL)

    class Meta:
        model = PipeCondition
        fields = (
            "uid",
            "network",
            "code",
            "zone",
            "lifecycle",
            "material",
            "material_code",
            "diameter_m",
            "length_m",
            "year_installed",
            "age_years",
            "expected_life_years",
            "used_life_percent",
            "breaks",
            "breaks_per_km_year",
            "inspected_on",
            "inspected_grade",
            "grade",
            "grade_method",
        )


class ConditionGroupSerializer(serializers.Serializer[Any]):
    group = serializers.CharField(allow_null=True)
    pipes = serializers.IntegerField()
    length_km = serializers.FloatField()
    mean_age_years = serializers.FloatField(allow_null=True, help_text="Weighed by length")
    mean_used_life_percent = serializers.FloatField(allow_null=True)
    breaks = serializers.IntegerField(help_text="In the last ten years")
    breaks_per_km_year = serializers.FloatField()
    length_km_by_grade = serializers.DictField(child=serializers.FloatField())


class MaterialLifeSerializer(serializers.ModelSerializer[MaterialLife]):
    names = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = MaterialLife
        fields = ("code", "name", "names", "life_years")
