"""`manage.py reconcile --enterprise E --channel C --date D [REGISTER] [--book]`: a day against the provider's."""

from argparse import ArgumentTypeError
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from billing.channels.services.reconciling import reconcile
from billing.management.commands.import_payments import file_read
from billing.models import PaymentChannelCode
from gis_core.commands import ReportingCommand
from gis_core.selectors.organisation import enterprise_by_code, user_by_name


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no day; write it as 2026-01-05") from None


class Command(ReportingCommand):
    help = (
        "Compare a day's payments of a channel with the provider's register, and book what is missing here."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("register", nargs="?", type=Path, help="the provider's register: CSV or XLSX")
        parser.add_argument("--enterprise", required=True, help="code of the enterprise")
        parser.add_argument("--channel", required=True, choices=PaymentChannelCode.values)
        parser.add_argument("--date", required=True, type=_day, help="YYYY-MM-DD")
        parser.add_argument("--book", action="store_true", help="book what the register has and we have not")
        parser.add_argument("--user", help="who is acting, for the audit trail")

    def report(self, **options: Any) -> dict[str, Any]:
        enterprise = enterprise_by_code(options["enterprise"])
        path: Path | None = options["register"]
        return reconcile(
            enterprise=enterprise,
            channel=options["channel"],
            day=options["date"],
            register=None if path is None else file_read(path),
            file="" if path is None else path.name,
            books=options["book"],
            acting_user=user_by_name(options["user"]),
        )

    def describe(self, result: dict[str, Any]) -> str:
        lines = [
            f"{name}: {value}"
            for name, value in result.items()
            if name not in ("missing_here", "missing_there", "different")
        ]
        for name in ("missing_here", "missing_there", "different"):
            lines += [f"  {name.replace('_', ' ')}: {row}" for row in result[name][:50]]
        return "\n".join(lines)
