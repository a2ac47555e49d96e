"""What phones take along and send back, below /api/v1/."""

from django.urls import path

from assets.field_sync.api.views import FieldAreaSizeView, FieldAreaView, FieldSyncView

urlpatterns = [
    path("field/sync/", FieldSyncView.as_view(), name="field-sync"),
    path("field/area/", FieldAreaView.as_view(), name="field-area"),
    path("field/area-size/", FieldAreaSizeView.as_view(), name="field-area-size"),
]
