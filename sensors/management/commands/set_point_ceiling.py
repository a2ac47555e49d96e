"""`manage.py set_point_ceiling list | set KIND UNIT GREATEST`: how high devices of a kind may be set at all."""

from typing import Any

from django.core.management.base import CommandParser

from gis_core.commands import ReportingCommand
from gis_core.selectors.organisation import user_by_name
from sensors.models import SetPointCeiling
from sensors.models.regulators import REGULATED_KINDS
from sensors.regulators.services.limits import set_ceiling


class Command(ReportingCommand):
    help = (
        "The greatest set-point that the limits of a kind of device may allow, in a unit. No regulator is registered, "
        "and no limits are confirmed, above it, or where there is none."
    )

    def add_options(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        listed = verbs.add_parser("list", help="the ceilings there are")
        given = verbs.add_parser("set", help="set the ceiling of a kind in a unit")
        given.add_argument("kind", choices=REGULATED_KINDS)
        given.add_argument("unit", help="such as m, bar or %%")
        given.add_argument("greatest", type=float)
        given.add_argument("--user", help="username whose change it is")
        for verb in (listed, given):
            verb.add_argument(
                "--json", action="store_true", default=False, help="print one JSON document on stdout"
            )

    def report(self, **options: Any) -> dict[str, Any]:
        if options["verb"] == "list":
            return {"ceilings": [_shown(row) for row in SetPointCeiling.objects.all()]}
        return _shown(
            set_ceiling(
                node_kind=options["kind"],
                unit=options["unit"],
                greatest=options["greatest"],
                acting_user=user_by_name(options["user"]),
            )
        )

    def describe(self, result: dict[str, Any]) -> str:
        rows = result.get("ceilings", [result])
        return "\n".join(f"{row['kind']:<20} {row['greatest']:>10g} {row['unit']}" for row in rows)


def _shown(row: SetPointCeiling) -> dict[str, Any]:
    return {"kind": row.node_kind, "unit": row.unit, "greatest": row.greatest}
