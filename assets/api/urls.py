"""Below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from assets.api.edit_urls import urlpatterns as edit_urlpatterns
from assets.api.exchange_views import (
    NetworkExportView,
    NetworkSimulationsView,
    SimulationSeriesView,
    SimulationView,
)
from assets.api.finding_urls import urlpatterns as finding_urlpatterns
from assets.api.isolation_views import IsolationView, SegmentsView
from assets.api.register_urls import urlpatterns as register_urlpatterns
from assets.api.trace_urls import urlpatterns as trace_urlpatterns
from assets.api.views import (
    NearestView,
    NetworkImportView,
    NetworkViewSet,
    NodeViewSet,
    PipeViewSet,
    SearchView,
    ZoneViewSet,
)

_router = SimpleRouter(use_regex_path=False)
_router.register("networks", NetworkViewSet, basename="network")
_router.register("zones", ZoneViewSet, basename="zone")
_router.register("nodes", NodeViewSet, basename="node")
_router.register("pipes", PipeViewSet, basename="pipe")

urlpatterns = [
    path("nearest/", NearestView.as_view(), name="nearest"),
    path("search/", SearchView.as_view(), name="search"),
    path("network-imports/", NetworkImportView.as_view(), name="network-imports"),
    path("networks/<str:network>/segments/", SegmentsView.as_view(), name="network-segments"),
    path("pipes/<uuid:uid>/isolation/", IsolationView.as_view(), name="pipe-isolation"),
    path("networks/<str:network>/export/", NetworkExportView.as_view(), name="network-export"),
    path("networks/<str:network>/simulations/", NetworkSimulationsView.as_view(), name="network-simulations"),
    path("simulations/<uuid:uid>/", SimulationView.as_view(), name="simulation"),
    path("simulations/<uuid:uid>/series/", SimulationSeriesView.as_view(), name="simulation-series"),
    *edit_urlpatterns,
    *finding_urlpatterns,
    *register_urlpatterns,
    *trace_urlpatterns,
    *_router.urls,
]
