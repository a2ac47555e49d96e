"""Taking over what is billed elsewhere: volumes of zones over days, by kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_noop as _

from assets.models import Network, Zone
from balances.models import ImportedConsumption
from balances.periods import MOST_DAYS, period_of
from balances.zone_balances.services.zone_tables import BadRows, ZoneTableRow, number_in
from gis_core.models import User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change

REQUIRED = ("zone", "from", "to", "kind", "volume_m3")
NAMED_IN_DETAILS = ("zone", "from", "to", "kind")
_LITRE = Decimal("0.001")
_LARGEST_M3 = Decimal(10) ** 12
_MOST_CONNECTIONS = 2**31 - 1


@dataclass(frozen=True)
class _Volume:
    """What a row says of its zone, days and kind."""

    volume_m3: Decimal
    connections: int | None
    limit95_percent: float | None


_Key = tuple[int, date, date, str]


@dataclass(frozen=True)
class ConsumptionImport:
    """How many rows there were, and what became of them."""

    rows: int
    made: int
    changed: int
    unchanged: int


@transaction.atomic
def import_consumption(
    *, network: Network, rows: Sequence[ZoneTableRow], decimal: str, bad: BadRows, acting_user: User | None
) -> ConsumptionImport:
    """Store the volumes of a table; of the same zone, days and kind the new one counts from now on.

    All or nothing. Raises ReportedError `bad_rows`, with what is wrong in `details`.
    """
    zones = dict(Zone.objects.filter(network=network).values_list("code", "pk"))
    wanted = _understood(zones, rows, decimal, bad)
    bad.refuse()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM assets_network WHERE id = %s FOR NO KEY UPDATE", [network.pk])
    present = {
        (row.zone_id, row.first_day, row.last_day, row.kind): row
        for row in ImportedConsumption.objects.filter(zone__network=network, replaced_at=None)
    }
    changed = {key: volume for key, volume in wanted.items() if _differs(volume, present.get(key))}
    replaced = [present[key].pk for key in changed if key in present]
    ImportedConsumption.objects.filter(pk__in=replaced).update(replaced_at=Now())
    ImportedConsumption.objects.bulk_create(
        (
            ImportedConsumption(
                zone_id=zone,
                first_day=first,
                last_day=last,
                kind=kind,
                volume_m3=volume.volume_m3,
                connections=volume.connections,
                limit95_percent=volume.limit95_percent,
            )
            for (zone, first, last, kind), volume in changed.items()
        ),
        batch_size=5000,
    )
    result = ConsumptionImport(
        rows=len(rows),
        made=len(changed) - len(replaced),
        changed=len(replaced),
        unchanged=len(wanted) - len(changed),
    )
    if changed:
        record_change(
            acting_user=acting_user,
            action="import consumption",
            subject=network,
            subject_id=network.code,
            division=network.division,
            new_values={
                "rows": result.rows,
                "made": result.made,
                "changed": result.changed,
                "m3": str(sum(volume.volume_m3 for volume in changed.values())),
            },
        )
    return result


def _differs(wanted: _Volume, present: ImportedConsumption | None) -> bool:
    return present is None or wanted != _Volume(
        present.volume_m3, present.connections, present.limit95_percent
    )


def _understood(
    zones: dict[str, int], rows: Sequence[ZoneTableRow], decimal: str, bad: BadRows
) -> dict[_Key, _Volume]:
    wanted: dict[_Key, _Volume] = {}
    for row in rows:
        key = _key_in(zones, row)
        if isinstance(key, Sentence):
            bad.add(row, key)
            continue
        volume = _volume_in(row, decimal)
        if isinstance(volume, Sentence):
            bad.add(row, volume)
        elif key in wanted:
            bad.add(row, Sentence(_("the zone, days and kind are those of another row")))
        else:
            wanted[key] = volume
    return wanted


def _key_in(zones: dict[str, int], row: ZoneTableRow) -> _Key | Sentence:
    if row["zone"] not in zones:
        return Sentence(_("unknown: the network has no zone {code}"), code=row["zone"][:80])
    try:
        days = period_of(row["from"]).through(period_of(row["to"] or row["from"]))
    except ValueError:
        return Sentence(_("from and to are days, written as 2026-01-31"))
    if days.days == 0:
        return Sentence(_("to is before from"))
    if days.days > MOST_DAYS:
        return Sentence(_("from and to are more than 40 years apart"))
    kind = row["kind"].casefold()
    if kind not in ImportedConsumption.Kind.values:
        return Sentence(
            _("the kind is to be one of {known}, not {kind}"),
            known=", ".join(ImportedConsumption.Kind.values),
            kind=row["kind"][:40],
        )
    return zones[row["zone"]], days.since, days.last_day, kind


def _volume_in(row: ZoneTableRow, decimal: str) -> _Volume | Sentence:
    numbers = {}
    for column in ("volume_m3", "connections", "limit95_percent"):
        number = number_in(row, column, decimal)
        if isinstance(number, Sentence):
            return number
        numbers[column] = number
    volume, connections, limit = numbers.values()
    if volume is None:
        return Sentence(_("the volume is missing"))
    if not 0 <= volume < _LARGEST_M3:
        return Sentence(_("the volume is to be from 0 to less than 1,000,000,000,000 m3"))
    if connections is not None and not (0 <= connections <= _MOST_CONNECTIONS and connections % 1 == 0):
        return Sentence(_("connections are counted: 0, 1, 2"))
    if limit is not None and not 0 <= limit <= 100:
        return Sentence(_("limit95_percent is to be from 0 to 100"))
    return _Volume(
        volume.quantize(_LITRE, rounding=ROUND_HALF_UP),
        None if connections is None else int(connections),
        None if limit is None else float(limit),
    )
