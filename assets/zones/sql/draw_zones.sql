-- Draw the zones of a network from their member nodes.
-- Inputs: network_id, parent_id (the zone of the whole). Output: geom of the network's zones.
-- Invariant: the areas tile the network's surroundings: each place belongs to the zone of its nearest node, so no two
--   areas overlap. Surroundings reach 150 m beyond the pipes.
WITH member AS (
    SELECT geom, zone_id FROM assets_node WHERE network_id = %(network_id)s AND zone_id IS NOT NULL
), surroundings AS (
    SELECT ST_Buffer(ST_ConcaveHull(ST_Collect(geom), 0.25)::geography, 150)::geometry AS geom FROM member
), cell AS (
    SELECT (ST_Dump(ST_VoronoiPolygons(ST_Collect(geom), 0, ST_Expand(ST_Extent(geom)::geometry, 0.05)))).geom
      FROM member
), cell_zone AS (
    SELECT DISTINCT ON (cell.geom) cell.geom, member.zone_id
      FROM cell JOIN member ON ST_Intersects(cell.geom, member.geom)
), area AS (
    SELECT cell_zone.zone_id,
           ST_Multi(ST_CollectionExtract(ST_Intersection(ST_Union(cell_zone.geom), surroundings.geom), 3)) AS geom
      FROM cell_zone CROSS JOIN surroundings GROUP BY cell_zone.zone_id, surroundings.geom
), drawn AS (
    SELECT zone_id AS id, geom FROM area
    UNION ALL
    SELECT %(parent_id)s, ST_Multi((SELECT geom FROM surroundings))
)
UPDATE assets_zone zone SET geom = drawn.geom FROM drawn WHERE drawn.id = zone.id;
