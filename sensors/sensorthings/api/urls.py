"""Below /sta/v1.1: one view, since SensorThings' paths are a language of their own."""

from django.urls import re_path

from sensors.sensorthings.api.views import sensorthings

urlpatterns = [re_path(r"^(?:/(?P<resource>.*))?$", sensorthings, name="sensorthings")]
