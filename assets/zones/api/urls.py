"""Floods of zones, below /api/v1/."""

from django.urls import path

from assets.zones.api.views import ZoneFloodingView

urlpatterns = [
    path("networks/<str:code>/zone-flooding/", ZoneFloodingView.as_view(), name="zone-flooding"),
]
