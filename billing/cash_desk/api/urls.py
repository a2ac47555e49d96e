"""Addresses of cash desks, below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from billing.cash_desk.api import views

router = SimpleRouter()
router.register("cash-desks", views.CashDeskViewSet, basename="cash-desk")
router.register("cash-shifts", views.CashShiftViewSet, basename="cash-shift")
router.register("cash-slips", views.CashSlipViewSet, basename="cash-slip")
router.register("waiting-refunds", views.WaitingRefundViewSet, basename="waiting-refund")

urlpatterns = [
    path("cash-desk-accounts/", views.FoundForPaymentView.as_view(), name="cash-desk-accounts"),
    *router.urls,
]
