"""Request bodies taken strictly: a number is no text, and what cannot be parsed is 400."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from gis_core.sentences import said


class JsonParser(JSONParser):
    """JSON; nesting too deep to be parsed, and half a surrogate pair, are the sender's errors like any other.

    Half a pair (`"\\ud800"`) is text that neither the database nor our answer can hold.
    """

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            parsed = super().parse(stream, media_type, parser_context)
            json.dumps(parsed, ensure_ascii=False).encode()
        except RecursionError:
            raise ParseError(said(_("JSON parse error - nested too deeply"))) from None
        except UnicodeEncodeError:
            raise ParseError(said(_("JSON parse error - half a surrogate pair is not a character"))) from None
        return parsed


class TextField(serializers.CharField):
    """A text; numbers, which the library's own field would turn into text, are refused."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class UidField(serializers.UUIDField):
    """A uid as text; the library's own field would take a number too."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class MonthField(serializers.DateField):
    """A month as its first day."""

    default_error_messages = {"not_first": gettext_lazy("Write a month as its first day, e.g. 2026-01-01.")}

    def to_internal_value(self, value: Any) -> Any:
        day = super().to_internal_value(value)
        if day.day != 1:
            self.fail("not_first")
        return day
