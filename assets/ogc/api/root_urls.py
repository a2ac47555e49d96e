"""The landing page also without its slash: clients are given it either way and do not all follow redirects."""

from django.urls import path

from assets.ogc.api import views

urlpatterns = [path("", views.landing, name="ogc-root")]
