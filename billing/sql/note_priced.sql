-- What a run has priced: how far each account is, and which changes still wait.
--
-- Inputs: the temporary tables of accounts_to_price.sql, found_exception; enterprise_id, month, path and account_id (whom the
--   whole run is for), is_last (part of it). No output.
-- Invariants: a change that was seen is gone when all accounts that it is for were priced up to where they had been; an
--   account with an exception stays noted from that month on, and is priced again by the next run. What is noted already
--   is not written again.
DROP TABLE IF EXISTS open_repricing;
CREATE TEMPORARY TABLE open_repricing ON COMMIT DROP AS
SELECT account_id, min(from_month) AS from_month
  FROM (SELECT account_id, month AS from_month FROM found_exception
        UNION ALL
        -- Of months after this one, priced before the change, only a run of them can say.
        SELECT account_id, (%(month)s::date + interval '1 month')::date
          FROM account_in_scope
         WHERE priced_to > %(month)s
           AND account_id IN (SELECT account_id FROM seen_repricing UNION SELECT account_in_scope.account_id
                                FROM account_in_scope JOIN seen_repricing ON seen_repricing.account_id IS NULL)
        UNION ALL
        -- What is for all waits for the accounts that this run was not asked for. Until the last part it stays as it is: a
        -- run that is stopped before prices all again.
        SELECT other.id, seen.from_month
          FROM billing_account other
          JOIN gis_core_division division ON division.id = other.division_id
          JOIN seen_repricing seen ON seen.account_id IS NULL
         WHERE %(is_last)s AND other.enterprise_id = %(enterprise_id)s
           AND NOT (starts_with(division.path, %(path)s) AND other.id = coalesce(%(account_id)s::bigint, other.id))) waiting
 GROUP BY account_id;

DELETE FROM billing_repricing noted
 USING seen_repricing seen
 WHERE noted.id = seen.id
   AND (seen.account_id IS NOT NULL OR %(is_last)s)
   AND NOT EXISTS (SELECT FROM open_repricing still
                    WHERE still.account_id = noted.account_id AND still.from_month = noted.from_month
                      AND noted.id = (SELECT min(same.id) FROM billing_repricing same
                                       WHERE same.account_id = noted.account_id AND same.from_month = noted.from_month));

INSERT INTO billing_repricing (enterprise_id, account_id, from_month)
SELECT %(enterprise_id)s, still.account_id, still.from_month
  FROM open_repricing still
 WHERE NOT EXISTS (SELECT FROM billing_repricing noted
                    WHERE noted.account_id = still.account_id AND noted.from_month = still.from_month);

INSERT INTO billing_pricedaccount (account_id, priced_to)
SELECT account_id, %(month)s FROM account_in_scope WHERE priced_to IS NULL OR priced_to < %(month)s
    ON CONFLICT (account_id) DO UPDATE SET priced_to = excluded.priced_to;
