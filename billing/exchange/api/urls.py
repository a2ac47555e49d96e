"""Addresses of the registers' files, below /api/v1/."""

from django.urls import path

from billing.exchange.api.handheld import HandheldFileView, HandheldImportView
from billing.exchange.api.views import RegisterExportView, RegisterImportView, RegisterKindsView

urlpatterns = [
    path("register-kinds/", RegisterKindsView.as_view(), name="register-kinds"),
    path("register-imports/", RegisterImportView.as_view(), name="register-imports"),
    path("register-exports/<str:kind>/", RegisterExportView.as_view(), name="register-export"),
    path("handheld-files/", HandheldFileView.as_view(), name="handheld-files"),
    path("handheld-imports/", HandheldImportView.as_view(), name="handheld-imports"),
]
