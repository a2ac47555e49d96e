"""`manage.py close_month --enterprise CODE --month YYYY-MM`: close a month of an enterprise's books."""

from typing import Any

from django.core.management.base import CommandParser

from billing.services.months import close_month
from gis_core.commands import ReportingCommand, month_argument
from gis_core.selectors.organisation import enterprise_by_code, user_by_name


class Command(ReportingCommand):
    help = "Close a month: from then on the database refuses entries in it."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--enterprise", required=True, help="code of the enterprise")
        parser.add_argument("--month", required=True, type=month_argument, help="YYYY-MM")
        parser.add_argument("--user", help="who is acting, for the audit trail")

    def report(self, **options: Any) -> dict[str, Any]:
        books = close_month(
            enterprise=enterprise_by_code(options["enterprise"]),
            month=options["month"],
            acting_user=user_by_name(options["user"]),
        )
        return {"enterprise": options["enterprise"], "month": f"{books.month:%Y-%m}", "state": books.state}
