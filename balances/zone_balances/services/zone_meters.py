"""Saying which datastreams measure a zone's edge and its storages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_noop as _

from assets.models import Network, TankDetail, Zone
from balances.models import ZoneMeter
from balances.selectors.zones_by_code import zone_by_code
from balances.zone_balances.services.zone_tables import BadRows, ZoneTableRow, number_in
from gis_core.database.sql_files import load_sql
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change
from sensors.models import Datastream

REQUIRED = ("zone", "datastream", "role")
NAMED_IN_DETAILS = ("zone", "datastream")
USUAL_ERROR_PERCENT = 2.0
# What a meter of each role measures; power (kW, its balances are in kWh) at edges of networks of energy only.
_QUANTITIES = {"inlet": ("flow",), "outlet": ("flow",), "storage": ("level", "volume")}
_OF_ENERGY = ("electricity", "heat")


@dataclass(frozen=True)
class WantedMeter:
    """A datastream in its role at a zone; without a role it is to be none of the zone's meters any more."""

    zone: Zone
    datastream: Datastream
    role: str | None
    error_percent: float = USUAL_ERROR_PERCENT


def wanted_meter(
    *,
    zone_code: str,
    datastream_code: str,
    role: str,
    network: Network | None = None,
    error_percent: float = USUAL_ERROR_PERCENT,
    is_removed: bool = False,
) -> WantedMeter:
    """What is asked for by codes, if it can be.

    Raises ReportedError (`no_zone`, `ambiguous_zone`, `no_datastream`, `wrong_quantity`, `other_network`,
    `tank_unknown`).
    """
    zone = zone_by_code(zone_code, None if network is None else network.code)
    streams = Datastream.objects.select_related("thing__attachment").filter(deleted_at=None)
    stream = streams.filter(code=datastream_code).first()
    if stream is None:
        raise ReportedError(
            Sentence(_("There is no datastream {code}."), code=datastream_code), code="no_datastream"
        )
    if not is_removed:
        _refuse_unfit(zone, stream, role)
    return WantedMeter(zone, stream, None if is_removed else role, error_percent)


def _refuse_unfit(zone: Zone, stream: Datastream, role: str) -> None:
    quantities: tuple[str, ...] = _QUANTITIES[role]
    if role != "storage" and zone.network.commodity in _OF_ENERGY:
        quantities = ("power", *quantities)
    if stream.observed_property not in quantities:
        raise ReportedError(
            Sentence(
                _("{datastream} measures {quantity}; for this role it is to measure {wanted}."),
                datastream=stream.code,
                quantity=stream.observed_property,
                wanted=" / ".join(quantities),
            ),
            code="wrong_quantity",
        )
    attachment = stream.thing.attachment
    if attachment is None or attachment.network_id != zone.network_id:
        raise ReportedError(
            Sentence(
                _("{datastream} does not hang on the network {network} of the zone {zone}."),
                datastream=stream.code,
                network=zone.network.code,
                zone=zone.code,
            ),
            code="other_network",
        )
    if stream.observed_property == "level":
        tank = TankDetail.objects.filter(node=attachment.node_id).first()
        if tank is None or (tank.volume_curve_id is None and tank.diameter_m <= 0):
            raise ReportedError(
                Sentence(
                    _("{datastream} is the level of no tank with a volume curve or a diameter."),
                    datastream=stream.code,
                ),
                code="tank_unknown",
            )


def understood_meters(
    network: Network, rows: Sequence[ZoneTableRow], decimal: str, bad: BadRows
) -> list[WantedMeter]:
    """The meters that the rows of a table ask for. Raises ReportedError `bad_rows`; each detail has the `code`, too."""
    wanted: dict[tuple[int, int], WantedMeter] = {}
    for row in rows:
        role = row["role"].casefold()
        error = number_in(row, "error_percent", decimal)
        if role not in _QUANTITIES:
            bad.add(
                row,
                Sentence(_("the role is to be inlet, outlet or storage, not {role}"), role=row["role"][:40]),
            )
        elif isinstance(error, Sentence):
            bad.add(row, error)
        elif error is not None and not 0 <= error <= 100:
            bad.add(row, Sentence(_("error_percent is to be from 0 to 100")))
        else:
            _understand(
                network, row, role, USUAL_ERROR_PERCENT if error is None else float(error), wanted, bad
            )
    bad.refuse()
    return list(wanted.values())


