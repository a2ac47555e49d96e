"""`manage.py erase_person --subscriber NUMBER --reason TEXT --user NAME`: erase who a subscriber was."""

from typing import Any

from django.core.management.base import CommandParser

from billing.selectors.persons import person_by_number
from billing.services.persons import erase_person
from gis_core.commands import ReportingCommand
from gis_core.selectors.organisation import user_by_name


class Command(ReportingCommand):
    help = (
        "Erase who a subscriber was, as far as the law allows: the first user's wish waits, a second user's does it. "
        "Bills, payments, readings and the audit trail stay."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--subscriber", required=True, help="registry number")
        parser.add_argument("--reason", required=True, help="why")
        parser.add_argument("--user", help="who is acting: one person, then another, as it takes two")

    def report(self, **options: Any) -> dict[str, Any]:
        erasure = erase_person(
            subscriber=person_by_number(options["subscriber"]),
            reason=options["reason"],
            acting_user=user_by_name(options["user"]),
        )
        return {
            "state": erasure.state,
            "emptied": erasure.emptied,
            "kept": erasure.kept,
            "is_second": erasure.is_second,
        }
