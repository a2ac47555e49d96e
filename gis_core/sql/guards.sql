-- Guards of gis_core that Django's constraints cannot say.
-- Invariant: division paths are right, the audit trail only grows.

-- The parent's path and level are held by a composite key; a parent that is renamed or moved carries its subtree.
ALTER TABLE gis_core_division
    ADD CONSTRAINT division_path_and_level UNIQUE (id, path, level);
ALTER TABLE gis_core_division
    ADD CONSTRAINT division_parent_path FOREIGN KEY (parent_id, parent_path, parent_level)
    REFERENCES gis_core_division (id, path, level) ON UPDATE CASCADE ON DELETE NO ACTION;

-- One function serves every append-only table of every app.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gis_core_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Every number of an app's tables is a number: NaN passes comparisons (it is greater than all), and Infinity most.
-- A pipe's generated length is among them, so that no vertex of its line can be NaN.
CREATE FUNCTION add_finite_checks(prefix text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE item record;
BEGIN
    FOR item IN
        SELECT class.relname, attribute.attname, type.typname
          FROM pg_attribute attribute
          JOIN pg_class class ON class.oid = attribute.attrelid AND class.relkind = 'r'
          JOIN pg_type type ON type.oid = attribute.atttypid AND type.typname IN ('float8', 'numeric')
         WHERE class.relnamespace = current_schema()::regnamespace AND starts_with(class.relname, prefix)
           AND attribute.attnum > 0 AND NOT attribute.attisdropped
    LOOP
        EXECUTE format(
            'ALTER TABLE %1$I ADD CONSTRAINT %2$I CHECK (%3$I > ''-Infinity''::%4$s AND %3$I < ''Infinity''::%4$s)',
            item.relname, item.relname || '_' || item.attname || '_finite', item.attname, item.typname);
    END LOOP;
END $$;
