"""Refusals that belong to one field of what was entered."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gis_core.errors import ReportedError
from gis_core.sentences import Sentence


def refused_field(field: str, form: str, *, code: str = "field", **values: Any) -> ReportedError:
    """The error that says at `field` what is wrong; `form` is marked for gettext where it is written."""
    sentence = Sentence(form, **values)
    return ReportedError(sentence, code=code, details=[{"field": field, "reason": sentence}])


@contextmanager
def at_field(field: str) -> Iterator[None]:
    """Whatever is refused within the block is refused at `field`."""
    try:
        yield
    except ReportedError as error:
        details = [{"field": field, "reason": error.message}]
        raise ReportedError(error.message, code=error.code, details=details) from error
