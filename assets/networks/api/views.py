"""Networks and zones, reading as of a date, what is near a position, and search."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import Q, QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets.models import Lifecycle, Network, Node, NodeKind, Pipe, Zone
from assets.networks.api.serializers import (
    NearAssetSerializer,
    NetworkSerializer,
    SearchHitSerializer,
    ZoneSerializer,
)
from assets.networks.selectors.as_of import moment_of, reading_as_of
from assets.networks.selectors.network_reads import (
    ASSET_KINDS,
    MAXIMUM_NEAREST,
    nearest_assets,
    networks_matching,
    networks_visible_to,
    zones_visible_to,
)
from assets.networks.selectors.search import MAXIMUM_FOUND, MAXIMUM_QUERY_LENGTH, search
from gis_core.access import Capability, Viewer
from gis_core.api.filters import FilterSet
from gis_core.api.pagination import KeysetPagination
from gis_core.api.parameters import limit_parameter, number_parameter
from gis_core.api.views import CapabilityMixin, ScopedReadViewSet

_AS_OF = OpenApiParameter("as_of", str, description="A date (its end) or an RFC 3339 instant: as it was then")
_LIMIT = OpenApiParameter("limit", int, description="How many rows at most")


def etag_of(row: Node | Pipe) -> str:
    """The ETag of an element: its version."""
    return f'"{row.version}"'


class NetworkFilter(FilterSet):
    commodity = django_filters.ChoiceFilter(choices=Network.Commodity.choices)
    q = django_filters.CharFilter(
        method="matching", max_length=MAXIMUM_QUERY_LENGTH, label="Part of the code, the name or the division"
    )

    def matching(self, networks: QuerySet[Network], _name: str, text: str) -> QuerySet[Network]:
        return networks_matching(networks, text)

    class Meta:
        model = Network
        fields: ClassVar[list[str]] = []


class _OfNetworkFilter(FilterSet):
    network = django_filters.CharFilter(field_name="network__code", label="Code of the network")
    code = django_filters.CharFilter(field_name="code", label="The exact code")


class ZoneFilter(_OfNetworkFilter):
    class Meta:
        model = Zone
        fields: ClassVar[list[str]] = []


class NodeFilter(_OfNetworkFilter):
    kind = django_filters.MultipleChoiceFilter(choices=NodeKind.choices)
    zone = django_filters.UUIDFilter(field_name="zone__uid", label="uid of the zone")
    lifecycle = django_filters.ChoiceFilter(choices=Lifecycle.choices)

    class Meta:
        model = Node
        fields: ClassVar[list[str]] = []


class PipeFilter(_OfNetworkFilter):
    zone = django_filters.UUIDFilter(field_name="start_node__zone__uid", label="uid of the start node's zone")
    status = django_filters.ChoiceFilter(choices=Pipe.Status.choices)
    lifecycle = django_filters.ChoiceFilter(choices=Lifecycle.choices)
    node = django_filters.UUIDFilter(method="ends_at", label="uid of a node that it starts or ends at")

    def ends_at(self, pipes: QuerySet[Pipe], _name: str, uid: UUID) -> QuerySet[Pipe]:
        """The pipes that start or end at a node."""
        return pipes.filter(Q(start_node__uid=uid) | Q(end_node__uid=uid))

    class Meta:
        model = Pipe
        fields: ClassVar[list[str]] = []


class AsOfReadViewSet(ScopedReadViewSet):
    """Lists and details as they are, or with `?as_of=` as they were: a date (its end) or an RFC 3339 instant."""

    def known_parameters(self) -> frozenset[str]:
        known = super().known_parameters()
        return known | {"as_of"} if self.action in ("list", "retrieve") else known

    @extend_schema(parameters=[_AS_OF])
    def list(self, request: Request, *arguments: Any, **keywords: Any) -> Response:
        with reading_as_of(_moment(request)):
            return super().list(request, *arguments, **keywords)

    @extend_schema(parameters=[_AS_OF])
    def retrieve(self, request: Request, *arguments: Any, **keywords: Any) -> Response:
        with reading_as_of(_moment(request)):
            row = self.get_object()
            response = Response(self.get_serializer(row).data)
        if "as_of" not in request.query_params:
            response["ETag"] = etag_of(row)
        return response


def _moment(request: Request) -> datetime | None:
    text = request.query_params.get("as_of")
    return None if text is None else moment_of(text)


class NetworkPagination(KeysetPagination):
    """Pages of networks by code."""

    ordering = "code"

    def read_position(self, text: str) -> str:
        if "\x00" in text:
            raise ValueError("not a code")
        return text


class NetworkViewSet(ScopedReadViewSet):
    """The networks of the viewer's divisions, by code."""

    capability = Capability.VIEW_NETWORK
    serializer_class = NetworkSerializer
    filterset_class = NetworkFilter
    pagination_class = NetworkPagination
    lookup_value_converter = "uuid"

    def select(self, viewer: Viewer) -> QuerySet[Network]:
        return networks_visible_to(viewer)


class ZoneViewSet(AsOfReadViewSet):
    """Zones whose supply and consumption are balanced, with their boundary."""

    capability = Capability.VIEW_NETWORK
    serializer_class = ZoneSerializer
    filterset_class = ZoneFilter
    lookup_value_converter = "uuid"

    def select(self, viewer: Viewer) -> QuerySet[Zone]:
        return zones_visible_to(viewer)


class NearestView(CapabilityMixin, APIView):
    """The assets nearest to a position, with geodesic distance and bearing."""

    capability = Capability.VIEW_NETWORK
    query_parameters = frozenset({"lon", "lat", "kind", "limit"})

    @extend_schema(
        operation_id="nearest_list",
        parameters=[
            OpenApiParameter("lon", float, required=True, description="Longitude, degrees"),
            OpenApiParameter("lat", float, required=True, description="Latitude, degrees"),
            OpenApiParameter("kind", str, many=True, enum=ASSET_KINDS),
            _LIMIT,
        ],
        responses=NearAssetSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        found = nearest_assets(
            request.user,
            longitude=number_parameter(request, "lon"),
            latitude=number_parameter(request, "lat"),
            kinds=request.query_params.getlist("kind"),
            limit=limit_parameter(request, default=20, maximum=MAXIMUM_NEAREST),
        )
        return Response(NearAssetSerializer(found, many=True).data)


class SearchView(CapabilityMixin, APIView):
    """Whatever answers a text: zones, nodes and pipes of all visible networks by code or name, parcels and buildings by
    number or address, positions in degrees or metres, and subscribers, accounts, meters and bills for those who may see
    them.

    The best hit is the first: a code as it was typed before all else. Letters may be Latin or Cyrillic, apostrophes of
    any kind or missing, and where nothing has the text, what is like it is found.
    """

    capability = Capability.VIEW_NETWORK
    query_parameters = frozenset({"q", "network", "limit"})

    @extend_schema(
        operation_id="search_list",
        parameters=[
            OpenApiParameter(
                "q", str, required=True, description="Code, name, address, subscriber, number or coordinates"
            ),
            OpenApiParameter(
                "network", str, description="Code of the network whose elements come before others"
            ),
            _LIMIT,
        ],
        responses=SearchHitSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        found = search(
            request.user,
            request.query_params.get("q", ""),
            network_code=request.query_params.get("network"),
            limit=limit_parameter(request, default=20, maximum=MAXIMUM_FOUND),
        )
        return Response(SearchHitSerializer(found, many=True).data)
