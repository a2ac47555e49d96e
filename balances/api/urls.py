"""Addresses of the balances' REST views, below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from balances.api.viewsets import BalanceRunView, LeakSuspicionViewSet, ZoneBalanceViewSet

router = SimpleRouter()
router.register("zone-balances", ZoneBalanceViewSet, basename="zone-balance")
router.register("leak-suspicions", LeakSuspicionViewSet, basename="leak-suspicion")

urlpatterns = [path("balance-runs/", BalanceRunView.as_view(), name="balance-run"), *router.urls]
