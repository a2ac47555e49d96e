-- What vector tiles need beside the rows they show: generalised lines of the low zooms, notes of change, and a cache.
-- Invariants: assets_tileedge holds, for each zoom from 5 to 10, exactly the steps between cells of the pipes that are not
-- removed, counted; whatever changes a layer that assets_networkstate.revision does not follow leaves a note in assets_tilenote.
-- None of these tables is entered or asked by anything but tiles, and none has a row that could not be made again.

-- --- the grid: 128 cells along each side of a tile, numbered through the whole zoom from the north-west ------------------
CREATE OR REPLACE FUNCTION tile_cell_x(longitude float8, zoom integer) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN floor((longitude + 180) / 360 * 128 * (1 << zoom))::integer;
CREATE OR REPLACE FUNCTION tile_cell_y(latitude float8, zoom integer) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN floor((0.5 - asinh(tand(greatest(least(latitude, 85.05), -85.05))) / (2 * pi())) * 128 * (1 << zoom))::integer;

-- The sizes by which generalised pipes are told apart: the largest of these (mm) that the diameter reaches, 0 if unknown.
CREATE OR REPLACE FUNCTION tile_diameter_class(diameter_m float8) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN coalesce((ARRAY[0, 100, 200, 300, 500, 800, 1200])[
        1 + width_bucket(diameter_m, ARRAY[0.1, 0.2, 0.3, 0.5, 0.8, 1.2]::float8[])], 0);

-- --- generalised lines -----------------------------------------------------------------------------------------------------
-- Counts the steps of lines given by a query: network_id, is_in_service, diameter_mm, geom, sign (1 came, -1 went).
-- Edits of one network wait for each other at its assets_networkstate, whose triggers come first by name, so that
-- counting here neither loses a step nor meets a deadlock.
-- (A statement, not a procedure: the rows of a trigger are seen only by what the trigger itself executes.)
CREATE OR REPLACE FUNCTION tile_edges_statement(lines text) RETURNS text LANGUAGE sql
    RETURN format($statement$
        WITH lines AS MATERIALIZED (%s),
        vertices AS (
            SELECT network_id, is_in_service, diameter_mm, sign,
                   ST_X(ST_StartPoint(geom)) AS x1, ST_Y(ST_StartPoint(geom)) AS y1,
                   ST_X(ST_EndPoint(geom)) AS x2, ST_Y(ST_EndPoint(geom)) AS y2
              FROM lines WHERE ST_NPoints(geom) = 2
            UNION ALL
            SELECT network_id, is_in_service, diameter_mm, sign, x1, y1, x2, y2
              FROM lines
             CROSS JOIN LATERAL (
                   SELECT ST_X(point.geom) AS x1, ST_Y(point.geom) AS y1,
                          lead(ST_X(point.geom)) OVER (ORDER BY point.path) AS x2,
                          lead(ST_Y(point.geom)) OVER (ORDER BY point.path) AS y2
                     FROM ST_DumpPoints(lines.geom) point) pairs
             WHERE ST_NPoints(geom) > 2 AND x2 IS NOT NULL
        ), cells AS (
            SELECT network_id, is_in_service, diameter_mm, sign, tile_cell_x(x1, 10) AS x1, tile_cell_y(y1, 10) AS y1,
                   tile_cell_x(x2, 10) AS x2, tile_cell_y(y2, 10) AS y2
              FROM vertices
        ), steps AS MATERIALIZED (
            SELECT network_id, is_in_service, diameter_mm, x1, y1, x2, y2, sum(sign) AS pipes
              FROM cells WHERE (x1, y1) <> (x2, y2) GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(sign) <> 0
        ), levels AS (
            SELECT level, network_id, is_in_service, diameter_mm, pipes, x1 >> 10 - level AS x1, y1 >> 10 - level AS y1,
                   x2 >> 10 - level AS x2, y2 >> 10 - level AS y2
              FROM steps, generate_series(5, 10) level
        ), edges AS MATERIALIZED (
            SELECT level, network_id, is_in_service, diameter_mm,
                   CASE WHEN (x1, y1) < (x2, y2) THEN x1 ELSE x2 END AS x1, CASE WHEN (x1, y1) < (x2, y2) THEN y1 ELSE y2 END AS y1,
                   CASE WHEN (x1, y1) < (x2, y2) THEN x2 ELSE x1 END AS x2, CASE WHEN (x1, y1) < (x2, y2) THEN y2 ELSE y1 END AS y2,
                   sum(pipes)::integer AS pipes
              FROM levels WHERE (x1, y1) <> (x2, y2) GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 HAVING sum(pipes) <> 0
        )
        INSERT INTO assets_tileedge AS known (level, tile_x, tile_y, network_id, is_in_service, diameter_mm,
                                              start_x, start_y, end_x, end_y, pipes)
        SELECT level, tile_x, tile_y, network_id, is_in_service, diameter_mm, x1, y1, x2, y2, pipes
          FROM edges
         CROSS JOIN LATERAL generate_series(x1 - 2 >> 7, x2 + 2 >> 7) tile_x
         -- Where the line enters and leaves this column of tiles, as shares of its length.
         CROSS JOIN LATERAL (
               SELECT CASE WHEN x1 = x2 THEN 0 ELSE least(greatest((tile_x * 128 - 2 - x1)::float8 / (x2 - x1), 0), 1) END AS enters,
                      CASE WHEN x1 = x2 THEN 1 ELSE least(greatest((tile_x * 128 + 130 - x1)::float8 / (x2 - x1), 0), 1) END AS leaves
               ) share
         CROSS JOIN LATERAL generate_series(
               floor(least(y1 + (y2 - y1) * enters, y1 + (y2 - y1) * leaves) - 2)::integer >> 7,
               ceil(greatest(y1 + (y2 - y1) * enters, y1 + (y2 - y1) * leaves) + 2)::integer >> 7) tile_y
         ORDER BY 1, 2, 3, 4, 7, 8, 9, 10
        ON CONFLICT (level, tile_x, tile_y, network_id, start_x, start_y, end_x, end_y, is_in_service, diameter_mm)
        DO UPDATE SET pipes = known.pipes + excluded.pipes
    $statement$, lines);

