"""Which elements a request asks for: by parameters of the address, or by the same names in a body."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_noop as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from assets.workbench.selectors.attributes import CLASSES
from assets.workbench.selectors.element_filters import (
    MAXIMUM_CONDITIONS,
    MAXIMUM_NAMED,
    OPERATORS,
    ElementFilter,
)
from assets.workbench.selectors.elements import MAXIMUM_ROWS
from assets.workbench.services.element_export import ALL_CLASSES, ELEMENT_FORMATS
from gis_core.api.bodies import TextField, UidField
from gis_core.api.parameters import limit_parameter
from gis_core.sentences import said

_LARGEST_OFFSET = 10_000_000
_WHERE = (
    f"attribute:operator:value, several times; the operator one of {', '.join(OPERATORS)} (null and notnull without a "
    "value; in takes values with commas between them, a comma in a value as \\,). Removed elements are found only "
    "where lifecycle, uids or codes are asked for."
)
_SORT = "Names of attributes with commas between them, each with - before it for descending; code by default"
FILTER_PARAMETERS = [
    OpenApiParameter("class", str, required=True, enum=CLASSES, description="node: nodes of all kinds"),
    OpenApiParameter("where", str, many=True, description=_WHERE),
    OpenApiParameter("bbox", str, description="west,south,east,north in degrees: what meets it"),
    OpenApiParameter("uids", str, description="uids with commas between them"),
    OpenApiParameter("codes", str, description="Codes with commas between them"),
]
PAGE_PARAMETERS = [
    OpenApiParameter("sort", str, description=_SORT),
    OpenApiParameter("offset", OpenApiTypes.INT, description="How many rows are left out first"),
    OpenApiParameter(
        "limit", OpenApiTypes.INT, description=f"How many rows at most, 1 to {MAXIMUM_ROWS:,}; 100"
    ),
]
FILTER_NAMES = frozenset({"class", "where", "bbox", "uids", "codes"})
PAGE_NAMES = frozenset({"sort", "offset", "limit"})


class StrictBody(serializers.Serializer[Any]):
    """A body that holds the fields it names and nothing else."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                known = ", ".join(sorted(self.fields))
                raise serializers.ValidationError(
                    {unknown[0]: [said(_("Unknown. Known here: {known}."), known=known)]}
                )
        return super().to_internal_value(data)


class ElementFilterBody(StrictBody):
    """The parameters of a list of elements, for lists of uids and codes too long for an address."""

    where = serializers.ListField(
        child=TextField(max_length=5000), max_length=MAXIMUM_CONDITIONS, default=list, help_text=_WHERE
    )
    bbox = serializers.ListField(
        child=serializers.FloatField(), min_length=4, max_length=4, allow_null=True, default=None
    )
    uids = serializers.ListField(child=UidField(), max_length=MAXIMUM_NAMED, allow_null=True, default=None)
    codes = serializers.ListField(
        child=TextField(max_length=80), max_length=MAXIMUM_NAMED, allow_null=True, default=None
    )
    sort = serializers.ListField(child=TextField(max_length=60), max_length=5, default=list)

    def get_fields(self) -> dict[str, Any]:
        # "class" cannot be an attribute of a class in Python.
        return {"class": serializers.ChoiceField(choices=CLASSES), **super().get_fields()}

    def asked(self) -> ElementFilter:
        """The filter that a valid body describes."""
        values = self.validated_data
        return ElementFilter(
            values["class"],
            values["where"],
            None if values["bbox"] is None else tuple(values["bbox"]),
            values["uids"],
            values["codes"],
            values["sort"] or ("code",),
        )


class ElementExportBody(ElementFilterBody):
    """What is exported, and as what."""

    format = serializers.ChoiceField(choices=ELEMENT_FORMATS)

    def get_fields(self) -> dict[str, Any]:
        chosen = serializers.ChoiceField(
            choices=(ALL_CLASSES, *CLASSES),
            default=ALL_CLASSES,
            help_text="all: pipes and every kind of node",
        )
        return {**super().get_fields(), "class": chosen}


class ElementQueryBody(ElementFilterBody):
    """A filter with its page."""

    offset = serializers.IntegerField(min_value=0, max_value=_LARGEST_OFFSET, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=MAXIMUM_ROWS, default=100)


def filter_of(request: Request) -> ElementFilter:
    """The filter in an address; raises ValidationError and, for its meaning, ReportedError."""
    given = request.query_params
    if "class" not in given:
        raise ValidationError({"class": [said(_("class is missing."))]})
    uids, codes = (_listed(given.get(name)) for name in ("uids", "codes"))
    sort = _listed(given.get("sort"))
    return ElementFilter(
        given["class"],
        given.getlist("where"),
        _box(given.get("bbox")),
        None if uids is None else [_uid(text) for text in uids],
        codes,
        sort or ("code",),
    )


def page_of(request: Request) -> tuple[int, int]:
    """Offset and limit; raises ValidationError."""
    text = request.query_params.get("offset", "0")
    if not (text.isascii() and text.isdecimal() and len(text) < 9 and int(text) <= _LARGEST_OFFSET):
        raise ValidationError(
            {
                "offset": [
                    said(
                        _("offset must be a whole number from 0 to {largest_offset}."),
                        largest_offset=_LARGEST_OFFSET,
                    )
                ]
            }
        )
    return int(text), limit_parameter(request, default=100, maximum=MAXIMUM_ROWS)


def _listed(text: str | None) -> list[str] | None:
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]


def _box(text: str | None) -> tuple[float, float, float, float] | None:
    if text is None:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise ValidationError({"bbox": [said(_("bbox is four numbers: west,south,east,north."))]}) from None
    return west, south, east, north


def _uid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ValidationError({"uids": [said(_("{text} is no uid."), text=repr(text[:40]))]}) from None
