"""Addresses of quality, below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from sensors.quality.api import views

_router = SimpleRouter()
_router.register("quality-rules", views.QualityRuleViewSet, basename="quality-rule")
_router.register("quality-flags", views.QualityFlagViewSet, basename="quality-flag")

urlpatterns = [
    path("datastreams/<uuid:uid>/estimates/", views.EstimateView.as_view(), name="datastream-estimates"),
    *_router.urls,
]
