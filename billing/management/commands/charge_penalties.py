"""`manage.py charge_penalties --enterprise CODE --month YYYY-MM`: bill what overdue debts cost up to a month's end."""

from typing import Any

from django.core.management.base import CommandParser

from billing.selectors.accounts import account_by_number
from billing.services.penalties import charge_penalties
from gis_core.commands import ReportingCommand, month_argument
from gis_core.selectors.organisation import division_by_code, enterprise_by_code, user_by_name


class Command(ReportingCommand):
    help = "Post the penalties that overdue debts still lack up to a month's end; a second run posts nothing."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--enterprise", required=True, help="code of the enterprise")
        parser.add_argument("--month", required=True, type=month_argument, help="YYYY-MM")
        parser.add_argument("--division", help="code of a division: only the accounts there and below")
        parser.add_argument("--account", help="number of one account, billed alone")
        parser.add_argument("--trial", action="store_true", help="compute everything, post nothing")
        parser.add_argument("--user", help="who is acting, for the audit trail")

    def report(self, **options: Any) -> dict[str, Any]:
        enterprise = enterprise_by_code(options["enterprise"])
        result = charge_penalties(
            enterprise=enterprise,
            division=division_by_code(options["division"]) if options["division"] else None,
            account=account_by_number(options["account"], enterprise.code) if options["account"] else None,
            month=options["month"],
            is_trial=options["trial"],
            acting_user=user_by_name(options["user"]),
        )
        return result.as_dict()
