"""Traces, below /api/v1/."""

from django.urls import path

from assets.tracing.api.views import TraceView

urlpatterns = [
    path("networks/<str:code>/trace/", TraceView.as_view(), name="trace"),
]
