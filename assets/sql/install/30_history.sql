-- History of the network's rows.
-- Inputs: the settings tarmoq.edit (id of the edit in progress, empty outside one), tarmoq.moment (its time) and
-- tarmoq.restoring ('on' while an undo brings rows back) and tarmoq.bulk ('on' while an import writes rows by the thousand, which
-- keep_bulk_rows logs in one statement a table), all local to the transaction. Anybody can set them: that they tell the
-- truth, the edit one that this transaction made, its time the edit's and the undo an undo, is asked when a row is logged.
-- Invariants: every state that a tracked row ever had, and when, is either the row itself or one assets_rowchange;
-- a state's change_id names its content; the changes of one edit hold the state before it, once per row.

CREATE OR REPLACE FUNCTION edit_in_progress() RETURNS bigint LANGUAGE sql STABLE
    RETURN nullif(current_setting('tarmoq.edit', true), '')::bigint;

-- The time of the edit in progress; outside one that of the transaction, whatever the setting says.
CREATE OR REPLACE FUNCTION moment_of_change() RETURNS timestamptz LANGUAGE sql STABLE
    RETURN CASE WHEN nullif(current_setting('tarmoq.edit', true), '') IS NULL THEN now()
                ELSE coalesce(nullif(current_setting('tarmoq.moment', true), '')::timestamptz, now()) END;

-- States follow each other: a transaction that began earlier but came later must not date its states before the others.
CREATE OR REPLACE FUNCTION stamp_version() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.valid_from := greatest(moment_of_change(), OLD.valid_from);
    IF current_setting('tarmoq.restoring', true) IS DISTINCT FROM 'on' THEN
        NEW.change_id := coalesce(edit_in_progress(), -nextval('assets_change_outside_edit'));
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION stamp_new() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.valid_from := moment_of_change();
    IF current_setting('tarmoq.restoring', true) IS DISTINCT FROM 'on' THEN
        NEW.change_id := edit_in_progress();
        NEW.version := 1;
    END IF;
    RETURN NEW;
END $$;

-- Outside an edit a row begins now, is the first state of its content and of no edit, whatever it says.
CREATE OR REPLACE FUNCTION date_new() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.valid_from := now();
    NEW.change_id := least(NEW.change_id, 0);
    NEW.version := 1;
    RETURN NEW;
END $$;

-- TG_ARGV[0]: the key column.
-- Whether the edit has changed the row before is found by the conflict with its own log entry: that is the unique index,
-- always. A kept plan of a search, made while the log was short, would read all entries for every row of a long edit.
-- It runs as the owner of the log, in which the application may not write; the application may not make triggers of it, so
-- that no table of its own, temporary ones too, is logged as another.
CREATE OR REPLACE FUNCTION keep_history() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET enable_seqscan = off
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    edit bigint := edit_in_progress();
    -- TG_TABLE_NAME is a name, whose collation is not that of the index.
    changed_table text := TG_TABLE_NAME;
    kept jsonb := to_jsonb(coalesce(OLD, NEW));
    row_key bigint := (kept ->> TG_ARGV[0])::bigint;
    geometry_before geometry;
    moment timestamptz := moment_of_change();
    is_restoring boolean := current_setting('tarmoq.restoring', true) = 'on';
    entry bigint;
    entry_operation text;
