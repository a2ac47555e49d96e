"""manage.py import_cadastre FILE --layer parcels|buildings --division CODE [--mapping FILE.json] [--dry-run]"""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from assets.registers.services.cadastre_import import LAYERS, import_cadastre
from gis_core.commands import ReportingCommand
from gis_core.errors import ReportedError
from gis_core.selectors.organisation import division_by_code, user_by_name


def read_mapping(text: str | None) -> dict[str, str]:
    """Our field to the file's column: from a JSON file, or as field=COLUMN,field=COLUMN; raises ReportedError."""
    if not text:
        return {}
    try:
        path = Path(text)
        if path.is_file():
            read = json.loads(path.read_text(encoding="utf-8"))
        else:
            read = dict(part.split("=", 1) for part in text.split(","))
    except (ValueError, OSError) as error:
        raise ReportedError(f"The mapping cannot be read: {error}", code="bad_mapping") from error
    if not isinstance(read, dict) or not all(isinstance(name, str) for name in read.values()):
        raise ReportedError(
            "The mapping is an object of texts: our field to the file's column.", code="bad_mapping"
        )
    return read


class Command(ReportingCommand):
    help = "Import parcels or buildings from GeoJSON, GeoPackage or a zipped Shapefile, in any CRS."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the file to import")
        parser.add_argument("--layer", required=True, choices=LAYERS, help="what the file holds")
        parser.add_argument("--division", required=True, help="code of the division they belong to")
        parser.add_argument("--mapping", help="JSON file, or field=COLUMN,field=COLUMN")
        parser.add_argument("--source-layer", help="the layer of the file, when it has several")
        parser.add_argument(
            "--srid", type=int, help="EPSG number of the CRS of a file that does not say its own"
        )
        parser.add_argument("--dry-run", action="store_true", help="check every row and store nothing")
        parser.add_argument("--partial", action="store_true", help="take the good rows and leave out the bad")
        parser.add_argument("--user", help="username under which the audit trail records the import")

    def report(self, **options: Any) -> dict[str, Any]:
        return import_cadastre(
            path=options["file"],
            layer=options["layer"],
            division=division_by_code(options["division"]),
            mapping=read_mapping(options["mapping"]),
            srid=options["srid"],
            source_layer=options["source_layer"],
            is_dry_run=options["dry_run"],
            takes_good_rows=options["partial"],
            acting_user=user_by_name(options["user"]),
        ).as_dict()

    def describe(self, result: dict[str, Any]) -> str:
        lines = [
            f"{'Would create' if result['dry_run'] else 'Created'} {result['created']} {result['layer']} of "
            f"{result['rows']} rows; {result['unchanged']} unchanged, {len(result['refused'])} refused."
        ]
        for name in ("refused", "warnings"):
            lines += [f"  row {row['row']} {row['element']}: {row['reason']}" for row in result[name][:50]]
        return "\n".join(lines)
