"""`manage.py technical_losses --network N [--zone Z] --from P [--to P]`: technical losses beside the actual ones."""

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError, CommandParser

from balances.management.options import add_period, days_of
from balances.selectors.zones_by_code import balanced_network, zone_by_code
from balances.technical_losses.selectors.network_losses import LossSettings, NetworkLosses, network_losses
from gis_core.commands import ReportingCommand
from gis_core.selectors.organisation import user_by_name


class Command(ReportingCommand):
    help = (
        "What mains leak in the background, and lines and transformers lose, beside what the balances lost."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--network", help="code of the network")
        parser.add_argument("--zone", help="one zone alone")
        add_period(parser)
        parser.add_argument("--icf", type=float, default=1.0, help="water: infrastructure condition factor")
        parser.add_argument(
            "--ageing-percent", type=float, default=0.0, help="water: what a main's factor gains a year"
        )
        parser.add_argument("--power-factor", type=float, default=0.92, help="electricity: cos phi")
        parser.add_argument("--parts", action="store_true", help="every main, line and transformer too")
        parser.add_argument("--user", help="whose view; all if absent")

    def report(self, **options: Any) -> dict[str, Any]:
        period = days_of(options)
        if options["network"] is None and options["zone"] is None:
            raise CommandError("give --network or --zone", returncode=2)
        if not 0 < options["icf"] <= 100 or not 0 <= options["ageing_percent"] <= 100:
            raise CommandError("--icf lies above 0, --ageing-percent between 0 and 100", returncode=2)
        if not 0.1 <= options["power_factor"] <= 1:
            raise CommandError("--power-factor lies between 0.1 and 1", returncode=2)
        viewer = user_by_name(options["user"])
        if options["zone"] is not None:
            network = zone_by_code(options["zone"], options["network"], viewer=viewer).network
        else:
            network = balanced_network(options["network"], viewer=viewer)
        settings = LossSettings(options["icf"], options["ageing_percent"] / 100, options["power_factor"])
        found = network_losses(network, period, settings)
        return _document(found, options["zone"], with_parts=options["parts"])


def _document(found: NetworkLosses, zone: str | None, *, with_parts: bool) -> dict[str, Any]:
    document: dict[str, Any] = {
        "network": found.network.code,
        "commodity": found.network.commodity,
        "unit": found.unit,
        "period_start": found.period.since.isoformat(),
        "period_end": found.period.until.isoformat(),
        "zones": [
            {
                "zone_code": row.zone_code,
                "parent": row.parent,
                "supply": row.supply,
                **asdict(row.parts),
                "known_parts": row.known_parts,
                "unknown_parts": row.unknown_parts,
            }
            for row in found.zones
            if zone is None or row.zone_code == zone
        ],
    }
    if with_parts:
        document["parts"] = [
            {
                "kind": part.kind,
                "code": part.code,
                "zone_code": None if part.zone_id is None else found.zone_codes[part.zone_id],
                "loss": part.loss,
                "reason": part.reason,
                **part.facts,
            }
            for part in found.parts
            if zone is None or (part.zone_id is not None and found.zone_codes[part.zone_id] == zone)
        ]
    return document