BEGIN
    IF edit IS NOT NULL OR is_restoring THEN
        PERFORM 1 FROM assets_edit
          WHERE id = edit AND written_by_transaction = pg_current_xact_id() AND made_at = moment
            AND (undoes_id IS NOT NULL OR is_restoring IS DISTINCT FROM true);
        IF NOT FOUND THEN
            RAISE EXCEPTION 'edit %: it is not this transaction''s, not of %, or no undo', edit, moment
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END IF;
    IF TG_OP = 'INSERT' THEN
        -- Called within an edit only. A row deleted and brought back within one was changed by it.
        INSERT INTO assets_rowchange
            (edit_id, network_id, table_name, row_id, operation, after_change_id, valid_to)
        VALUES (edit, (kept ->> 'network_id')::bigint, changed_table, row_key, 'I', NEW.change_id, moment)
            ON CONFLICT (edit_id, table_name, row_id)
            DO UPDATE SET operation = 'U', after_change_id = excluded.after_change_id;
        RETURN NULL;
    END IF;
    -- Before keep_bulk_rows has logged it as made, a row of this edit is no state that anybody has seen.
    IF TG_OP = 'UPDATE' AND OLD.change_id = edit AND current_setting('tarmoq.bulk', true) = 'on' THEN
        RETURN NULL;
    END IF;
    IF kept ? 'geom' THEN
        geometry_before := OLD.geom;
    END IF;
    -- Within one edit only the first state counts. A row that it made and deleted was not changed by it.
    INSERT INTO assets_rowchange AS logged
        (edit_id, network_id, table_name, row_id, operation, before, before_geom, before_change_id, after_change_id,
         valid_from, valid_to)
    VALUES (edit, (kept ->> 'network_id')::bigint, changed_table, row_key, left(TG_OP, 1),
            kept - ARRAY['geom', 'start_point', 'end_point', 'geodesic_length_m', 'code_class'], geometry_before,
            OLD.change_id, CASE WHEN TG_OP = 'UPDATE' THEN NEW.change_id END, OLD.valid_from,
            CASE WHEN TG_OP = 'UPDATE' THEN NEW.valid_from ELSE greatest(moment, OLD.valid_from) END)
        ON CONFLICT (edit_id, table_name, row_id)
        DO UPDATE SET operation = CASE WHEN excluded.operation = 'D' AND logged.operation <> 'I' THEN 'D'
                                       ELSE logged.operation END,
                      after_change_id = excluded.after_change_id
            WHERE excluded.operation = 'D' OR logged.after_change_id IS DISTINCT FROM excluded.after_change_id
        RETURNING id, operation INTO entry, entry_operation;
    IF TG_OP = 'DELETE' AND entry_operation = 'I' THEN
        DELETE FROM assets_rowchange WHERE id = entry;
    END IF;
    RETURN NULL;
END $$;

-- The registers' rows among them are those that edits of the network carry along: splits copy them, merges move them, undo
-- brings them back.
DO $$
DECLARE
    tracked text;
    key_column text;
