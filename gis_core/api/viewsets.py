"""REST views of the core."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.http import FileResponse
from django_filters import CharFilter
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from gis_core.access import (
    Capability,
    NotVisible,
    Viewer,
    access,
    capabilities_of,
    is_unrestricted,
    roles_of,
)
from gis_core.api.filters import FilterSet
from gis_core.api.serializers import (
    ApiTokenSerializer,
    AuditEventSerializer,
    DivisionSerializer,
    EnterpriseSerializer,
    JobSerializer,
    NewStreetSerializer,
    StreetSerializer,
    ViewerSerializer,
)
from gis_core.api.views import ScopedReadViewSet, StrictView, acting
from gis_core.models import Division, Job, RoleAssignment, Street
from gis_core.selectors.organisation import (
    audit_events_visible_to,
    divisions_visible_to,
    enterprises_visible_to,
    job_visible_to,
    jobs_visible_to,
    own_token,
    own_tokens,
    streets_named,
    streets_visible_to,
)
from gis_core.services.job_files import made_file
from gis_core.services.jobs import cancel_job
from gis_core.services.streets import add_street
from gis_core.services.tokens import revoke_token


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


class ApiTokensView(StrictView):
    """The viewer's own API tokens. They are made on the page `/me/` or by a command: a token cannot make another."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="tokens_list", responses=ApiTokenSerializer(many=True))
    def get(self, request: Request) -> Response:
        """All of them, the newest first, with their last use."""
        return Response(ApiTokenSerializer(own_tokens(acting(request)), many=True).data)


class ApiTokenEndView(StrictView):
    """Ending one of the viewer's own API tokens."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="tokens_end", request=None, responses=ApiTokenSerializer)
    def post(self, request: Request, uid: UUID) -> Response:
        """Make the token useless from now on."""
        token = own_token(acting(request), uid)
        revoke_token(token=token, acting_user=acting(request))
        return Response(ApiTokenSerializer(token).data)


class DivisionViewSet(ScopedReadViewSet):
    """The viewer's divisions and all below them."""

    capability = Capability.VIEW_DIVISIONS
    serializer_class = DivisionSerializer
    lookup_field = "code"

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return divisions_visible_to(viewer)


class StreetFilter(FilterSet):
    q = CharFilter(method="named", label="Beginnings of words of the name, in Latin or Cyrillic letters")
    division = CharFilter("division__code")

    class Meta:
        model = Street
        fields = ["division"]

    def named(self, rows: QuerySet[Street], _name: str, text: str) -> QuerySet[Street]:
        return streets_named(rows, text)


class StreetViewSet(ScopedReadViewSet):
    """Streets of the viewer's divisions; one is added by POST."""

    capability = Capability.VIEW_DIVISIONS
    action_capabilities: ClassVar[dict[str, Capability]] = {"create": Capability.MANAGE_ACCOUNTS}
    serializer_class = StreetSerializer
    filterset_class = StreetFilter
    lookup_field = "pk"

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return streets_visible_to(viewer)

    @extend_schema(request=NewStreetSerializer, responses={201: StreetSerializer})
    def create(self, request: Request) -> Response:
        """Add a street to a division, under the next free code; one of that name already there is the answer."""
        form = NewStreetSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        division = access(
            Division.objects.defer("boundary"),
            request.user,
            Capability.MANAGE_ACCOUNTS,
            code=form.validated_data["division"],
            division_lookup="pk",
        )
        street = add_street(division=division, name=form.validated_data["name"], acting_user=acting(request))
        return Response(StreetSerializer(street).data, status=201)


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
    # One's own job is seen, cancelled and its file fetched by whoever could ask for it.
    action_capabilities: ClassVar[dict[str, Capability]] = dict.fromkeys(
        ("retrieve", "cancel", "file"), Capability.VIEW_DIVISIONS
    )
    serializer_class = JobSerializer
    lookup_value_converter = "uuid"

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return jobs_visible_to(viewer)

    def get_object(self) -> Job:
        try:
            uid = UUID(str(self.kwargs["uid"]))
        except ValueError:
            raise NotVisible("no such job") from None
        return job_visible_to(self.request.user, uid)

    @extend_schema(request=None, responses=JobSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, uid: UUID) -> Response:
        """Cancel a job of one's own (an administrator: any of the division). Nothing of it remains.

        A job cancelled already is answered as it is; one that has ended otherwise is refused.
        """
        job = cancel_job(self.get_object(), acting_user=acting(request))
        return Response(JobSerializer(job).data)

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"])
    def file(self, request: Request, uid: UUID) -> FileResponse:
        """The file that a job made, which its result names; 404 when it made none, or its days are over."""
        job = self.get_object()
        path = made_file(job)
        if path is None or job.result is None:
            raise NotVisible("the job has no file")
        return FileResponse(
            path.open("rb"),
            as_attachment=True,
            filename=path.name,
            content_type=job.result["file"]["media_type"],
        )


class AuditEventViewSet(ScopedReadViewSet):
    """Who changed what in the viewer's divisions."""

    capability = Capability.VIEW_AUDIT
    serializer_class = AuditEventSerializer
    lookup_field = "pk"

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return audit_events_visible_to(viewer)
