"""Below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from assets.api.edit_urls import urlpatterns as edit_urlpatterns
from assets.api.isolation_views import IsolationView, SegmentsView
from assets.api.register_urls import urlpatterns as register_urlpatterns
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
    *edit_urlpatterns,
    *register_urlpatterns,
    *_router.urls,
]
