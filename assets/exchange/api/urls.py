"""Networks in and out as files, below /api/v1/."""

from django.urls import path

from assets.exchange.api.views import ImportInspectionView, NetworkExportView, NetworkImportView

urlpatterns = [
    path("import-inspections/", ImportInspectionView.as_view(), name="import-inspections"),
    path("network-imports/", NetworkImportView.as_view(), name="network-imports"),
    path("networks/<str:network>/export/", NetworkExportView.as_view(), name="network-export"),
]
