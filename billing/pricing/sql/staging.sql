-- The tables that the pricing of many cases at once starts from; they live until the transaction ends.
--
-- A case is one account in one month. Whoever prices fills these tables, from a document or from the registers, in any
-- order of rows, and then runs the steps in the order of billing/pricing/selectors/engine.py:STEPS.
-- Days: [from, to), 'infinity' for ever. Numbers are exact, as listed; nothing here is rounded.
-- A list of dated values is named by its list_no, which cases and services may share; values and tariffs number their
-- lists together. The versions of a list do not overlap.
SET LOCAL client_min_messages = warning;
-- Compiling a plan would take longer than what it does.
SET LOCAL jit = off;
DROP TABLE IF EXISTS pricing_case, pricing_service, pricing_value, pricing_tariff, pricing_installation, pricing_reading,
    pricing_benefit, pricing_absence, pricing_quality_act, pricing_subsidy;

CREATE TEMPORARY TABLE pricing_case (
    case_no integer PRIMARY KEY,
    month date NOT NULL,
    month_end date NOT NULL, -- the first day of the next month
    residents_list integer, -- registered residents
    area_list integer, -- m2
    absence_minimum_days integer NOT NULL,
    average_months integer NOT NULL,
    average_at_most_months integer NOT NULL
) ON COMMIT DROP;

CREATE TEMPORARY TABLE pricing_service (
    case_no integer NOT NULL,
    service_no integer NOT NULL, -- its place in the answer
    basis text NOT NULL,
    contract_from date NOT NULL, -- the days on which the contract has it
    contract_to date NOT NULL,
    tariff_list integer,
    vat_list integer, -- percent
    coefficient_list integer, -- 1 before its first day
    norm_list integer, -- litres (or other thousandths of the unit) per resident and day
    base_service_no integer, -- of_service: whose pieces it follows
    given_on date, -- one_off
    given_quantity numeric, -- one_off; share: of the month
    PRIMARY KEY (case_no, service_no)
) ON COMMIT DROP;

CREATE TEMPORARY TABLE pricing_value (
    list_no integer NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL,
    value numeric NOT NULL
) ON COMMIT DROP;

-- A version has a row for each register that it names, or one row with register '' for whatever register.
-- A plain price is one block without a limit. The limits rise; the last is null.
CREATE TEMPORARY TABLE pricing_tariff (
    list_no integer NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL,
    register text NOT NULL,
    limits numeric[] NOT NULL,
    prices numeric[] NOT NULL,
    component_names text[] NOT NULL,
    component_prices numeric[] NOT NULL,
    per_resident boolean NOT NULL,
    vat_included boolean NOT NULL
) ON COMMIT DROP;

-- One meter, or one register of it. register is '' for meters that name none.
CREATE TEMPORARY TABLE pricing_installation (
    installation_no integer PRIMARY KEY, -- in the order given
    case_no integer NOT NULL,
    service_no integer NOT NULL,
    register text NOT NULL,
    installed_from date NOT NULL,
    installed_to date NOT NULL,
    capacity numeric NOT NULL, -- 10 ^ digits
    multiplier numeric NOT NULL,
    factor_list integer -- 1 before its first day
) ON COMMIT DROP;

CREATE TEMPORARY TABLE pricing_reading (
    installation_no integer NOT NULL,
    read_on date NOT NULL,
    index_value numeric NOT NULL
) ON COMMIT DROP;

-- A row for each service that a benefit lists.
CREATE TEMPORARY TABLE pricing_benefit (
    case_no integer NOT NULL,
    service_no integer NOT NULL,
    benefit_no integer NOT NULL, -- in the order given
    valid_from date NOT NULL,
    valid_to date NOT NULL,
    residents integer NOT NULL,
    share_percent numeric NOT NULL
) ON COMMIT DROP;

CREATE TEMPORARY TABLE pricing_absence (
    case_no integer NOT NULL,
    absent_from date NOT NULL,
    absent_to date NOT NULL,
    residents integer NOT NULL
) ON COMMIT DROP;

CREATE TEMPORARY TABLE pricing_quality_act (
    case_no integer NOT NULL,
    service_no integer NOT NULL,
    act_no integer NOT NULL, -- in the order given
    poor_from date NOT NULL,
    poor_to date NOT NULL,
    percent numeric NOT NULL
) ON COMMIT DROP;

-- Those of the month only, a row for each service that a subsidy lists.
CREATE TEMPORARY TABLE pricing_subsidy (
    case_no integer NOT NULL,
    service_no integer NOT NULL,
    subsidy_no integer NOT NULL, -- in the order given
    amount numeric NOT NULL
) ON COMMIT DROP;
