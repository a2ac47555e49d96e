"""Paging by key, not by offset: a page costs the same at any depth, and no row is skipped or repeated."""

import re
from base64 import b64decode
from typing import Any, ClassVar
from urllib.parse import parse_qs

from django.utils.translation import gettext_noop as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from gis_core.api.parameters import instant_of, limit_parameter
from gis_core.sentences import said

_LARGEST_KEY = 2**63 - 1


class KeysetPagination(CursorPagination):
    """`?limit=` rows (100; 1 to 1,000, else 400) and the opaque `next` and `previous` addresses.

    `ordering` names a field without duplicates, and `read_position` reads its values back from a cursor.
    """

    ordering = "pk"
    page_size = 100
    page_size_query_param = "limit"
    max_page_size = 1000
    page_size_query_description = "Rows at most, 1 to 1,000."
    cursor_query_description = "Taken from `next` or `previous`."
    parameters: ClassVar[frozenset[str]] = frozenset({"limit", "cursor"})

    def read_position(self, text: str) -> Any:
        """The value of the ordering field that a cursor names; raises ValueError."""
        if not re.fullmatch(r"[0-9]{1,19}", text) or int(text) > _LARGEST_KEY:
            raise ValueError("not a key")
        return int(text)

    def get_paginated_response_schema(self, schema: Any) -> dict[str, Any]:
        """As the framework describes a page, without its invented examples of addresses."""
        described: dict[str, Any] = super().get_paginated_response_schema(schema)
        for address in ("next", "previous"):
            described["properties"][address].pop("example", None)
        return described

    def get_page_size(self, request: Request) -> int:
        return limit_parameter(request, default=self.page_size, maximum=self.max_page_size)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """The cursor of a request, None on the first page; raises ValidationError for what we did not make.

        Since positions have no duplicates, our cursors are a position and a direction, never an offset.
        """
        encoded = request.query_params.get(self.cursor_query_param)
        if encoded is None:
            return None
        try:
            tokens = parse_qs(
                b64decode(encoded.encode("ascii"), validate=True).decode("ascii"),
                keep_blank_values=True,
                strict_parsing=True,
                errors="strict",
            )
            if not {"p"} <= tokens.keys() <= {"p", "r"} or tokens.get("r", ["1"]) != ["1"]:
                raise ValueError("not a position and a direction")
            (position,) = tokens["p"]
            value = self.read_position(position)
        except ValueError:
            raise ValidationError(
                {
                    self.cursor_query_param: [
                        said(_("This is not a cursor of ours; take it from next or previous."))
                    ]
                }
            ) from None
        return Cursor(offset=0, reverse="r" in tokens, position=str(value))  # type: ignore[arg-type] # the stubs take keys only

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        described = super().get_schema_operation_parameters(view)
        for parameter in described:
            if parameter["name"] == self.page_size_query_param:
                parameter["schema"] |= {
                    "minimum": 1,
                    "maximum": self.max_page_size,
                    "default": self.page_size,
                }
        return described


class TimePagination(KeysetPagination):
    """Pages of a series, whose rows have one time each."""

    ordering = "time"

    def read_position(self, text: str) -> Any:
        return instant_of(text)
