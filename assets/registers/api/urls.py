"""Registers around the network, below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from assets.registers.api.views import (
    BuildingViewSet,
    ConditionViewSet,
    DocumentLinkViewSet,
    DocumentViewSet,
    InspectionViewSet,
    LeakViewSet,
    MaterialLifeViewSet,
    ParcelViewSet,
    SurveyPointViewSet,
    VerificationCountView,
    VerificationPolicyViewSet,
    VerificationStatusView,
    VerificationViewSet,
)

_router = SimpleRouter(use_regex_path=False)
_router.register("parcels", ParcelViewSet, basename="parcel")
_router.register("buildings", BuildingViewSet, basename="building")
_router.register("survey-points", SurveyPointViewSet, basename="survey-point")
_router.register("documents", DocumentViewSet, basename="document")
_router.register("document-links", DocumentLinkViewSet, basename="document-link")
_router.register("leaks", LeakViewSet, basename="leak")
_router.register("inspections", InspectionViewSet, basename="inspection")
_router.register("verifications", VerificationViewSet, basename="verification")
_router.register("verification-policies", VerificationPolicyViewSet, basename="verification-policy")
_router.register("condition", ConditionViewSet, basename="condition")
_router.register("material-lives", MaterialLifeViewSet, basename="material-life")

urlpatterns = [
    path("verification-status/", VerificationStatusView.as_view(), name="verification-status-list"),
    path("verification-counts/", VerificationCountView.as_view(), name="verification-counts"),
    *_router.urls,
]
