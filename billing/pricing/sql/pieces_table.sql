-- The pieces that `cut_stretches.sql` adds to, in two passes: services of their own, then those that follow another.
--
-- A piece is days on which all values that its line uses are the same. lacks: what it cannot be priced without.
DROP TABLE IF EXISTS pricing_piece;
CREATE TEMPORARY TABLE pricing_piece (
    piece_no bigint GENERATED ALWAYS AS IDENTITY,
    case_no integer NOT NULL,
    service_no integer NOT NULL,
    chain_no bigint NOT NULL,
    register text NOT NULL,
    kind text NOT NULL,
    rule text NOT NULL,
    piece_from date NOT NULL,
    piece_to date NOT NULL,
    days integer NOT NULL,
    quantity numeric NOT NULL,
    shared_quantity numeric, -- of_service: before its coefficient
    coefficient numeric NOT NULL, -- as in force
    money_coefficient numeric NOT NULL, -- 1 where the coefficient was applied to the quantity
    tariff_from date,
    limits numeric[],
    prices numeric[],
    component_names text[],
    component_prices numeric[],
    per_resident boolean,
    vat_included boolean,
    vat_percent numeric,
    registered numeric,
    absent numeric,
    norm numeric,
    area numeric,
    benefit_shares numeric[], -- highest first; null where no benefit is in force
    benefit_residents integer[],
    lacks text[] NOT NULL,
    pair_nos bigint[],
    history_quantity numeric,
    history_days integer
) ON COMMIT DROP;
