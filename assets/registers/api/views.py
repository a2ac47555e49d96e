"""REST views of the registers: cadastre, survey points, documents, leaks, inspections, verifications, condition."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, ClassVar

import django_filters
from django.contrib.gis.geos import Polygon
from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_noop as _
from django_filters import CharFilter, NumberFilter, UUIDFilter
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from assets.models import (
    Building,
    Document,
    DocumentLink,
    Inspection,
    LeakRecord,
    Network,
    Node,
    NodeKind,
    Parcel,
    Pipe,
    PipeCondition,
    SurveyPoint,
    Verification,
    VerificationPolicy,
    Zone,
)
from assets.models.condition import PIPE_KIND
from assets.networks.selectors.network_reads import networks_visible_to
from assets.registers.api import serializers as forms
from assets.registers.selectors import cadastre as cadastre_selectors
from assets.registers.selectors import condition as condition_selectors
from assets.registers.services import cadastre, condition
from assets.registers.services.attachments import Place
from assets.registers.services.polygons import multipolygon_of, point_of
from gis_core.access import Capability, NotVisible, Viewer, access, visible
from gis_core.api.filters import DayFilter, FilterSet, TruthFilter
from gis_core.api.parameters import limit_parameter
from gis_core.api.views import CapabilityMixin, ScopedReadViewSet, acting
from gis_core.errors import ReportedError
from gis_core.models import Division, Street
from gis_core.sentences import Sentence, said

C = Capability
DEFAULT_TOLERANCE_M = 30.0
_LIMIT = OpenApiParameter("limit", int, description="How many rows at most, 1 to 1,000")


class BoxFilter(django_filters.CharFilter):
    """What meets a box: `west,south,east,north` in degrees."""

    def filter(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if not value:
            return rows
        try:
            west, south, east, north = (float(part) for part in value.split(","))
        except ValueError:
            raise ValidationError({"bbox": [said(_("Write the box as west,south,east,north."))]}) from None
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            raise ValidationError(
                {"bbox": [said(_("The box is west,south,east,north in degrees, in this order."))]}
            )
        return rows.filter(geom__intersects=Polygon.from_bbox((west, south, east, north)))


class ParcelFilter(FilterSet):
    division = CharFilter("division__code", label="Code of the division")
    street = NumberFilter("street_id", label="id of the street")
    bbox = BoxFilter(label="west,south,east,north")

    class Meta:
        model = Parcel
        fields = ["cadastral_number", "land_use"]


class BuildingFilter(FilterSet):
    division = CharFilter("division__code", label="Code of the division")
    street = NumberFilter("street_id", label="id of the street")
    parcel = UUIDFilter("parcel__uid", label="uid of the parcel")
    bbox = BoxFilter(label="west,south,east,north")

    class Meta:
        model = Building
        fields = ["cadastral_number", "purpose"]


class SurveyPointFilter(FilterSet):
    division = CharFilter("division__code", label="Code of the division")
    network = CharFilter("node__network__code", label="Code of the network of the node that is fixed")
    node = UUIDFilter("node__uid", label="uid of the node that is fixed")
    document = UUIDFilter("source_document__uid", label="uid of the source document")
    bbox = BoxFilter(label="west,south,east,north")

    class Meta:
        model = SurveyPoint
        fields = ["code", "accuracy_class", "method"]


class DocumentFilter(FilterSet):
    division = CharFilter("division__code", label="Code of the division")
    node = UUIDFilter("links__node__uid", label="uid of a node it is about")
    pipe = UUIDFilter("links__pipe__uid", label="uid of a pipe it is about")
    parcel = UUIDFilter("links__parcel__uid", label="uid of a parcel it is about")
    building = UUIDFilter("links__building__uid", label="uid of a building it is about")
    survey_point = UUIDFilter("links__survey_point__uid", label="uid of a survey point it is about")

    class Meta:
        model = Document
        fields = ["kind", "reference_number"]


class DocumentLinkFilter(FilterSet):
    document = UUIDFilter("document__uid", label="uid of the document")
    network = CharFilter("network__code", label="Code of the network")
    node = UUIDFilter("node__uid")
    pipe = UUIDFilter("pipe__uid")
    parcel = UUIDFilter("parcel__uid")
    building = UUIDFilter("building__uid")
    survey_point = UUIDFilter("survey_point__uid")

    class Meta:
        model = DocumentLink
        fields: ClassVar[list[str]] = []


class _AssetFilter(FilterSet):
    network = CharFilter("network__code", label="Code of the network")
    node = UUIDFilter("node__uid", label="uid of the node")
    pipe = UUIDFilter("pipe__uid", label="uid of the pipe")


class InspectionFilter(_AssetFilter):
    inspected_from = DayFilter(field_name="inspected_on", lookup_expr="gte")
    inspected_to = DayFilter(field_name="inspected_on", lookup_expr="lte")

    class Meta:
        model = Inspection
        fields = ["grade", "method"]


class VerificationFilter(_AssetFilter):
    verified_by = CharFilter("verified_by__username")
    verified_from = DayFilter(field_name="verified_on", lookup_expr="gte")
    verified_to = DayFilter(field_name="verified_on", lookup_expr="lte")

    class Meta:
        model = Verification
        fields = ["method", "position_confirmed"]


class LeakFilter(FilterSet):
    network = CharFilter("network__code", label="Code of the network")
    state = django_filters.MultipleChoiceFilter(choices=LeakRecord.State.choices)
    node = UUIDFilter("attachment__node__uid", label="uid of the node")
    pipe = UUIDFilter("attachment__pipe__uid", label="uid of the pipe")
    zone = UUIDFilter("attachment__node__zone__uid", label="uid of the zone")
    reported_from = DayFilter(field_name="reported_at", lookup_expr="date__gte")
    reported_to = DayFilter(field_name="reported_at", lookup_expr="date__lte")

    class Meta:
        model = LeakRecord
        fields = ["number", "kind", "cause", "source"]


class ConditionFilter(FilterSet):
    network = CharFilter("network__code", label="Code of the network")
    zone = UUIDFilter("zone__uid", label="uid of the zone")
    minimum_grade = NumberFilter("grade", lookup_expr="gte", label="This grade and worse")
    minimum_used_life_percent = NumberFilter("used_life_percent", lookup_expr="gte")

    class Meta:
        model = PipeCondition
        fields = ["code", "material", "material_code", "grade", "grade_method", "lifecycle"]


class RegisterViewSet(ScopedReadViewSet):
    """A register read with VIEW_NETWORK and written by POST and PATCH with `write_capability`."""

    capability = C.VIEW_NETWORK
    write_capability: ClassVar[Capability] = C.EDIT_NETWORK
    lookup_value_converter = "uuid"

    def read_body(self, form: type[BaseSerializer[Any]], *, is_partial: bool = False) -> dict[str, Any]:
        """The body as the form's values; raises ValidationError."""
        entry = form(data=self.request.data, partial=is_partial)
        entry.is_valid(raise_exception=True)
        return dict(entry.validated_data)

    def division(self, code: str) -> Division:
        """The division of a new row: one whose network the user may write to."""
        return access(
            Division.objects.all(), self.request.user, self.write_capability, division_lookup="pk", code=code
        )

    def referred(self, values: dict[str, Any]) -> dict[str, Any]:
        """The values with the rows that they name in place of their keys; NotVisible for one that is not seen."""
        viewer = self.request.user
        for name, model in (("source_document", Document), ("parcel", Parcel), ("node", Node)):
            if values.get(name) is not None:
                values[name] = access(model.objects.all(), viewer, C.VIEW_NETWORK, uid=values[name])
        if values.get("street") is not None:
            values["street"] = access(
                Street.objects.all(), viewer, C.VIEW_DIVISIONS, pk=min(values["street"], 2**63 - 1)
            )
        return values

    def writable(self) -> Any:
        """The row of the address, when the user may write to it; raises NotVisible."""
        model = self.get_queryset().model
        return access(model.objects.all(), self.request.user, self.write_capability, uid=self.kwargs["uid"])

    def answer(self, row: Any, *, status: int = 200) -> Response:
        """The row as the detail shows it."""
        shown = self.get_queryset().get(pk=row.pk)
        return Response(self.get_serializer(shown).data, status=status)


