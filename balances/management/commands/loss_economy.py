"""`manage.py loss_economy --survey-cost … --water-cost-m3 …`: what it is worth to act against leakage."""

from dataclasses import asdict, fields
from typing import Any

from django.core.management.base import CommandError, CommandParser

from balances.management.options import number_argument
from balances.technical_losses.economy import BOUNDS, USUAL_N1, StatedEconomy, loss_economy
from gis_core.commands import ReportingCommand

_HELP = {
    "survey_cost": "so'm, of a survey of the whole system",
    "water_cost_m3": "so'm, what a lost m3 costs",
    "rise_m3_day_year": "m3/day in a year, by which unreported leakage grows",
    "background_m3_year": "m3 a year",
    "reported_m3_year": "m3 a year, of reported bursts",
    "leakage_m3_year": "m3 a year, lost now",
    "pressure_m": "m, now",
    "new_pressure_m": "m, wanted",
}


class Command(ReportingCommand):
    help = "The economic interval of surveys, the economic level of leakage, the benefit of another pressure."

    def add_options(self, parser: CommandParser) -> None:
        for one in fields(StatedEconomy):
            if one.name in _HELP:
                kind = number_argument(*BOUNDS[one.name])
                parser.add_argument(f"--{one.name.replace('_', '-')}", type=kind, help=_HELP[one.name])
        parser.add_argument(
            "--n1",
            type=number_argument(*BOUNDS["n1"]),
            action="append",
            help="how leakage follows pressure; repeatable",
        )

    def report(self, **options: Any) -> dict[str, Any]:
        stated = {name: options[name] for name in _HELP}
        if all(value is None for value in stated.values()):
            raise CommandError("state some of the figures: nothing follows from none", returncode=2)
        found = loss_economy(StatedEconomy(**stated, n1=tuple(options["n1"] or USUAL_N1)))
        return {"stated": stated, **asdict(found)}
