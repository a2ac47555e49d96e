-- Guards of the registers around the network.
-- Invariants: nodes and line attributes fit their network's commodity; what is recorded about an asset is of its
-- network and division, and stays as it was recorded; drawings of parcels and buildings are valid; a survey point is
-- as accurate as its class says; a document is about one thing, in its own branch of the division tree.

-- --- commodities ---------------------------------------------------------------------------------------------------

-- Once per statement, so that a million nodes copied in cost one join with a table of some sixty rows.
CREATE FUNCTION check_node_kinds_fit_commodity() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE stranger record;
BEGIN
    SELECT network.code AS network, network.commodity, present.kind INTO stranger
      FROM (SELECT DISTINCT network_id, kind FROM new_nodes) present
      JOIN assets_network network ON network.id = present.network_id
     WHERE NOT EXISTS (SELECT 1 FROM assets_commoditykind allowed
                        WHERE allowed.commodity = network.commodity AND allowed.kind = present.kind)
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a % does not stand in a network of % (network %)',
            stranger.kind, stranger.commodity, stranger.network USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER node_kind_fits_commodity AFTER INSERT ON assets_node
    REFERENCING NEW TABLE AS new_nodes FOR EACH STATEMENT EXECUTE FUNCTION check_node_kinds_fit_commodity();

CREATE FUNCTION check_new_kind_fits_commodity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM assets_commoditykind allowed JOIN assets_network network
            ON network.commodity = allowed.commodity
         WHERE network.id = NEW.network_id AND allowed.kind = NEW.kind
    ) THEN
        RAISE EXCEPTION 'a % does not stand in this network''s commodity', NEW.kind
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER node_new_kind_fits_commodity AFTER UPDATE OF kind ON assets_node
    FOR EACH ROW WHEN (NEW.kind <> OLD.kind) EXECUTE FUNCTION check_new_kind_fits_commodity();

CREATE FUNCTION check_network_commodity_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'network % stays a network of %', OLD.code, OLD.commodity
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER network_commodity_stays BEFORE UPDATE OF commodity ON assets_network
    FOR EACH ROW WHEN (NEW.commodity <> OLD.commodity) EXECUTE FUNCTION check_network_commodity_stays();

-- A line has the attributes of its commodity and no others.
CREATE FUNCTION check_lines_fit_commodity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM new_lines line
          JOIN assets_pipe pipe ON pipe.id = line.pipe_id
          JOIN assets_network network ON network.id = pipe.network_id
         WHERE (network.commodity <> 'electricity'
                AND (line.voltage_kv IS NOT NULL OR line.conductor <> '' OR line.phases IS NOT NULL
                     OR line.placing <> ''))
            OR (network.commodity <> 'gas' AND line.pressure_class <> '')
            OR (network.commodity <> 'heat' AND line.circuit <> '')
            OR (network.commodity <> 'sewerage' AND line.flow_regime <> '')
    ) THEN
        RAISE EXCEPTION 'a line has the attributes of its network''s commodity only'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER line_fits_commodity AFTER INSERT ON assets_linedetail
    REFERENCING NEW TABLE AS new_lines FOR EACH STATEMENT EXECUTE FUNCTION check_lines_fit_commodity();
CREATE TRIGGER changed_line_fits_commodity AFTER UPDATE ON assets_linedetail
    REFERENCING NEW TABLE AS new_lines FOR EACH STATEMENT EXECUTE FUNCTION check_lines_fit_commodity();

ALTER TABLE assets_transformerdetail ADD CONSTRAINT transformer_detail_of_its_kind
    FOREIGN KEY (node_id, node_kind) REFERENCES assets_node (id, kind) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_switchdetail ADD CONSTRAINT switch_detail_of_its_kind
    FOREIGN KEY (node_id, node_kind) REFERENCES assets_node (id, kind) DEFERRABLE INITIALLY DEFERRED;

-- --- records about assets ------------------------------------------------------------------------------------------

-- A record is of its asset's network, and goes with the network to another division.
DO $$
DECLARE item text;
BEGIN
    FOREACH item IN ARRAY ARRAY['inspection', 'verification'] LOOP
        EXECUTE format(
            'ALTER TABLE assets_%1$s ADD CONSTRAINT %1$s_network_division FOREIGN KEY (network_id, division_id) '
            'REFERENCES assets_network (id, division_id) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED', item);
        EXECUTE format(
            'ALTER TABLE assets_%1$s ADD CONSTRAINT %1$s_node_in_network FOREIGN KEY (network_id, node_id) '
            'REFERENCES assets_node (network_id, id) DEFERRABLE INITIALLY DEFERRED', item);
        EXECUTE format(
            'ALTER TABLE assets_%1$s ADD CONSTRAINT %1$s_pipe_in_network FOREIGN KEY (network_id, pipe_id) '
            'REFERENCES assets_pipe (network_id, id) DEFERRABLE INITIALLY DEFERRED', item);
        EXECUTE format(
            'ALTER TABLE assets_%1$s ADD CONSTRAINT %1$s_not_copied_from_itself CHECK (copied_from_id <> id)', item);
    END LOOP;
