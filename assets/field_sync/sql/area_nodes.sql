-- Nodes of an area to take along.
-- Inputs: west, south, east, north (degrees); patterns: LIKE patterns of the division paths the viewer may see.
-- Output: one JSON array a node, in the order of assets/field_sync/selectors/area.py:NODE_COLUMNS.
-- Invariant: every node in the box that is not removed and that the viewer may see, once.
SELECT json_build_array(
           node.uid, node.kind, node.code, network.code, round(ST_X(node.geom)::numeric, 7),
           round(ST_Y(node.geom)::numeric, 7), node.lifecycle, zone.name, node.elevation_m, node.installed_on, node.version,
           coalesce(
               (SELECT to_jsonb(valve) FROM assets_valvedetail valve WHERE valve.node_id = node.id),
               (SELECT to_jsonb(hydrant) FROM assets_hydrantdetail hydrant WHERE hydrant.node_id = node.id),
               (SELECT to_jsonb(meter) FROM assets_bulkmeterdetail meter WHERE meter.node_id = node.id),
               (SELECT to_jsonb(tank) FROM assets_tankdetail tank WHERE tank.node_id = node.id),
               (SELECT to_jsonb(reservoir) FROM assets_reservoirdetail reservoir WHERE reservoir.node_id = node.id),
               (SELECT to_jsonb(pump) FROM assets_pumpdetail pump WHERE pump.node_id = node.id),
               (SELECT to_jsonb(facility) FROM assets_facilitydetail facility WHERE facility.node_id = node.id),
               (SELECT to_jsonb(transformer) FROM assets_transformerdetail transformer
                 WHERE transformer.node_id = node.id),
               (SELECT to_jsonb(switch) FROM assets_switchdetail switch WHERE switch.node_id = node.id)
           ) - ARRAY['node_id', 'node_kind', 'version', 'valid_from', 'change_id'])::text
  FROM assets_node node
  JOIN assets_network network ON network.id = node.network_id
  LEFT JOIN assets_zone zone ON zone.id = node.zone_id
 WHERE node.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
   AND node.division_id = ANY (ARRAY(SELECT division.id FROM gis_core_division division
                                      WHERE division.path LIKE ANY (%(patterns)s)))
   AND node.lifecycle <> 'removed'
