-- How many nodes and pipes an area has.
-- Inputs: west, south, east, north (degrees); patterns as in area_nodes.sql; most: where counting ends.
-- Output: nodes, pipes; each at most one more than `most`.
WITH allowed AS (
    SELECT ARRAY(SELECT division.id FROM gis_core_division division WHERE division.path LIKE ANY (%(patterns)s))
               AS divisions,
           ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326) AS box
)
SELECT (SELECT count(*) FROM (
            SELECT 1 FROM assets_node node CROSS JOIN allowed
             WHERE node.geom && allowed.box AND node.division_id = ANY (allowed.divisions)
               AND node.lifecycle <> 'removed' LIMIT %(most)s + 1) found),
       (SELECT count(*) FROM (
            SELECT 1 FROM assets_pipe pipe CROSS JOIN allowed
             WHERE pipe.geom && allowed.box AND pipe.division_id = ANY (allowed.divisions)
               AND pipe.lifecycle <> 'removed' LIMIT %(most)s + 1) found)
