"""REST views of the sensors."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from gis_core.access import Capability, Viewer
from gis_core.api.pagination import TimePagination
from gis_core.api.parameters import instant_parameter
from gis_core.api.views import ScopedReadViewSet
from sensors.series.api.serializers import DatastreamSerializer, ObservationSerializer, ThingSerializer
from sensors.series.api.series_views import SeriesEditSerializer
from sensors.series.selectors.series import (
    datastreams_visible_to,
    edits_visible_to,
    observations_of,
    things_visible_to,
)


class ThingViewSet(ScopedReadViewSet):
    """Devices of the field in the viewer's divisions."""

    capability = Capability.VIEW_SENSORS
    serializer_class = ThingSerializer
    filterset_fields = {
        "code": ["exact"],
        "attachment__network__code": ["exact"],
        "attachment__node__uid": ["exact"],
        "attachment__pipe__uid": ["exact"],
    }

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return things_visible_to(viewer)


class DatastreamViewSet(ScopedReadViewSet):
    """Observed properties with their latest value; observations are below each."""

    capability = Capability.VIEW_SENSORS
    action_parameters = {"observations": TimePagination.parameters | {"since", "until"}}
    serializer_class = DatastreamSerializer
    filterset_fields = {
        "code": ["exact"],
        "observed_property": ["exact"],
        "thing__uid": ["exact"],
        "thing__attachment__network__code": ["exact"],
    }

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return datastreams_visible_to(viewer)

    @extend_schema(
        parameters=[
            OpenApiParameter("since", datetime, description="first instant, ISO 8601 with offset"),
            OpenApiParameter("until", datetime, description="first instant no longer wanted"),
            OpenApiParameter("cursor", str, description=TimePagination.cursor_query_description),
            OpenApiParameter("limit", int, description=TimePagination.page_size_query_description),
        ],
        filters=False,
        responses=ObservationSerializer(many=True),
    )
    @action(detail=True, pagination_class=TimePagination, filterset_fields=None, url_path="observations")
    def observations(self, request: Request, uid: str) -> Response:
        """The observations of [since, until), oldest first."""
        stream = self.get_object()
        rows = observations_of(
            stream,
            since=instant_parameter(request, "since"),
            until=instant_parameter(request, "until"),
        )
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(ObservationSerializer(page, many=True).data)


class SeriesEditViewSet(ScopedReadViewSet):
    """Who changed final values, when and why."""

    capability = Capability.VIEW_SENSORS
    serializer_class = SeriesEditSerializer
    filterset_fields = {"datastream__code": ["exact"], "datastream__uid": ["exact"], "code": ["exact"]}

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return edits_visible_to(viewer)
