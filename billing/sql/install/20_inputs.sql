-- Guards of the inputs of charges, which Django's constraints cannot say.

-- The parts of a tariff: prices are zero or more, limits rise from above zero, names are given and differ; blocks are for
-- services whose quantity is consumed.
CREATE OR REPLACE FUNCTION check_tariff_parts() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE wrong text;
BEGIN
    SELECT CASE
        WHEN EXISTS (SELECT 1 FROM unnest(NEW.part_prices) AS price
                      WHERE price IS NULL OR NOT (price >= 0 AND price < 'Infinity')) THEN 'a price'
        WHEN EXISTS (SELECT 1 FROM (SELECT up_to, lag(up_to, 1, 0.0) OVER (ORDER BY place) AS before
                                      FROM unnest(NEW.block_limits) WITH ORDINALITY AS block (up_to, place)) limits
                      WHERE up_to IS NULL OR NOT (up_to > before AND up_to < 'Infinity')) THEN 'a limit'
        WHEN (SELECT count(*) <> count(DISTINCT name) OR count(*) > count(name) OR bool_or(btrim(name) = '')
                FROM unnest(NEW.part_names) AS name) THEN 'a name'
        WHEN NEW.form = 'blocks' AND EXISTS (SELECT 1 FROM billing_suppliedservice
                                              WHERE code = NEW.service
                                                AND basis NOT IN ('meter', 'norm', 'share', 'of_service')) THEN 'the form'
    END INTO wrong;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'tariff_parts_are_plausible: % is not', wrong USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER tariff_parts_are_plausible BEFORE INSERT OR UPDATE ON billing_tariff
    FOR EACH ROW EXECUTE FUNCTION check_tariff_parts();

-- What is charged once names its day; a share is of a whole month; of other services nothing is given.
CREATE OR REPLACE FUNCTION check_given_quantity() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE found_basis text;
BEGIN
    SELECT basis INTO found_basis FROM billing_suppliedservice WHERE code = NEW.service_id;
    IF (found_basis = 'one_off') <> (NEW.charged_on IS NOT NULL)
       OR found_basis IN ('of_service', 'area', 'residents', 'fixed') THEN
        RAISE EXCEPTION 'given_quantity_fits_its_service: % is by %', NEW.service_id, found_basis
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER given_quantity_fits_its_service BEFORE INSERT OR UPDATE ON billing_givenquantity
    FOR EACH ROW EXECUTE FUNCTION check_given_quantity();

-- A meter needs a service point, and what is charged once needs no contract's service.
CREATE OR REPLACE FUNCTION check_contract_service() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM billing_suppliedservice WHERE code = NEW.service_id AND basis IN ('meter', 'one_off')) THEN
        RAISE EXCEPTION 'contract_service_needs_no_point: % does, or is charged once', NEW.service_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER contract_service_needs_no_point BEFORE INSERT OR UPDATE ON billing_contractservice
    FOR EACH ROW EXECUTE FUNCTION check_contract_service();

-- A service in use keeps its unit and how its quantity comes about; followers follow what has a quantity of its own.
CREATE OR REPLACE FUNCTION check_supplied_service() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.base_id IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM billing_suppliedservice
                        WHERE code = NEW.base_id AND basis IN ('meter', 'norm', 'share')) THEN
        RAISE EXCEPTION 'supplied_service_follows_consumption: % is not', NEW.base_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'UPDATE'
       AND (NEW.code, NEW.unit, NEW.basis, NEW.base_id, NEW.is_water)
           IS DISTINCT FROM (OLD.code, OLD.unit, OLD.basis, OLD.base_id, OLD.is_water)
       AND (EXISTS (SELECT 1 FROM billing_tariff WHERE service = OLD.code)
            OR EXISTS (SELECT 1 FROM billing_suppliedservice WHERE base_id = OLD.code)) THEN
        RAISE EXCEPTION 'supplied_service_stays_what_it_is: % has prices or followers', OLD.code
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER supplied_service_stays_what_it_is BEFORE INSERT OR UPDATE ON billing_suppliedservice
    FOR EACH ROW EXECUTE FUNCTION check_supplied_service();

-- A building's meter is paid for by its flats, not by a contract of its own. While it has flats it stays what it is, since these are
-- charged by it. It stands in its point's division, and its flats there or below: whoever sees the meter sees the whole building.
-- Both guards of a building's point lock the point first: a contract and a building that come at once do not pass each other. The lock
-- leaves what only names the point, as its meters do, alone.
CREATE OR REPLACE FUNCTION check_group_meter() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM billing_servicepoint WHERE id = NEW.service_point_id FOR NO KEY UPDATE;
    IF NOT EXISTS (SELECT FROM billing_servicepoint WHERE id = NEW.service_point_id AND division_id = NEW.division_id) THEN
        RAISE EXCEPTION 'group_meter_fits_its_flats: point % is of another division', NEW.service_point_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF EXISTS (SELECT 1 FROM billing_contractservicepoint WHERE service_point_id = NEW.service_point_id) THEN
        RAISE EXCEPTION 'group_meter_fits_its_flats: a contract has point % already', NEW.service_point_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'UPDATE'
       AND (NEW.enterprise_id, NEW.division_id, NEW.service_id, NEW.service_point_id)
           IS DISTINCT FROM (OLD.enterprise_id, OLD.division_id, OLD.service_id, OLD.service_point_id)
       AND EXISTS (SELECT 1 FROM billing_groupmeterflat WHERE group_meter_id = OLD.id) THEN
        RAISE EXCEPTION 'group_meter_fits_its_flats: % has flats', OLD.name
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER group_meter_fits_its_flats BEFORE INSERT OR UPDATE ON billing_groupmeter
    FOR EACH ROW EXECUTE FUNCTION check_group_meter();

CREATE OR REPLACE FUNCTION check_point_of_group_meter() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM billing_servicepoint WHERE id = NEW.service_point_id FOR NO KEY UPDATE;
    IF EXISTS (SELECT 1 FROM billing_groupmeter WHERE service_point_id = NEW.service_point_id) THEN
        RAISE EXCEPTION 'group_meter_has_no_contract: point % counts for a building', NEW.service_point_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER group_meter_has_no_contract BEFORE INSERT OR UPDATE OF service_point_id ON billing_contractservicepoint
    FOR EACH ROW EXECUTE FUNCTION check_point_of_group_meter();

CREATE OR REPLACE FUNCTION check_group_meter_flat() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- The row is locked, so that the meter does not become another's in the meantime.
    PERFORM FROM billing_groupmeter meter
       JOIN billing_account account ON account.id = NEW.account_id AND account.enterprise_id = meter.enterprise_id
       JOIN gis_core_division of_meter ON of_meter.id = meter.division_id
       JOIN gis_core_division of_account ON of_account.id = account.division_id
                                        AND starts_with(of_account.path, of_meter.path)
      WHERE meter.id = NEW.group_meter_id AND meter.service_id = NEW.service_id
        FOR SHARE OF meter;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'group_meter_flat_fits_its_meter: % is of another enterprise, service or division', NEW.account_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER group_meter_flat_fits_its_meter BEFORE INSERT OR UPDATE ON billing_groupmeterflat
    FOR EACH ROW EXECUTE FUNCTION check_group_meter_flat();
