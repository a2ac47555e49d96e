"""Length of a zone's mains and number of its connections."""

from dataclasses import dataclass
from datetime import date

from django.db import connection

from assets.models import Zone
from gis_core.database.sql_files import load_sql


@dataclass(frozen=True)
class ZoneMains:
    """Kilometres of mains and how many connections they serve; None where unknown."""

    mains_km: float | None
    connections: int | None


def zone_mains(zone: Zone, *, until: date) -> ZoneMains:
    """The mains of the zone, which must come from a scoped selector, and its connections before that day."""
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("balances.technical_losses", "zone_mains"), {"zone_id": zone.pk, "until": until}
        )
        length_m, connections = cursor.fetchone()
    return ZoneMains(None if length_m is None else length_m / 1000, connections)
