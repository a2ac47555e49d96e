-- Operators of ours whose indexes a table behind the second wall could not use otherwise (docs/adr/0026-second-wall.md).
-- Run by a superuser, once in each database after its extensions were made; it may run over itself. The set-up of a private
-- cluster does it. A dump does not keep it.
-- Invariant: a function that is marked tells nothing of a value but by its result. Errors of these tell at most a geometry's
-- type and reference system.
DO $$
DECLARE
    marked regprocedure;
BEGIN
    FOR marked IN
        SELECT proc.oid
          FROM pg_proc proc
          LEFT JOIN pg_depend member ON member.classid = 'pg_proc'::regclass AND member.objid = proc.oid AND member.deptype = 'e'
          LEFT JOIN pg_extension extension ON extension.oid = member.refobjid
         WHERE NOT proc.proleakproof AND proc.prokind = 'f'
           AND (-- Operators, and predicates that stand for one.
                extension.extname IN ('postgis', 'pg_trgm', 'btree_gist')
                AND (proc.oid IN (SELECT oprcode FROM pg_operator) OR proc.prosupport::text LIKE '%postgis_index_supportfn')
             OR proc.pronamespace = 'pg_catalog'::regnamespace
                AND (proc.proname IN (
                         -- LIKE and what begins with a text
                         'textlike', 'texticlike', 'bpcharlike', 'starts_with',
                         -- ranges and arrays
                         'range_overlaps', 'range_contains', 'range_contained_by', 'range_contains_elem',
                         'elem_contained_by_range', 'range_eq', 'arrayoverlap', 'arraycontains', 'arraycontained',
                         -- numbers
                         'numeric_eq', 'numeric_ne', 'numeric_lt', 'numeric_le', 'numeric_gt', 'numeric_ge',
                         -- what the indexes of the search are made of
                         'lower', 'translate', 'replace', 'btrim', 'regexp_replace', 'textcat')))
    LOOP
        EXECUTE format('ALTER FUNCTION %s LEAKPROOF', marked);
    END LOOP;
END $$;
