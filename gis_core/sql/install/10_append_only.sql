-- What refuses for the tables of every app, and what the application may not do itself.
-- The application's role owns nothing. Its rights on a table follow from the triggers that refuse here
-- (gis_core/database/rights.py), so whoever adds such a trigger has taken the right, too.

-- One function serves every append-only table of every app.
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

-- What only our own functions write: they run as the owner of the table (SECURITY DEFINER), the application does not.
CREATE OR REPLACE FUNCTION refuse_direct_write() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        RAISE EXCEPTION '% is written by functions only: % refused', TG_TABLE_NAME, TG_OP
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;

-- When something was done is for the database to say.
CREATE OR REPLACE FUNCTION date_audit_event() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.at := statement_timestamp();
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER audit_is_dated BEFORE INSERT ON gis_core_auditevent
    FOR EACH ROW EXECUTE FUNCTION date_audit_event();

CREATE OR REPLACE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gis_core_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Tell the planner about rows that this transaction wrote, which is the owner's to do. `waits`: also for who is at a table
-- already; otherwise it is left to them.
CREATE OR REPLACE FUNCTION gather_statistics(tables text[], waits boolean) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE asked text;
BEGIN
    FOREACH asked IN ARRAY coalesce(tables, '{}') LOOP
        -- As text a boolean is "t", which ANALYZE does not take.
        EXECUTE format('ANALYZE (SKIP_LOCKED %s) public.%I', CASE WHEN waits THEN 'false' ELSE 'true' END, asked);
    END LOOP;
END $$;

-- The same of each table to which this transaction added more than twice the rows its statistics know of, a thousand at
-- least; not waiting. Nobody else counts these tables, autovacuum neither, until the transaction ends. A foreign key is checked row by row by a plan that, for a table that was empty when last looked at, reads all.
CREATE OR REPLACE FUNCTION gather_statistics_of_changes() RETURNS void LANGUAGE sql
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT gather_statistics(array_agg(relname::text ORDER BY oid), false) FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
       -- Twice as many: once they are counted, they are not counted again at the next check.
       AND pg_stat_get_xact_tuples_inserted(oid) > 2 * greatest(500, reltuples)
    HAVING count(*) > 0;
$$;
