"""Valves that were turned about the time of a change of inflow."""

from datetime import datetime

from django.db import connection

from assets.models import Zone
from gis_core.database.sql_files import load_sql


def valve_moved(
    zone: Zone, *, since: datetime, until: datetime, about: datetime, known_until: datetime
) -> str | None:
    """The code of the valve of the zone, or at its edge, that was opened or shut between two instants, nearest to one.

    One that stood in the end as before is none. Only what was recorded before `known_until` counts. None where no
    valve was.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("balances.leak_detection", "valve_moves"),
            {"zone_id": zone.pk, "since": since, "until": until, "about": about, "known_until": known_until},
        )
        found = cursor.fetchone()
    return None if found is None else found[0]
