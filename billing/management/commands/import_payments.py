"""`manage.py import_payments FILE --format F --enterprise E`: take a bank's statement or a registry of payments in."""

from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext_noop as _

from billing.channels.services.importing import CHANNELS, FORMATS, import_payments
from billing.channels.services.statements.rows import require_size
from gis_core.commands import ReportingCommand
from gis_core.errors import ReportedError
from gis_core.selectors.organisation import enterprise_by_code, user_by_name
from gis_core.sentences import Sentence

_MOST_SHOWN = 50


def file_read(path: Path) -> bytes:
    """The content of a file that an operator names; ReportedError (`file`, `file_too_large`)."""
    try:
        require_size(path.stat().st_size)
        return path.read_bytes()
    except OSError as error:
        raise ReportedError(
            Sentence(_("{file} cannot be read: {reason}."), file=path, reason=error.strerror), code="file"
        ) from None


def _source(text: str) -> str:
    if not text:
        raise ArgumentTypeError("write the code of the source")
    return text


class Command(ReportingCommand):
    help = "Take a bank's statement or a registry of payments in: whole or not at all, each row once."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the statement or registry")
        parser.add_argument("--format", required=True, choices=FORMATS, dest="file_format")
        parser.add_argument("--enterprise", required=True, help="code of the enterprise")
        parser.add_argument("--channel", choices=CHANNELS, default="bank")
        parser.add_argument("--source", type=_source, help="whose registry it is; part of references")
        parser.add_argument("--dry-run", action="store_true", help="report on each row, write nothing")
        parser.add_argument("--user", help="who is acting; a registry needs one")

    def report(self, **options: Any) -> dict[str, Any]:
        enterprise = enterprise_by_code(options["enterprise"])
        user = user_by_name(options["user"])
        if options["file_format"] == "registry" and user is None and not options["dry_run"]:
            raise ReportedError(
                Sentence(_("Say by --user who brings the registry: somebody else takes its payments back.")),
                code="user_needed",
            )
        return import_payments(
            enterprise=enterprise,
            data=file_read(options["file"]),
            file=options["file"].name,
            file_format=options["file_format"],
            channel=options["channel"],
            source=options["source"] or "",
            is_trial=options["dry_run"],
            acting_user=user,
        )

    def describe(self, result: dict[str, Any]) -> str:
        lines = [f"{name}: {value}" for name, value in result.items() if name != "lines"]
        told = [line for line in result["lines"] if line["state"] in ("suspense", "settlement")]
        lines += [
            f"  line {line['line']} {line['state']}: {line['amount']} {line['reference']} {line['reason'] or ''}"
            for line in told[:_MOST_SHOWN]
        ]
        if len(told) > _MOST_SHOWN:
            lines.append(f"  and {len(told) - _MOST_SHOWN} more (all of them with --json)")
        return "\n".join(lines)
