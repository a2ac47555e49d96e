-- The lines and transformers of an electricity network with what is measured of their load.
-- Inputs: network_id, since, until (local days, until exclusive), time_zone. Output: kind (line, transformer), code, zone_id,
--   share (of the part in that zone), length_m, conductor, rated_kva, no_load_kw, load_kw, secondary_kv, squares_a2h (sum of
--   I^2 by the hour), greatest_a, energy_kwh, greatest_kw, current_hours, power_hours (known ones).
-- A line's current is measured on it, a transformer's load at it; hours are those of the roll-ups.
WITH part AS (
    SELECT 'line' AS kind, pipe.code, pipe.id AS pipe_id, NULL::bigint AS node_id, start_node.zone_id AS start_zone,
           end_node.zone_id AS end_zone, coalesce(pipe.stated_length_m, pipe.geodesic_length_m) AS length_m, line.conductor,
           NULL::float8 AS rated_kva, NULL::float8 AS no_load_kw, NULL::float8 AS load_kw, line.voltage_kv
      FROM assets_pipe pipe
      JOIN assets_node start_node ON start_node.id = pipe.start_node_id
      JOIN assets_node end_node ON end_node.id = pipe.end_node_id
      LEFT JOIN assets_linedetail line ON line.pipe_id = pipe.id
     WHERE pipe.network_id = %(network_id)s AND NOT pipe.is_connector AND pipe.lifecycle = 'in_service'
    UNION ALL
    SELECT 'transformer', node.code, NULL, node.id, node.zone_id, node.zone_id, NULL, NULL, detail.rated_kva,
           detail.no_load_loss_kw, detail.load_loss_kw, detail.secondary_kv
      FROM assets_node node LEFT JOIN assets_transformerdetail detail ON detail.node_id = node.id
     WHERE node.network_id = %(network_id)s AND node.kind = 'transformer' AND node.lifecycle = 'in_service'
), placed AS (
    SELECT part.*, coalesce(start_zone, end_zone) AS zone_id, CASE WHEN start_zone <> end_zone THEN 0.5 ELSE 1.0 END AS share
      FROM part
    UNION ALL
    SELECT part.*, end_zone, 0.5 FROM part WHERE start_zone <> end_zone
)
SELECT placed.kind, placed.code, placed.zone_id, placed.share::float8, placed.length_m, placed.conductor, placed.rated_kva,
       placed.no_load_kw, placed.load_kw, placed.voltage_kv, load.squares_a2h, load.greatest_a, load.energy_kwh,
       load.greatest_kw, coalesce(load.current_hours, 0), coalesce(load.power_hours, 0)
  FROM placed
  LEFT JOIN LATERAL (
      SELECT sum((hourly.mean * stream.unit_factor) ^ 2) FILTER (WHERE stream.observed_property = 'current') AS squares_a2h,
             max(abs(hourly.mean * stream.unit_factor)) FILTER (WHERE stream.observed_property = 'current') AS greatest_a,
             sum(abs(hourly.mean * stream.unit_factor)) FILTER (WHERE stream.observed_property = 'power') AS energy_kwh,
             max(abs(hourly.mean * stream.unit_factor)) FILTER (WHERE stream.observed_property = 'power') AS greatest_kw,
             count(*) FILTER (WHERE stream.observed_property = 'current') AS current_hours,
             count(*) FILTER (WHERE stream.observed_property = 'power') AS power_hours
        FROM assets_attachment attachment
        JOIN sensors_thing thing ON thing.attachment_id = attachment.id
        JOIN sensors_datastream stream ON stream.thing_id = thing.id
        JOIN sensors_hourlyvalue hourly ON hourly.datastream_id = stream.id
       WHERE (attachment.pipe_id = placed.pipe_id OR (attachment.pipe_id IS NULL AND attachment.node_id = placed.node_id))
         AND stream.deleted_at IS NULL AND stream.observed_property IN ('current', 'power')
         AND hourly.hour >= %(since)s::timestamp AT TIME ZONE %(time_zone)s
         AND hourly.hour < %(until)s::timestamp AT TIME ZONE %(time_zone)s) load ON true
 ORDER BY placed.kind, placed.code, placed.zone_id;
