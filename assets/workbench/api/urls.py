"""The map's workbench, below /api/v1/."""

from django.urls import path

from assets.workbench.api import export_views, sheet_views, views

urlpatterns = [
    path("networks/<str:network>/elements/", views.ElementsView.as_view(), name="network-elements"),
    path(
        "networks/<str:network>/elements/query/",
        views.ElementQueryView.as_view(),
        name="network-elements-query",
    ),
    path(
        "networks/<str:network>/element-forms/",
        views.ElementFormsView.as_view(),
        name="network-element-forms",
    ),
    path(
        "networks/<str:network>/element-export/",
        export_views.ElementExportView.as_view(),
        name="network-element-export",
    ),
    path("networks/<str:network>/map-print/", sheet_views.MapPrintView.as_view(), name="network-map-print"),
    path("outages/<uuid:uid>/sheet.pdf", sheet_views.OutageSheetView.as_view(), name="outage-sheet"),
    path("pipes/<uuid:uid>/consumers/", views.PipeConsumersView.as_view(), name="pipe-consumers"),
    path("nodes/<uuid:uid>/consumers/", views.NodeConsumersView.as_view(), name="node-consumers"),
    path("networks/<str:network>/pipe-values/", views.PipeValuesView.as_view(), name="network-pipe-values"),
    path("simulations/<uuid:uid>/values/", views.SimulationValuesView.as_view(), name="simulation-values"),
    path(
        "simulations/<uuid:uid>/low-pressure/",
        views.LowPressuresView.as_view(),
        name="simulation-low-pressure",
    ),
]
