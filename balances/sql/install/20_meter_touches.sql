-- What comes in for the meters of zones, so that only their days are computed again.
-- Invariant: a value of a zone meter that came, changed or went since the meter's days were computed has its UTC day in
-- balances_metertouch. It runs as the owner: who sends values need not see the zones that they count for.

CREATE OR REPLACE FUNCTION balances_note_touched_meters() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO balances_metertouch (datastream_id, day)
    SELECT DISTINCT incoming.datastream_id, incoming.day
      FROM incoming
     WHERE EXISTS (SELECT FROM balances_zonemeter meter WHERE meter.datastream_id = incoming.datastream_id);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER dirty_bucket_touches_zone_meters AFTER INSERT ON sensors_dirtybucket
    REFERENCING NEW TABLE AS incoming FOR EACH STATEMENT EXECUTE FUNCTION balances_note_touched_meters();

-- A meter's days are those of its unit and interval, a tank's those of its shape: with these they go, to be computed anew.
CREATE OR REPLACE FUNCTION balances_forget_meter_days() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'sensors_datastream' THEN
        DELETE FROM balances_meterday WHERE datastream_id = NEW.id;
    ELSIF TG_TABLE_NAME = 'assets_tankdetail' THEN
        DELETE FROM balances_meterday WHERE datastream_id IN (
            SELECT stream.id FROM sensors_datastream stream JOIN sensors_thing thing ON thing.id = stream.thing_id
              JOIN assets_attachment attachment ON attachment.id = thing.attachment_id
             WHERE attachment.node_id = NEW.node_id);
    ELSE
        DELETE FROM balances_meterday WHERE datastream_id IN (
            SELECT stream.id FROM sensors_datastream stream JOIN sensors_thing thing ON thing.id = stream.thing_id
              JOIN assets_attachment attachment ON attachment.id = thing.attachment_id
              JOIN assets_tankdetail tank ON tank.node_id = attachment.node_id
             WHERE tank.volume_curve_id = NEW.id);
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER datastream_forgets_meter_days
    AFTER UPDATE OF unit_factor, interval_s, deleted_at ON sensors_datastream FOR EACH ROW
    WHEN (OLD.unit_factor <> NEW.unit_factor OR OLD.interval_s <> NEW.interval_s
          OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at)
    EXECUTE FUNCTION balances_forget_meter_days();
CREATE OR REPLACE TRIGGER tank_forgets_meter_days
    AFTER UPDATE OF diameter_m, volume_curve_id ON assets_tankdetail FOR EACH ROW
    WHEN (OLD.diameter_m <> NEW.diameter_m OR OLD.volume_curve_id IS DISTINCT FROM NEW.volume_curve_id)
    EXECUTE FUNCTION balances_forget_meter_days();
CREATE OR REPLACE TRIGGER curve_forgets_meter_days
    AFTER UPDATE OF x_values, y_values ON assets_curve FOR EACH ROW
    WHEN (OLD.x_values <> NEW.x_values OR OLD.y_values <> NEW.y_values)
    EXECUTE FUNCTION balances_forget_meter_days();

-- What held once is only ever ended: an audit of what was known stands on it.
CREATE OR REPLACE FUNCTION balances_only_end() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF to_jsonb(NEW) - ARRAY['removed_at', 'replaced_at'] <> to_jsonb(OLD) - ARRAY['removed_at', 'replaced_at']
       OR coalesce(to_jsonb(OLD) ->> 'removed_at', to_jsonb(OLD) ->> 'replaced_at') IS NOT NULL THEN
        RAISE EXCEPTION '%: a row is only ever ended', TG_NAME USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER zone_meter_only_ends BEFORE UPDATE ON balances_zonemeter
    FOR EACH ROW EXECUTE FUNCTION balances_only_end();
CREATE OR REPLACE TRIGGER imported_consumption_only_ends BEFORE UPDATE ON balances_importedconsumption
    FOR EACH ROW EXECUTE FUNCTION balances_only_end();

-- A meter is of its zone's network: its datastream hangs there.
CREATE OR REPLACE FUNCTION balances_check_meter_network() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM assets_zone zone
                     JOIN assets_attachment attachment ON attachment.network_id = zone.network_id
                     JOIN sensors_thing thing ON thing.attachment_id = attachment.id
                     JOIN sensors_datastream stream ON stream.thing_id = thing.id
                    WHERE zone.id = NEW.zone_id AND stream.id = NEW.datastream_id
                      AND (stream.observed_property IN ('flow', 'power')) = (NEW.role <> 'storage')
                      AND (stream.observed_property IN ('flow', 'level', 'volume')
                           OR stream.observed_property = 'power'
                              AND EXISTS (SELECT FROM assets_network network WHERE network.id = zone.network_id
                                             AND network.commodity IN ('electricity', 'heat')))) THEN
        RAISE EXCEPTION 'zone_meter_of_network: the datastream is of another network, or of no flow, level or volume'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER zone_meter_of_network BEFORE INSERT ON balances_zonemeter
    FOR EACH ROW EXECUTE FUNCTION balances_check_meter_network();
