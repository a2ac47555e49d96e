"""The sensors' addresses below /api/v1/; each capability lists its own."""

from django.urls import include, path

urlpatterns = [
    path("", include("sensors.series.api.urls")),
    path("", include("sensors.feeds.api.urls")),
    path("", include("sensors.quality.api.urls")),
    path("", include("sensors.alarms.api.urls")),
    path("", include("sensors.regulators.api.urls")),
]
