"""manage.py import_network FILE --network CODE --division CODE --commodity water --place LON,LAT"""

import re
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from assets.models import Network
from assets.services.network_import import COORDINATE_UNITS, Placement, import_epanet_model
from gis_core.commands import ProgressBar, ReportingCommand
from gis_core.selectors.organisation import division_by_code, user_by_name


def place_argument(text: str) -> tuple[float, float]:
    """Parse LON,LAT in degrees."""
    try:
        longitude, latitude = (float(part) for part in text.split(","))
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not LON,LAT; write it as 69.25,41.31") from None
    if not (abs(longitude) <= 180 and abs(latitude) <= 90):
        raise ArgumentTypeError(f"{text!r}: the longitude is within 180 degrees, the latitude within 90")
    return (longitude, latitude)


class Command(ReportingCommand):
    help = (
        "Import an EPANET 2.2 model (.inp) into a network: all of it, or nothing and what is wrong with it."
    )

    def add_options(self, parser: CommandParser) -> None:
        # argparse takes "-70.1,41.2" for an option unless it looks like a number to it.
        parser._negative_number_matcher = re.compile(r"^-\d")
        parser.add_argument("file", type=Path, help="the model file")
        parser.add_argument("--network", required=True, help="code of the network, made if it is new")
        parser.add_argument("--division", required=True, help="code of the division that runs it")
        parser.add_argument("--commodity", required=True, choices=Network.Commodity.values)
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument("--srid", type=int, help="EPSG number of the CRS of the model's coordinates")
        where.add_argument("--place", type=place_argument, metavar="LON,LAT", help="where its middle lies")
        parser.add_argument(
            "--coordinate-unit",
            choices=COORDINATE_UNITS,
            help="with --place: the drawing's unit; auto (the default) scales by the stated pipe lengths",
        )
        parser.add_argument("--name", default="", help="name of a new network; by default the model's title")
        parser.add_argument("--user", help="username under which the audit trail records the import")

    def report(self, **options: Any) -> dict[str, Any]:
        if options["srid"] is not None and options["coordinate_unit"] is not None:
            raise CommandError("--coordinate-unit goes with --place, not with --srid", returncode=2)
        placement = Placement(
            srid=options["srid"], place=options["place"], coordinate_unit=options["coordinate_unit"] or "auto"
        )
        with ProgressBar() as report_progress:
            result = import_epanet_model(
                path=options["file"],
                network_code=options["network"],
                division=division_by_code(options["division"]),
                commodity=options["commodity"],
                placement=placement,
                acting_user=user_by_name(options["user"]),
                name=options["name"],
                report_progress=report_progress,
            )
        return result.as_dict()

    def describe(self, result: dict[str, Any]) -> str:
        created = ", ".join(f"{number} {kind}" for kind, number in result["created"].items())
        placement = result["placement"]
        scale = f"scaled by {placement.get('scale_factor', 1):g}"
        where = f"EPSG:{placement['srid']}" if "srid" in placement else scale
        lines = [
            f"{result['network']}: created {created}; {result['unchanged']} unchanged; {where}",
        ]
        for word in ("adjusted", "warnings"):
            lines += [f"  {word}: {entry['element']}: {entry['reason']}" for entry in result[word][:20]]
            if len(result[word]) > 20:
                lines.append(f"  {word}: and {len(result[word]) - 20} more (all of them with --json)")
        return "\n".join(lines)
