"""Reading parcels, buildings, survey points and documents, as far as a viewer may see them."""

from typing import Any

from django.contrib.gis.db.models.functions import AsGeoJSON
from django.db.models import F, JSONField, QuerySet, Value
from django.db.models.functions import Cast, Coalesce

from assets.models import Building, Document, DocumentLink, Parcel, SurveyPoint
from assets.networks.selectors.network_reads import GEOJSON_DIGITS
from gis_core.access import Capability, Viewer, visible


def _drawn(rows: QuerySet[Any]) -> QuerySet[Any]:
    """With `geojson`, made by the database, in place of the geometry."""
    return rows.defer("geom").annotate(geojson=Cast(AsGeoJSON("geom", precision=GEOJSON_DIGITS), JSONField()))


def parcels_visible_to(viewer: Viewer) -> QuerySet[Parcel]:
    """Parcels with division, street and source document."""
    rows = Parcel.objects.select_related("division", "street", "source_document")
    return visible(_drawn(rows), viewer, Capability.VIEW_NETWORK)


def buildings_visible_to(viewer: Viewer) -> QuerySet[Building]:
    """Buildings with division, parcel, street and source document."""
    rows = Building.objects.select_related("division", "street", "source_document", "parcel")
    return visible(_drawn(rows).defer("geom", "parcel__geom"), viewer, Capability.VIEW_NETWORK)


def survey_points_visible_to(viewer: Viewer) -> QuerySet[SurveyPoint]:
    """Survey points with division, source document and the node they fix."""
    rows = SurveyPoint.objects.select_related("division", "source_document", "node__network")
    return visible(_drawn(rows).defer("geom", "node__geom"), viewer, Capability.VIEW_NETWORK)


def documents_visible_to(viewer: Viewer) -> QuerySet[Document]:
    """Documents with division and who registered them."""
    rows = Document.objects.select_related("division", "created_by")
    return visible(rows, viewer, Capability.VIEW_NETWORK)


def document_links_visible_to(viewer: Viewer) -> QuerySet[DocumentLink]:
    """Links with `target_uid` and `target_code`, of documents the viewer sees to things the viewer may see."""
    rows = (
        DocumentLink.objects.select_related("document", "network")
        .annotate(
            target_uid=Coalesce(
                "node__uid", "pipe__uid", "parcel__uid", "building__uid", "survey_point__uid"
            ),
            target_code=Coalesce(
                F("node__code"),
                F("pipe__code"),
                F("parcel__cadastral_number"),
                F("building__cadastral_number"),
                F("survey_point__code"),
                Value(""),
            ),
        )
        .order_by("id")
    )
    return visible(rows, viewer, Capability.VIEW_NETWORK)
