-- The assets nearest to a position, by geodesic distance.
-- Inputs: lon, lat (EPSG:4326); patterns: LIKE patterns of the division paths the viewer may see; kinds: node kinds
-- and "pipe"; row_limit; longest_degree_m, shortest_degree_m: of longitude and latitude at the equator (gis_core.geodesy).
-- Output: up to row_limit rows by distance_m: class, kind, uid, code, network, zone, diameter, distance in metres,
-- bearing in degrees from north (null on the spot), longitude and latitude of the nearest point of the asset.
-- Invariant: exact. The index orders by degrees, and a degree of longitude is shorter than one of latitude, so the
-- nearest in degrees may not be the nearest in metres. But row_limit assets lie within the farthest of the nearest in
-- degrees, so the true nearest do too: they are sought in a box of that radius and ordered by geodesic distance.
WITH origin AS (
    SELECT ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326) AS point,
           ARRAY(SELECT division.id FROM gis_core_division division WHERE division.path LIKE ANY (%(patterns)s))
               AS divisions
), radius AS (
    -- Fewer than row_limit of a class: then these are all of them, and the half of the earth's girth finds them again.
    SELECT coalesce((
               SELECT max(ST_Distance(near.geom::geography, origin.point::geography)) FROM (
                   SELECT node.geom FROM assets_node node
                    WHERE node.division_id = ANY (origin.divisions) AND node.kind = ANY (%(kinds)s)
                      AND node.lifecycle <> 'removed'
                    ORDER BY node.geom <-> origin.point LIMIT %(row_limit)s) near
               HAVING count(*) = %(row_limit)s), 20100000) AS nodes_m,
           coalesce((
               SELECT max(ST_Distance(near.geom::geography, origin.point::geography)) FROM (
                   SELECT pipe.geom FROM assets_pipe pipe
                    WHERE pipe.division_id = ANY (origin.divisions) AND 'pipe' = ANY (%(kinds)s)
                      AND NOT pipe.is_connector AND pipe.lifecycle <> 'removed'
                    ORDER BY pipe.geom <-> origin.point LIMIT %(row_limit)s) near
               HAVING count(*) = %(row_limit)s), 20100000) AS pipes_m
      FROM origin
), box AS (
    -- The least length of a degree, with one percent to spare; past the poles' neighbourhood the box is the world.
    SELECT point, divisions,
           ST_Expand(point, nodes_m * 1.01 / (%(longest_degree_m)s * greatest(cos(radians(%(lat)s)), 0.01)),
                     nodes_m * 1.01 / %(shortest_degree_m)s) AS nodes,
           ST_Expand(point, pipes_m * 1.01 / (%(longest_degree_m)s * greatest(cos(radians(%(lat)s)), 0.01)),
                     pipes_m * 1.01 / %(shortest_degree_m)s) AS pipes
      FROM origin CROSS JOIN radius
), found AS (
    SELECT 'node' AS class, node.kind::text AS kind, node.uid, node.code::text AS code, node.network_id, node.zone_id,
           NULL::float AS diameter_m, node.geom AS place,
           ST_Distance(node.geom::geography, box.point::geography) AS distance_m, box.point
      FROM assets_node node CROSS JOIN box
     WHERE node.geom && box.nodes AND node.division_id = ANY (box.divisions) AND node.kind = ANY (%(kinds)s)
       AND node.lifecycle <> 'removed'
    UNION ALL
    SELECT 'pipe', 'pipe', pipe.uid, pipe.code, pipe.network_id, start_node.zone_id,
           pipe.diameter_m, ST_ClosestPoint(pipe.geom, box.point),
           ST_Distance(pipe.geom::geography, box.point::geography), box.point
      FROM assets_pipe pipe CROSS JOIN box JOIN assets_node start_node ON start_node.id = pipe.start_node_id
     WHERE pipe.geom && box.pipes AND pipe.division_id = ANY (box.divisions) AND 'pipe' = ANY (%(kinds)s)
       AND NOT pipe.is_connector AND pipe.lifecycle <> 'removed'
     ORDER BY distance_m, uid
     LIMIT %(row_limit)s
)
SELECT found.class, found.kind, found.uid, found.code, network.code AS network, zone.uid AS zone,
       zone.name AS zone_name, found.diameter_m, found.distance_m,
       degrees(ST_Azimuth(found.point::geography, found.place::geography)) AS bearing_degrees,
       ST_X(found.place) AS longitude, ST_Y(found.place) AS latitude
  FROM found
  JOIN assets_network network ON network.id = found.network_id
  LEFT JOIN assets_zone zone ON zone.id = found.zone_id
 ORDER BY found.distance_m, found.uid
