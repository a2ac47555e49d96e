"""Where gateways of messages report, below /messages/callback/. A slash at the end may be left out."""

from django.urls import re_path

from gis_core.messages.api.views import message_callback

urlpatterns = [
    re_path(
        r"^(?P<uid>[0-9a-f-]{36})/(?P<secret>[0-9a-f]{1,64})/?$", message_callback, name="message-callback"
    ),
]
