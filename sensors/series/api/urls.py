"""Addresses of things, datastreams and their series, below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from sensors.series.api.series_views import (
    LiveValuesView,
    SeriesEditUndoView,
    SeriesEditView,
    SeriesExportView,
    SeriesView,
)
from sensors.series.api.viewsets import DatastreamViewSet, SeriesEditViewSet, ThingViewSet

router = SimpleRouter()
router.register("things", ThingViewSet, basename="thing")
router.register("datastreams", DatastreamViewSet, basename="datastream")
router.register("series-edits", SeriesEditViewSet, basename="series-edit")

urlpatterns = [
    path("series/", SeriesView.as_view(), name="series"),
    path("live/", LiveValuesView.as_view(), name="live-values"),
    path("datastreams/<uuid:uid>/edits/", SeriesEditView.as_view(), name="series-edit-create"),
    path("datastreams/<uuid:uid>/export/", SeriesExportView.as_view(), name="series-export"),
    path("series-edits/<uuid:uid>/undo/", SeriesEditUndoView.as_view(), name="series-edit-undo"),
    *router.urls,
]
