-- All of a network as the ground to be checked.
-- Inputs: network: id.
-- Output: temporary tables checked_node_id and checked_pipe_id.
CREATE TEMPORARY TABLE checked_node_id AS SELECT id FROM assets_node WHERE network_id = %(network)s;
CREATE TEMPORARY TABLE checked_pipe_id AS SELECT id FROM assets_pipe WHERE network_id = %(network)s
