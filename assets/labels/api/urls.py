"""QR labels, below /api/v1/."""

from django.urls import path

from assets.labels.api.views import LabelSheetView

urlpatterns = [path("networks/<str:network>/labels/", LabelSheetView.as_view(), name="network-labels")]
