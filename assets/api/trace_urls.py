"""Traces, profiles, schematics, outages and floods of zones, below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from assets.api.drawing_views import (
    ProfileDrawingView,
    ProfileView,
    SchematicDrawingView,
    SchematicView,
    ZoneFloodingView,
)
from assets.api.trace_views import OutageViewSet, TraceView

_router = SimpleRouter(use_regex_path=False)
_router.register("outages", OutageViewSet, basename="outage")

urlpatterns = [
    path("networks/<str:code>/trace/", TraceView.as_view(), name="trace"),
    path("networks/<str:code>/profile/", ProfileView.as_view(), name="profile"),
    path("networks/<str:code>/profile.svg", ProfileDrawingView.as_view(), name="profile-drawing"),
    path("networks/<str:code>/zone-flooding/", ZoneFloodingView.as_view(), name="zone-flooding"),
    path("zones/<uuid:uid>/schematic/", SchematicView.as_view(), name="zone-schematic"),
    path("zones/<uuid:uid>/schematic.svg", SchematicDrawingView.as_view(), name="zone-schematic-drawing"),
    *_router.urls,
]
