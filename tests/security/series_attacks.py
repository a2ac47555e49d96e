"""Raw SQL against the guards of the series (sensors/sql/observations.sql), and rows to attack."""

from django.db import connection

_STREAM = "(SELECT id FROM sensors_datastream WHERE code = 'D1')"
_ALIEN = "(SELECT id FROM gis_core_division WHERE code = 'ZANGIOTA')"
_PACK = (
    "INSERT INTO sensors_packedobservation (datastream_id, first_time, last_time, count, {}) SELECT {}, {}"
)
_COPY_STREAM = (
    "INSERT INTO sensors_datastream (uid, thing_id, division_id, code, observed_property, unit, kind, interval_s) "
    "SELECT gen_random_uuid(), thing_id, division_id, 'D2', observed_property, unit, kind, interval_s "
    "FROM sensors_datastream"
)


def _packed(columns: str, values: str, last_time: str = "'2026-01-05 00:10Z'", count: int = 2) -> str:
    return _PACK.format(columns, f"{_STREAM}, '2026-01-05 00:05Z', {last_time}, {count}", values)


def _set(table: str, column: str, value: str) -> str:
    return f"UPDATE {table} SET {column} = {value}"


SERIES_ATTACKS: dict[str, list[str]] = {
    "datastream_property_once": [_COPY_STREAM],
    "datastream_unit_factor_positive": [_set("sensors_datastream", "unit_factor", "0")],
    "datastream_unit_given": [_set("sensors_datastream", "unit", "''")],
    "correction_is_immutable": [
        _set("sensors_correction", "value", "3"),
        _set("sensors_correction_2026_01", "value", "3"),
        "DELETE FROM sensors_correction",
    ],
    "correction_is_not_truncated": ["TRUNCATE sensors_correction", "TRUNCATE sensors_correction_2026_01"],
    "correction_value_finite": [
        "INSERT INTO sensors_correction (datastream_id, time, edit_id, value, is_manual) "
        f"SELECT datastream_id, '2026-01-07', id, '{value}', true FROM sensors_seriesedit"
        for value in ("NaN", "Infinity", "-Infinity")
    ],
    "sensors_correction_datastream_id_fkey": [
        "INSERT INTO sensors_correction (datastream_id, time, edit_id, value, is_manual) "
        "SELECT -1, '2026-01-07', id, 1, true FROM sensors_seriesedit"
    ],
    "sensors_correction_edit_id_fkey": [
        f"INSERT INTO sensors_correction (datastream_id, time, edit_id, value, is_manual) "
        f"VALUES ({_STREAM}, '2026-01-07', -1, 1, true)"
    ],
    "sensors_packedobservation_datastream_id_fkey": [
        _packed(
            "step_us, value_scale, small_values, received_at", "300000000, 0, ARRAY[1, 2], now()"
        ).replace(_STREAM, "-1")
    ],
    "series_edit_is_append_only": [
        _set("sensors_seriesedit", "reason", "'x'"),
        "DELETE FROM sensors_seriesedit",
        "TRUNCATE sensors_seriesedit CASCADE",
    ],
    "series_edit_code_known": [
        "INSERT INTO sensors_seriesedit (uid, datastream_id, division_id, code, reason) "
        "SELECT gen_random_uuid(), id, division_id, 'forged', 'x' FROM sensors_datastream"
    ],
    "series_edit_has_reason": [
        "INSERT INTO sensors_seriesedit (uid, datastream_id, division_id, code, reason) "
        "SELECT gen_random_uuid(), id, division_id, 'edited', '' FROM sensors_datastream"
    ],
    "packed_observation_is_immutable": [
        _set("sensors_packedobservation", "small_values", "ARRAY[9, 9]::smallint[]"),
        "DELETE FROM sensors_packedobservation",
        "DELETE FROM sensors_packedobservation_2025_11",
    ],
    "packed_observation_is_not_truncated": ["TRUNCATE sensors_packedobservation"],
    "packed_observation_times": [
        _packed("value_scale, small_values, received_at", "0, ARRAY[1, 2], now()"),
        _packed(
            "step_us, value_scale, small_values, received_at", "1, 0, ARRAY[1, 2], now()", "'2026-01-04'"
        ),
    ],
    "packed_observation_values": [
        _packed("step_us, received_at, value_scale", "300000000, now(), 0"),
        _packed("step_us, received_at, small_values", "300000000, now(), ARRAY[1, 2]"),
    ],
    "packed_observation_arrivals": [
        _packed("step_us, value_scale, small_values", "300000000, 0, ARRAY[1, 2]")
    ],
    "packed_observation_whole": [
        _packed("step_us, value_scale, small_values, received_at", "300000000, 0, ARRAY[1, 2, 3], now()"),
    ],
    "rich_observation_of_one_stream": [_set("sensors_richobservation", "datastream_id", "NULL")],
    "rich_observation_interval_runs_forward": [
        _set("sensors_richobservation", "phenomenon_end", "'1999-01-01'")
    ],
    "rich_observation_once": [
        "INSERT INTO sensors_richobservation (uid, datastream_id, division_id, phenomenon_start, result, content_hash) "
        "SELECT gen_random_uuid(), datastream_id, division_id, phenomenon_start, result, content_hash "
        "FROM sensors_richobservation LIMIT 1"
    ],
    "rich_observation_sta_id_once": [
        "UPDATE sensors_richobservation SET sta_id = '1_0'; "
        "INSERT INTO sensors_richobservation (uid, datastream_id, division_id, phenomenon_start, result, "
        "content_hash, sta_id) "
        "SELECT gen_random_uuid(), datastream_id, division_id, phenomenon_start, result, 'another', sta_id "
        "FROM sensors_richobservation WHERE datastream_id IS NOT NULL LIMIT 1"
    ],
    "rich_observation_datastream_division": [_set("sensors_richobservation", "division_id", _ALIEN)],
    "rich_observation_multi_division": [
        f"UPDATE sensors_richobservation SET division_id = {_ALIEN} WHERE multi_datastream_id IS NOT NULL"
    ],
    "multi_datastream_thing_division": [
        f"DELETE FROM sensors_richobservation; UPDATE sensors_multidatastream SET division_id = {_ALIEN}"
    ],
    "multi_datastream_place_once": [
        "INSERT INTO sensors_multidatastreamproperty (multi_datastream_id, observed_property_id, place) "
        "SELECT multi_datastream_id, observed_property_id, place FROM sensors_multidatastreamproperty"
    ],
    "hourly_value_counts": [_set("sensors_hourlyvalue", "count", "-1")],
    "daily_value_counts": [_set("sensors_dailyvalue", "count", "-1")],
    "dirty_bucket_hours_of_a_day": [
        _set("sensors_dirtybucket", "hours", "0"),
        _set("sensors_dirtybucket", "hours", str(2**24)),
    ],
    "packed_month_is_first_day": [_set("sensors_packedmonth", "month", "'2026-01-02'")],
}
SERIES_WORDS = dict.fromkeys(
    (
        "correction_is_immutable",
        "correction_is_not_truncated",
        "series_edit_is_append_only",
        "packed_observation_is_immutable",
        "packed_observation_is_not_truncated",
    ),
    "append-only",
)
SERIES_TARGETS = {"datastream_in_division", "multi_datastream_in_division"}
SERIES_WRITING_FUNCTIONS = {
    "sensors_note_observations",
    "sensors_note_corrections",
    "sensors_place_changed_things",
    "sensors_follow_attachments",
    "sensors_complete_datastream",
}


