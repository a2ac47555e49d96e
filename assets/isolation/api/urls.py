"""Isolation and outages, below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from assets.isolation.api.outages import OutageViewSet
from assets.isolation.api.views import IsolationView

_router = SimpleRouter(use_regex_path=False)
_router.register("outages", OutageViewSet, basename="outage")

urlpatterns = [
    path("pipes/<uuid:uid>/isolation/", IsolationView.as_view(), name="pipe-isolation"),
    *_router.urls,
]