def _writes_with(capability: Capability, *names: str) -> dict[str, Capability]:
    return dict.fromkeys(names, capability)


class ParcelViewSet(RegisterViewSet):
    """Parcels of land with their cadastral numbers."""

    action_capabilities = _writes_with(C.EDIT_NETWORK, "create", "partial_update")
    serializer_class = forms.ParcelSerializer
    filterset_class = ParcelFilter

    def select(self, viewer: Viewer) -> QuerySet[Parcel]:
        return cadastre_selectors.parcels_visible_to(viewer)

    @extend_schema(request=forms.ParcelEntrySerializer, responses={201: forms.ParcelSerializer})
    def create(self, request: Request) -> Response:
        """Register a parcel."""
        values = self.read_body(forms.ParcelEntrySerializer)
        division = self.division(values.pop("division"))
        values["geom"] = multipolygon_of(values.pop("geometry"))
        parcel = cadastre.register_parcel(
            division=division, acting_user=acting(request), **self.referred(values)
        )
        return self.answer(parcel, status=201)

    @extend_schema(request=forms.ParcelEntrySerializer, responses=forms.ParcelSerializer)
    def partial_update(self, request: Request, uid: str) -> Response:
        """Change a parcel; give what changes."""
        return _change(self, forms.ParcelEntrySerializer)


