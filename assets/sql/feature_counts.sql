-- How many rows there are of what is counted for people, by division: counting a million takes longer than showing a page.
-- Invariant: for each part and division the numbers sum up to the rows that a count would find, in every snapshot. Changes
-- are rows of their own, so that nobody waits for anybody; they are put together now and then.

CREATE TABLE assets_featurecount (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    part text NOT NULL, facet text NOT NULL, division_id bigint NOT NULL, number bigint NOT NULL
);
CREATE INDEX feature_count_by_part ON assets_featurecount (part, facet, division_id) INCLUDE (number);

-- One at a time; whoever comes second leaves it. What is put together is seen by others when this transaction ends, as one.
-- (A transaction that keeps its first snapshot could meet rows that another has put together since: it leaves it, too.)
CREATE FUNCTION merge_feature_counts() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_isolation') = 'read committed'
       AND pg_try_advisory_xact_lock(hashtext('merge feature counts')) THEN
        WITH merged AS (DELETE FROM assets_featurecount RETURNING part, facet, division_id, number)
        INSERT INTO assets_featurecount (part, facet, division_id, number)
        SELECT part, facet, division_id, sum(number) FROM merged GROUP BY 1, 2, 3 HAVING sum(number) <> 0;
    END IF;
END $$;

-- Count a table from now on; `facet` is an expression over its rows that tells apart what is counted apart.
CREATE FUNCTION count_features_of(part text, facet text) RETURNS void LANGUAGE plpgsql AS $body$
DECLARE
    changes CONSTANT text := 'INSERT INTO assets_featurecount (part, facet, division_id, number) '
        'SELECT %1$L, facet, division_id, sum(sign) FROM (%2$s) rows GROUP BY 2, 3 HAVING sum(sign) <> 0';
    arrived CONSTANT text := format('SELECT %s AS facet, division_id, 1 AS sign FROM arrived', facet);
    gone CONSTANT text := format('SELECT %s AS facet, division_id, -1 AS sign FROM gone', facet);
BEGIN
    EXECUTE format($function$
        CREATE FUNCTION count_%1$s_features() RETURNS trigger LANGUAGE plpgsql AS $trigger$
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
        $function$, part, format(changes, part, arrived), format(changes, part, gone),
        format(changes, part, arrived || ' UNION ALL ' || gone));
    EXECUTE format('CREATE TRIGGER %1$s_counted_new AFTER INSERT ON assets_%1$s REFERENCING NEW TABLE AS arrived '
                   'FOR EACH STATEMENT EXECUTE FUNCTION count_%1$s_features()', part);
    EXECUTE format('CREATE TRIGGER %1$s_counted_change AFTER UPDATE ON assets_%1$s REFERENCING OLD TABLE AS gone '
                   'NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION count_%1$s_features()', part);
    EXECUTE format('CREATE TRIGGER %1$s_counted_gone AFTER DELETE ON assets_%1$s REFERENCING OLD TABLE AS gone '
                   'FOR EACH STATEMENT EXECUTE FUNCTION count_%1$s_features()', part);
    EXECUTE format('CREATE TRIGGER %1$s_counted_empty AFTER TRUNCATE ON assets_%1$s '
                   'FOR EACH STATEMENT EXECUTE FUNCTION count_%1$s_features()', part);
    EXECUTE format('INSERT INTO assets_featurecount (part, facet, division_id, number) '
                   'SELECT %1$L, %2$s, division_id, count(*) FROM assets_%1$s GROUP BY 2, 3', part, facet);
END $body$;
SELECT count_features_of('node', '''''::text');
SELECT count_features_of('pipe', 'CASE WHEN is_connector THEN ''connector'' ELSE ''pipe'' END');
SELECT count_features_of('parcel', '''''::text');
SELECT count_features_of('building', '''''::text');
