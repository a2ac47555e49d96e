"""The pages, from the root of the site."""

from django.templatetags.static import static
from django.urls import path
from django.views.generic import RedirectView

from frontend_map.views import (
    accounts,
    alarms,
    api,
    feeds,
    field,
    home,
    jobs,
    map,
    regulators,
    sensors,
    session,
    work,
    zones,
)

urlpatterns = [
    # Browsers ask for it on pages that name no icon.
    path("favicon.ico", RedirectView.as_view(url=static("frontend_map/favicon.svg")), name="favicon"),
    path("", home.home, name="home"),
    path("api/", api.api, name="api"),
    path("work/", work.work, name="work"),
    path("login/", session.LogIn.as_view(), name="login"),
    path("logout/", session.LogOut.as_view(), name="logout"),
    path("map/", map.network_map, name="map"),
    path("zones/<uuid:uid>/", zones.zone, name="zone"),
    path("sensors/", sensors.sensors, name="sensors"),
    path("sensors/<uuid:uid>/", sensors.sensor, name="sensor"),
    path("feeds/", feeds.feeds, name="feeds"),
    path("alarms/", alarms.alarms, name="alarms"),
    path("regulators/", regulators.regulators, name="regulators"),
    path("regulators/<uuid:uid>/", regulators.regulator, name="regulator"),
    path("accounts/", accounts.accounts, name="accounts"),
    path("accounts/<uuid:uid>/", accounts.account, name="account"),
    path("invoices/<uuid:uid>/", accounts.invoice, name="invoice"),
    path("invoices/<uuid:uid>.pdf", accounts.invoice_as_pdf, name="invoice-pdf"),
    path("field/", field.field, name="field"),
    path("jobs/", jobs.jobs, name="jobs"),
    path("jobs/<uuid:uid>/", jobs.job, name="job"),
]
