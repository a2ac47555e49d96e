"""Validation: the catalogue of checks, dirty areas, runs, and what people do with findings."""

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets.job_kinds import VALIDATE_NETWORK
from assets.models import DirtyArea, Finding, Network
from assets.networks.selectors.network_reads import networks_visible_to
from assets.validation.api.serializers import (
    AcceptanceSerializer,
    CheckSerializer,
    DirtyAreaSerializer,
    FindingSerializer,
    RepairedSerializer,
    ValidationRequestSerializer,
    ValidationResultSerializer,
)
from assets.validation.selectors.findings import dirty_areas_visible_to, findings_visible_to, within
from assets.validation.services import CATALOGUE, parse_bbox, validate_network
from assets.validation.services.deciding import accept_finding, repair_finding, withdraw_acceptance
from gis_core.access import Capability, Viewer, access
from gis_core.api.filters import FilterSet, TruthFilter
from gis_core.api.pagination import KeysetPagination
from gis_core.api.serializers import AcceptedJobSerializer
from gis_core.api.views import CapabilityMixin, ScopedReadViewSet, acting
from gis_core.job_kinds import enqueue
from gis_core.services.jobs import create_job

# More dirty areas than this are looked at by a worker, not while the client waits.
MAXIMUM_SYNCHRONOUS_AREAS = 500


class FindingFilter(FilterSet):
    network = django_filters.CharFilter(field_name="network__code", label="Code of the network")
    check_code = django_filters.ChoiceFilter(
        choices=[(code, code) for code in CATALOGUE], label="Code of the check"
    )
    severity = django_filters.ChoiceFilter(choices=Finding.Severity.choices)
    accepted = TruthFilter(
        field_name="accepted_at", lookup_expr="isnull", exclude=True, label="Accepted or not"
    )
    repairable = TruthFilter(
        field_name="repair", lookup_expr="isnull", exclude=True, label="With a repair or not"
    )
    bbox = django_filters.CharFilter(method="in_bbox", label="W,S,E,N in degrees")

    class Meta:
        model = Finding
        fields: ClassVar[list[str]] = []

    def in_bbox(self, findings: QuerySet[Finding], _name: str, text: str) -> QuerySet[Finding]:
        return within(findings, parse_bbox(text))


class FindingViewSet(ScopedReadViewSet):
    """What validation found and what is accepted of it."""

    capability = Capability.VIEW_NETWORK
    serializer_class = FindingSerializer
    filterset_class = FindingFilter
    lookup_value_converter = "uuid"

    def select(self, viewer: Viewer) -> QuerySet[Finding]:
        return findings_visible_to(viewer)


class _FindingView(CapabilityMixin, APIView):
    capability = Capability.EDIT_NETWORK

    def finding(self, request: Request, uid: UUID) -> Finding:
        return access(
            Finding.objects.select_related("network__division"),
            request.user,
            Capability.EDIT_NETWORK,
            uid=uid,
        )

    def answer(self, request: Request, finding: Finding) -> Response:
        shown = findings_visible_to(request.user).get(pk=finding.pk)
        return Response(FindingSerializer(shown).data, status=201)


class FindingAcceptView(_FindingView):
    """Let a finding stand, for a reason."""

    @extend_schema(
        operation_id="accept_finding", request=AcceptanceSerializer, responses={201: FindingSerializer}
    )
    def post(self, request: Request, uid: UUID) -> Response:
        found = self.finding(request, uid)
        form = AcceptanceSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        accepted = accept_finding(found, reason=form.validated_data["reason"], acting_user=acting(request))
        return self.answer(request, accepted)


class FindingWithdrawView(_FindingView):
    """Take the acceptance of a finding back."""

    @extend_schema(
        operation_id="withdraw_finding_acceptance", request=None, responses={201: FindingSerializer}
    )
    def post(self, request: Request, uid: UUID) -> Response:
        found = self.finding(request, uid)
        return self.answer(request, withdraw_acceptance(found, acting_user=acting(request)))


class FindingRepairView(_FindingView):
    """Mend a finding by its repair: one edit, after which the ground it touched is validated."""

    @extend_schema(operation_id="repair_finding", request=None, responses={201: RepairedSerializer})
    def post(self, request: Request, uid: UUID) -> Response:
        found = self.finding(request, uid)
        repaired = repair_finding(found, acting_user=acting(request))
        return Response(RepairedSerializer(repaired).data, status=201)


class CheckCatalogueView(CapabilityMixin, APIView):
    """What validation looks for."""

    capability = Capability.VIEW_NETWORK

    @extend_schema(operation_id="checks_list", responses=CheckSerializer(many=True))
    def get(self, request: Request) -> Response:
        shown: list[dict[str, Any]] = [
            {
                "code": check.code,
                "title": check.title,
                "severity": check.severity,
                "explanation": check.explanation,
                "scope": check.scope,
                "commodities": sorted(check.commodities),
                "repair": check.repair_title,
            }
            for check in CATALOGUE.values()
        ]
        return Response(CheckSerializer(shown, many=True).data)


class DirtyAreasView(CapabilityMixin, APIView):
    """The ground of a network that was edited and not validated since, oldest first."""

    capability = Capability.VIEW_NETWORK
    query_parameters = KeysetPagination.parameters

    @extend_schema(
        operation_id="dirty_areas_list",
        parameters=[
            OpenApiParameter("limit", int, description="How many rows at most, 1 to 1,000"),
            OpenApiParameter(
                "cursor", str, description="Where the page starts; take it from next or previous"
            ),
        ],
        responses=DirtyAreaSerializer(many=True),
    )
    def get(self, request: Request, network: str) -> Response:
        found = access(networks_visible_to(request.user), request.user, Capability.VIEW_NETWORK, code=network)
        pages = KeysetPagination()
        page = pages.paginate_queryset(dirty_areas_visible_to(request.user, found), request, view=self)
        return pages.get_paginated_response(DirtyAreaSerializer(page, many=True).data)


class NetworkValidationView(CapabilityMixin, APIView):
    """Check a network's dirty ground, given boxes, or (as a job) all of it."""

    capability = Capability.EDIT_NETWORK

    @extend_schema(
        operation_id="validate_network",
        request=ValidationRequestSerializer,
        responses={201: ValidationResultSerializer, 202: AcceptedJobSerializer},
    )
    def post(self, request: Request, network: str) -> Response:
        found = access(
            Network.objects.select_related("division"), request.user, Capability.EDIT_NETWORK, code=network
        )
        form = ValidationRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        boxes = [
            parse_bbox(",".join(str(number) for number in box))
            for box in form.validated_data.get("bboxes", [])
        ]
        if form.validated_data["all"] or (not boxes and self._is_long(found)):
            job = create_job(
                kind=VALIDATE_NETWORK,
                division=found.division,
                parameters={"network": found.code, "all": form.validated_data["all"]},
                acting_user=acting(request),
                enqueue=lambda uid: enqueue(VALIDATE_NETWORK, uid),
            )
            return Response(AcceptedJobSerializer(job).data, status=202)
        result = validate_network(found, acting_user=acting(request), boxes=boxes or None)
        return Response(ValidationResultSerializer(result).data, status=201)

    def _is_long(self, network: Network) -> bool:
        dirty = DirtyArea.objects.filter(network=network)[: MAXIMUM_SYNCHRONOUS_AREAS + 1]
        return len(dirty.values_list("pk")) > MAXIMUM_SYNCHRONOUS_AREAS
