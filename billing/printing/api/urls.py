"""Addresses of bills on paper, below /api/v1/."""

from django.urls import path

from billing.printing.api.views import BillDeliveryUndoView, BillDeliveryView, BillPrintView

urlpatterns = [
    path("bill-prints/", BillPrintView.as_view(), name="bill-print"),
    path("bill-deliveries/", BillDeliveryView.as_view(), name="bill-delivery"),
    path("bill-deliveries/undo/", BillDeliveryUndoView.as_view(), name="bill-delivery-undo"),
]
