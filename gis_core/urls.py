"""The address space. Apps are named as strings: the core imports none of them."""

from django.contrib import admin
from django.urls import include, path

from gis_core.api.schema_view import KeptSchemaView
from gis_core.health import health

urlpatterns = [
    path("healthz/", health, name="health"),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/v1/schema/", KeptSchemaView.as_view(), name="schema"),
    path("api/v1/", include("gis_core.api.urls")),
    path("api/v1/", include("assets.urls")),
    path("api/v1/", include("sensors.urls")),
    path("api/v1/", include("billing.api.urls")),
    path("api/v1/", include("balances.api.urls")),
    path("tiles/", include("assets.tiles.api.urls")),
    path("pay/", include("billing.channels.api.pay_urls")),
    path("messages/callback/", include("gis_core.messages.api.callback_urls")),
    path("ogc", include("assets.ogc.api.root_urls")),
    path("ogc/", include("assets.ogc.api.urls")),
    path("sta/v1.1", include("sensors.sensorthings.api.urls")),
    path("", include("frontend_map.urls")),
]

handler404 = "frontend_map.views.errors.not_found"
handler500 = "gis_core.busy.server_error"
