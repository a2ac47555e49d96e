-- Guards of controllers' remarks: of days on which the meter hung, shown to its point's division, and never rewritten.
CREATE OR REPLACE FUNCTION check_meter_remark() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM billing_meterinstallation installation
          JOIN billing_servicepoint point ON point.id = installation.service_point_id
         WHERE installation.id = NEW.installation_id AND point.division_id = NEW.division_id
           AND NEW.noted_on >= lower(installation.validity)
           AND (upper_inf(installation.validity) OR NEW.noted_on <= upper(installation.validity))
    ) THEN
        RAISE EXCEPTION 'meter_remark_while_installed: % lies outside the days of the installation, or its point in another division', NEW.noted_on
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER meter_remark_while_installed BEFORE INSERT ON billing_meterremark
    FOR EACH ROW EXECUTE FUNCTION check_meter_remark();
CREATE OR REPLACE TRIGGER meterremark_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_meterremark
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
