-- What Django's models cannot say of the tables of the network, and tables that only functions use.
-- Invariants: a pipe's ends are its end nodes, exactly; every element belongs to one network and that network's
-- division; device details fit the kind of their node; an attachment's node is an end of its pipe.

ALTER TABLE assets_network ADD CONSTRAINT network_division UNIQUE (id, division_id);

-- An element's division is its network's; giving a network to another division carries them along.
ALTER TABLE assets_node ADD CONSTRAINT node_network_division
    FOREIGN KEY (network_id, division_id) REFERENCES assets_network (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_pipe ADD CONSTRAINT pipe_network_division
    FOREIGN KEY (network_id, division_id) REFERENCES assets_network (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_attachment ADD CONSTRAINT attachment_network_division
    FOREIGN KEY (network_id, division_id) REFERENCES assets_network (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_zone ADD CONSTRAINT zone_network_division
    FOREIGN KEY (network_id, division_id) REFERENCES assets_network (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;

-- End points equal end nodes. PostGIS's btree equality of geometries is exact: same coordinates, no tolerance.
ALTER TABLE assets_node ADD CONSTRAINT node_place UNIQUE (network_id, id, geom);
ALTER TABLE assets_pipe ADD CONSTRAINT pipe_starts_at_its_node
    FOREIGN KEY (network_id, start_node_id, start_point) REFERENCES assets_node (network_id, id, geom)
    DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_pipe ADD CONSTRAINT pipe_ends_at_its_node
    FOREIGN KEY (network_id, end_node_id, end_point) REFERENCES assets_node (network_id, id, geom)
    DEFERRABLE INITIALLY DEFERRED;
-- A null end point (an empty line) would slip past a foreign key, and an infinite one past every distance.
ALTER TABLE assets_pipe ADD CONSTRAINT pipe_has_two_ends
    CHECK (start_point IS NOT NULL AND end_point IS NOT NULL AND ST_NPoints(geom) >= 2
           AND ST_XMin(geom) >= -180 AND ST_XMax(geom) <= 180 AND ST_YMin(geom) >= -90 AND ST_YMax(geom) <= 90);
ALTER TABLE assets_node ADD CONSTRAINT node_is_on_earth
    CHECK (NOT ST_IsEmpty(geom) AND ST_X(geom) BETWEEN -180 AND 180 AND ST_Y(geom) BETWEEN -90 AND 90);

-- Zone membership and zone nesting stay inside one network.
ALTER TABLE assets_zone ADD CONSTRAINT zone_in_network UNIQUE (network_id, id);
ALTER TABLE assets_node ADD CONSTRAINT node_zone_in_same_network
    FOREIGN KEY (network_id, zone_id) REFERENCES assets_zone (network_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_zone ADD CONSTRAINT zone_parent_in_same_network
    FOREIGN KEY (network_id, parent_id) REFERENCES assets_zone (network_id, id) DEFERRABLE INITIALLY DEFERRED;

-- A device's details are of its own kind.
ALTER TABLE assets_node ADD CONSTRAINT node_kind UNIQUE (id, kind);
ALTER TABLE assets_tankdetail ADD CONSTRAINT tank_detail_of_its_kind FOREIGN KEY (node_id, node_kind)
    REFERENCES assets_node (id, kind) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_reservoirdetail ADD CONSTRAINT reservoir_detail_of_its_kind FOREIGN KEY (node_id, node_kind)
    REFERENCES assets_node (id, kind) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_pumpdetail ADD CONSTRAINT pump_detail_of_its_kind FOREIGN KEY (node_id, node_kind)
    REFERENCES assets_node (id, kind) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_valvedetail ADD CONSTRAINT valve_detail_of_its_kind FOREIGN KEY (node_id, node_kind)
    REFERENCES assets_node (id, kind) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_bulkmeterdetail ADD CONSTRAINT bulkmeter_detail_of_its_kind FOREIGN KEY (node_id, node_kind)
    REFERENCES assets_node (id, kind) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_hydrantdetail ADD CONSTRAINT hydrant_detail_of_its_kind FOREIGN KEY (node_id, node_kind)
    REFERENCES assets_node (id, kind) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_facilitydetail ADD CONSTRAINT facility_detail_of_its_kind FOREIGN KEY (node_id, node_kind)
    REFERENCES assets_node (id, kind) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED;

-- An attachment's node and pipe are of its network, and the node is an end of the pipe.
ALTER TABLE assets_node ADD CONSTRAINT node_in_network UNIQUE (network_id, id);
ALTER TABLE assets_pipe ADD CONSTRAINT pipe_in_network UNIQUE (network_id, id);
ALTER TABLE assets_attachment ADD CONSTRAINT attachment_node_in_network
    FOREIGN KEY (network_id, node_id) REFERENCES assets_node (network_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_attachment ADD CONSTRAINT attachment_pipe_in_network
    FOREIGN KEY (network_id, pipe_id) REFERENCES assets_pipe (network_id, id) DEFERRABLE INITIALLY DEFERRED;

-- Multipliers and curves are numbers.
ALTER TABLE assets_pattern ADD CONSTRAINT pattern_is_finite
    CHECK (NOT multipliers && ARRAY['NaN', 'Infinity', '-Infinity']::float8[]);
ALTER TABLE assets_curve ADD CONSTRAINT curve_is_finite
    CHECK (NOT x_values && ARRAY['NaN', 'Infinity', '-Infinity']::float8[]
           AND NOT y_values && ARRAY['NaN', 'Infinity', '-Infinity']::float8[]);

ALTER TABLE assets_transformerdetail ADD CONSTRAINT transformer_detail_of_its_kind
    FOREIGN KEY (node_id, node_kind) REFERENCES assets_node (id, kind) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_switchdetail ADD CONSTRAINT switch_detail_of_its_kind
    FOREIGN KEY (node_id, node_kind) REFERENCES assets_node (id, kind) DEFERRABLE INITIALLY DEFERRED;
-- A record is of its asset's network, and goes with the network to another division.
ALTER TABLE assets_inspection ADD CONSTRAINT inspection_network_division
    FOREIGN KEY (network_id, division_id) REFERENCES assets_network (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_inspection ADD CONSTRAINT inspection_node_in_network FOREIGN KEY (network_id, node_id)
    REFERENCES assets_node (network_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_inspection ADD CONSTRAINT inspection_pipe_in_network FOREIGN KEY (network_id, pipe_id)
    REFERENCES assets_pipe (network_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_inspection ADD CONSTRAINT inspection_not_copied_from_itself CHECK (copied_from_id <> id);
ALTER TABLE assets_verification ADD CONSTRAINT verification_network_division
    FOREIGN KEY (network_id, division_id) REFERENCES assets_network (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_verification ADD CONSTRAINT verification_node_in_network FOREIGN KEY (network_id, node_id)
    REFERENCES assets_node (network_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_verification ADD CONSTRAINT verification_pipe_in_network FOREIGN KEY (network_id, pipe_id)
    REFERENCES assets_pipe (network_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_verification ADD CONSTRAINT verification_not_copied_from_itself CHECK (copied_from_id <> id);
ALTER TABLE assets_leakrecord ADD CONSTRAINT leak_network_division
    FOREIGN KEY (network_id, division_id) REFERENCES assets_network (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_attachment ADD CONSTRAINT attachment_in_network UNIQUE (network_id, id);
ALTER TABLE assets_leakrecord ADD CONSTRAINT leak_attachment_in_network
    FOREIGN KEY (network_id, attachment_id) REFERENCES assets_attachment (network_id, id)
    DEFERRABLE INITIALLY DEFERRED;

-- --- cadastre ------------------------------------------------------------------------------------------------------

ALTER TABLE assets_parcel ADD CONSTRAINT parcel_drawing_is_valid
    CHECK (NOT ST_IsEmpty(geom) AND ST_XMin(geom) >= -180 AND ST_XMax(geom) <= 180 AND ST_YMin(geom) >= -90
           AND ST_YMax(geom) <= 90 AND ST_IsValid(geom));
ALTER TABLE assets_building ADD CONSTRAINT building_drawing_is_valid
    CHECK (NOT ST_IsEmpty(geom) AND ST_XMin(geom) >= -180 AND ST_XMax(geom) <= 180 AND ST_YMin(geom) >= -90
           AND ST_YMax(geom) <= 90 AND ST_IsValid(geom));
ALTER TABLE assets_parcel ADD CONSTRAINT parcel_in_division UNIQUE (id, division_id);
ALTER TABLE assets_building ADD CONSTRAINT building_on_parcel_of_its_division
    FOREIGN KEY (parcel_id, division_id) REFERENCES assets_parcel (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE assets_surveypoint ADD CONSTRAINT survey_point_is_on_earth
    CHECK (NOT ST_IsEmpty(geom) AND ST_X(geom) BETWEEN -180 AND 180 AND ST_Y(geom) BETWEEN -90 AND 90);
-- A class is a promise; a row without the measured accuracy keeps only that of class E, which promises nothing.
ALTER TABLE assets_surveypoint ADD CONSTRAINT survey_point_is_as_accurate_as_its_class
    CHECK (CASE accuracy_class
               WHEN 'A' THEN horizontal_accuracy_m <= 0.03 AND coalesce(vertical_accuracy_m, 0) <= 0.03
               WHEN 'B' THEN horizontal_accuracy_m <= 0.10 AND coalesce(vertical_accuracy_m, 0) <= 0.10
               WHEN 'C' THEN horizontal_accuracy_m <= 0.40 AND coalesce(vertical_accuracy_m, 0) <= 0.40
               WHEN 'D' THEN horizontal_accuracy_m <= 1.50 AND coalesce(vertical_accuracy_m, 0) <= 1.50
               WHEN 'E' THEN true
           END IS TRUE);
ALTER TABLE assets_surveypoint ADD CONSTRAINT survey_point_accuracies_positive
    CHECK (coalesce(horizontal_accuracy_m, 1) > 0 AND coalesce(vertical_accuracy_m, 1) > 0);

-- --- documents -----------------------------------------------------------------------------------------------------

ALTER TABLE assets_document ADD CONSTRAINT document_in_division UNIQUE (id, division_id);
ALTER TABLE assets_documentlink ADD CONSTRAINT document_link_in_division
    FOREIGN KEY (document_id, division_id) REFERENCES assets_document (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_documentlink ADD CONSTRAINT document_link_points_to_one
    CHECK (num_nonnulls(node_id, pipe_id, parcel_id, building_id, survey_point_id) = 1
           AND (network_id IS NOT NULL) = (num_nonnulls(node_id, pipe_id) = 1));
ALTER TABLE assets_documentlink ADD CONSTRAINT document_link_node_in_network
    FOREIGN KEY (network_id, node_id) REFERENCES assets_node (network_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_documentlink ADD CONSTRAINT document_link_pipe_in_network
    FOREIGN KEY (network_id, pipe_id) REFERENCES assets_pipe (network_id, id) DEFERRABLE INITIALLY DEFERRED;

-- Simulation results: a run is of its network's division; results go with the node or pipe they are of; series are numbers.

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

-- Changes of rows outside edits are told apart by negative numbers.
CREATE SEQUENCE assets_change_outside_edit;

-- An edit, a plan, an outage and a finding are of their network's division.
ALTER TABLE assets_edit ADD CONSTRAINT edit_network_division
    FOREIGN KEY (network_id, division_id) REFERENCES assets_network (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_plan ADD CONSTRAINT plan_network_division
    FOREIGN KEY (network_id, division_id) REFERENCES assets_network (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_outage ADD CONSTRAINT outage_network_division
    FOREIGN KEY (network_id, division_id) REFERENCES assets_network (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_finding ADD CONSTRAINT finding_network_division
    FOREIGN KEY (network_id, division_id) REFERENCES assets_network (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;

-- Derived rows go with their node or pipe; the deleted element is no reason to look at a million others.
ALTER TABLE assets_nodetopology ADD CONSTRAINT node_topology_of_node
    FOREIGN KEY (node_id) REFERENCES assets_node (id) ON DELETE CASCADE;
ALTER TABLE assets_pipetopology ADD CONSTRAINT pipe_topology_of_pipe
    FOREIGN KEY (pipe_id) REFERENCES assets_pipe (id) ON DELETE CASCADE;
CREATE INDEX pipe_topology_by_network ON assets_pipetopology (network_id, pipe_id);
CREATE INDEX node_topology_by_network ON assets_nodetopology (network_id, node_id);

-- Pipes that people see, counted and paged by division.
CREATE INDEX pipe_shown_in_division ON assets_pipe (division_id, id) WHERE NOT is_connector;

-- Revisions of networks.
CREATE SEQUENCE assets_revision;

-- Neither blank nor with characters that move the cursor: control characters and separators of lines.
ALTER TABLE assets_node ADD CONSTRAINT node_code_readable
    CHECK (code !~ '[\u0001-\u001f\u007f-\u009f\u2028\u2029]' AND code !~ '^[\u0020\u00a0\u2000-\u200f\u202f\u2060\u3000\ufeff]*$');
ALTER TABLE assets_pipe ADD CONSTRAINT pipe_code_readable
    CHECK (code !~ '[\u0001-\u001f\u007f-\u009f\u2028\u2029]' AND code !~ '^[\u0020\u00a0\u2000-\u200f\u202f\u2060\u3000\ufeff]*$');

ALTER TABLE assets_pipe ADD CONSTRAINT pipe_roughness_not_negative CHECK (roughness >= 0);
ALTER TABLE assets_pipe ADD CONSTRAINT pipe_minor_loss_not_negative CHECK (minor_loss >= 0);
ALTER TABLE assets_valvedetail ADD CONSTRAINT valve_minor_loss_not_negative CHECK (minor_loss >= 0);

-- The few nodes that are removed.
CREATE INDEX node_removed ON assets_node (id) WHERE lifecycle = 'removed';

-- Indexes that keep validation of one dirty area independent of the network's size.
CREATE INDEX finding_by_node ON assets_finding USING gin (node_ids);
CREATE INDEX finding_by_pipe ON assets_finding USING gin (pipe_ids);
-- Codes that differ only by blanks or capitals.
CREATE INDEX node_by_plain_code ON assets_node (network_id, lower(replace(code, ' ', '')));
CREATE INDEX pipe_by_plain_code ON assets_pipe (network_id, lower(replace(code, ' ', '')));
-- The few nodes that supply a network, and by zone.
CREATE INDEX node_that_supplies ON assets_node (network_id, zone_id)
 WHERE kind IN ('tank', 'reservoir', 'source', 'boiler_house', 'substation', 'outfall', 'treatment');

-- When zones were flooded. A zone goes without waiting for what is remembered of its flooding.
ALTER TABLE assets_zoneflood ADD CONSTRAINT zone_flood_of_zone
    FOREIGN KEY (zone_id) REFERENCES assets_zone (id) ON DELETE CASCADE;

-- --- generalised lines -----------------------------------------------------------------------------------------------------
-- Steps between cells: vertices in one cell become one, so what is connected stays connected; `pipes` counts the steps
-- of pipes drawn by a row. A row stands in every tile that its line comes near.
CREATE TABLE assets_tileedge (
    level smallint NOT NULL, tile_x integer NOT NULL, tile_y integer NOT NULL, network_id bigint NOT NULL,
    is_in_service boolean NOT NULL, diameter_mm integer NOT NULL,
    start_x integer NOT NULL, start_y integer NOT NULL, end_x integer NOT NULL, end_y integer NOT NULL,
    pipes integer NOT NULL,
    PRIMARY KEY (level, tile_x, tile_y, network_id, start_x, start_y, end_x, end_y, is_in_service, diameter_mm)
);
CREATE INDEX tile_edge_without_pipes ON assets_tileedge (level) WHERE pipes <= 0;

-- --- notes of change --------------------------------------------------------------------------------------------------------
-- A layer's version for its owner (a network or a division) is the sum of its notes, so that it changes whatever the order
-- in which transactions commit, and nobody waits for anybody.
CREATE TABLE assets_tilenote (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    layer text NOT NULL, owner_id bigint NOT NULL, nonce numeric NOT NULL
);
CREATE INDEX tile_note_by_owner ON assets_tilenote (layer, owner_id) INCLUDE (nonce);

-- --- nodes of the low zooms ---------------------------------------------------------------------------------------------------
-- What is drawn from afar is few among many; the conditions are those of tile_nodes_*.sql, to the letter.
CREATE INDEX node_drawn_from_afar ON assets_node USING gist (geom)
 WHERE kind IN ('tank', 'reservoir', 'source', 'treatment', 'pumping_station', 'substation', 'outfall', 'lift_station',
                'regulator_station', 'metering_station', 'boiler_house', 'heat_substation', 'distribution_centre');

-- --- the cache --------------------------------------------------------------------------------------------------------------
-- Tiles by the hash of all that they depend on: nothing here is ever stale. Not logged: a crash empties it, and that is all.
CREATE UNLOGGED TABLE assets_tilecache (
    key uuid PRIMARY KEY, content bytea NOT NULL, made_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE assets_tilecache ALTER COLUMN content SET STORAGE EXTERNAL;

-- How many rows there are of what is counted for people, by division: counting a million takes longer than showing a page.
-- Invariant: for each part and division the numbers sum up to the rows that a count would find, in every snapshot. Changes
-- are rows of their own, so that nobody waits for anybody; they are put together now and then.

CREATE TABLE assets_featurecount (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    part text NOT NULL, facet text NOT NULL, division_id bigint NOT NULL, number bigint NOT NULL
);
CREATE INDEX feature_count_by_part ON assets_featurecount (part, facet, division_id) INCLUDE (number);

-- An outage's numbers are numbers; its position on the pipe lies between 0 and 1.
ALTER TABLE assets_outage ADD CONSTRAINT assets_outage_length_m_finite
    CHECK (length_m > '-Infinity'::float8 AND length_m < 'Infinity'::float8);
ALTER TABLE assets_outage ADD CONSTRAINT assets_outage_volume_m3_finite
    CHECK (volume_m3 > '-Infinity'::float8 AND volume_m3 < 'Infinity'::float8);
