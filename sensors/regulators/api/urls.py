"""Addresses of regulators, below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from sensors.regulators.api import views

_router = SimpleRouter()
_router.register("regulators", views.RegulatorViewSet, basename="regulator")
_router.register("limit-proposals", views.LimitProposalViewSet, basename="limit-proposal")
_router.register("regulator-commands", views.RegulatorCommandViewSet, basename="regulator-command")

urlpatterns = [
    path("regulators/<uuid:uid>/schedule/", views.RegulatorScheduleView.as_view(), name="regulator-schedule"),
    path("regulators/<uuid:uid>/override/", views.RegulatorOverrideView.as_view(), name="regulator-override"),
    path("regulators/<uuid:uid>/key/", views.RegulatorKeyView.as_view(), name="regulator-key"),
    path("regulators/<uuid:uid>/limits/", views.RegulatorLimitsView.as_view(), name="regulator-limits"),
    *_router.urls,
]
