"""Addresses of billing's REST views, below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from billing.api import viewsets
from billing.api.accounts import AccountViewSet, ServicePointViewSet
from billing.api.debts import DebtSummaryView
from billing.api.group_meters import GroupMeterViewSet
from billing.api.meter_stock import (
    MeterMovementViewSet,
    MeterViewSet,
    VerificationsDueView,
)
from billing.api.months import (
    MonthClosingView,
    MonthReopeningProposalView,
    MonthReopeningView,
    MonthReopeningWithdrawalView,
)
from billing.api.persons import PersonErasureView, PersonErasureWithdrawalView, PersonKeptView
from billing.api.prices import AccountPriceView, PriceView
from billing.api.state_share import StateShareView
from billing.api.statements import StatementView, WaitingWriteOffViewSet, WriteOffView
from billing.cash_desk.api.urls import urlpatterns as cash_desk_addresses
from billing.channels.api.urls import urlpatterns as channel_addresses
from billing.exchange.api.urls import urlpatterns as exchange_addresses
from billing.printing.api.urls import urlpatterns as printing_addresses

router = SimpleRouter()
router.register("subscribers", viewsets.SubscriberViewSet, basename="subscriber")
router.register("accounts", AccountViewSet, basename="account")
router.register("service-points", ServicePointViewSet, basename="service-point")
router.register("meters", MeterViewSet, basename="meter")
router.register("meter-movements", MeterMovementViewSet, basename="meter-movement")
router.register("installations", viewsets.InstallationViewSet, basename="installation")
router.register("group-meters", GroupMeterViewSet, basename="group-meter")
router.register("readings", viewsets.ReadingViewSet, basename="reading")
router.register("tariffs", viewsets.TariffViewSet, basename="tariff")
router.register("penalty-terms", viewsets.PenaltyTermsViewSet, basename="penalty-terms")
router.register("invoices", viewsets.InvoiceViewSet, basename="invoice")
router.register("ledger-entries", viewsets.LedgerEntryViewSet, basename="ledger-entry")
router.register("payments", viewsets.PaymentViewSet, basename="payment")
router.register("waiting-payments", viewsets.WaitingPaymentViewSet, basename="waiting-payment")
router.register("waiting-write-offs", WaitingWriteOffViewSet, basename="waiting-write-off")
router.register("billing-runs", viewsets.BillingRunViewSet, basename="billing-run")
router.register("billing-exceptions", viewsets.BillingExceptionViewSet, basename="billing-exception")

urlpatterns = [
    path("meter-verifications/", VerificationsDueView.as_view(), name="meter-verifications-due"),
    path("debts/", DebtSummaryView.as_view(), name="debts-summary"),
    path("billing-months/close/", MonthClosingView.as_view(), name="billing-month-close"),
    path("billing-months/reopen/", MonthReopeningView.as_view(), name="billing-month-reopen"),
    path("billing-months/reopening/", MonthReopeningProposalView.as_view(), name="billing-month-reopening"),
    path(
        "billing-months/reopen/withdraw/",
        MonthReopeningWithdrawalView.as_view(),
        name="billing-month-reopen-withdraw",
    ),
    path("state-share/", StateShareView.as_view(), name="state-share"),
    path("price/", PriceView.as_view(), name="price"),
    path("accounts/<uuid:uid>/price/", AccountPriceView.as_view(), name="account-price"),
    path("accounts/<uuid:uid>/statement/", StatementView.as_view(), name="account-statement"),
    path("accounts/<uuid:uid>/write-offs/", WriteOffView.as_view(), name="account-write-off"),
    path("subscribers/<uuid:uid>/kept/", PersonKeptView.as_view(), name="subscriber-kept"),
    path("subscribers/<uuid:uid>/erasure/", PersonErasureView.as_view(), name="subscriber-erasure"),
    path(
        "subscribers/<uuid:uid>/erasure/withdraw/",
        PersonErasureWithdrawalView.as_view(),
        name="subscriber-erasure-withdraw",
    ),
    *cash_desk_addresses,
    *channel_addresses,
    *exchange_addresses,
    *printing_addresses,
    *router.urls,
]
