"""manage.py check_quality [--datastream CODE ...] [--since T --until T] [--learn] [--json]"""

from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser

from gis_core.commands import ReportingCommand
from gis_core.errors import ReportedError
from sensors.alarms.services.late import raise_late
from sensors.models import Datastream
from sensors.quality.services.checking import check_quality, recheck
from sensors.quality.services.clocks import check_clocks
from sensors.quality.services.neighbours import learn_neighbours
from sensors.series.services.roll_ups import refresh_roll_ups


class Command(ReportingCommand):
    help = (
        "Check values that came in or changed since the last check, or a span anew; flags are set, raw stays."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--datastream", action="append", help="code of a datastream; may be repeated")
        parser.add_argument(
            "--since", type=datetime.fromisoformat, help="check this span anew, with an offset"
        )
        parser.add_argument("--until", type=datetime.fromisoformat)
        parser.add_argument("--learn", action="store_true", help="also learn clock lags and neighbours")

    def report(self, **options: Any) -> dict[str, Any]:
        streams = streams_by_code(options["datastream"]) if options["datastream"] else None
        ids = [stream.pk for stream in streams] if streams is not None else None
        refresh_roll_ups(streams=ids)
        if options["learn"]:
            check_clocks()
            learn_neighbours(streams=ids)
        since, until = options["since"], options["until"]
        if since is None and until is None:
            result = check_quality(streams=ids, follow=raise_late)
        else:
            if since is None or until is None or ids is None or not (since.tzinfo and until.tzinfo):
                raise ReportedError(
                    "A span anew takes --since and --until with an offset, and --datastream.", code="bad_span"
                )
            result = recheck(streams=ids, since=since, until=until, follow=raise_late)
        return {
            "datastreams": result.datastreams,
            "values": result.values,
            "flagged": result.flagged,
            "cleared": result.cleared,
        }


def streams_by_code(codes: list[str]) -> list[Datastream]:
    """The datastreams; raises ReportedError (`unknown_datastream`)."""
    found = {
        stream.code: stream
        for stream in Datastream.objects.filter(code__in=codes, deleted_at=None).select_related("division")
    }
    unknown = [code for code in codes if code not in found]
    if unknown:
        raise ReportedError(f"There is no datastream {', '.join(unknown)}.", code="unknown_datastream")
    return [found[code] for code in codes]
