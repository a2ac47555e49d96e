"""Outages and floods of zones for the tests of access, of query counts and of the database's guards."""

from datetime import UTC, datetime, timedelta
from typing import Any

from assets.models import Outage
from tests.world import World

_STARTS = datetime(2027, 3, 1, tzinfo=UTC)


def _new(**values: str) -> str:
    given = {
        "division": "division_id",
        "number": "'X'",
        "state": "'planned'",
        "starts": "'2027-03-01'",
        "ends": "'2027-03-02'",
        "started": "NULL",
        "ended": "NULL",
        "position": "0.5",
    } | values
    return (
        "INSERT INTO assets_outage (uid, network_id, division_id, number, reason, state, starts_at, ends_at, "
        "started_at, ended_at, pipe_uid, pipe_code, position, inoperable_valves, valve_ids, pipe_ids, node_ids, "
        "cut_off_node_ids, close, length_m, volume_m3, subscribers, priority, made_at) "
        f"SELECT gen_random_uuid(), id, {given['division']}, {given['number']}, 'x', {given['state']}, "
        f"{given['starts']}, {given['ends']}, {given['started']}, {given['ended']}, gen_random_uuid(), 'P1', "
        f"{given['position']}, "
        "'{}', '{}', '{}', '{}', '{}', '{}', 0, 0, 0, '[]', now() FROM assets_network WHERE code = 'N1'"
    )


OUTAGE_ATTACKS: dict[str, list[str]] = {
    "outage_number_in_network": [f"{_new()}; {_new()}"],
    "outage_state_known": [_new(state="'forgotten'"), _new(state="''")],
    "outage_ends_after_start": [_new(ends="'2027-03-01'"), _new(ends="'2027-02-01'")],
    "outage_times_fit_state": [
        _new(started="now()"),
        _new(state="'in_progress'"),
        _new(state="'in_progress'", started="now()", ended="now()"),
        _new(state="'finished'", started="now()"),
        _new(state="'finished'", started="'2027-03-02'", ended="'2027-03-01'"),
        _new(state="'cancelled'", ended="now()"),
    ],
    "outage_position_on_pipe": [_new(position="-0.1"), _new(position="1.1"), _new(position="'NaN'")],
    "outage_conflict_has_reason": [_new(state="'conflict'")],
    "outage_network_division": [_new(division="(SELECT id FROM gis_core_division WHERE code = 'ZANGIOTA')")],
    "zone_flood_of_zone": [
        "INSERT INTO assets_zoneflood (zone_id, flooded_at, members) VALUES (0, now(), 0)"
    ],
}
OUTAGE_ACTIONS = tuple(
    f"outage-{action}" for action in ("start", "finish", "cancel", "reschedule", "recompute")
)
OUTAGE_READS = ("outage-subscribers", "outage-subscribers-csv")
TRACE_NAMES = (
    "trace",
    "profile",
    "profile-drawing",
    "zone-flooding",
    "zone-schematic",
    "zone-schematic-drawing",
)


def add_outages(world: World, numbers: range) -> list[Outage]:
    """As many planned outages of one pipe, one day each, as there are numbers."""
    return Outage.objects.bulk_create(
        Outage(
            network=world.network,
            division=world.district,
            number=f"X{number}",
            reason=f"works on {world.network.code}",
            starts_at=_STARTS + timedelta(days=number),
            ends_at=_STARTS + timedelta(days=number, hours=3),
            pipe_uid=world.pipes["P2"].uid,
            pipe_code="P2",
        )
        for number in numbers
    )


def outage_details(world: World) -> dict[str, dict[str, Any]]:
    """Address arguments of what names an outage, and of what is traced and drawn of a network."""
    outage = add_outages(world, range(1))[0]
    network, zone = {"code": world.network.code}, {"uid": world.zones["Z1"].uid}
    return {
        **{name: {"uid": outage.uid} for name in ("outage-detail", *OUTAGE_ACTIONS, *OUTAGE_READS)},
        **{name: zone if name.startswith("zone-s") else network for name in TRACE_NAMES},
    }


def outage_writes(world: World) -> dict[str, dict[str, Any]]:
    """What is posted: a plan, and what takes an outage through its states."""
    schedule = {"starts_at": "2040-01-01T08:00:00+05:00", "ends_at": "2040-01-01T12:00:00+05:00"}
    return {
        "outage-list": {"network": world.network.code, "pipe": "P2", "reason": "works", **schedule},
        "outage-reschedule": schedule,
        **{name: {} for name in OUTAGE_ACTIONS if name != "outage-reschedule"},
        "zone-flooding": {},
    }
