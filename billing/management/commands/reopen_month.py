"""`manage.py reopen_month --enterprise CODE --month YYYY-MM --reason TEXT`: open the last closed month of the books."""

from typing import Any

from django.core.management.base import CommandParser

from billing.services.months import reopen_month
from gis_core.access import Capability
from gis_core.commands import ReportingCommand, acting_as, month_argument
from gis_core.selectors.organisation import enterprise_by_code, user_who_may


class Command(ReportingCommand):
    help = (
        "Open the last closed month of an enterprise's books again, for a reason that is kept: "
        "the first user's wish waits, a second user's opens it."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--enterprise", required=True, help="code of the enterprise")
        parser.add_argument("--month", required=True, type=month_argument, help="YYYY-MM")
        parser.add_argument("--reason", required=True, help="why it is opened again")
        parser.add_argument(
            "--user", required=True, help="who is acting: one person, then another, as it takes two"
        )

    def report(self, **options: Any) -> dict[str, Any]:
        enterprise = enterprise_by_code(options["enterprise"])
        user = user_who_may(options["user"], Capability.CORRECT_BOOKS, enterprise.division)
        with acting_as(user):
            opened = reopen_month(
                enterprise=enterprise, month=options["month"], reason=options["reason"], acting_user=user
            )
        return {
            "enterprise": enterprise.code,
            "month": f"{opened.books.month:%Y-%m}",
            "state": opened.books.state,
            "is_second": opened.is_second,
        }
