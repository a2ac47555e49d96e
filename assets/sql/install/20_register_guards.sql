-- Guards of the registers around the network.
-- Invariants: nodes and line attributes fit their network's commodity; what is recorded about an asset is of its
-- network and division, and stays as it was recorded; drawings of parcels and buildings are valid; a survey point is
-- as accurate as its class says; a document is about one thing, in its own branch of the division tree.

-- --- commodities ---------------------------------------------------------------------------------------------------

-- Once per statement, so that a million nodes copied in cost one join with a table of some sixty rows.
CREATE OR REPLACE FUNCTION check_node_kinds_fit_commodity() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
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
CREATE OR REPLACE TRIGGER node_kind_fits_commodity AFTER INSERT ON assets_node
    REFERENCING NEW TABLE AS new_nodes FOR EACH STATEMENT EXECUTE FUNCTION check_node_kinds_fit_commodity();

CREATE OR REPLACE FUNCTION check_new_kind_fits_commodity() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
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
CREATE OR REPLACE TRIGGER node_new_kind_fits_commodity AFTER UPDATE OF kind ON assets_node
    FOR EACH ROW WHEN (NEW.kind <> OLD.kind) EXECUTE FUNCTION check_new_kind_fits_commodity();

CREATE OR REPLACE FUNCTION check_network_commodity_stays() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'network % stays a network of %', OLD.code, OLD.commodity
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE OR REPLACE TRIGGER network_commodity_stays BEFORE UPDATE OF commodity ON assets_network
    FOR EACH ROW WHEN (NEW.commodity <> OLD.commodity) EXECUTE FUNCTION check_network_commodity_stays();

-- A line has the attributes of its commodity and no others.
CREATE OR REPLACE FUNCTION check_lines_fit_commodity() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
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
CREATE OR REPLACE TRIGGER line_fits_commodity AFTER INSERT ON assets_linedetail
    REFERENCING NEW TABLE AS new_lines FOR EACH STATEMENT EXECUTE FUNCTION check_lines_fit_commodity();
CREATE OR REPLACE TRIGGER changed_line_fits_commodity AFTER UPDATE ON assets_linedetail
    REFERENCING NEW TABLE AS new_lines FOR EACH STATEMENT EXECUTE FUNCTION check_lines_fit_commodity();

-- --- records about assets ------------------------------------------------------------------------------------------

-- What was found stays as it was recorded. Only where it hangs may change (a pipe merged into another), with the
-- division its network is given to and what the history keeps of the row; and only copies may go.
CREATE OR REPLACE FUNCTION check_fact_stays() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
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
CREATE OR REPLACE TRIGGER inspection_stays BEFORE UPDATE OR DELETE ON assets_inspection
    FOR EACH ROW EXECUTE FUNCTION check_fact_stays();
CREATE OR REPLACE TRIGGER verification_stays BEFORE UPDATE OR DELETE ON assets_verification
    FOR EACH ROW EXECUTE FUNCTION check_fact_stays();
CREATE OR REPLACE TRIGGER inspection_is_not_truncated BEFORE TRUNCATE ON assets_inspection
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER verification_is_not_truncated BEFORE TRUNCATE ON assets_verification
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A stored file is evidence: another version is another document.
CREATE OR REPLACE FUNCTION check_document_file_stays() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'the file of a document stays; another version is another document'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE OR REPLACE TRIGGER document_file_stays
    BEFORE UPDATE OF stored_name, file_name, content_type, size_bytes, sha256 ON assets_document
    FOR EACH ROW WHEN (OLD.stored_name <> '' AND (NEW.stored_name, NEW.file_name, NEW.content_type, NEW.size_bytes,
                       NEW.sha256) IS DISTINCT FROM (OLD.stored_name, OLD.file_name, OLD.content_type,
                       OLD.size_bytes, OLD.sha256))
    EXECUTE FUNCTION check_document_file_stays();

-- --- one branch of the division tree -------------------------------------------------------------------------------

-- Arguments: pairs of a column of this table and the table it points to. Each row that is pointed to is of a division
-- above this row's, below it, or the same.
CREATE OR REPLACE FUNCTION check_same_branch() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
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
DROP TRIGGER IF EXISTS parcel_refers_within_its_branch ON assets_parcel;
CREATE CONSTRAINT TRIGGER parcel_refers_within_its_branch AFTER INSERT OR UPDATE ON assets_parcel
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.street_id IS NOT NULL OR NEW.source_document_id IS NOT NULL)
    EXECUTE FUNCTION check_same_branch('street_id', 'gis_core_street', 'source_document_id', 'assets_document');
DROP TRIGGER IF EXISTS building_refers_within_its_branch ON assets_building;
CREATE CONSTRAINT TRIGGER building_refers_within_its_branch AFTER INSERT OR UPDATE ON assets_building
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.street_id IS NOT NULL OR NEW.source_document_id IS NOT NULL)
    EXECUTE FUNCTION check_same_branch('street_id', 'gis_core_street', 'source_document_id', 'assets_document');
