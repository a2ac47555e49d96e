"""Long profiles and schematics, below /api/v1/."""

from django.urls import path

from assets.drawing.api.views import ProfileDrawingView, ProfileView, SchematicDrawingView, SchematicView

urlpatterns = [
    path("networks/<str:code>/profile/", ProfileView.as_view(), name="profile"),
    path("networks/<str:code>/profile.svg", ProfileDrawingView.as_view(), name="profile-drawing"),
    path("zones/<uuid:uid>/schematic/", SchematicView.as_view(), name="zone-schematic"),
    path("zones/<uuid:uid>/schematic.svg", SchematicDrawingView.as_view(), name="zone-schematic-drawing"),
]
