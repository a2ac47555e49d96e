-- What Django's models cannot say of the inputs of charges.
ALTER TABLE billing_tariff ALTER COLUMN part_names SET DEFAULT '{}', ALTER COLUMN part_prices SET DEFAULT '{}',
    ALTER COLUMN block_limits SET DEFAULT '{}';

INSERT INTO billing_suppliedservice (code, name, unit, basis, position, is_water)
VALUES ('cold_water', 'Cold water', 'm3', 'meter', 10, true);

-- Prices and service points name services of the nomenclature.
ALTER TABLE billing_tariff ADD CONSTRAINT tariff_service_known
    FOREIGN KEY (service) REFERENCES billing_suppliedservice (code) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE billing_servicepoint ADD CONSTRAINT service_point_service_known
    FOREIGN KEY (service) REFERENCES billing_suppliedservice (code) DEFERRABLE INITIALLY DEFERRED;

-- What is charged once has a day of its month.
ALTER TABLE billing_givenquantity ADD CONSTRAINT given_quantity_charged_in_its_month
    CHECK (date_trunc('month', charged_on::timestamp) = month::timestamp);

-- People are counted whole.
ALTER TABLE billing_accountvalue ADD CONSTRAINT account_value_of_whole_residents
    CHECK (kind <> 'residents' OR value = trunc(value));

-- A subsidy's services are of its own account and month.
ALTER TABLE billing_subsidy ADD CONSTRAINT subsidy_of_account UNIQUE (id, account_id, month);
ALTER TABLE billing_subsidyservice ADD CONSTRAINT subsidy_service_of_account
    FOREIGN KEY (subsidy_id, account_id, month) REFERENCES billing_subsidy (id, account_id, month)
    DEFERRABLE INITIALLY DEFERRED;
