-- What is shown of found elements.
-- Inputs: zones, nodes, pipes: arrays of ids.
-- Output: class, id, kind, uid, code, name, network, network_name, diameter_m, material, longitude, latitude.
SELECT found.class, found.id, found.kind, found.uid, found.code, found.name, network.code AS network,
       network.name AS network_name, found.diameter_m, found.material,
       ST_X(found.place) AS longitude, ST_Y(found.place) AS latitude
  FROM (
    SELECT 'zone' AS class, id, 'zone'::text AS kind, uid, code::text AS code, name::text AS name, network_id,
           NULL::float AS diameter_m, '' AS material, ST_PointOnSurface(geom) AS place
      FROM assets_zone WHERE id = ANY (%(zones)s)
    UNION ALL
    SELECT 'node', node.id, node.kind, node.uid, node.code, coalesce(facility.name, ''), node.network_id,
           NULL, '', node.geom
      FROM assets_node node LEFT JOIN assets_facilitydetail facility ON facility.node_id = node.id
     WHERE node.id = ANY (%(nodes)s)
    UNION ALL
    SELECT 'pipe', id, 'pipe', uid, code, '', network_id, diameter_m, material, ST_LineInterpolatePoint(geom, 0.5)
      FROM assets_pipe WHERE id = ANY (%(pipes)s)
  ) found JOIN assets_network network ON network.id = found.network_id
