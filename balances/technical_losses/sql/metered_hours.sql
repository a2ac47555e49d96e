-- What meters measured hour by hour, with the pressure and temperature beside them, from hourly roll-ups.
-- Inputs: streams (bigint[]), since, until (local days, until exclusive), time_zone. Output: a row for each stream:
--   datastream_id, observed_property, is_standard (its volumes are at standard conditions already), node_id, circuit of its pipe,
--   or of all pipes at its node (empty: not known), elevation_m of its node, and arrays of equal length over its known hours: amount (m3/h or kW), pressure_m, temperature_c (NULL where not known).
-- A companion is of the same thing, else of a thing at the same place; means stamped at the end of their hour belong to it.
WITH meter AS MATERIALIZED (
    SELECT stream.id, stream.thing_id, stream.observed_property, stream.unit_factor, attachment.node_id, attachment.pipe_id,
           node.elevation_m, coalesce(line.circuit, around.circuit, '') AS circuit, coalesce(stream.properties ->> 'conditions' = 'standard', false) AS is_standard,
           CASE WHEN stream.kind = 'mean' AND stream.interval_s >= 3600 THEN interval '1 hour' ELSE interval '0' END AS shift
      FROM unnest(%(streams)s::bigint[]) AS given (id)
      JOIN sensors_datastream stream ON stream.id = given.id
      JOIN sensors_thing thing ON thing.id = stream.thing_id
      JOIN assets_attachment attachment ON attachment.id = thing.attachment_id
      JOIN assets_node node ON node.id = attachment.node_id
      LEFT JOIN assets_linedetail line ON line.pipe_id = attachment.pipe_id
      LEFT JOIN LATERAL (
          SELECT CASE WHEN min(detail.circuit) = max(detail.circuit) THEN min(detail.circuit) END AS circuit
            FROM assets_pipe pipe JOIN assets_linedetail detail ON detail.pipe_id = pipe.id
           WHERE attachment.pipe_id IS NULL AND node.id IN (pipe.start_node_id, pipe.end_node_id)) around ON true
), beside AS MATERIALIZED (
    SELECT DISTINCT ON (meter.id, stream.observed_property) meter.id, stream.observed_property, stream.id AS beside_id,
           stream.unit_factor
      FROM meter
      JOIN assets_attachment attachment ON attachment.node_id = meter.node_id
       AND attachment.pipe_id IS NOT DISTINCT FROM meter.pipe_id
      JOIN sensors_thing thing ON thing.attachment_id = attachment.id AND thing.deleted_at IS NULL
      JOIN sensors_datastream stream ON stream.thing_id = thing.id AND stream.deleted_at IS NULL
     WHERE stream.observed_property IN ('pressure', 'temperature')
     ORDER BY meter.id, stream.observed_property, thing.id = meter.thing_id DESC, stream.id
)
SELECT meter.id, meter.observed_property, meter.is_standard, meter.node_id, meter.circuit, meter.elevation_m,
       array_agg(hourly.mean * meter.unit_factor ORDER BY hourly.hour) AS amount,
       array_agg(pressure.mean * pressed.unit_factor ORDER BY hourly.hour) AS pressure_m,
       array_agg(temperature.mean * warmed.unit_factor ORDER BY hourly.hour) AS temperature_c
  FROM meter
  JOIN sensors_hourlyvalue hourly ON hourly.datastream_id = meter.id
   AND hourly.hour >= %(since)s::timestamp AT TIME ZONE %(time_zone)s + meter.shift
   AND hourly.hour < %(until)s::timestamp AT TIME ZONE %(time_zone)s + meter.shift
  LEFT JOIN beside pressed ON pressed.id = meter.id AND pressed.observed_property = 'pressure'
  LEFT JOIN sensors_hourlyvalue pressure ON pressure.datastream_id = pressed.beside_id AND pressure.hour = hourly.hour
  LEFT JOIN beside warmed ON warmed.id = meter.id AND warmed.observed_property = 'temperature'
  LEFT JOIN sensors_hourlyvalue temperature ON temperature.datastream_id = warmed.beside_id AND temperature.hour = hourly.hour
 GROUP BY meter.id, meter.observed_property, meter.is_standard, meter.node_id, meter.circuit, meter.elevation_m
 ORDER BY meter.id;