class BuildingViewSet(RegisterViewSet):
    """Buildings with their cadastral numbers."""

    action_capabilities = _writes_with(C.EDIT_NETWORK, "create", "partial_update")
    serializer_class = forms.BuildingSerializer
    filterset_class = BuildingFilter

    def select(self, viewer: Viewer) -> QuerySet[Building]:
        return cadastre_selectors.buildings_visible_to(viewer)

    @extend_schema(request=forms.BuildingEntrySerializer, responses={201: forms.BuildingSerializer})
    def create(self, request: Request) -> Response:
        """Register a building."""
        values = self.read_body(forms.BuildingEntrySerializer)
        division = self.division(values.pop("division"))
        values["geom"] = multipolygon_of(values.pop("geometry"))
        building = cadastre.register_building(
            division=division, acting_user=acting(request), **self.referred(values)
        )
        return self.answer(building, status=201)

    @extend_schema(request=forms.BuildingEntrySerializer, responses=forms.BuildingSerializer)
    def partial_update(self, request: Request, uid: str) -> Response:
        """Change a building; give what changes."""
        return _change(self, forms.BuildingEntrySerializer)


class SurveyPointViewSet(RegisterViewSet):
    """Measured points with their accuracy class and source document."""

    action_capabilities = _writes_with(C.EDIT_NETWORK, "create", "partial_update")
    serializer_class = forms.SurveyPointSerializer
    filterset_class = SurveyPointFilter

    def select(self, viewer: Viewer) -> QuerySet[SurveyPoint]:
        return cadastre_selectors.survey_points_visible_to(viewer)

    @extend_schema(request=forms.SurveyPointEntrySerializer, responses={201: forms.SurveyPointSerializer})
    def create(self, request: Request) -> Response:
        """Register a survey point."""
        values = self.read_body(forms.SurveyPointEntrySerializer)
        division = self.division(values.pop("division"))
        values["geom"] = point_of(values.pop("geometry"))
        point = cadastre.register_survey_point(
            division=division, acting_user=acting(request), **self.referred(values)
        )
        return self.answer(point, status=201)

    @extend_schema(request=forms.SurveyPointEntrySerializer, responses=forms.SurveyPointSerializer)
    def partial_update(self, request: Request, uid: str) -> Response:
        """Change a survey point; give what changes."""
        return _change(self, forms.SurveyPointEntrySerializer)


