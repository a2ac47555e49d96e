-- The tables that shares of buildings start from, empty; they live until the transaction ends (building_shares.sql).
SET LOCAL client_min_messages = warning;
DROP TABLE IF EXISTS metered_building, building_flat;
CREATE TEMPORARY TABLE metered_building (
    building_no integer PRIMARY KEY,
    quantity numeric NOT NULL -- of the building's meter in the month
) ON COMMIT DROP;
CREATE TEMPORARY TABLE building_flat (
    building_no integer NOT NULL,
    flat_no integer NOT NULL,
    weight numeric NOT NULL,
    metered numeric -- what the flat is charged for by itself
) ON COMMIT DROP;
