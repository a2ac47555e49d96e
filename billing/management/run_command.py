"""What the commands that bill a month have in common: whom they bill, and what they tell."""

from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandParser

from billing.selectors.accounts import account_by_number
from billing.services.runs import RunResult
from gis_core.commands import ReportingCommand, month_argument
from gis_core.selectors.organisation import division_by_code, enterprise_by_code, user_by_name


class MonthRunCommand(ReportingCommand):
    """A command that posts what accounts of an enterprise lack for a month, by `bill`."""

    bill: Callable[..., RunResult]

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--enterprise", required=True, help="code of the enterprise")
        parser.add_argument("--month", required=True, type=month_argument, help="YYYY-MM")
        parser.add_argument("--division", help="code of a division: only the accounts there and below")
        parser.add_argument("--account", help="number of one account, billed alone")
        parser.add_argument("--trial", action="store_true", help="compute everything, post nothing")
        parser.add_argument("--user", help="who is acting, for the audit trail")

    def report(self, **options: Any) -> dict[str, Any]:
        enterprise = enterprise_by_code(options["enterprise"])
        result = self.bill(
            enterprise=enterprise,
            division=division_by_code(options["division"]) if options["division"] else None,
            account=account_by_number(options["account"], enterprise.code) if options["account"] else None,
            month=options["month"],
            is_trial=options["trial"],
            acting_user=user_by_name(options["user"]),
        )
        return result.as_dict()
