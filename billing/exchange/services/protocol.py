"""The protocol of an import as a table: a row for each line, and the counts below."""

from collections.abc import Iterator
from typing import Any

from gis_core.sentences import in_words

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
