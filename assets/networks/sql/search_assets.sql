-- Assets whose code or name begins with, or holds, a text.
-- Inputs: wanted: the text; beginning, within: LIKE patterns of it, escaped; patterns: LIKE patterns of the division
-- paths the viewer may see; network: a code, or null for all; row_limit.
-- Output: up to row_limit rows: class, kind, uid, code, name, network, longitude and latitude; equal codes first, then
-- those that begin with the text, then the rest; within each zones and networks before nodes and pipes.
WITH allowed AS (
    SELECT ARRAY(SELECT division.id FROM gis_core_division division WHERE division.path LIKE ANY (%(patterns)s))
        AS divisions,
           (SELECT network.id FROM assets_network network WHERE network.code = %(network)s) AS network_id
), found AS (
    (SELECT 1 AS class_rank, 'zone' AS class, 'zone'::text AS kind, zone.uid, zone.code::text AS code,
            zone.name::text AS name, zone.network_id, ST_PointOnSurface(zone.geom) AS place
       FROM assets_zone zone CROSS JOIN allowed
      WHERE zone.division_id = ANY (allowed.divisions)
        AND (%(network)s::text IS NULL OR zone.network_id = allowed.network_id)
        AND (zone.code ILIKE %(within)s OR zone.name ILIKE %(within)s)
      ORDER BY zone.code ILIKE %(wanted)s DESC, zone.code ILIKE %(beginning)s DESC, zone.code, zone.id
      LIMIT %(row_limit)s)
    UNION ALL
    (SELECT 2, 'node', node.kind, node.uid, node.code, coalesce(facility.name, ''), node.network_id, node.geom
       FROM assets_node node CROSS JOIN allowed LEFT JOIN assets_facilitydetail facility ON facility.node_id = node.id
      WHERE node.division_id = ANY (allowed.divisions)
        AND (%(network)s::text IS NULL OR node.network_id = allowed.network_id)
        AND node.lifecycle <> 'removed'
        AND (node.code ILIKE %(within)s OR facility.name ILIKE %(within)s)
      ORDER BY node.code ILIKE %(wanted)s DESC, node.code ILIKE %(beginning)s DESC, node.code, node.id
      LIMIT %(row_limit)s)
    UNION ALL
    (SELECT 3, 'pipe', 'pipe', pipe.uid, pipe.code, '', pipe.network_id, ST_LineInterpolatePoint(pipe.geom, 0.5)
       FROM assets_pipe pipe CROSS JOIN allowed
      WHERE pipe.division_id = ANY (allowed.divisions)
        AND (%(network)s::text IS NULL OR pipe.network_id = allowed.network_id)
        AND NOT pipe.is_connector AND pipe.lifecycle <> 'removed'
        AND pipe.code ILIKE %(within)s
      ORDER BY pipe.code ILIKE %(wanted)s DESC, pipe.code ILIKE %(beginning)s DESC, pipe.code, pipe.id
      LIMIT %(row_limit)s)
)
SELECT found.class, found.kind, found.uid, found.code, found.name, network.code AS network,
       ST_X(found.place) AS longitude, ST_Y(found.place) AS latitude
  FROM found JOIN assets_network network ON network.id = found.network_id
 ORDER BY found.code ILIKE %(wanted)s DESC, found.code ILIKE %(beginning)s DESC, found.class_rank, found.code, found.uid
 LIMIT %(row_limit)s
