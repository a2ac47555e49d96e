"""REST views of the core."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from gis_core.access import Capability, Viewer, capabilities_of, is_unrestricted, roles_of
from gis_core.api.serializers import (
    AuditEventSerializer,
    DivisionSerializer,
    EnterpriseSerializer,
    JobSerializer,
    StreetSerializer,
    ViewerSerializer,
)
from gis_core.api.views import ScopedReadViewSet, StrictView
from gis_core.models import RoleAssignment
from gis_core.selectors.organisation import (
    audit_events_visible_to,
    divisions_visible_to,
    enterprises_visible_to,
    jobs_visible_to,
    streets_visible_to,
)


class ViewerView(StrictView):
    """The viewer: roles, capabilities and the divisions in which they are held."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses=ViewerSerializer)
    def get(self, request: Request) -> Response:
        viewer = request.user
        held = RoleAssignment.objects.filter(user=viewer.pk).order_by("division__path")
        codes = list(dict.fromkeys(held.values_list("division__code", flat=True)))
        return Response(
            ViewerSerializer(
                {
                    "username": viewer.get_username(),
                    "roles": roles_of(viewer),
                    "capabilities": sorted(capabilities_of(viewer)),
                    "divisions": ["UZ"] if is_unrestricted(viewer) else codes,
                }
            ).data
        )


class DivisionViewSet(ScopedReadViewSet):
    """The viewer's divisions and all below them."""

    capability = Capability.VIEW_DIVISIONS
    serializer_class = DivisionSerializer
    lookup_field = "code"

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return divisions_visible_to(viewer)


class StreetViewSet(ScopedReadViewSet):
    """Streets of the viewer's divisions."""

    capability = Capability.VIEW_DIVISIONS
    serializer_class = StreetSerializer
    lookup_field = "pk"

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return streets_visible_to(viewer)


class EnterpriseViewSet(ScopedReadViewSet):
    """Enterprises of the viewer's divisions."""

    capability = Capability.VIEW_DIVISIONS
    serializer_class = EnterpriseSerializer
    lookup_field = "code"

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return enterprises_visible_to(viewer)


class JobViewSet(ScopedReadViewSet):
    """Long work of the viewer's divisions, with its progress."""

    capability = Capability.VIEW_JOBS
    serializer_class = JobSerializer

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return jobs_visible_to(viewer)


class AuditEventViewSet(ScopedReadViewSet):
    """Who changed what in the viewer's divisions."""

    capability = Capability.VIEW_AUDIT
    serializer_class = AuditEventSerializer
    lookup_field = "pk"

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return audit_events_visible_to(viewer)
