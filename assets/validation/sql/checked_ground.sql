-- What lies on the ground to be checked, with its neighbours.
-- Inputs: network: id; checked_area (geom): the areas, longitude/latitude.
-- Output: temporary tables checked_node_id and checked_pipe_id.
-- Invariant: everything is found from the areas by index, so the cost is that of the areas. An element on the ground is
-- there with the lines at its ends and their other ends: whatever a change on the ground can make right or wrong.
-- (network_id + 0: by the spatial index alone; the network's own index names all of its rows.)
CREATE TEMPORARY TABLE pipe_on_ground AS
SELECT DISTINCT pipe.id, pipe.start_node_id, pipe.end_node_id
  FROM checked_area area
  JOIN assets_pipe pipe ON pipe.network_id + 0 = %(network)s AND pipe.geom && area.geom AND ST_Intersects(pipe.geom, area.geom);
ANALYZE pipe_on_ground;
CREATE TEMPORARY TABLE node_on_ground AS
SELECT node.id
  FROM checked_area area JOIN assets_node node ON node.network_id + 0 = %(network)s AND node.geom && area.geom
UNION SELECT start_node_id FROM pipe_on_ground
UNION SELECT end_node_id FROM pipe_on_ground;
ANALYZE node_on_ground;
CREATE TEMPORARY TABLE pipe_beside AS
SELECT pipe.id, pipe.start_node_id, pipe.end_node_id
  FROM node_on_ground ground JOIN assets_pipe pipe ON pipe.start_node_id = ground.id
UNION
SELECT pipe.id, pipe.start_node_id, pipe.end_node_id
  FROM node_on_ground ground JOIN assets_pipe pipe ON pipe.end_node_id = ground.id;
ANALYZE pipe_beside;
CREATE TEMPORARY TABLE checked_pipe_id AS SELECT id FROM pipe_beside UNION SELECT id FROM pipe_on_ground;
CREATE TEMPORARY TABLE checked_node_id AS
SELECT id FROM node_on_ground UNION SELECT start_node_id FROM pipe_beside UNION SELECT end_node_id FROM pipe_beside;
DROP TABLE pipe_on_ground, node_on_ground, pipe_beside
