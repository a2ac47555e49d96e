"""The network's addresses below /api/v1/; each capability lists its own."""

from django.urls import include, path

urlpatterns = [
    path("", include("assets.drawing.api.urls")),
    path("", include("assets.editing.api.urls")),
    path("", include("assets.exchange.api.urls")),
    path("", include("assets.field_sync.api.urls")),
    path("", include("assets.isolation.api.urls")),
    path("", include("assets.labels.api.urls")),
    path("", include("assets.networks.api.urls")),
    path("", include("assets.plans.api.urls")),
    path("", include("assets.registers.api.urls")),
    path("", include("assets.route_sheets.api.urls")),
    path("", include("assets.simulation.api.urls")),
    path("", include("assets.topology.api.urls")),
    path("", include("assets.tracing.api.urls")),
    path("", include("assets.validation.api.urls")),
    path("", include("assets.workbench.api.urls")),
    path("", include("assets.work_orders.api.urls")),
    path("", include("assets.zones.api.urls")),
]
