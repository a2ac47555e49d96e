"""Observations as rows of one form, whether they are numbers of a series or rich ones.

Columns: datastream_id, multi_datastream_id, phenomenon_start, phenomenon_end (null for an instant), result_time,
valid_start, valid_end, value (a series' number), result (JSON of a rich one), result_quality, parameters, feature_id,
rich_id (null for a series' number), sta_id (an id kept from before a change).
"""

from gis_core.database.sql_fragments import Fragment, filled
from sensors.sensorthings.selectors.scope import Scope

_SERIES = (
    "SELECT final.datastream_id, NULL::bigint AS multi_datastream_id, final.time AS phenomenon_start, "
    "NULL::timestamptz AS phenomenon_end, CASE WHEN stream.has_result_time THEN final.time END AS result_time, "
    "NULL::timestamptz AS valid_start, NULL::timestamptz AS valid_end, final.value, NULL::jsonb AS result, "
    "NULL::jsonb AS result_quality, NULL::jsonb AS parameters, stream.feature_id, NULL::bigint AS rich_id, "
    "NULL::text AS sta_id "
    "FROM sensors_final({}, {}, {}, 'infinity') final JOIN sensors_datastream stream ON stream.id = final.datastream_id"
)
_RICH = (
    "SELECT rich.datastream_id, rich.multi_datastream_id, rich.phenomenon_start, rich.phenomenon_end, "
    "rich.result_time, "
    "rich.valid_start, rich.valid_end, NULL::float8, rich.result, rich.result_quality, rich.parameters, "
    "coalesce(rich.feature_id, stream.feature_id), rich.id, rich.sta_id "
    "FROM sensors_richobservation rich LEFT JOIN sensors_datastream stream ON stream.id = rich.datastream_id "
    "LEFT JOIN sensors_multidatastream multi ON multi.id = rich.multi_datastream_id "
    "WHERE rich.deleted_at IS NULL AND stream.deleted_at IS NULL AND multi.deleted_at IS NULL AND {} AND {} "
    "AND rich.phenomenon_start >= {} AND rich.phenomenon_start < {}"
)
EVER = Fragment("'-infinity'::timestamptz")
NEVER = Fragment("'infinity'::timestamptz")
_NO_STREAMS = Fragment("ARRAY[]::bigint[]")


def observation_rows(
    scope: Scope,
    parent: str,
    alias: str,
    *,
    since: Fragment = EVER,
    until: Fragment = NEVER,
    streams: Fragment | None = None,
    multi_streams: Fragment | None = None,
) -> Fragment:
    """The observations of the parent row `alias` that begin in [since, until).

    `parent` is Datastream, MultiDatastream or FeatureOfInterest; with any other, those of the `streams` and
    `multi_streams` given as arrays of ids.
    """
    if parent == "Datastream":
        series, of_parent = Fragment(f"ARRAY[{alias}.id]"), Fragment(f"rich.datastream_id = {alias}.id")
    elif parent == "MultiDatastream":
        series, of_parent = _NO_STREAMS, Fragment(f"rich.multi_datastream_id = {alias}.id")
    elif parent == "FeatureOfInterest":
        series = filled(
            "(SELECT coalesce(array_agg(about.id), ARRAY[]::bigint[]) FROM sensors_datastream about "  # noqa: S608
            f"WHERE about.feature_id = {alias}.id AND about.deleted_at IS NULL AND {{}})",
            scope.of_division("about"),
        )
        of_parent = Fragment(
            f"(rich.feature_id = {alias}.id OR rich.feature_id IS NULL AND stream.feature_id = {alias}.id)"
        )
    else:
        series = streams or _NO_STREAMS
        of_parent = filled(
            "(rich.datastream_id = ANY ({}) OR rich.multi_datastream_id = ANY ({}))",
            series,
            multi_streams or _NO_STREAMS,
        )
    in_scope = scope.of_division("rich")
    return filled(
        "{} UNION ALL {}",
        filled(_SERIES, series, since, until),
        filled(_RICH, of_parent, in_scope, since, until),
    )
