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