class DocumentViewSet(RegisterViewSet):
    """Documents that the registers rest on."""

    action_capabilities = _writes_with(C.EDIT_NETWORK, "create", "partial_update", "store")
    serializer_class = forms.DocumentSerializer
    filterset_class = DocumentFilter

    def select(self, viewer: Viewer) -> QuerySet[Document]:
        return cadastre_selectors.documents_visible_to(viewer)

    @extend_schema(request=forms.DocumentEntrySerializer, responses={201: forms.DocumentSerializer})
    def create(self, request: Request) -> Response:
        """Register a document; its file follows by POST to its `file/`."""
        values = self.read_body(forms.DocumentEntrySerializer)
        division = self.division(values.pop("division"))
        document = cadastre.register_document(division=division, acting_user=acting(request), **values)
        return self.answer(document, status=201)

    @extend_schema(request=forms.DocumentEntrySerializer, responses=forms.DocumentSerializer)
    def partial_update(self, request: Request, uid: str) -> Response:
        """Change what is said of a document; its file stays."""
        return _change(self, forms.DocumentEntrySerializer)

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True, url_path="file")
    def file(self, request: Request, uid: str) -> HttpResponse:
        """The document's file, for download."""
        document = self.get_object()
        if not document.stored_name:
            raise NotVisible("the document has no file")
        path = cadastre.document_path(document)
        if not path.is_file():
            raise ReportedError(
                Sentence(_("The file of the document is missing on the server.")), code="file_missing"
            )
        # At most 25 MB, and read at once: nothing stays open when the client goes away.
        response = HttpResponse(path.read_bytes(), content_type=document.content_type)
        response["Content-Disposition"] = content_disposition_header(True, document.file_name)
        return response

    @extend_schema(
        request={"multipart/form-data": forms.DocumentFileSerializer},
        responses={201: forms.DocumentSerializer},
    )
    @file.mapping.post
    def store(self, request: Request, uid: str) -> Response:
        """Keep the document's file: PDF, PNG, JPEG or TIFF of at most 25 MB, once."""
        document = self.writable()
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) > cadastre.DOCUMENT_MAX_BYTES + 64 * 1024:
            raise ReportedError(Sentence(_("The file is larger than 25 MB.")), code="too_large")
        values = self.read_body(forms.DocumentFileSerializer)
        cadastre.store_file(document=document, upload=values["file"], acting_user=acting(request))
        return self.answer(document, status=201)


class DocumentLinkViewSet(RegisterViewSet):
    """Which document is about which node, pipe, parcel, building or survey point."""

    action_capabilities = _writes_with(C.EDIT_NETWORK, "create", "destroy")
    serializer_class = forms.DocumentLinkSerializer
    filterset_class = DocumentLinkFilter

    def select(self, viewer: Viewer) -> QuerySet[DocumentLink]:
        return cadastre_selectors.document_links_visible_to(viewer)

    @extend_schema(request=forms.DocumentLinkEntrySerializer, responses={201: forms.DocumentLinkSerializer})
    def create(self, request: Request) -> Response:
        """Link a document to what it is about."""
        values = self.read_body(forms.DocumentLinkEntrySerializer)
        document = access(Document.objects.all(), request.user, self.write_capability, uid=values["document"])
        models: dict[str, Any] = {
            "node": Node,
            "pipe": Pipe,
            "parcel": Parcel,
            "building": Building,
            "survey_point": SurveyPoint,
        }
        target = access(
            models[values["target_kind"]].objects.all(),
            request.user,
            self.write_capability,
            uid=values["target"],
        )
        link = cadastre.link_document(document=document, target=target, acting_user=acting(request))
        return self.answer(link, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, uid: str) -> Response:
        """Take the link back; the document stays."""
        cadastre.unlink_document(link=self.writable(), acting_user=acting(request))
        return Response(status=204)


_LABELS = {"parcel": "cadastral_number", "building": "cadastral_number", "surveypoint": "code"}


