"""Comparing a datastream with the same quantity at the nearest things of its network, hour by hour.

What is usual between them (the difference of their levels, its spread, their correlation) is learnt once a night from
the hourly means of the last days; an hour whose difference is far from that is flagged.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from django.db import connection, transaction
from django.utils import timezone

from gis_core.database.sql_files import load_sql
from sensors.models import Datastream, NeighbourBaseline, Rule
from sensors.quality.services.catalogue import Parameters, StreamKey, read_rule_book
from sensors.quality.services.checks import Ints
from sensors.quality.services.flags import apply_staged
from sensors.series.services.observation_arrays import instant_of

LEARNT_FROM = timedelta(days=14)
PART = 2000
DEFAULTS = {"count": 3, "distance_m": 2000.0, "factor": 8.0}


def _rules(streams: Sequence[int] | None) -> dict[int, Parameters]:
    """The neighbours' rule of each datastream that has one."""
    book = read_rule_book()
    rows = Datastream.objects.filter(deleted_at=None)
    if streams is not None:
        rows = rows.filter(pk__in=streams)
    general: dict[StreamKey, dict[str, Parameters]] = {}
    found = {}
    for pk, *parts in rows.values_list("pk", "division__path", "observed_property", "kind", "unit_factor"):
        key = StreamKey(*parts)
        if key not in general:
            general[key] = book.general_for(key)
        rules = book.with_own(pk, general[key]) if pk in book.own else general[key]
        if Rule.NEIGHBOURS in rules:
            found[pk] = rules[Rule.NEIGHBOURS]
    return found


def learn_neighbours(*, streams: Sequence[int] | None = None, until: datetime | None = None) -> int:
    """Learn what is usual from the 14 days before `until` (now); how many datastreams have neighbours."""
    end = (until or timezone.now()).replace(minute=0, second=0, microsecond=0)
    rules = _rules(streams)
    ids = sorted(rules)
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sensors.quality", "neighbours_placed"))
    for place in range(0, len(ids), PART):
        part = ids[place : place + PART]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                load_sql("sensors.quality", "neighbours_learn"),
                {
                    "streams": part,
                    "counts": [int(rules[pk].get("count", DEFAULTS["count"])) for pk in part],
                    "distances_m": [
                        float(rules[pk].get("distance_m", DEFAULTS["distance_m"])) for pk in part
                    ],
                    "since": end - LEARNT_FROM,
                    "until": end,
                },
            )
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE placed_stream")
    return NeighbourBaseline.objects.filter(datastream_id__in=ids).count()


def check_neighbours(streams: Ints, since_us: Ints, until_us: Ints) -> tuple[int, int]:
    """Flag whole hours of touched spans, of the datastreams and of those they are neighbours of: (added, cleared).

    Runs in the transaction of the check, whose staging tables it empties. Roll-ups must be fresh.
    """
    touched = np.unique(streams).tolist()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT datastream_id FROM sensors_neighbourbaseline, unnest(neighbours) AS neighbour "
            "WHERE neighbour = ANY (%(ids)s) UNION "
            "SELECT datastream_id FROM sensors_neighbourbaseline WHERE datastream_id = ANY (%(ids)s)",
            {"ids": touched},
        )
        rules = _rules([pk for (pk,) in cursor.fetchall()])
        if not rules:
            return 0, 0
        cursor.execute(
            "TRUNCATE found_flag, checked_zone; DROP TABLE IF EXISTS neighbour_target, neighbour_span"
        )
        cursor.execute(
            "CREATE TEMPORARY TABLE neighbour_span (datastream_id bigint, since timestamptz, until timestamptz) "
            "ON COMMIT DROP; "
            "CREATE TEMPORARY TABLE neighbour_target (datastream_id bigint, hour timestamptz, "
            "minimum_difference float8, factor float8, minimum_correlation float8) ON COMMIT DROP"
        )
        with cursor.copy("COPY neighbour_span FROM STDIN") as copy:
            for row in zip(streams.tolist(), since_us.tolist(), until_us.tolist(), strict=True):
                copy.write_row((row[0], instant_of(row[1]), instant_of(row[2])))
        ids = sorted(rules)
        cursor.execute(
            "INSERT INTO checked_zone (datastream_id, rules, since, until) "
            "SELECT DISTINCT target.id, ARRAY['neighbours'], date_trunc('hour', span.since, 'UTC'), span.until "
            "  FROM neighbour_span span "
            "  JOIN (SELECT datastream_id AS id, datastream_id AS source FROM sensors_neighbourbaseline UNION "
            "        SELECT datastream_id, unnest(neighbours) FROM sensors_neighbourbaseline) target "
            "    ON target.source = span.datastream_id WHERE target.id = ANY (%s)",
            [ids],
        )
        cursor.execute(
            "INSERT INTO neighbour_target "
            "SELECT DISTINCT zone.datastream_id, hour, given.difference, given.factor, given.correlation "
            "  FROM checked_zone zone JOIN unnest(%s::bigint[], %s::float8[], %s::float8[], %s::float8[]) "
            "       AS given (id, difference, factor, correlation) ON given.id = zone.datastream_id "
            "  CROSS JOIN LATERAL generate_series(zone.since, zone.until - interval '1 microsecond', '1 hour') AS hour "
            # Of an hour that is not over the means do not compare yet.
            " WHERE hour + interval '1 hour' <= now(); ANALYZE neighbour_target",
            [
                ids,
                [float(rules[pk].get("minimum_difference", np.inf)) for pk in ids],
                [float(rules[pk].get("factor", DEFAULTS["factor"])) for pk in ids],
                [float(rules[pk].get("minimum_correlation", -2.0)) for pk in ids],
            ],
        )
        cursor.execute(load_sql("sensors.quality", "neighbours_check"))
        return apply_staged(cursor)
