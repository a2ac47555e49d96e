"""Validation, below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from assets.validation.api.views import (
    CheckCatalogueView,
    DirtyAreasView,
    FindingAcceptView,
    FindingRepairView,
    FindingViewSet,
    FindingWithdrawView,
    NetworkValidationView,
)

_router = SimpleRouter(use_regex_path=False)
_router.register("findings", FindingViewSet, basename="finding")

urlpatterns = [
    path("checks/", CheckCatalogueView.as_view(), name="checks"),
    path("findings/<uuid:uid>/accept/", FindingAcceptView.as_view(), name="finding-accept"),
    path("findings/<uuid:uid>/withdraw-acceptance/", FindingWithdrawView.as_view(), name="finding-withdraw"),
    path("findings/<uuid:uid>/repair/", FindingRepairView.as_view(), name="finding-repair"),
    path("networks/<str:network>/dirty-areas/", DirtyAreasView.as_view(), name="network-dirty-areas"),
    path("networks/<str:network>/validation/", NetworkValidationView.as_view(), name="network-validation"),
    *_router.urls,
]