def _change(view: RegisterViewSet, form: type[BaseSerializer[Any]]) -> Response:
    """PATCH of a row of the cadastre."""
    row = view.writable()
    values = view.read_body(form, is_partial=True)
    if not values:
        raise ValidationError(said(_("Nothing to change.")))
    if "division" in values:
        values["division"] = view.division(values["division"])
    if "geometry" in values:
        drawing = values.pop("geometry")
        values["geom"] = point_of(drawing) if isinstance(row, SurveyPoint) else multipolygon_of(drawing)
    label = str(getattr(row, _LABELS.get(row._meta.model_name or "", "uid")))
    cadastre.change_register_row(row, view.referred(values), label=label, acting_user=acting(view.request))
    return view.answer(row)


class FieldViewSet(RegisterViewSet):
    """A register that crews write to."""

    write_capability = C.RECORD_FIELD_WORK
    action_capabilities = _writes_with(C.RECORD_FIELD_WORK, "create", "partial_update")

    def asset(self, values: dict[str, Any]) -> Node | Pipe:
        """The node or pipe that a body names, when the user may record field work on it; raises NotVisible."""
        return asset_named(self.request.user, values)


def asset_named(viewer: Viewer, values: dict[str, Any]) -> Node | Pipe:
    """The node or pipe that a body names, taken out of it, where the viewer records field work; raises NotVisible."""
    model: Any = Node if "node" in values else Pipe
    uid = values.pop("node", None) or values.pop("pipe", None)
    found = access(model.objects.select_related("division", "network"), viewer, C.RECORD_FIELD_WORK, uid=uid)
    assert isinstance(found, (Node, Pipe))
    return found


def place_named(viewer: Viewer, network: Network, values: dict[str, Any]) -> Place | None:
    """The place that a body names, taken out of it; None when it names none. Raises NotVisible or ReportedError."""
    position, tolerance_m = values.pop("position", None), values.pop("tolerance_m", DEFAULT_TOLERANCE_M)
    if "lon" in values:
        longitude, latitude = values.pop("lon"), values.pop("lat")
        return condition.place_near(network, longitude=longitude, latitude=latitude, tolerance_m=tolerance_m)[
            0
        ]
    if "node" not in values and "pipe" not in values:
        return None
    asset = asset_named(viewer, values)
    if asset.network_id != network.pk:
        raise NotVisible("no such asset in this network")
    return condition.place_on(asset, position)


class InspectionViewSet(FieldViewSet):
    """Inspections of nodes and pipes, with the condition found."""

    serializer_class = forms.InspectionSerializer
    filterset_class = InspectionFilter

    def select(self, viewer: Viewer) -> QuerySet[Inspection]:
        return condition_selectors.inspections_visible_to(viewer)

    @extend_schema(request=forms.InspectionEntrySerializer, responses={201: forms.InspectionSerializer})
    def create(self, request: Request) -> Response:
        """Record an inspection."""
        values = self.read_body(forms.InspectionEntrySerializer)
        inspection = condition.record_inspection(
            asset=self.asset(values), acting_user=acting(request), **values
        )
        return self.answer(inspection, status=201)


class VerificationViewSet(FieldViewSet):
    """Verifications of nodes and pipes in the field."""

    serializer_class = forms.VerificationSerializer
    filterset_class = VerificationFilter

    def select(self, viewer: Viewer) -> QuerySet[Verification]:
        return condition_selectors.verifications_visible_to(viewer)

    @extend_schema(request=forms.VerificationEntrySerializer, responses={201: forms.VerificationSerializer})
    def create(self, request: Request) -> Response:
        """Record that one has verified an asset oneself."""
        values = self.read_body(forms.VerificationEntrySerializer)
        user = acting(request)
        verification = condition.record_verification(
            asset=self.asset(values), verified_by=user, acting_user=user, **values
        )
        return self.answer(verification, status=201)