-- Edits change a few pipes: their statements stand in the function itself, where plans are kept. A plan made for a few would
-- be a bad one for a million, so large changes are planned anew.
DO $do$
DECLARE
    line CONSTANT text := 'SELECT pipe.network_id, pipe.lifecycle = ''in_service'' AS is_in_service, '
        'tile_diameter_class(pipe.diameter_m) AS diameter_mm, pipe.geom, %s AS sign FROM %s AS pipe %s '
        'WHERE pipe.lifecycle <> ''removed''';
    differs CONSTANT text := 'JOIN %I AS other ON other.id = pipe.id AND '
        '(other.network_id, other.lifecycle, other.diameter_m, other.geom) IS DISTINCT FROM '
        '(pipe.network_id, pipe.lifecycle, pipe.diameter_m, pipe.geom)';
BEGIN
    EXECUTE format($function$
        CREATE OR REPLACE FUNCTION keep_tile_edges() RETURNS trigger LANGUAGE plpgsql
        SET search_path = pg_catalog, public, pg_temp AS $body$
        BEGIN
            IF TG_OP = 'TRUNCATE' THEN
                TRUNCATE assets_tileedge;
            ELSIF TG_OP = 'INSERT' THEN
                IF (SELECT count(*) FROM arrived) > 1000 THEN
                    EXECUTE %1$L;
                ELSE
                    %1$s;
                END IF;
            ELSIF TG_OP = 'DELETE' THEN
                IF (SELECT count(*) FROM gone) > 1000 THEN
                    EXECUTE %2$L;
                ELSE
                    %2$s;
                END IF;
                DELETE FROM assets_tileedge WHERE pipes <= 0;
            ELSE
                IF (SELECT count(*) FROM gone) > 1000 THEN
                    EXECUTE %3$L;
                ELSE
                    %3$s;
                END IF;
                DELETE FROM assets_tileedge WHERE pipes <= 0;
            END IF;
            RETURN NULL;
        END $body$
        $function$,
        tile_edges_statement(format(line, 1, 'arrived', '')),
        tile_edges_statement(format(line, -1, 'gone', '')),
        tile_edges_statement(format(line, -1, 'gone', format(differs, 'arrived')) || ' UNION ALL '
                             || format(line, 1, 'arrived', format(differs, 'gone'))));
END $do$;
CREATE OR REPLACE TRIGGER pipe_tiled_new AFTER INSERT ON assets_pipe REFERENCING NEW TABLE AS arrived
    FOR EACH STATEMENT EXECUTE FUNCTION keep_tile_edges();
CREATE OR REPLACE TRIGGER pipe_tiled_change AFTER UPDATE ON assets_pipe REFERENCING OLD TABLE AS gone NEW TABLE AS arrived
    FOR EACH STATEMENT EXECUTE FUNCTION keep_tile_edges();
