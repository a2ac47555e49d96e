-- Things on the network have the place of their node, and streams of the registers the system's own property and sensor.
-- Invariants: a thing with an attachment has exactly one current location, that of its node, and a historical location from
--   when it came there; a datastream of the registers always leads to an observed property, a sensor and a feature.

-- Put things where their nodes are; does nothing for those that are there already.
CREATE OR REPLACE FUNCTION sensors_place_things(things bigint[]) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF things IS NULL THEN
        RETURN;
    END IF;
    -- A place and its feature for each node that has none yet.
    WITH missing AS (
        SELECT DISTINCT ON (node.id) node.id AS node_id, thing.division_id, node.code, node.kind, node.geom
          FROM sensors_thing thing
          JOIN assets_attachment attachment ON attachment.id = thing.attachment_id
          JOIN assets_node node ON node.id = attachment.node_id
         WHERE thing.id = ANY (things)
           AND NOT EXISTS (SELECT 1 FROM sensors_location place WHERE place.node_id = node.id AND place.deleted_at IS NULL
                              AND place.division_id = thing.division_id)
    ), feature AS (
        INSERT INTO sensors_featureofinterest (uid, division_id, name, description, encoding_type, feature, geom)
        SELECT gen_random_uuid(), division_id, code, kind, 'application/geo+json', ST_AsGeoJSON(geom, 15)::jsonb, geom
          FROM missing ORDER BY node_id
        RETURNING id, division_id, name, geom
    )
    INSERT INTO sensors_location (uid, division_id, name, description, encoding_type, location, geom, node_id, generated_feature_id)
    SELECT gen_random_uuid(), missing.division_id, missing.code, missing.kind, 'application/geo+json',
           ST_AsGeoJSON(missing.geom, 15)::jsonb, missing.geom, missing.node_id, min(feature.id)
      FROM missing JOIN feature ON feature.division_id = missing.division_id AND feature.name = missing.code
                               AND feature.geom = missing.geom
     GROUP BY missing.division_id, missing.code, missing.kind, missing.geom, missing.node_id;

    DROP TABLE IF EXISTS placed_thing;
    CREATE TEMPORARY TABLE placed_thing ON COMMIT DROP AS
    SELECT thing.id AS thing_id, min(place.id) AS location_id, min(place.generated_feature_id) AS feature_id,
           CASE WHEN EXISTS (SELECT 1 FROM sensors_historicallocation past WHERE past.thing_id = thing.id)
                THEN statement_timestamp()
                ELSE coalesce(thing.installed_on::timestamp AT TIME ZONE 'Asia/Tashkent', statement_timestamp()) END AS since
      FROM sensors_thing thing
      JOIN assets_attachment attachment ON attachment.id = thing.attachment_id
      JOIN sensors_location place ON place.node_id = attachment.node_id AND place.deleted_at IS NULL
                                 AND place.division_id = thing.division_id
     WHERE thing.id = ANY (things)
     GROUP BY thing.id;
    DELETE FROM placed_thing
     USING sensors_thing_locations link
     WHERE link.thing_id = placed_thing.thing_id AND link.location_id = placed_thing.location_id;
    DELETE FROM sensors_thing_locations link USING placed_thing WHERE link.thing_id = placed_thing.thing_id;
    INSERT INTO sensors_thing_locations (thing_id, location_id) SELECT thing_id, location_id FROM placed_thing;
    WITH history AS (
        INSERT INTO sensors_historicallocation (uid, thing_id, time)
        SELECT gen_random_uuid(), thing_id, since FROM placed_thing
        RETURNING id, thing_id
    )
    INSERT INTO sensors_historicallocation_locations (historicallocation_id, location_id)
    SELECT history.id, placed_thing.location_id FROM history JOIN placed_thing USING (thing_id);
    -- Streams that were about an unknown place are about this one.
    UPDATE sensors_datastream stream SET feature_id = placed_thing.feature_id
      FROM placed_thing, sensors_featureofinterest feature
     WHERE stream.thing_id = placed_thing.thing_id AND feature.id = stream.feature_id AND feature.geom IS NULL;
    DROP TABLE placed_thing;
END $$;

CREATE OR REPLACE FUNCTION sensors_place_changed_things() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM sensors_place_things((SELECT array_agg(id) FROM changed WHERE attachment_id IS NOT NULL AND deleted_at IS NULL));
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER thing_is_placed AFTER INSERT ON sensors_thing
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION sensors_place_changed_things();
CREATE OR REPLACE TRIGGER thing_is_placed_again AFTER UPDATE ON sensors_thing
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION sensors_place_changed_things();

-- Edits of the network move attachments to other nodes.
CREATE OR REPLACE FUNCTION sensors_follow_attachments() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM sensors_place_things(
        (SELECT array_agg(thing.id) FROM changed JOIN before ON before.id = changed.id AND before.node_id <> changed.node_id
           JOIN sensors_thing thing ON thing.attachment_id = changed.id AND thing.deleted_at IS NULL));
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER attachment_moves_its_thing AFTER UPDATE ON assets_attachment
    REFERENCING OLD TABLE AS before NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION sensors_follow_attachments();

-- A stream without a sensor is one of the registers: the system's own rows stand for what SensorThings wants to know.
CREATE OR REPLACE FUNCTION sensors_complete_datastream() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.sensor_id IS NOT NULL AND NEW.sta_property_id IS NOT NULL THEN
        RETURN NEW;
    END IF;
    NEW.sensor_id := coalesce(NEW.sensor_id, (SELECT id FROM sensors_sensor WHERE code = 'register'));
    NEW.sta_property_id := coalesce(NEW.sta_property_id,
        (SELECT id FROM sensors_observedproperty WHERE code = NEW.observed_property),
        (SELECT id FROM sensors_observedproperty WHERE code = 'other'));
    NEW.feature_id := coalesce(NEW.feature_id,
        (SELECT place.generated_feature_id FROM sensors_thing_locations link JOIN sensors_location place ON place.id = link.location_id
          WHERE link.thing_id = NEW.thing_id AND place.generated_feature_id IS NOT NULL ORDER BY place.id LIMIT 1),
        (SELECT feature_id FROM sensors_datastream WHERE thing_id = NEW.thing_id AND feature_id IS NOT NULL LIMIT 1));
    IF NEW.feature_id IS NULL THEN
        INSERT INTO sensors_featureofinterest (uid, division_id, name, description, encoding_type, feature)
        SELECT gen_random_uuid(), thing.division_id, thing.name, 'A place that is not known.', 'application/geo+json',
               '{"type": "Feature", "geometry": null, "properties": {}}'
          FROM sensors_thing thing WHERE thing.id = NEW.thing_id
        RETURNING id INTO NEW.feature_id;
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER datastream_is_complete BEFORE INSERT ON sensors_datastream
    FOR EACH ROW EXECUTE FUNCTION sensors_complete_datastream();
