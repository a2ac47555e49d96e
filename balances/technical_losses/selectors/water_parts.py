"""Background leakage of each main of a water network."""

from django.db import connection

from assets.models import Network
from balances.periods import DaySpan
from balances.technical_losses.selectors.loss_settings import LossSettings, PartLoss
from balances.technical_losses.water_components import BACKGROUND_N1, REFERENCE_PRESSURE_M
from gis_core.database.sql_files import load_sql


def water_parts(network: Network, period: DaySpan, with_settings: LossSettings) -> list[PartLoss]:
    """Every main in each zone it lies in, m3 over the period; unknown: `no_pressure`, `no_connections`."""
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("balances.technical_losses", "water_mains"),
            {
                "network_id": network.pk,
                "since": period.since,
                "until": period.until,
                "condition_factor": with_settings.condition_factor,
                "ageing": with_settings.ageing,
                "reference_m": REFERENCE_PRESSURE_M,
                "exponent": BACKGROUND_N1,
            },
        )
        rows = cursor.fetchall()
    hours = 24 * period.days
    found = []
    for code, zone_id, length_m, connections, pressure_m, factor, background in rows:
        missing = [
            word
            for word, value in (("no_pressure", pressure_m), ("no_connections", connections))
            if value is None
        ]
        facts = {
            "length_m": length_m,
            "connections": connections,
            "pressure_m": pressure_m,
            "condition_factor": factor,
            "background_m3h": background,
        }
        loss = None if background is None else background * hours
        found.append(PartLoss("main", code, zone_id, loss, " ".join(missing), facts))
    return found