CREATE OR REPLACE TRIGGER pipe_tiled_gone AFTER DELETE ON assets_pipe REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION keep_tile_edges();
CREATE OR REPLACE TRIGGER pipe_tiled_empty AFTER TRUNCATE ON assets_pipe FOR EACH STATEMENT EXECUTE FUNCTION keep_tile_edges();

-- --- notes of change --------------------------------------------------------------------------------------------------------
-- Arguments: the layer, and the column that names its owner. (The random number is drawn for each owner, not once.)
CREATE OR REPLACE FUNCTION note_tile_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $body$
DECLARE
    sources CONSTANT text[] := CASE TG_OP WHEN 'INSERT' THEN ARRAY['arrived'] WHEN 'DELETE' THEN ARRAY['gone']
                                          ELSE ARRAY['arrived', 'gone'] END;
BEGIN
    EXECUTE format(
        'INSERT INTO assets_tilenote (layer, owner_id, nonce) '
        'SELECT %L, owner_id, floor(random() * 1e15)::numeric + 1 FROM (%s) owners WHERE owner_id IS NOT NULL',
        TG_ARGV[0],
        (SELECT string_agg(format('SELECT DISTINCT %I AS owner_id FROM %I', TG_ARGV[1], source), ' UNION ') FROM unnest(sources) source));
    RETURN NULL;
END $body$;

DO $$
DECLARE noted record;
BEGIN
    FOR noted IN SELECT * FROM (VALUES
        ('finding', 'findings', 'network_id'), ('dirtyarea', 'dirty', 'network_id'), ('pipetopology', 'segments', 'network_id'),
        ('leakrecord', 'leaks', 'network_id'), ('attachment', 'leaks', 'network_id'), ('outage', 'outages', 'network_id'),
        ('parcel', 'parcels', 'division_id'), ('building', 'buildings', 'division_id'),
        ('parcel', 'streets', 'division_id'), ('building', 'streets', 'division_id'),
        ('surveypoint', 'survey_points', 'division_id')) AS noted (part, layer, owner)
    LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER %2$s_%1$s_noted_new AFTER INSERT ON assets_%1$s REFERENCING NEW TABLE AS '
                       'arrived FOR EACH STATEMENT EXECUTE FUNCTION note_tile_change(%2$L, %3$L)',
                       noted.part, noted.layer, noted.owner);
        EXECUTE format('CREATE OR REPLACE TRIGGER %2$s_%1$s_noted_change AFTER UPDATE ON assets_%1$s REFERENCING OLD TABLE AS '
                       'gone NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION note_tile_change(%2$L, %3$L)',
                       noted.part, noted.layer, noted.owner);
        EXECUTE format('CREATE OR REPLACE TRIGGER %2$s_%1$s_noted_gone AFTER DELETE ON assets_%1$s REFERENCING OLD TABLE AS '
                       'gone FOR EACH STATEMENT EXECUTE FUNCTION note_tile_change(%2$L, %3$L)',
                       noted.part, noted.layer, noted.owner);
    END LOOP;
END $$;

-- A street's name stands in the tiles of all divisions that see its parcels, which may lie beside its own: the renaming of one is
-- rare, so it is noted for every division that has any of them.
CREATE OR REPLACE FUNCTION note_street_names() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $body$
BEGIN
    INSERT INTO assets_tilenote (layer, owner_id, nonce)
    SELECT 'streets', owner.division_id, floor(random() * 1e15)::numeric + 1
      FROM (SELECT division_id FROM assets_parcel WHERE street_id = ANY (ARRAY(SELECT id FROM renamed))
            UNION SELECT division_id FROM assets_building WHERE street_id = ANY (ARRAY(SELECT id FROM renamed))) owner;
    RETURN NULL;
END $body$;
CREATE OR REPLACE TRIGGER street_names_noted AFTER UPDATE ON gis_core_street REFERENCING NEW TABLE AS renamed
    FOR EACH STATEMENT EXECUTE FUNCTION note_street_names();

CREATE OR REPLACE TRIGGER divisions_noted_new AFTER INSERT ON gis_core_division REFERENCING NEW TABLE AS arrived
    FOR EACH STATEMENT EXECUTE FUNCTION note_tile_change('divisions', 'id');
CREATE OR REPLACE TRIGGER divisions_noted_change AFTER UPDATE ON gis_core_division REFERENCING OLD TABLE AS gone NEW TABLE AS arrived
    FOR EACH STATEMENT EXECUTE FUNCTION note_tile_change('divisions', 'id');