def _understand(
    network: Network,
    row: ZoneTableRow,
    role: str,
    error_percent: float,
    wanted: dict[tuple[int, int], WantedMeter],
    bad: BadRows,
) -> None:
    try:
        meter = wanted_meter(
            zone_code=row["zone"],
            datastream_code=row["datastream"],
            role=role,
            network=network,
            error_percent=error_percent,
        )
    except ReportedError as error:
        bad.add(row, error.message)
        bad.found[-1]["code"] = error.code
        return
    first = wanted.setdefault((meter.zone.pk, meter.datastream.pk), meter)
    if first != meter:
        bad.add(row, Sentence(_("the datastream is a meter of the zone in another row already")))


@transaction.atomic
def set_zone_meters(*, wanted: Sequence[WantedMeter], acting_user: User | None) -> dict[str, Any]:
    """Make each datastream the meter of its zone that is asked for, or none; again with the same changes nothing.

    Returns `changed` and the zones asked about, each with all meters of its own.
    """
    zones = {meter.zone.pk: meter.zone for meter in wanted}
    networks = sorted({zone.network_id for zone in zones.values()})
    with connection.cursor() as cursor:
        # One at a time, as computing is.
        cursor.execute(
            "SELECT 1 FROM assets_network WHERE id = ANY (%s) ORDER BY id FOR NO KEY UPDATE", [networks]
        )
        cursor.execute(load_sql("balances.zone_balances", "follow_connections"), {"network_ids": networks})
    present = {
        (meter.zone_id, meter.datastream_id): meter
        for meter in ZoneMeter.objects.filter(zone__in=zones, removed_at=None)
    }
    changed = [
        meter for meter in wanted if _differs(meter, present.get((meter.zone.pk, meter.datastream.pk)))
    ]
    ended = [present[key] for meter in changed if (key := (meter.zone.pk, meter.datastream.pk)) in present]
    ZoneMeter.objects.filter(pk__in=[meter.pk for meter in ended]).update(removed_at=Now())
    ZoneMeter.objects.bulk_create(
        ZoneMeter(
            zone=meter.zone,
            datastream=meter.datastream,
            role=meter.role or present[meter.zone.pk, meter.datastream.pk].role,
            error_percent=meter.error_percent,
            # That it was taken away stands before what the graph says.
            removed_at=Now() if meter.role is None else None,
        )
        for meter in changed
    )
    _record(changed, acting_user)
    return {"changed": len(changed), "zones": zone_meter_lists(list(zones.values()))}


def _differs(wanted: WantedMeter, present: ZoneMeter | None) -> bool:
    if present is None:
        return wanted.role is not None
    return (wanted.role, wanted.error_percent) != (present.role, present.error_percent)


def zone_meter_lists(zones: Sequence[Zone]) -> list[dict[str, Any]]:
    """The meters of each zone's own as they are set now, by code."""
    meters = ZoneMeter.objects.filter(zone__in=zones, removed_at=None).select_related("datastream")
    by_zone: dict[int, list[dict[str, Any]]] = {zone.pk: [] for zone in zones}
    for meter in meters.order_by("datastream__code"):
        by_zone[meter.zone_id].append(
            {
                "datastream": meter.datastream.code,
                "role": meter.role,
                "unit": meter.datastream.unit,
                "error_percent": meter.error_percent,
            }
        )
    return [
        {"zone_code": zone.code, "meters": by_zone[zone.pk]}
        for zone in sorted(zones, key=lambda one: (one.code, one.pk))
    ]


def _record(changed: Sequence[WantedMeter], acting_user: User | None) -> None:
    for meter in changed:
        record_change(
            acting_user=acting_user,
            action="remove zone meter" if meter.role is None else "set zone meter",
            subject=meter.zone,
            subject_id=meter.zone.code,
            division=meter.zone.network.division,
            new_values={
                "datastream": meter.datastream.code,
                "role": meter.role,
                "error_percent": meter.error_percent,
            },
        )
