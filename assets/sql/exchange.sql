-- Guards of simulation results.
-- Invariants: a run is of its network's division; results go with the node or pipe they are of; series are numbers.

ALTER TABLE assets_simulationrun ADD CONSTRAINT simulation_network_division
    FOREIGN KEY (network_id, division_id) REFERENCES assets_network (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;

-- The database itself removes the results of what is deleted, so that no edit has to know of them.
ALTER TABLE assets_noderesult ADD CONSTRAINT node_result_of_node
    FOREIGN KEY (node_id) REFERENCES assets_node (id) ON DELETE CASCADE;
ALTER TABLE assets_linkresult ADD CONSTRAINT link_result_of_pipe
    FOREIGN KEY (pipe_id) REFERENCES assets_pipe (id) ON DELETE CASCADE;
ALTER TABLE assets_linkresult ADD CONSTRAINT link_result_of_device
    FOREIGN KEY (device_id) REFERENCES assets_node (id) ON DELETE CASCADE;

ALTER TABLE assets_noderesult ADD CONSTRAINT node_result_is_finite
    CHECK (NOT head_m || pressure_m || demand_m3h && ARRAY['NaN', 'Infinity', '-Infinity']::float8[]);
ALTER TABLE assets_linkresult ADD CONSTRAINT link_result_is_finite
    CHECK (NOT flow_m3h && ARRAY['NaN', 'Infinity', '-Infinity']::float8[]
           AND mean_flow_m3h > '-Infinity'::float8 AND mean_flow_m3h < 'Infinity'::float8);
ALTER TABLE assets_simulationrun ADD CONSTRAINT simulation_hours_plausible CHECK (hours >= 0 AND hours < 1e6);
