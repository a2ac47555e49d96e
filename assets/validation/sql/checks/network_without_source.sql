-- A network with lines in service but nothing that supplies it (for sewers: that takes it).
SELECT '{}'::bigint[] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       (SELECT pipe.geom FROM assets_pipe pipe WHERE pipe.network_id = network.id LIMIT 1) AS geom, jsonb_build_object('network', network.code) AS facts
  FROM assets_network network
 WHERE network.id = %(network)s
   AND EXISTS (SELECT 1 FROM assets_pipe pipe WHERE pipe.network_id = network.id AND pipe.lifecycle = 'in_service')
   AND NOT EXISTS (SELECT 1 FROM assets_node node WHERE node.network_id = network.id AND node.kind = ANY (%(supply_kinds)s)
                      AND node.lifecycle = 'in_service')
