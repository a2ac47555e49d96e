"""What all files of billing share over REST: how large they may be, and reports in the asker's language."""

from typing import Any

from django.utils.translation import gettext_noop

from billing.exchange.selectors.registers import MOST_BYTES_AT_ONCE, MOST_ROWS_AT_ONCE
from gis_core.errors import ReportedError
from gis_core.sentences import Figure, Sentence, in_words


def too_much(file: str) -> ReportedError:
    """The refusal of a file that is larger."""
    return ReportedError(
        Sentence(
            gettext_noop(
                "{file} has more than {most_rows} rows or {megabytes} MB: cut it, or have an operator run "
                "`manage.py import_register`."
            ),
            file=file,
            most_rows=Figure(MOST_ROWS_AT_ONCE),
            megabytes=MOST_BYTES_AT_ONCE // 1024**2,
        ),
        code="too_many_rows",
    )


def in_askers_words(report: dict[str, Any]) -> dict[str, Any]:
    """The report in the asker's language."""
    return {
        **report,
        "message": in_words(report["message"]),
        "warnings": [in_words(warning) for warning in report["warnings"]],
        "lines": [{**line, "reason": in_words(line["reason"])} for line in report["lines"]],
    }
