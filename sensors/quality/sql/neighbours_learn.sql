-- Learn what is usual between datastreams and their neighbours: the nearest of the same quantity in the network.
-- Inputs: placed_stream (neighbours_placed.sql); streams, counts, distances_m (arrays side by side); since, until
--   (instants, full hours).
-- Output: rows of sensors_neighbourbaseline; those of the streams without neighbours or with fewer than 24 hours go.
WITH asked AS (
    SELECT * FROM unnest(%(streams)s::bigint[], %(counts)s::integer[], %(distances_m)s::float8[]) AS given (id, count, distance_m)
), paired AS (
    SELECT own.id, own.unit_factor, near.id AS neighbour, near.unit_factor AS neighbour_factor
      FROM asked JOIN placed_stream own ON own.id = asked.id
      CROSS JOIN LATERAL (
          SELECT close.id, close.unit_factor
            FROM (SELECT other.id, other.unit_factor, other.place
                    FROM placed_stream other
                   WHERE other.network_id = own.network_id AND other.observed_property = own.observed_property
                     AND other.thing_id <> own.thing_id AND ST_DWithin(other.place, own.place, asked.distance_m)
                   -- The index knows distances on a sphere: a few more, of which the nearest are chosen exactly.
                   ORDER BY other.place <-> own.place LIMIT asked.count + 8) close
           ORDER BY ST_Distance(close.place, own.place), close.id LIMIT asked.count
      ) near
), beside AS (
    SELECT paired.id, paired.neighbour, own.hour, own.mean AS own_mean,
           theirs.mean * neighbour_factor / unit_factor AS their_mean
      FROM paired
      JOIN sensors_hourlyvalue own ON own.datastream_id = paired.id AND own.hour >= %(since)s AND own.hour < %(until)s
      JOIN sensors_hourlyvalue theirs ON theirs.datastream_id = paired.neighbour AND theirs.hour = own.hour
), level AS (
    SELECT id, neighbour, percentile_cont(0.5) WITHIN GROUP (ORDER BY own_mean - their_mean) AS middle
      FROM beside GROUP BY id, neighbour
), deviation AS (
    SELECT id, hour, own_mean,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY own_mean - their_mean - middle) AS deviation
      FROM beside JOIN level USING (id, neighbour) GROUP BY id, hour, own_mean
), spread AS (
    SELECT id, 1.4826 * (percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(deviation))) AS spread,
           corr(own_mean, own_mean - deviation) AS correlation, count(*)::integer AS hours
      FROM deviation GROUP BY id HAVING count(*) >= 24
), gone AS (
    DELETE FROM sensors_neighbourbaseline WHERE datastream_id = ANY (%(streams)s)
       AND datastream_id NOT IN (SELECT id FROM spread)
)
INSERT INTO sensors_neighbourbaseline (datastream_id, neighbours, offsets, spread, correlation, hours)
SELECT id, (SELECT array_agg(neighbour ORDER BY neighbour) FROM level WHERE level.id = spread.id),
       (SELECT array_agg(middle ORDER BY neighbour) FROM level WHERE level.id = spread.id), spread, correlation, hours
  FROM spread
    ON CONFLICT (datastream_id) DO UPDATE
   SET neighbours = excluded.neighbours, offsets = excluded.offsets, spread = excluded.spread,
       correlation = excluded.correlation, hours = excluded.hours, computed_at = now()
