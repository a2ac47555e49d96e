"""Where gateways of messages report, below /messages/callback/. A slash at the end may be left out."""

from django.urls import path

from gis_core.messages.api.views import message_callback

urlpatterns = [
    path("<uuid:uid>/<slug:secret>/", message_callback, name="message-callback"),
    path("<uuid:uid>/<slug:secret>", message_callback),
]
