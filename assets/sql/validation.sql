-- Indexes that keep validation of one dirty area independent of the network's size.
CREATE INDEX finding_by_node ON assets_finding USING gin (node_ids);
CREATE INDEX finding_by_pipe ON assets_finding USING gin (pipe_ids);
-- Codes that differ only by blanks or capitals.
CREATE INDEX node_by_plain_code ON assets_node (network_id, lower(replace(code, ' ', '')));
CREATE INDEX pipe_by_plain_code ON assets_pipe (network_id, lower(replace(code, ' ', '')));
-- The few nodes that supply a network, and by zone.
CREATE INDEX node_that_supplies ON assets_node (network_id, zone_id)
 WHERE kind IN ('tank', 'reservoir', 'source', 'boiler_house', 'substation', 'outfall', 'treatment');
