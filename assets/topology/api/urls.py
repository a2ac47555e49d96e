"""Segments, below /api/v1/."""

from django.urls import path

from assets.topology.api.views import SegmentsView

urlpatterns = [
    path("networks/<str:network>/segments/", SegmentsView.as_view(), name="network-segments"),
]
