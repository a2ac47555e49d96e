-- Devices that are not in the zone that all their neighbours share.
-- Inputs: network_id, named (ids of nodes whose zone people have said). Output: node_id, zone_id.
-- Invariant: a device whose sides differ, or of which one is in no zone, stays as it is.
WITH side AS (
    SELECT pipe.start_node_id AS node_id, pipe.end_node_id AS other_id FROM assets_pipe pipe
     WHERE pipe.network_id = %(network_id)s
    UNION ALL
    SELECT pipe.end_node_id, pipe.start_node_id FROM assets_pipe pipe WHERE pipe.network_id = %(network_id)s
)
SELECT device.id, min(other.zone_id)
  FROM assets_node device
  JOIN side ON side.node_id = device.id
  JOIN assets_node other ON other.id = side.other_id
 WHERE device.network_id = %(network_id)s AND device.code_class = 'device' AND NOT device.id = ANY (%(named)s::bigint[])
 GROUP BY device.id
HAVING count(*) = count(other.zone_id) AND min(other.zone_id) = max(other.zone_id)
   AND min(other.zone_id) IS DISTINCT FROM device.zone_id
 ORDER BY device.id;
