"""Addresses of the channels' REST views, below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from billing.channels.api.views import PaymentFileView, SuspenseViewSet

router = SimpleRouter()
router.register("suspense", SuspenseViewSet, basename="suspense")

urlpatterns = [path("payment-files/", PaymentFileView.as_view(), name="payment-files"), *router.urls]