def add_series_rows() -> None:
    """An edit with a correction, packed and rich observations and roll-ups of the datastream D1."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sensors_seriesedit (uid, datastream_id, division_id, code, reason) "
            "SELECT gen_random_uuid(), id, division_id, 'edited', 'spike' FROM sensors_datastream"
        )
        cursor.execute(
            "INSERT INTO sensors_correction (datastream_id, time, edit_id, value, is_manual) "
            "SELECT datastream_id, '2026-01-05 00:00Z', id, 2, true FROM sensors_seriesedit"
        )
        cursor.execute(
            "CREATE TABLE sensors_packedobservation_2025_11 PARTITION OF sensors_packedobservation "
            "FOR VALUES FROM ('2025-11-01Z') TO ('2025-12-01Z'); "
            "CREATE TABLE sensors_packedobservation_2026_01 PARTITION OF sensors_packedobservation "
            "FOR VALUES FROM ('2026-01-01Z') TO ('2026-02-01Z'); "
            "INSERT INTO sensors_packedobservation (datastream_id, first_time, last_time, count, step_us, value_scale, "
            "small_values, received_at) SELECT id, '2025-11-05 00:00Z', '2025-11-05 00:05Z', 2, 300000000, 1, "
            "ARRAY[1, 2], now() FROM sensors_datastream; "
            "INSERT INTO sensors_packedmonth (month, observations) VALUES ('2025-11-01', 2)"
        )
        cursor.execute(
            "INSERT INTO sensors_hourlyvalue (datastream_id, hour, count, sum, min, max, first, last, slots, coverage) "
            "SELECT id, '2026-01-05 00:00Z', 1, 2, 2, 2, 2, 2, 1, 1 FROM sensors_datastream; "
            "INSERT INTO sensors_dailyvalue (datastream_id, day, count, sum, min, max, first, last, coverage) "
            "SELECT id, '2026-01-05', 1, 2, 2, 2, 2, 2, 1 FROM sensors_datastream"
        )
        cursor.execute(
            "INSERT INTO sensors_sensor (uid, name, description, encoding_type, metadata) "
            "VALUES (gen_random_uuid(), 's', '', 'text/plain', '\"x\"'); "
            "INSERT INTO sensors_observedproperty (uid, name, definition, description) "
            "VALUES (gen_random_uuid(), 'p', 'urn:p', ''); "
            "INSERT INTO sensors_multidatastream (uid, thing_id, division_id, name, description, observation_type, "
            "multi_observation_data_types, unit_of_measurements, sensor_id) "
            "SELECT gen_random_uuid(), thing.id, thing.division_id, 'm', '', 'x', '[]', '[]', "
            "(SELECT max(id) FROM sensors_sensor) FROM sensors_thing thing; "
            "INSERT INTO sensors_multidatastreamproperty (multi_datastream_id, observed_property_id, place) "
            "SELECT id, (SELECT max(id) FROM sensors_observedproperty), 0 FROM sensors_multidatastream; "
            "INSERT INTO sensors_richobservation (uid, datastream_id, division_id, phenomenon_start, result, "
            "content_hash) SELECT gen_random_uuid(), id, division_id, '2026-01-05', '\"open\"', '\\x01' "
            "FROM sensors_datastream; "
            "INSERT INTO sensors_richobservation (uid, multi_datastream_id, division_id, phenomenon_start, result, "
            "content_hash) SELECT gen_random_uuid(), id, division_id, '2026-01-05', '[1]', '\\x02' "
            "FROM sensors_multidatastream"
        )
