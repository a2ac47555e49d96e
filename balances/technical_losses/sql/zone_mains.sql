-- The mains of a zone and the connections they serve.
-- Inputs: zone_id, until (a local day). Output: one row: mains_m (NULL without any), connections (service points of the
--   newest kept balance that begins before that day; NULL without one).
-- Invariant: a main that leaves the zone counts half where another zone begins, whole where nobody's ground begins.
WITH RECURSIVE inside AS (
    SELECT id FROM assets_zone WHERE id = %(zone_id)s
    UNION
    SELECT zone.id FROM assets_zone zone JOIN inside ON zone.parent_id = inside.id
)
SELECT (SELECT sum(coalesce(pipe.stated_length_m, pipe.geodesic_length_m)
                   * CASE WHEN (start_node.zone_id IS NULL OR start_node.zone_id IN (SELECT id FROM inside))
                           AND (end_node.zone_id IS NULL OR end_node.zone_id IN (SELECT id FROM inside))
                          THEN 1.0 ELSE 0.5 END)
          FROM assets_node near
          JOIN assets_pipe pipe ON near.id IN (pipe.start_node_id, pipe.end_node_id)
          JOIN assets_node start_node ON start_node.id = pipe.start_node_id
          JOIN assets_node end_node ON end_node.id = pipe.end_node_id
         WHERE near.zone_id IN (SELECT id FROM inside) AND NOT pipe.is_connector AND pipe.lifecycle = 'in_service'
           -- Each main once: by its start where that lies inside, else by its end.
           AND (near.id = pipe.start_node_id OR start_node.zone_id IS NULL
                OR start_node.zone_id NOT IN (SELECT id FROM inside))) AS mains_m,
       (SELECT service_points FROM balances_zonebalance
         WHERE zone_id = %(zone_id)s AND granularity = 'month' AND period_start < %(until)s
         ORDER BY period_start DESC LIMIT 1) AS connections;