DROP TRIGGER IF EXISTS survey_point_refers_within_its_branch ON assets_surveypoint;
CREATE CONSTRAINT TRIGGER survey_point_refers_within_its_branch AFTER INSERT OR UPDATE ON assets_surveypoint
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION check_same_branch('source_document_id', 'assets_document', 'node_id', 'assets_node');
DROP TRIGGER IF EXISTS document_link_within_its_branch ON assets_documentlink;
CREATE CONSTRAINT TRIGGER document_link_within_its_branch AFTER INSERT OR UPDATE ON assets_documentlink
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION check_same_branch('node_id', 'assets_node', 'pipe_id', 'assets_pipe', 'parcel_id',
        'assets_parcel', 'building_id', 'assets_building', 'survey_point_id', 'assets_surveypoint');

-- --- what follows from the registers -------------------------------------------------------------------------------

-- Until when an asset is to be verified again: the interval after it was last seen, or after it was built. Null when
-- its kind has no interval, or when nothing is known to count from.
CREATE OR REPLACE FUNCTION verification_due_on(last_verified_on date, installed_on date, interval_months integer)
RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE
 RETURN (coalesce(last_verified_on, installed_on) + interval_months * interval '1 month')::date;

-- Overdue: what is there (in service or out of it), has an interval, and was due before `today` or never seen at all.
CREATE OR REPLACE FUNCTION verification_is_overdue(
    lifecycle text, last_verified_on date, installed_on date, interval_months integer, today date)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
 RETURN interval_months IS NOT NULL AND lifecycle IN ('in_service', 'out_of_service')
      AND coalesce(verification_due_on(last_verified_on, installed_on, interval_months) < today, true);

-- The condition of every pipe that is there. Grades are 1 (very good) to 5 (failed or failing).
-- `grade` is that of the last inspection. Without one it is derived, the worse of two: by age, from the share of the
-- expected life that is used (under 25 % 1, 50 % 2, 75 % 3, 100 % 4, else 5), and by breaks a kilometre and year over
-- the last ten years (or the pipe's age, when younger; at least one), from two breaks on: under 0.5 2, under 1 3, under
-- 2.5 4, else 5. `grade_method` says which: inspection, age, breaks or unknown.
-- Breaks are leak records on the pipe that were not rejected and are not those of services, valves, hydrants, meters
-- or tanks.
CREATE OR REPLACE VIEW assets_pipecondition WITH (security_invoker = true) AS
SELECT judged.*,
       coalesce(inspected_grade, greatest(age_grade, break_grade)) AS grade,
       CASE WHEN inspected_grade IS NOT NULL THEN 'inspection'
            WHEN age_grade IS NULL AND break_grade IS NULL THEN 'unknown'
            WHEN age_grade IS NULL OR break_grade > age_grade THEN 'breaks'
            ELSE 'age' END AS grade_method
  FROM (
    SELECT figured.*,
           CASE WHEN used_life_percent < 25 THEN 1 WHEN used_life_percent < 50 THEN 2
                WHEN used_life_percent < 75 THEN 3 WHEN used_life_percent < 100 THEN 4
                WHEN used_life_percent IS NOT NULL THEN 5 END AS age_grade,
           CASE WHEN breaks < 2 THEN NULL WHEN breaks_per_km_year < 0.5 THEN 2 WHEN breaks_per_km_year < 1 THEN 3
                WHEN breaks_per_km_year < 2.5 THEN 4 ELSE 5 END AS break_grade
      FROM (
        SELECT pipe.id, pipe.uid, pipe.network_id, pipe.division_id, pipe.code, pipe.lifecycle, start_node.zone_id,
               pipe.material, life.code AS material_code, pipe.diameter_m,
               coalesce(pipe.stated_length_m, pipe.geodesic_length_m) AS length_m,
               pipe.year_installed, age.years AS age_years, life.life_years AS expected_life_years,
               100.0::float8 * age.years / life.life_years AS used_life_percent,
               leaks.breaks,
               leaks.breaks / (greatest(coalesce(pipe.stated_length_m, pipe.geodesic_length_m), 1) / 1000
                               * greatest(least(coalesce(age.years, 10), 10), 1)) AS breaks_per_km_year,
               inspection.inspected_on, inspection.grade AS inspected_grade
          FROM assets_pipe pipe
          JOIN assets_node start_node ON start_node.id = pipe.start_node_id
         CROSS JOIN LATERAL (
               SELECT greatest(extract(year FROM now() AT TIME ZONE 'Asia/Tashkent')::integer
                               - pipe.year_installed, 0) AS years) age
          LEFT JOIN LATERAL (
               SELECT entry.code, entry.life_years FROM assets_materiallife entry
                WHERE pipe.material <> '' AND lower(btrim(pipe.material)) = ANY (entry.names)
                ORDER BY entry.id LIMIT 1) life ON true
         CROSS JOIN LATERAL (
               SELECT count(*) AS breaks
                 FROM assets_attachment attachment JOIN assets_leakrecord leak ON leak.attachment_id = attachment.id
                WHERE attachment.pipe_id = pipe.id AND leak.state <> 'rejected'
                  AND leak.kind IN ('main_burst', 'main_leak', 'joint', 'unknown')
                  AND leak.reported_at > now() - interval '10 years') leaks
          LEFT JOIN LATERAL (
               SELECT entry.inspected_on, entry.grade FROM assets_inspection entry
                WHERE entry.pipe_id = pipe.id ORDER BY entry.inspected_on DESC, entry.id DESC LIMIT 1
               ) inspection ON true
         WHERE NOT pipe.is_connector AND pipe.lifecycle <> 'removed'
      ) figured
  ) judged;
