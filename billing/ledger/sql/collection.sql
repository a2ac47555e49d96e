-- What was billed for each month and what was paid in it, by unit: division of a level, street or account.
-- Inputs: paths (prefixes of the divisions that the viewer may see), parent_path (only accounts below), street_id (NULL:
--   all), unit ('all', 'division', 'street' or 'account'), level (of the division tree), first_month, last_month, most (rows at
--   most: of each month those first that paid the least of their bills).
-- Output: key (NULL of 'all', else division's code, its code and the street's, or account's uid), name, month, billed, paid; and how many rows
--   there are in all.
-- Invariants: billed is the sum of the bills booked in the month, paid that of the payments of its days without those taken
--   or paid back; both add up to the same at every level.
WITH seen AS MATERIALIZED (
    SELECT division.id FROM gis_core_division division, unnest(%(paths)s::text[]) AS seen (path)
     WHERE starts_with(division.path, seen.path)
       AND (starts_with(division.path, %(parent_path)s) OR starts_with(%(parent_path)s, division.path))
), moved AS (
    SELECT account_id, month, total AS billed, 0 AS paid FROM billing_invoice
     WHERE month BETWEEN %(first_month)s AND %(last_month)s AND division_id IN (SELECT id FROM seen)
    UNION ALL
    SELECT payment.account_id, date_trunc('month', payment.paid_on::timestamp)::date, 0,
           payment.amount - coalesce((SELECT sum(amount) FROM billing_cashslip WHERE payment_id = payment.id AND kind = 'refund'), 0)
      FROM billing_payment payment
     WHERE payment.paid_on >= %(first_month)s AND payment.paid_on < %(last_month)s::date + interval '1 month'
       AND payment.division_id IN (SELECT id FROM seen)
       AND NOT EXISTS (SELECT FROM billing_paymentreversal WHERE payment_id = payment.id)
), summed AS MATERIALIZED (
    SELECT account.division_id, subscriber.street_id, CASE %(unit)s WHEN 'account' THEN account.id END AS account_id, month,
           sum(billed) AS billed, sum(paid) AS paid
      FROM moved JOIN billing_account account ON account.id = moved.account_id
      JOIN billing_subscriber subscriber ON subscriber.id = account.subscriber_id
     WHERE %(street_id)s::bigint IS NULL OR subscriber.street_id = %(street_id)s
     GROUP BY 1, 2, 3, 4
), spot AS (
    -- Where the accounts lie: in the street's division where it lies in the account's (a mahalla of the district).
    SELECT lying.division_id, lying.street_id,
           CASE WHEN starts_with(around.path, own.path) THEN around.path ELSE own.path END AS path
      FROM (SELECT DISTINCT division_id, street_id FROM summed) lying
      JOIN gis_core_division own ON own.id = lying.division_id
      JOIN gis_core_street street ON street.id = lying.street_id
      JOIN gis_core_division around ON around.id = street.division_id
), placed AS (
    SELECT spot.division_id, spot.street_id,
           (SELECT division.id FROM gis_core_division division
             WHERE starts_with(spot.path, division.path) AND division.level <= %(level)s
             ORDER BY division.level DESC LIMIT 1) AS home_id
      FROM spot WHERE starts_with(spot.path, %(parent_path)s)
), unit AS (
    SELECT CASE %(unit)s WHEN 'all' THEN NULL WHEN 'division' THEN home_id WHEN 'street' THEN street_id ELSE account_id END AS id,
           month, sum(billed) AS billed, sum(paid) AS paid, count(*) OVER () AS units
      FROM summed JOIN placed USING (division_id, street_id) GROUP BY 1, 2
     ORDER BY month, CASE WHEN sum(billed) > 0 THEN sum(paid) / sum(billed) END NULLS LAST, sum(billed) DESC, 1
     LIMIT %(most)s
)
SELECT coalesce(division.code, around.code || '/' || street.code, account.uid::text) AS key,
       coalesce(division.name, street.name, subscriber.name, '') AS name, unit.month, unit.billed, unit.paid, unit.units
  FROM unit
  LEFT JOIN gis_core_division division ON %(unit)s = 'division' AND division.id = unit.id
  LEFT JOIN gis_core_street street ON %(unit)s = 'street' AND street.id = unit.id
  LEFT JOIN gis_core_division around ON around.id = street.division_id
  LEFT JOIN billing_account account ON %(unit)s = 'account' AND account.id = unit.id
  LEFT JOIN billing_subscriber subscriber ON subscriber.id = account.subscriber_id
 ORDER BY unit.month, unit.billed DESC, key
