"""Nodes and pipes at their addresses: read, added, changed and deleted."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.serializers import BaseSerializer

from assets.editing.api.views import NodeEditing, PipeEditing
from assets.models import Node, Pipe
from assets.networks.api.serializers import DETAIL_NAMES, NodeDetailSerializer, NodeSerializer, PipeSerializer
from assets.networks.api.views import AsOfReadViewSet, NodeFilter, PipeFilter
from assets.networks.selectors.network_reads import nodes_visible_to, pipes_visible_to
from gis_core.access import Capability, Viewer


class NodeViewSet(NodeEditing, AsOfReadViewSet):
    """Junctions, facilities and devices. A single one comes with the details of its kind."""

    capability = Capability.VIEW_NETWORK
    serializer_class = NodeSerializer
    filterset_class = NodeFilter
    lookup_value_converter = "uuid"

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return NodeDetailSerializer if self.action == "retrieve" else NodeSerializer

    def select(self, viewer: Viewer) -> QuerySet[Node]:
        nodes = nodes_visible_to(viewer)
        if self.action == "retrieve":
            return nodes.select_related("network", "zone", *DETAIL_NAMES)
        return nodes


class PipeViewSet(PipeEditing, AsOfReadViewSet):
    """Pipes with their end nodes."""

    capability = Capability.VIEW_NETWORK
    serializer_class = PipeSerializer
    filterset_class = PipeFilter
    lookup_value_converter = "uuid"

    def select(self, viewer: Viewer) -> QuerySet[Pipe]:
        return pipes_visible_to(viewer)
