"""REST views of the sensors."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from gis_core.access import Capability, Viewer
from gis_core.api.pagination import KeysetPagination
from gis_core.api.views import ScopedReadViewSet
from sensors.api.serializers import DatastreamSerializer, ObservationSerializer, ThingSerializer
from sensors.selectors.series import datastreams_visible_to, observations_of, things_visible_to


class ObservationPagination(KeysetPagination):
    """Observations page by time."""

    ordering = "time"


class ThingViewSet(ScopedReadViewSet):
    """Devices of the field in the viewer's divisions."""

    capability = Capability.VIEW_SENSORS
    serializer_class = ThingSerializer
    filterset_fields = {"code": ["exact"], "attachment__network__code": ["exact"]}

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return things_visible_to(viewer)


class DatastreamViewSet(ScopedReadViewSet):
    """Observed properties with their latest value; observations are below each."""

    capability = Capability.VIEW_SENSORS
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
            OpenApiParameter("cursor", str),
            OpenApiParameter("limit", int),
        ],
        filters=False,
        responses=ObservationSerializer(many=True),
    )
    @action(
        detail=True, pagination_class=ObservationPagination, filterset_fields=None, url_path="observations"
    )
    def observations(self, request: Request, uid: str) -> Response:
        """The observations of [since, until), oldest first."""
        stream = self.get_object()
        rows = observations_of(stream, since=_instant(request, "since"), until=_instant(request, "until"))
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(ObservationSerializer(page, many=True).data)


def _instant(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        instant = parse_datetime(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise ValidationError({name: "Write an instant as 2026-01-31T00:00:00+05:00."})
    return instant
