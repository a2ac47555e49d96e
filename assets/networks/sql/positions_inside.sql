-- Which of some positions lie where the viewer works: inside a division that is drawn, or near an element.
-- Inputs: longitudes, latitudes: arrays (EPSG:4326); patterns: LIKE patterns of the division paths that the viewer may see;
-- near_degrees.
-- Output: the ordinals (from 1) of the positions inside.
WITH allowed AS (
    SELECT network.id FROM assets_network network JOIN gis_core_division division ON division.id = network.division_id
     WHERE division.path LIKE ANY (%(patterns)s)
)
SELECT position.ordinal
  FROM unnest(%(longitudes)s::float[], %(latitudes)s::float[]) WITH ORDINALITY AS position (longitude, latitude, ordinal)
 CROSS JOIN LATERAL (SELECT ST_SetSRID(ST_MakePoint(longitude, latitude), 4326) AS point) place
 WHERE EXISTS (SELECT FROM gis_core_division division
                WHERE division.path LIKE ANY (%(patterns)s) AND ST_Intersects(division.boundary, place.point))
    OR EXISTS (SELECT FROM assets_node node
                WHERE node.geom && ST_Expand(place.point, %(near_degrees)s)
                  AND node.network_id IN (SELECT id FROM allowed))
 ORDER BY position.ordinal