class VerificationPolicyViewSet(RegisterViewSet):
    """How often assets of a kind are verified: the general intervals and those of divisions."""

    action_capabilities = _writes_with(C.EDIT_NETWORK, "create")
    serializer_class = forms.VerificationPolicySerializer
    filterset_fields = ["commodity", "kind"]
    lookup_field = "pk"
    lookup_value_converter = "int"

    def select(self, viewer: Viewer) -> QuerySet[VerificationPolicy]:
        return condition_selectors.verification_policies_visible_to(viewer)

    @extend_schema(
        request=forms.VerificationPolicyEntrySerializer, responses={201: forms.VerificationPolicySerializer}
    )
    def create(self, request: Request) -> Response:
        """Set an interval in a division; sent again it replaces the one that is set."""
        values = self.read_body(forms.VerificationPolicyEntrySerializer)
        policy = condition.set_verification_interval(
            division=self.division(values.pop("division")), acting_user=acting(request), **values
        )
        return self.answer(policy, status=201)


class LeakViewSet(FieldViewSet):
    """The leak register: from the report to the repair."""

    serializer_class = forms.LeakSerializer
    filterset_class = LeakFilter

    def select(self, viewer: Viewer) -> QuerySet[LeakRecord]:
        return condition_selectors.leaks_visible_to(viewer)

    @extend_schema(request=forms.LeakEntrySerializer, responses={201: forms.LeakSerializer})
    def create(self, request: Request) -> Response:
        """Report a leak at a node, on a pipe, or at a position near one."""
        values = self.read_body(forms.LeakEntrySerializer)
        network = access(
            Network.objects.select_related("division"),
            request.user,
            self.write_capability,
            code=values.pop("network"),
        )
        place = place_named(request.user, network, values)
        assert place is not None
        leak = condition.report_leak(network=network, place=place, acting_user=acting(request), **values)
        return self.answer(leak, status=201)

    @extend_schema(request=forms.LeakChangeSerializer, responses=forms.LeakSerializer)
    def partial_update(self, request: Request, uid: str) -> Response:
        """Bring a leak to its next state, or change what is known of it."""
        leak = self.writable()
        values = self.read_body(forms.LeakChangeSerializer)
        place = place_named(request.user, leak.network, values)
        state, at = values.pop("state", None), values.pop("at", None)
        condition.change_leak(
            leak=leak, state=state, at=at, place=place, values=values, acting_user=acting(request)
        )
        return self.answer(leak)


class ConditionViewSet(ScopedReadViewSet):
    """The condition and age of pipes: grade, used life, breaks. `summary/` groups them."""

    capability = C.VIEW_NETWORK
    serializer_class = forms.PipeConditionSerializer
    filterset_class = ConditionFilter
    lookup_value_converter = "uuid"

    def known_parameters(self) -> frozenset[str]:
        if self.action == "summary":
            return frozenset({"by", *ConditionFilter.base_filters})
        return super().known_parameters()

    def select(self, viewer: Viewer) -> QuerySet[PipeCondition]:
        return condition_selectors.conditions_visible_to(viewer)

    @extend_schema(
        parameters=[OpenApiParameter("by", str, enum=condition_selectors.SUMMARIES, required=True)],
        responses=forms.ConditionGroupSerializer(many=True),
    )
    @action(detail=False, pagination_class=None)
    def summary(self, request: Request) -> Response:
        """Pipes in groups by material, diameter class or zone."""
        by = request.query_params.get("by", "")
        if by not in condition_selectors.SUMMARIES:
            raise ValidationError(
                {"by": [said(_("One of {summaries}."), summaries=", ".join(condition_selectors.SUMMARIES))]}
            )
        groups = condition_selectors.condition_summary(self.filter_queryset(self.get_queryset()), by)
        return Response(forms.ConditionGroupSerializer(groups, many=True).data)


class MaterialLifeViewSet(ScopedReadViewSet):
    """The life expected of materials, in years."""

    capability = C.VIEW_NETWORK
    serializer_class = forms.MaterialLifeSerializer
    lookup_field = "code"

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return condition_selectors.material_lives()