BEGIN
    FOREACH tracked IN ARRAY ARRAY[
        'assets_node', 'assets_pipe', 'assets_zone', 'assets_zoneconnection', 'assets_demand', 'assets_attachment',
        'assets_pattern', 'assets_curve', 'assets_tankdetail', 'assets_reservoirdetail', 'assets_pumpdetail',
        'assets_valvedetail', 'assets_bulkmeterdetail', 'assets_hydrantdetail', 'assets_facilitydetail',
        'assets_documentlink', 'assets_inspection', 'assets_verification', 'assets_linedetail', 'assets_transformerdetail',
        'assets_switchdetail'
    ] LOOP
        SELECT attribute.attname INTO STRICT key_column
          FROM pg_index index JOIN pg_attribute attribute
            ON attribute.attrelid = index.indrelid AND attribute.attnum = index.indkey[0]
         WHERE index.indrelid = tracked::regclass AND index.indisprimary AND index.indnkeyatts = 1;
        EXECUTE format('CREATE OR REPLACE TRIGGER %I BEFORE UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION stamp_version()',
                       tracked || '_version', tracked);
        EXECUTE format('CREATE OR REPLACE TRIGGER %I BEFORE INSERT ON %I FOR EACH ROW '
                       'WHEN (current_setting(''tarmoq.edit'', true) <> '''') EXECUTE FUNCTION stamp_new()',
                       tracked || '_new', tracked);
        -- What says nothing has these already, so that rows by the million are not touched.
        EXECUTE format('CREATE OR REPLACE TRIGGER %I BEFORE INSERT ON %I FOR EACH ROW '
                       'WHEN (nullif(current_setting(''tarmoq.edit'', true), '''') IS NULL '
                       'AND (NEW.valid_from < now() OR NEW.valid_from > statement_timestamp() '
                       'OR NEW.change_id > 0 OR NEW.version <> 1)) EXECUTE FUNCTION date_new()', tracked || '_dated', tracked);
        EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER UPDATE OR DELETE ON %I FOR EACH ROW '
                       'EXECUTE FUNCTION keep_history(%L)', tracked || '_history', tracked, key_column);
        EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER INSERT ON %I FOR EACH ROW '
                       'WHEN (current_setting(''tarmoq.edit'', true) <> '''' '
                       'AND current_setting(''tarmoq.bulk'', true) IS DISTINCT FROM ''on'') EXECUTE FUNCTION keep_history(%L)',
                       tracked || '_made', tracked, key_column);
    END LOOP;
END $$;

-- Logs the rows that an edit made in bulk, as keep_history would have, row by row; returns how many.
CREATE OR REPLACE FUNCTION keep_bulk_rows(edit bigint) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    tracked record;
    network bigint;
    moment timestamptz;
    logged bigint;
    total bigint := 0;
BEGIN
    SELECT network_id, made_at INTO network, moment FROM assets_edit
     WHERE id = edit AND id = edit_in_progress() AND written_by_transaction = pg_current_xact_id();
    IF NOT FOUND THEN
        RAISE EXCEPTION 'edit % is not the one in progress', edit USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    FOR tracked IN
        SELECT made.tgrelid::regclass AS name, key.attname AS key_column,
               EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = made.tgrelid AND attname = 'network_id') AS has_network
          FROM pg_trigger made
          JOIN pg_index index ON index.indrelid = made.tgrelid AND index.indisprimary
          JOIN pg_attribute key ON key.attrelid = made.tgrelid AND key.attnum = index.indkey[0]
         WHERE made.tgfoid = 'keep_history'::regproc AND made.tgname = made.tgrelid::regclass::text || '_made'
         ORDER BY made.tgrelid <> 'assets_node'::regclass, made.tgrelid
    LOOP
        EXECUTE format('INSERT INTO assets_rowchange '
                       '(edit_id, network_id, table_name, row_id, operation, after_change_id, valid_to) '
                       'SELECT $1, %1$s, %2$L, %3$I, ''I'', change_id, $3 FROM %2$s WHERE change_id = $1%4$s '
                       'ON CONFLICT (edit_id, table_name, row_id) DO NOTHING',
                       CASE WHEN tracked.has_network THEN '$2' ELSE 'NULL::bigint' END, tracked.name, tracked.key_column,
                       CASE WHEN tracked.has_network THEN ' AND network_id = $2' ELSE '' END)
            USING edit, network, moment;
        GET DIAGNOSTICS logged = ROW_COUNT;
        total := total + logged;
    END LOOP;
    RETURN total;
END $$;

-- What was is not rewritten: only the functions above touch the log. Where the application owns its tables, the depth of
-- triggers has to do; a trigger on a table of its own has that depth, too.
CREATE OR REPLACE FUNCTION guard_row_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER row_change_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON assets_rowchange
    FOR EACH STATEMENT EXECUTE FUNCTION guard_row_change();
CREATE OR REPLACE TRIGGER row_change_is_written_by_triggers BEFORE INSERT OR UPDATE OR DELETE ON assets_rowchange
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_direct_write();
CREATE OR REPLACE TRIGGER lineage_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON assets_lineage
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER edit_is_kept BEFORE DELETE OR TRUNCATE ON assets_edit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- An edit knows its transaction, and was made within it: whoever says another time is not believed.
CREATE OR REPLACE FUNCTION date_edit() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.written_by_transaction := pg_current_xact_id();
    NEW.made_at := greatest(now(), least(NEW.made_at, clock_timestamp()));
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER edit_is_dated BEFORE INSERT ON assets_edit
    FOR EACH ROW EXECUTE FUNCTION date_edit();

-- Of an edit only its being undone, and its summary while it is made, changes.
CREATE OR REPLACE FUNCTION guard_edit() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF (to_jsonb(OLD) - ARRAY['undone_by_id', 'summary', 'remarks', 'parameters', 'division_id'])
       IS DISTINCT FROM (to_jsonb(NEW) - ARRAY['undone_by_id', 'summary', 'remarks', 'parameters', 'division_id'])
       OR ((edit_in_progress() IS DISTINCT FROM OLD.id OR OLD.written_by_transaction <> pg_current_xact_id())
           AND (OLD.summary, OLD.remarks, OLD.parameters) IS DISTINCT FROM (NEW.summary, NEW.remarks, NEW.parameters)) THEN
        RAISE EXCEPTION 'edit % is not rewritten', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER edit_is_not_rewritten BEFORE UPDATE ON assets_edit
    FOR EACH ROW EXECUTE FUNCTION guard_edit();
