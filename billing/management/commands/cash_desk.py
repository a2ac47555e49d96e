"""`manage.py cash_desk set | list`: where an enterprise takes cash."""

from typing import Any

from django.core.management.base import CommandParser

from billing.cash_desk.services.desks import set_desk
from billing.models import CashDesk
from gis_core.commands import ReportingCommand
from gis_core.selectors.organisation import division_by_code, enterprise_by_code, user_by_name


class Command(ReportingCommand):
    help = "Cash desks of an enterprise. Codes begin the numbers of receipts: KASSA1-000001."

    def add_options(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        change = verbs.add_parser("set", help="make a desk, or change what is given of it")
        listed = verbs.add_parser("list", help="the desks of an enterprise, or of all")
        change.add_argument("--enterprise", required=True, help="code of the enterprise")
        listed.add_argument("--enterprise", help="code of the enterprise")
        change.add_argument("--code", required=True, help="capital letters and digits")
        change.add_argument("--name")
        change.add_argument(
            "--division", help="code of the division whose accounts pay there; the enterprise's"
        )
        state = change.add_mutually_exclusive_group()
        state.add_argument("--enable", dest="is_active", action="store_const", const=True)
        state.add_argument("--disable", dest="is_active", action="store_const", const=False)
        change.add_argument("--user", help="who is acting, for the audit trail")
        for verb in (change, listed):
            verb.add_argument(
                "--json", action="store_true", default=False, help="print one JSON document on stdout"
            )

    def report(self, **options: Any) -> dict[str, Any]:
        if options["verb"] == "list":
            rows = CashDesk.objects.select_related("enterprise", "division").order_by(
                "enterprise__code", "code"
            )
            if options["enterprise"]:
                rows = rows.filter(enterprise=enterprise_by_code(options["enterprise"]))
            return {"desks": [_shown(row) for row in rows]}
        desk = set_desk(
            enterprise=enterprise_by_code(options["enterprise"]),
            code=options["code"],
            name=options["name"],
            division=division_by_code(options["division"]) if options["division"] else None,
            is_active=options["is_active"],
            acting_user=user_by_name(options["user"]),
        )
        return _shown(desk)

    def describe(self, result: dict[str, Any]) -> str:
        if "desks" not in result:
            return super().describe(result)
        return (
            "\n".join(
                f"{row['enterprise']:<20} {row['code']:<20} {'in use' if row['is_active'] else 'not in use':<11}"
                f" {row['name']}"
                for row in result["desks"]
            )
            or "There is no cash desk."
        )


def _shown(desk: CashDesk) -> dict[str, Any]:
    return {
        "uid": str(desk.uid),
        "enterprise": desk.enterprise.code,
        "code": desk.code,
        "name": desk.name,
        "division": desk.division.code,
        "is_active": desk.is_active,
    }
