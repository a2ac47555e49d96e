"""manage.py import_network FILE --network CODE --division CODE --commodity water [--place LON,LAT] [--mapping FILE]"""

import re
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from assets.exchange.services.epanet_import import COORDINATE_UNITS, ModelPlacement, import_epanet_model
from assets.exchange.services.geo_import import GeoOptions, detect_format, import_geo_file, read_mapping
from assets.models import Network
from gis_core.commands import ProgressBar, ReportingCommand
from gis_core.errors import ReportedError
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
        "Import an EPANET 2.2 model (.inp), a GeoPackage, a zipped Shapefile, GeoJSON, CSV or DXF into a network: "
        "all of it, or nothing and what is wrong with it."
    )

    def add_options(self, parser: CommandParser) -> None:
        # argparse takes "-70.1,41.2" for an option unless it looks like a number to it.
        parser._negative_number_matcher = re.compile(r"^-\d")
        parser.add_argument("file", type=Path, help="the file; what it holds tells its format")
        parser.add_argument("--network", required=True, help="code of the network, made if it is new")
        parser.add_argument("--division", required=True, help="code of the division that runs it")
        parser.add_argument("--commodity", required=True, choices=Network.Commodity.values)
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--srid", type=int, help="EPSG number of the CRS of the file's coordinates")
        where.add_argument("--place", type=place_argument, metavar="LON,LAT", help="where its middle lies")
        parser.add_argument(
            "--coordinate-unit",
            choices=COORDINATE_UNITS,
            help="with --place: the drawing's unit; auto (the default) scales by the stated pipe lengths",
        )
        geo = parser.add_argument_group("files of a GIS (not EPANET)")
        geo.add_argument("--mapping", type=Path, help="TOML or JSON: what layers and columns are")
        geo.add_argument("--tolerance", type=float, metavar="M", help="ends this near are one node, metres")
        geo.add_argument("--no-split", action="store_true", help="do not cut lines where an end lies on them")
        geo.add_argument("--skip-bad-rows", action="store_true", help="import the rows that are good")
        geo.add_argument(
            "--dry-run", action="store_true", help="report what would be done, and change nothing"
        )
        parser.add_argument("--name", default="", help="name of a new network; by default the model's title")
        parser.add_argument("--user", help="username under which the audit trail records the import")

    def report(self, **options: Any) -> dict[str, Any]:
        # A place is only for free drawings, which files of a GIS are not.
        file_format = None if options["place"] is not None else detect_format(options["file"])
        if file_format is not None:
            return self._import_geo_file(file_format, options)
        if options["srid"] is None and options["place"] is None:
            _require_file(options["file"])
            raise CommandError("say where an EPANET model lies: --place LON,LAT or --srid", returncode=2)
        return self._import_epanet_model(options)

    def _import_geo_file(self, file_format: str, options: dict[str, Any]) -> dict[str, Any]:
        if options["coordinate_unit"] is not None:
            raise CommandError("--coordinate-unit is for EPANET models", returncode=2)
        with ProgressBar() as report_progress:
            result = import_geo_file(
                path=options["file"],
                file_format=file_format,
                network_code=options["network"],
                division=division_by_code(options["division"]),
                commodity=options["commodity"],
                options=GeoOptions(
                    mapping=read_mapping(options["mapping"]),
                    srid=options["srid"],
                    tolerance_m=options["tolerance"],
                    split=not options["no_split"],
                    skip_bad_rows=options["skip_bad_rows"],
                    dry_run=options["dry_run"],
                ),
                acting_user=user_by_name(options["user"]),
                name=options["name"],
                report_progress=report_progress,
            )
        return result.as_dict()

    def _import_epanet_model(self, options: dict[str, Any]) -> dict[str, Any]:
        if options["srid"] is not None and options["coordinate_unit"] is not None:
            raise CommandError("--coordinate-unit goes with --place, not with --srid", returncode=2)
        placement = ModelPlacement(
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
        where = _placement_in_words(result)
        lines = [
            f"{result['network']}: created {created}; {result['unchanged']} unchanged; {where}",
        ]
        for word in ("refused", "adjusted", "warnings"):
            lines += [f"  {word}: {_row_of(entry)}{entry['reason']}" for entry in result[word][:20]]
            if len(result[word]) > 20:
                lines.append(f"  {word}: and {len(result[word]) - 20} more (all of them with --json)")
        return "\n".join(lines)


def _require_file(path: Path) -> None:
    """What is not there is of no format, so nothing is asked for that one format needs."""
    try:
        is_file = path.is_file()
    except OSError:  # a name that is longer than names can be
        is_file = False
    if not is_file:
        raise ReportedError(f"The file {path} does not exist or is not a file.", code="file_unreadable")


def _placement_in_words(result: dict[str, Any]) -> str:
    if "placement" not in result:
        done = (
            "nothing is changed (dry run)" if result["dry_run"] else f"tolerance {result['tolerance_m']:g} m"
        )
        return f"{done}; {len(result['refused'])} rows refused"
    placement = result["placement"]
    if "srid" in placement:
        return f"EPSG:{placement['srid']}"
    return f"scaled by {placement.get('scale_factor', 1):g}"


def _row_of(entry: dict[str, Any]) -> str:
    row = f"{entry['layer']}, row {entry['row']}, " if "row" in entry else ""
    return f"{row}{entry['element']}: "
