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
    imports,
    jobs,
    losses,
    map,
    me,
    regulators,
    sensors,
    session,
    todo,
    work,
    zones,
)

urlpatterns = [
    # Browsers ask for it on pages that name no icon.
    path("favicon.ico", RedirectView.as_view(url=static("frontend_map/favicon.svg")), name="favicon"),
    path("", home.home, name="home"),
    path("api/", api.api, name="api"),
    path("todo/", todo.todo, name="todo"),
    path("login/", session.LogIn.as_view(), name="login"),
    path("logout/", session.LogOut.as_view(), name="logout"),
    path("me/", me.me, name="me"),
    path("me/password/", me.change_own_password, name="own-password"),
    path("me/tokens/", me.make_own_token, name="own-token"),
    path("me/tokens/<uuid:uid>/end/", me.end_own_token, name="own-token-end"),
    path("map/", map.network_map, name="map"),
    path("losses/", losses.losses, name="losses"),
    path("losses/events/", losses.leak_events, name="leak-events"),
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
    path("offline-worker.js", field.offline_worker, name="offline-worker"),
    path("e/<uuid:uid>/", field.element, name="element"),
    path("work/", work.work, name="work"),
    path("labels/", work.labels, name="labels"),
    path("imports/", imports.imports, name="imports"),
    path("jobs/", jobs.jobs, name="jobs"),
    path("jobs/<uuid:uid>/", jobs.job, name="job"),
]
