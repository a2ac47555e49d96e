"""Traces, profiles, schematics, outages and floods of zones, below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from assets.api.trace_views import OutageViewSet, TraceView

_router = SimpleRouter(use_regex_path=False)
_router.register("outages", OutageViewSet, basename="outage")

urlpatterns = [
    path("networks/<str:code>/trace/", TraceView.as_view(), name="trace"),
    *_router.urls,
]
