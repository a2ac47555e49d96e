"""Vector tiles and their TileJSON, below /tiles/. Plain Django views: a tile passes no serializer."""

from hashlib import sha256

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags, urlencode
from django.views.decorators.http import require_safe

from assets.selectors.tiles import TileLayer, extent_of, layer_of, tile
from gis_core.access import Capability, NotVisible, holds

_CONTENT_TYPE = "application/vnd.mapbox-vector-tile"
# Always asked again, since rights and edits must show at once; what has not changed costs 304 and no bytes.
_CACHE_CONTROL = "private, no-cache"


@require_safe
def tile_view(request: HttpRequest, layer: str, z: int, x: int, y: int) -> HttpResponse:
    """One tile: 401 for strangers; 404 without the right, or for no such layer, tile or network."""
    refusal = _refusal(request)
    if refusal is not None:
        return refusal
    try:
        content = tile(request.user, layer, z, x, y, network_code=_network_code(request))
    except NotVisible:
        raise Http404 from None
    etag = f'"{sha256(content).hexdigest()[:32]}"'
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if etag in {value.removeprefix("W/") for value in known} or "*" in known:
        response: HttpResponse = HttpResponseNotModified()
    else:
        response = HttpResponse(content, content_type=_CONTENT_TYPE)
    response["ETag"] = etag
    return _guarded(response)


@require_safe
def tilejson_view(request: HttpRequest, layer: str) -> HttpResponse:
    """TileJSON 3.0.0 of a layer, for map clients."""
    refusal = _refusal(request)
    if refusal is not None:
        return refusal
    network_code = _network_code(request)
    try:
        described = layer_of(request.user, layer, network_code=network_code)
        extent = extent_of(request.user, network_code=network_code)
    except NotVisible:
        raise Http404 from None
    return _guarded(JsonResponse(_tilejson(request, described, network_code, extent)))


def _tilejson(
    request: HttpRequest,
    layer: TileLayer,
    network_code: str | None,
    extent: tuple[float, float, float, float] | None,
) -> dict[str, object]:
    # Django would percent-encode the placeholders of the address template, so they are put in afterwards.
    address = request.build_absolute_uri(reverse("tile", args=[layer.name, 0, 0, 0]))
    address = address.removesuffix("0/0/0.pbf") + "{z}/{x}/{y}.pbf"
    if network_code is not None:
        address += "?" + urlencode({"network": network_code})
    document: dict[str, object] = {
        "tilejson": "3.0.0",
        "name": layer.name,
        "scheme": "xyz",
        "tiles": [address],
        "minzoom": layer.minimum_zoom,
        "maxzoom": layer.maximum_zoom,
        "vector_layers": [{"id": layer.name, "fields": layer.fields}],
    }
    if extent is not None:
        document["bounds"] = list(extent)
    return document


def _refusal(request: HttpRequest) -> HttpResponse | None:
    """401 for strangers, and 404 for those who may see no network at all."""
    if not request.user.is_authenticated:
        response = HttpResponse(status=401, content_type="text/plain")
        response["WWW-Authenticate"] = 'Bearer realm="tarmoq", Basic realm="tarmoq"'
        return response
    if not holds(request.user, Capability.VIEW_NETWORK):
        raise Http404
    return None


def _network_code(request: HttpRequest) -> str | None:
    code = request.GET.get("network")
    if code is not None and "\x00" in code:
        raise Http404
    return code


def _guarded(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = _CACHE_CONTROL
    patch_vary_headers(response, ["Cookie", "Authorization"])
    return response