CREATE OR REPLACE TRIGGER divisions_noted_gone AFTER DELETE ON gis_core_division REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION note_tile_change('divisions', 'id');

-- Pipes say the code of their material's life: another word for it changes the tiles of all networks, which is rare.
CREATE OR REPLACE FUNCTION note_material_words() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $body$
BEGIN
    UPDATE assets_networkstate SET revision = nextval('assets_revision');
    RETURN NULL;
END $body$;
CREATE OR REPLACE TRIGGER material_words_noted AFTER INSERT OR UPDATE OR DELETE ON assets_materiallife
    FOR EACH STATEMENT EXECUTE FUNCTION note_material_words();

-- --- what a tile depends on -----------------------------------------------------------------------------------------------------
-- Asked for every tile, so it is a function whose plan each connection keeps. For its meaning see tile_lookup.sql.
-- It runs as the owner, who passes the second wall, and shows what asked_viewer may see: a session need not be given a scope
-- for a tile that is there.
CREATE OR REPLACE FUNCTION look_up_tile(
    asked_viewer bigint, asked_session text, asked_token text, asked_roles text[], asked_network text, asked_layer text,
    asked_of_divisions boolean, asked_address text, asked_known text[]
) RETURNS TABLE (may_view boolean, password text, session_data text, holds_token boolean, networks bigint[], divisions bigint[], notes bigint,
                 version text, key text, content bytea) LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH viewer AS (
        SELECT viewer.id, viewer.is_superuser, viewer.password,
               (SELECT session_data FROM django_session WHERE session_key = asked_session AND expire_date > now()) AS session_data,
               EXISTS (SELECT 1 FROM gis_core_apitoken token
                        WHERE token.digest = asked_token AND token.user_id = viewer.id AND token.revoked_at IS NULL
                          AND (token.expires_at IS NULL OR token.expires_at > now())) AS holds_token
          FROM gis_core_user viewer WHERE viewer.id = asked_viewer AND viewer.is_active
    ), granted AS (
        SELECT division.path
          FROM gis_core_roleassignment held JOIN gis_core_division division ON division.id = held.division_id
         WHERE held.user_id = asked_viewer AND held.role = ANY (asked_roles)
        UNION ALL
        SELECT '' FROM viewer WHERE viewer.is_superuser
    ), networks AS (
        SELECT network.id, concat_ws(':', network.id, network.code, state.revision,
                                     CASE WHEN asked_layer = 'segments' THEN state.topology_is_current END) AS version
          FROM assets_network network
          JOIN gis_core_division division ON division.id = network.division_id
          JOIN assets_networkstate state ON state.network_id = network.id
         WHERE EXISTS (SELECT 1 FROM granted WHERE starts_with(division.path, granted.path))
           AND (asked_network IS NULL OR network.code = asked_network)
    ), divisions AS (
        SELECT division.id
          FROM gis_core_division division
         WHERE asked_of_divisions AND EXISTS (SELECT 1 FROM granted WHERE starts_with(division.path, granted.path))
    ), notes AS (
        SELECT coalesce(sum(note.nonce), 0) AS total, count(*) AS number
          FROM assets_tilenote note
         WHERE note.layer = asked_layer
           AND note.owner_id = ANY (CASE WHEN asked_of_divisions THEN ARRAY(SELECT id FROM divisions)
                                         ELSE ARRAY(SELECT id FROM networks) END)
    ), versioned AS (
        SELECT md5(concat_ws('|', asked_layer, notes.total,
                             CASE WHEN NOT asked_of_divisions THEN (SELECT string_agg(version, ',' ORDER BY id) FROM networks) END,
                             (SELECT string_agg(id::text, ',' ORDER BY id) FROM divisions))) AS version,
               notes.number AS notes
          FROM notes
    ), named AS (
        SELECT version, notes, md5(version || asked_address)::uuid AS key FROM versioned
    )
    SELECT EXISTS (SELECT 1 FROM granted) AS may_view, viewer.password::text, viewer.session_data, viewer.holds_token,
           ARRAY(SELECT id FROM networks) AS networks, ARRAY(SELECT id FROM divisions) AS divisions, notes, version, named.key::text,
           (SELECT content FROM assets_tilecache cached WHERE cached.key = named.key AND named.key::text <> ALL (asked_known)) AS content
      FROM viewer, named;
END $body$;
