"""Simulations, below /api/v1/."""

from django.urls import path

from assets.simulation.api.views import NetworkSimulationsView, SimulationSeriesView, SimulationView

urlpatterns = [
    path("networks/<str:network>/simulations/", NetworkSimulationsView.as_view(), name="network-simulations"),
    path("simulations/<uuid:uid>/", SimulationView.as_view(), name="simulation"),
    path("simulations/<uuid:uid>/series/", SimulationSeriesView.as_view(), name="simulation-series"),
]
