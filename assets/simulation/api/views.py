"""Simulations of a network and their series."""

from uuid import UUID

from django.utils.translation import gettext_noop as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets.job_kinds import SIMULATE_NETWORK
from assets.networks.selectors.network_reads import network_visible_to
from assets.simulation.api.serializers import (
    SeriesSerializer,
    SimulationDetailSerializer,
    SimulationRequestSerializer,
    SimulationSerializer,
)
from assets.simulation.selectors.simulations import node_series, pipe_series, runs_visible_to
from gis_core.access import Capability, NotVisible, access
from gis_core.api.serializers import AcceptedJobSerializer
from gis_core.api.views import CapabilityMixin, acting
from gis_core.errors import ReportedError
from gis_core.job_kinds import enqueue
from gis_core.sentences import Sentence, said
from gis_core.services.jobs import create_job


class NetworkSimulationsView(CapabilityMixin, APIView):
    """The kept simulations of a network, newest first; POST starts another one."""

    capability = Capability.VIEW_NETWORK

    @extend_schema(operation_id="network_simulations_list", responses=SimulationSerializer(many=True))
    def get(self, request: Request, network: str) -> Response:
        found = network_visible_to(request.user, network)
        runs = runs_visible_to(request.user).filter(network=found).order_by("-id")
        return Response(SimulationSerializer(runs, many=True).data)

    @extend_schema(
        operation_id="network_simulations_create",
        request=SimulationRequestSerializer,
        responses={202: AcceptedJobSerializer},
    )
    def post(self, request: Request, network: str) -> Response:
        found = network_visible_to(request.user, network, Capability.EDIT_NETWORK)
        serializer = SimulationRequestSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        job = create_job(
            kind=SIMULATE_NETWORK,
            division=found.division,
            parameters={"network": found.code, **serializer.validated_data},
            acting_user=acting(request),
            enqueue=lambda uid: enqueue(SIMULATE_NETWORK, uid),
        )
        return Response(AcceptedJobSerializer(job).data, status=202)


class SimulationView(CapabilityMixin, APIView):
    """One simulation without its series."""

    capability = Capability.VIEW_NETWORK

    @extend_schema(operation_id="simulation_retrieve", responses=SimulationDetailSerializer)
    def get(self, request: Request, uid: UUID) -> Response:
        run = access(runs_visible_to(request.user), request.user, Capability.VIEW_NETWORK, uid=uid)
        return Response(SimulationDetailSerializer(run).data)


class SimulationSeriesView(CapabilityMixin, APIView):
    """What a simulation computed for one node, device or pipe."""

    capability = Capability.VIEW_NETWORK
    query_parameters = frozenset({"node", "pipe"})

    @extend_schema(
        operation_id="simulation_series_retrieve",
        parameters=[
            OpenApiParameter("node", OpenApiTypes.UUID, description="uid of a node or device"),
            OpenApiParameter("pipe", OpenApiTypes.UUID, description="uid of a pipe"),
        ],
        responses=SeriesSerializer,
    )
    def get(self, request: Request, uid: UUID) -> Response:
        run = access(runs_visible_to(request.user), request.user, Capability.VIEW_NETWORK, uid=uid)
        node, pipe = (_uid_parameter(request, name) for name in ("node", "pipe"))
        if (node is None) == (pipe is None):
            raise ReportedError(Sentence(_("Name one node or one pipe by its uid.")), code="bad_query")
        series = node_series(run, node) if node is not None else pipe_series(run, pipe or uid)
        if series is None:
            raise NotVisible("nothing was computed for it")
        return Response(SeriesSerializer(series).data)


def _uid_parameter(request: Request, name: str) -> UUID | None:
    text = request.query_params.get(name)
    try:
        return None if text is None else UUID(text)
    except ValueError:
        raise ValidationError({name: [said(_("{name} must be a uid."), name=name)]}) from None
