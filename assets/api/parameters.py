"""Query parameters taken strictly: an unknown or malformed one is 400 with a message, never ignored."""

import math
from collections.abc import Collection
from typing import Any, ClassVar

from django_filters import FilterSet
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request

from gis_core.api.pagination import KeysetPagination
from gis_core.api.views import ScopedReadViewSet


def refuse_unknown(request: Request, known: Collection[str]) -> None:
    """Raise ValidationError when the query holds a parameter that is not in `known`."""
    unknown = sorted(set(request.query_params) - set(known))
    if unknown:
        raise ValidationError(
            {unknown[0]: [f"Unknown parameter. Known parameters: {', '.join(sorted(known))}."]}
        )


def number_parameter(request: Request, name: str) -> float:
    """A required finite decimal number; raises ValidationError."""
    text = request.query_params.get(name, "")
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValidationError({name: [f"{name} must be a number; it is {text[:40]!r}."]})
    return value


def limit_parameter(request: Request, *, default: int, maximum: int) -> int:
    """The optional row limit, 1 to `maximum`; raises ValidationError."""
    text = request.query_params.get("limit", str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= maximum):
        raise ValidationError({"limit": [f"limit must be a whole number from 1 to {maximum}."]})
    return int(text)


class StrictReadViewSet(ScopedReadViewSet):
    """List and detail by uid; unknown parameters, bad limits and bad cursors are 400."""

    lookup_value_converter = "uuid"
    filterset_class: ClassVar[type[FilterSet]]

    def initial(self, request: Request, *arguments: Any, **keywords: Any) -> None:
        super().initial(request, *arguments, **keywords)
        known = {"format"}
        if self.action == "list":
            known |= {"limit", "cursor", *self.filterset_class.base_filters}
            limit_parameter(
                request, default=KeysetPagination.page_size, maximum=KeysetPagination.max_page_size
            )
        refuse_unknown(request, known)

    def paginate_queryset(self, queryset: Any) -> Any:
        try:
            return super().paginate_queryset(queryset)
        except NotFound:
            raise ValidationError(
                {"cursor": ["This is no cursor of ours; take it from next or previous."]}
            ) from None
