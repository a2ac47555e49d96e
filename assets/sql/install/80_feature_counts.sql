-- How many rows there are of what is counted for people, by division: counting a million takes longer than showing a page.
-- Invariant: for each part and division the numbers sum up to the rows that a count would find, in every snapshot. Changes
-- are rows of their own, so that nobody waits for anybody; they are put together now and then.

-- One at a time; whoever comes second leaves it. What is put together is seen by others when this transaction ends, as one.
-- (A transaction that keeps its first snapshot could meet rows that another has put together since: it leaves it, too.)
CREATE OR REPLACE FUNCTION merge_feature_counts() RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF current_setting('transaction_isolation') = 'read committed'
       AND pg_try_advisory_xact_lock(7240, 0) THEN  -- AdvisoryLock.FEATURE_COUNTS
        WITH merged AS (DELETE FROM assets_featurecount RETURNING part, facet, division_id, number)
        INSERT INTO assets_featurecount (part, facet, division_id, number)
        SELECT part, facet, division_id, sum(number) FROM merged GROUP BY 1, 2, 3 HAVING sum(number) <> 0;
    END IF;
END $$;

-- The tables that are counted; `facet` is an expression over their rows that tells apart what is counted apart.
DO $do$
DECLARE
    counted record;
    changes CONSTANT text := 'INSERT INTO assets_featurecount (part, facet, division_id, number) '
        'SELECT %1$L, facet, division_id, sum(sign) FROM (%2$s) rows GROUP BY 2, 3 HAVING sum(sign) <> 0';
    arrived text;
    gone text;
BEGIN
    FOR counted IN SELECT * FROM (VALUES
        ('node', '''''::text'), ('pipe', 'CASE WHEN is_connector THEN ''connector'' ELSE ''pipe'' END'),
        ('parcel', '''''::text'), ('building', '''''::text')) AS counted (part, facet)
    LOOP
        arrived := format('SELECT %s AS facet, division_id, 1 AS sign FROM arrived', counted.facet);
        gone := format('SELECT %s AS facet, division_id, -1 AS sign FROM gone', counted.facet);
        EXECUTE format($function$
        CREATE OR REPLACE FUNCTION count_%1$s_features() RETURNS trigger LANGUAGE plpgsql
        SET search_path = pg_catalog, public, pg_temp AS $trigger$
        BEGIN
            IF TG_OP = 'TRUNCATE' THEN
                DELETE FROM assets_featurecount WHERE part = %1$L;
            ELSIF TG_OP = 'INSERT' THEN
                %2$s;
            ELSIF TG_OP = 'DELETE' THEN
                %3$s;
            ELSE
                %4$s;
            END IF;
            IF random() < 0.005 THEN
                PERFORM merge_feature_counts();
            END IF;
            RETURN NULL;
        END $trigger$
        $function$, counted.part, format(changes, counted.part, arrived), format(changes, counted.part, gone),
            format(changes, counted.part, arrived || ' UNION ALL ' || gone));
        EXECUTE format('CREATE OR REPLACE TRIGGER %1$s_counted_new AFTER INSERT ON assets_%1$s REFERENCING NEW TABLE AS '
                       'arrived FOR EACH STATEMENT EXECUTE FUNCTION count_%1$s_features()', counted.part);
        EXECUTE format('CREATE OR REPLACE TRIGGER %1$s_counted_change AFTER UPDATE ON assets_%1$s REFERENCING OLD TABLE AS '
                       'gone NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION count_%1$s_features()', counted.part);
        EXECUTE format('CREATE OR REPLACE TRIGGER %1$s_counted_gone AFTER DELETE ON assets_%1$s REFERENCING OLD TABLE AS '
                       'gone FOR EACH STATEMENT EXECUTE FUNCTION count_%1$s_features()', counted.part);
        EXECUTE format('CREATE OR REPLACE TRIGGER %1$s_counted_empty AFTER TRUNCATE ON assets_%1$s '
                       'FOR EACH STATEMENT EXECUTE FUNCTION count_%1$s_features()', counted.part);
    END LOOP;
END $do$;
