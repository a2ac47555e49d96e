"""What the OpenAPI document says of authentication, and what it leaves out."""

import re
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema


class TokenAuthenticationScheme(OpenApiAuthenticationExtension):
    target_class = "gis_core.api.authentication.TokenAuthentication"
    name = "apiToken"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


_CHOICE = re.compile(r"\s*\* `(?P<value>[^`]*)` - (?P<label>.*)")


def without_echoes(result: Any, **_of_generator: Any) -> Any:
    """A description of choices that says of each what its value says already is left out."""
    if isinstance(result, list):
        return [without_echoes(one) for one in result]
    if not isinstance(result, dict):
        return result
    kept = {name: without_echoes(value) for name, value in result.items()}
    lines = kept["description"].split("\n") if isinstance(kept.get("description"), str) else []
    choices = [found for line in lines if (found := _CHOICE.fullmatch(line))]
    if choices and all(_plain(found["value"]) == _plain(found["label"]) for found in choices):
        said = "\n".join(line for line in lines if not _CHOICE.fullmatch(line)).strip()
        kept["description"] = said
        if not said:
            del kept["description"]
    return kept


def _plain(text: str) -> str:
    return text.replace("_", " ").casefold()
