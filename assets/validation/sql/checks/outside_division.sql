-- A node outside the boundary of the network's division; outside the country where no boundary is known.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       node.geom AS geom, jsonb_build_object('division', division.name) AS facts
  FROM checked_node node
  JOIN assets_network network ON network.id = node.network_id
  JOIN gis_core_division division ON division.id = network.division_id
 WHERE node.lifecycle <> 'removed'
   AND CASE WHEN division.boundary IS NULL THEN NOT node.geom && ST_MakeEnvelope(55.9, 37.1, 73.2, 45.6, 4326)
            ELSE NOT ST_Covers(division.boundary, node.geom) END