END $$;
ALTER TABLE assets_leakrecord ADD CONSTRAINT leak_network_division
    FOREIGN KEY (network_id, division_id) REFERENCES assets_network (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_attachment ADD CONSTRAINT attachment_in_network UNIQUE (network_id, id);
ALTER TABLE assets_leakrecord ADD CONSTRAINT leak_attachment_in_network
    FOREIGN KEY (network_id, attachment_id) REFERENCES assets_attachment (network_id, id)
    DEFERRABLE INITIALLY DEFERRED;

-- What was found stays as it was recorded. Only where it hangs may change (a pipe merged into another), with the
-- division its network is given to and what the history keeps of the row; and only copies may go.
CREATE FUNCTION check_fact_stays() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE moving text[] := ARRAY['node_id', 'pipe_id', 'division_id', 'version', 'valid_from', 'change_id'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.copied_from_id IS NULL THEN
            RAISE EXCEPTION '% is append-only: DELETE refused', TG_TABLE_NAME
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN OLD;
    END IF;
    IF to_jsonb(NEW) - moving <> to_jsonb(OLD) - moving OR (NEW.pipe_id IS NULL) <> (OLD.pipe_id IS NULL)
       OR NEW.node_id IS DISTINCT FROM OLD.node_id THEN
        RAISE EXCEPTION '% is append-only: UPDATE of what was recorded refused', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER inspection_stays BEFORE UPDATE OR DELETE ON assets_inspection
    FOR EACH ROW EXECUTE FUNCTION check_fact_stays();
CREATE TRIGGER verification_stays BEFORE UPDATE OR DELETE ON assets_verification
    FOR EACH ROW EXECUTE FUNCTION check_fact_stays();
CREATE TRIGGER inspection_is_not_truncated BEFORE TRUNCATE ON assets_inspection
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER verification_is_not_truncated BEFORE TRUNCATE ON assets_verification
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

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

-- A stored file is evidence: another version is another document.
CREATE FUNCTION check_document_file_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the file of a document stays; another version is another document'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER document_file_stays
    BEFORE UPDATE OF stored_name, file_name, content_type, size_bytes, sha256 ON assets_document
    FOR EACH ROW WHEN (OLD.stored_name <> '' AND (NEW.stored_name, NEW.file_name, NEW.content_type, NEW.size_bytes,
                       NEW.sha256) IS DISTINCT FROM (OLD.stored_name, OLD.file_name, OLD.content_type,
                       OLD.size_bytes, OLD.sha256))
    EXECUTE FUNCTION check_document_file_stays();

-- --- one branch of the division tree -------------------------------------------------------------------------------

-- Arguments: pairs of a column of this table and the table it points to. Each row that is pointed to is of a division
-- above this row's, below it, or the same.
CREATE FUNCTION check_same_branch() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    target bigint;
    is_strange boolean;
BEGIN
    FOR argument IN 0 .. TG_NARGS / 2 - 1 LOOP
        target := (to_jsonb(NEW) ->> TG_ARGV[2 * argument])::bigint;
        CONTINUE WHEN target IS NULL;
        EXECUTE format(
            'SELECT NOT (starts_with(own.path, theirs.path) OR starts_with(theirs.path, own.path)) '
            'FROM gis_core_division own, %I target JOIN gis_core_division theirs ON theirs.id = target.division_id '
            'WHERE own.id = $1 AND target.id = $2', TG_ARGV[2 * argument + 1])
            INTO is_strange USING NEW.division_id, target;
        IF is_strange THEN
            RAISE EXCEPTION '%: % is of another branch of the divisions', TG_TABLE_NAME, TG_ARGV[2 * argument]
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER parcel_refers_within_its_branch AFTER INSERT OR UPDATE ON assets_parcel
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.street_id IS NOT NULL OR NEW.source_document_id IS NOT NULL)
    EXECUTE FUNCTION check_same_branch('street_id', 'gis_core_street', 'source_document_id', 'assets_document');
CREATE CONSTRAINT TRIGGER building_refers_within_its_branch AFTER INSERT OR UPDATE ON assets_building
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.street_id IS NOT NULL OR NEW.source_document_id IS NOT NULL)
    EXECUTE FUNCTION check_same_branch('street_id', 'gis_core_street', 'source_document_id', 'assets_document');
CREATE CONSTRAINT TRIGGER survey_point_refers_within_its_branch AFTER INSERT OR UPDATE ON assets_surveypoint
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION check_same_branch('source_document_id', 'assets_document', 'node_id', 'assets_node');
CREATE CONSTRAINT TRIGGER document_link_within_its_branch AFTER INSERT OR UPDATE ON assets_documentlink
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION check_same_branch('node_id', 'assets_node', 'pipe_id', 'assets_pipe', 'parcel_id',
        'assets_parcel', 'building_id', 'assets_building', 'survey_point_id', 'assets_surveypoint');

SELECT add_finite_checks(name) FROM unnest(ARRAY[
    'assets_parcel', 'assets_building', 'assets_surveypoint', 'assets_leakrecord', 'assets_linedetail',
    'assets_transformerdetail', 'assets_switchdetail']) AS name;
