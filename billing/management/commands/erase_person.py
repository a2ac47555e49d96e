"""`manage.py erase_person --subscriber NUMBER --reason TEXT --user NAME`: erase who a subscriber was."""

from typing import Any

from django.core.management.base import CommandParser

from billing.selectors.persons import person_by_number
from billing.services.persons import erase_person
from gis_core.access import Capability
from gis_core.commands import ReportingCommand, acting_as
from gis_core.selectors.organisation import user_who_may


class Command(ReportingCommand):
    help = (
        "Erase who a subscriber was, as far as the law allows: the first user's wish waits, a second user's does it. "
        "Bills, payments, readings and the audit trail stay."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--subscriber", required=True, help="registry number")
        parser.add_argument("--reason", required=True, help="why")
        parser.add_argument(
            "--user", required=True, help="who is acting: one person, then another, as it takes two"
        )

    def report(self, **options: Any) -> dict[str, Any]:
        subscriber = person_by_number(options["subscriber"])
        user = user_who_may(options["user"], Capability.MANAGE_ACCOUNTS, subscriber.division)
        with acting_as(user):
            erasure = erase_person(subscriber=subscriber, reason=options["reason"], acting_user=user)
        return {
            "state": erasure.state,
            "emptied": erasure.emptied,
            "kept": erasure.kept,
            "is_second": erasure.is_second,
        }
