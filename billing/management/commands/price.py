"""`manage.py price FILE.json`, or `price --account NO --month YYYY-MM`: what is to be charged; nothing is stored."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext_noop

from billing.pricing.selectors.accounts import price_account
from billing.pricing.selectors.documents import price_document
from billing.pricing.selectors.registered_buildings import price_building
from billing.selectors.accounts import account_by_number
from billing.selectors.group_meters import group_meter_by_point
from gis_core.commands import ReportingCommand, month_argument
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence


class Command(ReportingCommand):
    help = "Price a file's cases, or the month of an account or building, by the rules of billing; nothing is stored."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", nargs="?", help="a JSON file with one case or a list under cases; - reads stdin"
        )
        parser.add_argument("--account", help="number of an account, instead of a file")
        parser.add_argument("--building", help="service point of a building's meter, instead of a file")
        parser.add_argument("--month", type=month_argument, help="YYYY-MM, with --account or --building")
        parser.add_argument("--enterprise", help="code of the enterprise, where several have that number")

    def report(self, **options: Any) -> dict[str, Any]:
        asked = [bool(options[name]) for name in ("file", "account", "building")]
        if sum(asked) != 1 or bool(options["month"]) == bool(options["file"]):
            raise ReportedError(
                gettext_noop("Either a file is priced, or the month of an account or of a building's meter."),
                code="what",
            )
        if options["account"]:
            account = account_by_number(options["account"], options["enterprise"])
            return price_account(account, options["month"])
        if options["building"]:
            return price_building(group_meter_by_point(options["building"]), options["month"])
        return price_document(_text_of(options["file"]))

    def describe(self, result: dict[str, Any]) -> str:
        return "\n\n".join(_described(answer) for answer in result["cases"])


def _text_of(name: str) -> str:
    """The text of a file, or of stdin for "-"."""
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise ReportedError(
            Sentence(gettext_noop("{file} cannot be read: {reason}."), file=name, reason=error.strerror),
            code="file",
        ) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ReportedError(
            Sentence(gettext_noop("{file} is no text in UTF-8, as JSON is."), file=name), code="json"
        ) from None


def _described(answer: dict[str, Any]) -> str:
    """An answer as a table for a person."""
    head = " ".join(str(answer[key]) for key in ("id", "month") if key in answer)
    if "error" in answer:
        return f"{head}: {answer['error']['path'] or '/'}: {answer['error']['message']}"
    rows = [head]
    for part in ("lines", "shares", "events"):
        entries = answer.get(part, [])
        if entries:
            rows.append(_row(key for key in entries[0] if key != "explanation"))
        for entry in entries:
            rows.append(_row(value for key, value in entry.items() if key != "explanation"))
            if "explanation" in entry:
                rows.append(f"      {entry['explanation']}")
    for key in ("net", "vat", "total", "remainder", "volume_left"):
        if key in answer:
            rows.append(f"  {key} {answer[key]}")
    for exception in answer.get("exceptions", []):
        rows.append("  exception: " + " ".join(str(value) for value in exception.values()))
    return "\n".join(rows)


def _row(cells: Iterable[Any]) -> str:
    return "  " + " ".join(f"{'-' if cell is None else str(cell):>13}" for cell in cells)
