"""Addresses of the core's REST views, below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from gis_core.api import schema as _schema  # noqa: F401 - registers the token scheme with the OpenAPI generator
from gis_core.api.viewsets import (
    ApiTokenEndView,
    ApiTokensView,
    AuditEventViewSet,
    DivisionViewSet,
    EnterpriseViewSet,
    JobViewSet,
    StreetViewSet,
    ViewerView,
)
from gis_core.messages.api.views import MessageViewSet

router = SimpleRouter()
router.register("divisions", DivisionViewSet, basename="division")
router.register("streets", StreetViewSet, basename="street")
router.register("enterprises", EnterpriseViewSet, basename="enterprise")
router.register("jobs", JobViewSet, basename="job")
router.register("audit-events", AuditEventViewSet, basename="audit-event")
router.register("messages", MessageViewSet, basename="message")

urlpatterns = [
    path("viewer/", ViewerView.as_view(), name="viewer"),
    path("tokens/", ApiTokensView.as_view(), name="api-tokens"),
    path("tokens/<uuid:uid>/end/", ApiTokenEndView.as_view(), name="api-token-end"),
    *router.urls,
]
