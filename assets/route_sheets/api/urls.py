"""Route sheets, below /api/v1/."""

from django.urls import path

from assets.route_sheets.api.views import RouteSheetView

urlpatterns = [
    path("networks/<str:code>/route-sheet/", RouteSheetView.as_view(), name="route-sheet"),
]
