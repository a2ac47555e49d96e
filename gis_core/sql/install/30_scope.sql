-- For whom a session works. Three settings say it, and the policies of the tables (gis_core/database/wall.py) read them:
--   tarmoq.scope        'all'; 'every' (all divisions, but not what belongs to none); or ids of divisions by commas
--   tarmoq.scope_above  ids of the divisions above these
--   tarmoq.acting_user  the user's id, empty for processes and devices
-- A session that has none of them is shown nothing.
-- They last until the next such call, unless the transaction in which they were made is rolled back.

CREATE OR REPLACE FUNCTION act_in_paths(paths text[], sees_all boolean, person text) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT set_config('tarmoq.acting_user', person, false),
           set_config('tarmoq.scope', CASE
               WHEN sees_all THEN 'all'
               WHEN NOT EXISTS (SELECT FROM gis_core_division WHERE parent_id IS NULL AND path <> ALL (paths)) THEN 'every'
               ELSE coalesce((SELECT string_agg(DISTINCT below.id::text, ',')
                                FROM unnest(paths) given (path)
                                JOIN gis_core_division below
                                  -- All that begins with the path, which ends with a full stop; a slash follows that.
                                  ON below.path ~>=~ given.path AND below.path ~<~ (left(given.path, -1) || '/')), '')
               END, false),
           set_config('tarmoq.scope_above', CASE WHEN sees_all THEN '' ELSE
               coalesce((SELECT string_agg(DISTINCT above.id::text, ',')
                           FROM unnest(paths) given (path)
                           CROSS JOIN LATERAL generate_series(1, length(given.path) - 1) place
                           JOIN gis_core_division above ON above.path = left(given.path, place)
                          WHERE substr(given.path, place, 1) = '.'), '') END, false);
$$;

-- The divisions in which the person holds roles; a superuser's is everything, and nobody's nothing.
CREATE OR REPLACE FUNCTION act_as(person bigint) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT act_in_paths(
        ARRAY(SELECT division.path::text
                FROM gis_core_roleassignment held
                JOIN gis_core_division division ON division.id = held.division_id
               WHERE held.user_id = person
                 AND EXISTS (SELECT FROM gis_core_user WHERE id = person AND is_active)),
        EXISTS (SELECT FROM gis_core_user WHERE id = person AND is_active AND is_superuser), person::text);
$$;

-- For devices, whose credentials are a division's.
CREATE OR REPLACE FUNCTION act_within(division bigint) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT act_in_paths(ARRAY(SELECT path::text FROM gis_core_division WHERE id = division), false, '');
$$;