_STATUS_FILTERS = ("network", "kind", "zone", "overdue")
_STATUS_PARAMETERS = [
    OpenApiParameter("network", str, description="Code of the network"),
    OpenApiParameter("kind", str, many=True, enum=[*NodeKind.values, PIPE_KIND]),
    OpenApiParameter("zone", OpenApiTypes.UUID, description="uid of the zone"),
    OpenApiParameter("overdue", bool),
    _LIMIT,
    OpenApiParameter("cursor", str, description="Where the page starts; take it from `next`."),
]


class StatusFilter(FilterSet):
    """Reads the parameters of the verification status as strictly as those of other lists."""

    network = CharFilter()
    kind = django_filters.MultipleChoiceFilter(
        choices=[(kind, kind) for kind in [*NodeKind.values, PIPE_KIND]]
    )
    zone = UUIDFilter()
    overdue = TruthFilter()


class VerificationStatusView(CapabilityMixin, APIView):
    """When and by whom every asset was last verified in the field, and when that is overdue."""

    capability = C.VIEW_NETWORK
    query_parameters = frozenset({*_STATUS_FILTERS, "limit", "cursor"})

    @extend_schema(
        operation_id="verification_status_list",
        parameters=_STATUS_PARAMETERS,
        responses=forms.VerificationStatusPageSerializer,
    )
    def get(self, request: Request) -> Response:
        wanted = _status_filter(request)
        limit = limit_parameter(request, default=100, maximum=1000)
        networks = _networks(request.user, wanted["network"])
        rows = condition_selectors.verification_status(
            networks,
            kinds=wanted["kind"],
            zone_id=_zone_id(request.user, wanted["zone"]),
            is_overdue=wanted["overdue"] if isinstance(wanted["overdue"], bool) else None,
            after=_position(request.query_params.get("cursor")),
            limit=limit + 1,
        )
        shown = rows[:limit]
        return Response(
            {
                "next": _address_after(request, shown[-1]) if len(rows) > limit else None,
                "previous": None,
                "results": forms.VerificationStatusSerializer(shown, many=True).data,
            }
        )


class VerificationCountView(CapabilityMixin, APIView):
    """How many assets are overdue, by network, division, zone and kind."""

    capability = C.VIEW_NETWORK
    query_parameters = frozenset({"network"})

    @extend_schema(
        operation_id="verification_counts_list",
        parameters=[OpenApiParameter("network", str, description="Code of the network")],
        responses=forms.VerificationCountSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        networks = _networks(request.user, request.query_params.get("network"))
        rows = condition_selectors.verification_counts(networks)
        return Response(forms.VerificationCountSerializer(rows, many=True).data)


def _status_filter(request: Request) -> dict[str, Any]:
    form = StatusFilter(request.query_params, queryset=Node.objects.none()).form
    if not form.is_valid():
        raise ValidationError(form.errors)
    return dict(form.cleaned_data)


def _networks(viewer: Viewer, code: str | None) -> list[Network]:
    networks = networks_visible_to(viewer).order_by("pk")
    return list(networks.filter(code=code) if code else networks)


def _zone_id(viewer: Viewer, uid: Any) -> int | None:
    """The id of a visible zone; of none (0) when the uid is not that of one; None when there is no uid."""
    if not uid:
        return None
    zone = visible(Zone.objects.all(), viewer, C.VIEW_NETWORK).filter(uid=uid).values_list("pk", flat=True)
    return zone.first() or 0


def _position(cursor: str | None) -> tuple[str, int]:
    if cursor is None:
        return ("node", 0)
    try:
        text = urlsafe_b64decode(cursor.encode("ascii")).decode("ascii")
    except ValueError:
        text = ""
    found = re.fullmatch(r"(node|pipe):([0-9]{1,18})", text)
    if found is None:
        raise ValidationError({"cursor": [said(_("This is not a cursor of ours; take it from next."))]})
    return (found[1], int(found[2]))


def _address_after(request: Request, row: condition_selectors.VerificationStatus) -> str:
    parameters = request.query_params.copy()
    parameters["cursor"] = urlsafe_b64encode(f"{row.asset_class}:{row.id}".encode()).decode()
    return request.build_absolute_uri(f"{reverse('verification-status-list')}?{parameters.urlencode()}")
