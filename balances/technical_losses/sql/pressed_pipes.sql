-- The pipes of a network of gas or heat by zone, with the pressure of the nearest logger when a period begins and ends.
-- Inputs: network_id, since, until (local days, until exclusive), time_zone. Output: code, zone_id, length_m, diameter_m,
--   circuit (of heat), start_m and end_m (metres of water; NULL without a logger in the pipe's zone that gave a value within two
--   hours of that midnight), elevation_m of its start.
-- Invariant: a pipe between two zones has a row of half its length in each; lengths sum to the pipe's.
WITH pipe AS (
    SELECT pipe.code, pipe.geom, pipe.diameter_m, line.circuit, start_node.elevation_m, start_node.zone_id AS start_zone,
           end_node.zone_id AS end_zone, coalesce(pipe.stated_length_m, pipe.geodesic_length_m) AS length_m
      FROM assets_pipe pipe
      JOIN assets_node start_node ON start_node.id = pipe.start_node_id
      JOIN assets_node end_node ON end_node.id = pipe.end_node_id
      LEFT JOIN assets_linedetail line ON line.pipe_id = pipe.id
     WHERE pipe.network_id = %(network_id)s AND NOT pipe.is_connector AND pipe.lifecycle = 'in_service'
), part AS (
    SELECT code, geom, diameter_m, circuit, elevation_m, coalesce(start_zone, end_zone) AS zone_id,
           CASE WHEN start_zone <> end_zone THEN length_m / 2 ELSE length_m END AS length_m
      FROM pipe
    UNION ALL
    SELECT code, geom, diameter_m, circuit, elevation_m, end_zone, length_m / 2 FROM pipe WHERE start_zone <> end_zone
), edge AS (
    SELECT %(since)s::timestamp AT TIME ZONE %(time_zone)s AS since, %(until)s::timestamp AT TIME ZONE %(time_zone)s AS until
), logger AS MATERIALIZED (
    SELECT node.zone_id, node.geom, opening.mean * stream.unit_factor AS start_m, closing.mean * stream.unit_factor AS end_m
      FROM sensors_datastream stream
      JOIN sensors_thing thing ON thing.id = stream.thing_id AND thing.deleted_at IS NULL
      JOIN assets_attachment attachment ON attachment.id = thing.attachment_id
      JOIN assets_node node ON node.id = attachment.node_id
     CROSS JOIN edge
      JOIN LATERAL (SELECT mean FROM sensors_hourlyvalue WHERE datastream_id = stream.id AND hour >= edge.since
                       AND hour < edge.since + interval '2 hours' ORDER BY hour LIMIT 1) opening ON true
      JOIN LATERAL (SELECT mean FROM sensors_hourlyvalue WHERE datastream_id = stream.id AND hour < edge.until
                       AND hour >= edge.until - interval '2 hours' ORDER BY hour DESC LIMIT 1) closing ON true
     WHERE stream.observed_property = 'pressure' AND stream.deleted_at IS NULL AND node.network_id = %(network_id)s
)
SELECT part.code, part.zone_id, part.length_m::float8, part.diameter_m, part.circuit, near.start_m, near.end_m, part.elevation_m
  FROM part
  LEFT JOIN LATERAL (SELECT logger.start_m, logger.end_m FROM logger
                      WHERE logger.zone_id IS NOT DISTINCT FROM part.zone_id
                      ORDER BY ST_Distance(logger.geom, part.geom) LIMIT 1) near ON true
 ORDER BY part.code, part.zone_id;
