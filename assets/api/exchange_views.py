"""Simulations of a network, their series, and the network as a file."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets.api.exchange_serializers import (
    SeriesSerializer,
    SimulationDetailSerializer,
    SimulationRequestSerializer,
    SimulationSerializer,
)
from assets.api.serializers import AcceptedJobSerializer, accepted
from assets.models import Network
from assets.selectors.network_reads import networks_visible_to
from assets.selectors.simulations import node_series, pipe_series, runs_visible_to
from assets.services.network_export import EXPORT_FORMATS, EXPORT_SUFFIXES, export_network
from assets.services.network_export.export_jobs import EXPORT_NETWORK, MEDIA_TYPES, is_long, request_export
from gis_core.access import Capability, NotVisible, access
from gis_core.api.views import CapabilityMixin, acting
from gis_core.errors import ReportedError
from gis_core.job_kinds import enqueue
from gis_core.services.jobs import create_job

SIMULATE_NETWORK = "simulate network"
_BLOCK_BYTES = 1_000_000


class NetworkSimulationsView(CapabilityMixin, APIView):
    """The kept simulations of a network, newest first; POST starts another one."""

    capability = Capability.VIEW_NETWORK

    @extend_schema(operation_id="network_simulations_list", responses=SimulationSerializer(many=True))
    def get(self, request: Request, network: str) -> Response:
        found = _network(request, network)
        runs = runs_visible_to(request.user).filter(network=found).order_by("-id")
        return Response(SimulationSerializer(runs, many=True).data)

    @extend_schema(
        operation_id="network_simulations_create",
        request=SimulationRequestSerializer,
        responses={202: AcceptedJobSerializer},
    )
    def post(self, request: Request, network: str) -> Response:
        found = access(
            Network.objects.select_related("division"), request.user, Capability.EDIT_NETWORK, code=network
        )
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
            raise ReportedError("Name one node or one pipe by its uid.", code="bad_query")
        series = node_series(run, node) if node is not None else pipe_series(run, pipe or uid)
        if series is None:
            raise NotVisible("nothing was computed for it")
        return Response(SeriesSerializer(series).data)


class NetworkExportView(CapabilityMixin, APIView):
    """The network as a file: an EPANET model, or a file of a GIS."""

    capability = Capability.VIEW_NETWORK
    query_parameters = frozenset({"format_name"})

    @extend_schema(
        operation_id="network_export_retrieve",
        parameters=[OpenApiParameter("format_name", str, enum=EXPORT_FORMATS, required=True)],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, 202: AcceptedJobSerializer},
        description="The network as a file; of a large network a job (202) makes the file, and keeps it for some days.",
    )
    def get(self, request: Request, network: str) -> StreamingHttpResponse | Response:
        found = _network(request, network)
        file_format = request.query_params.get("format_name", "")
        if file_format not in EXPORT_FORMATS:
            raise ReportedError(f"format_name must be one of {', '.join(EXPORT_FORMATS)}.", code="bad_format")
        if is_long(found, file_format):
            job = request_export(
                found,
                file_format,
                acting_user=acting(request),
                enqueue=lambda uid: enqueue(EXPORT_NETWORK, uid),
            )
            return accepted(job)
        path = Path(tempfile.mkdtemp(prefix="tarmoq-export-")) / f"{found.code}{EXPORT_SUFFIXES[file_format]}"
        blocks = _Blocks(path)
        try:
            result = export_network(found, path, file_format)
        except BaseException:
            blocks.close()
            raise
        response = StreamingHttpResponse(blocks, content_type=MEDIA_TYPES[file_format])
        response["Content-Disposition"] = f'attachment; filename="{path.name}"'
        response["Content-Length"] = str(result.size_bytes)
        # How much of the network the format could not hold; `manage.py export_network --json` lists it.
        response["X-Not-Kept"] = str(len(result.not_kept))
        response["X-Adjusted"] = str(len(result.adjusted))
        return response


class _Blocks:
    """The blocks of a file that goes with its directory once it has been sent, or was never asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with self.path.open("rb") as file:
            file.seek(self.offset)
            block = file.read(_BLOCK_BYTES)
        if not block:
            self.close()
            raise StopIteration
        self.offset += len(block)
        return block

    def close(self) -> None:
        shutil.rmtree(self.path.parent, ignore_errors=True)

    __del__ = close


def _network(request: Request, code: str) -> Network:
    return access(networks_visible_to(request.user), request.user, Capability.VIEW_NETWORK, code=code)


def _uid_parameter(request: Request, name: str) -> UUID | None:
    text = request.query_params.get(name)
    try:
        return None if text is None else UUID(text)
    except ValueError:
        raise ValidationError({name: [f"{name} must be a uid."]}) from None
