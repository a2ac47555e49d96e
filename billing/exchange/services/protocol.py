"""Files of an operator: what is read, and the protocol of an import: a row for each line, the counts below."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.sentences import Sentence, in_words
from gis_core.spreadsheet_cells import text_cell

MOST_BYTES = 64 * 1024 * 1024

PROTOCOL_COLUMNS = ("row", "outcome", "key", "column", "reason", "changes")


def protocol_rows(report: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The lines of a report in the reader's language, then a row for each count."""
    for line in report["lines"]:
        changes = "; ".join(
            f"{name}: {before} → {after}" for name, (before, after) in line.get("changes", {}).items()
        )
        yield (
            line["row"],
            line["outcome"],
            line["key"],
            line["column"],
            str(in_words(line["reason"])),
            changes,
        )
    for outcome, number in report["counts"].items():
        yield ("", outcome, "", "", str(number), "")


def read_file(path: Path) -> bytes:
    """The bytes of a file; ReportedError where it cannot be read, or is larger than any register."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ReportedError(
                Sentence(
                    _("{file} is larger than {megabytes} MB."),
                    file=path.name,
                    megabytes=MOST_BYTES // 1024**2,
                ),
                code="too_large",
            )
        return path.read_bytes()
    except OSError as error:
        raise ReportedError(
            Sentence(_("{file} cannot be read: {reason}."), file=path, reason=error.strerror), code="file"
        ) from None


def write_protocol(path: Path, report: dict[str, Any]) -> None:
    """Write a report as JSON where the name ends so, else as CSV."""
    if path.suffix.lower() == ".json":
        path.write_text(json.dumps(report, ensure_ascii=False, indent=1, default=str), encoding="utf-8")
        return
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(PROTOCOL_COLUMNS)
        writer.writerows([text_cell(str(cell)) for cell in row] for row in protocol_rows(report))
