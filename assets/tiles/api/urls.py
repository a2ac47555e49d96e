"""Below /tiles/."""

from django.urls import path

from assets.tiles.api.views import tile_view, tilejson_view

urlpatterns = [
    path("<slug:layer>.json", tilejson_view, name="tilejson"),
    path("<slug:layer>/<int:z>/<int:x>/<int:y>.pbf", tile_view, name="tile"),
]
