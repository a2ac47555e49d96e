"""Addresses of the balances' REST views, below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from balances.api import leak_events, losses
from balances.api.viewsets import BalanceRunView, ZoneBalanceViewSet
from balances.audit.api.views import WaterAuditFileView
from balances.leak_location.api.views import LeakLocationView

router = SimpleRouter()
router.register("zone-balances", ZoneBalanceViewSet, basename="zone-balance")
router.register("leak-events", leak_events.LeakEventViewSet, basename="leak-event")

urlpatterns = [
    path("balance-runs/", BalanceRunView.as_view(), name="balance-run"),
    path("leak-events/<uuid:uid>/location/", LeakLocationView.as_view(), name="leak-event-location"),
    path("leak-events/<uuid:uid>/move/", leak_events.LeakEventMoveView.as_view(), name="leak-event-move"),
    path("leak-events/<uuid:uid>/note/", leak_events.LeakEventNoteView.as_view(), name="leak-event-note"),
    path(
        "leak-events/<uuid:uid>/assign/",
        leak_events.LeakEventAssignmentView.as_view(),
        name="leak-event-assign",
    ),
    path("leak-searches/", leak_events.LeakSearchView.as_view(), name="leak-search"),
    path("loss-summary/", losses.LossSummaryView.as_view(), name="loss-summary"),
    path("billed-days/", losses.BilledDaysView.as_view(), name="billed-days"),
    path("water-audits/", WaterAuditFileView.as_view(), name="water-audits"),
    path("zones/<uuid:uid>/table/", losses.ZoneTableView.as_view(), name="zone-table"),
    *router.urls,
]
