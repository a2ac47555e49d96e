-- Walking order of a street: the odd houses up and the even ones down again, flats up.
CREATE OR REPLACE FUNCTION leading_number(written text) RETURNS bigint LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(substring(written FROM '^[0-9]{1,9}')::bigint, 0);
$$;
CREATE OR REPLACE FUNCTION walking_place(house text) RETURNS bigint[] LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT CASE WHEN number % 2 = 0 THEN ARRAY[1, -number] ELSE ARRAY[0, number] END FROM leading_number(house) AS number;
$$;
