-- What subscribers owe on a day and how long it has been due, by unit: division of a level, street or account.
-- Inputs: paths (prefixes of the divisions that the viewer may see), parent_path (only accounts below), street_id (NULL:
--   all), account_id (NULL: all), unit ('division', 'street' or 'account'), level (of the division tree), as_of, most (rows at
--   most, the largest overdue first).
-- Output: key (division's code, its code and the street's, or account's uid), name, detail, accounts, balance, not_due,
--   overdue by days past the due day (1 to 30, to 90, to 365, more), paid_ahead, debtors; and how many units there are in all.
-- Invariants: balance = not_due + the four overdue - paid_ahead, of each row and of any sum of rows, and is the sum of the
--   accounts' legs that are booked by that day. Credits settle what was due first; a payment
--   taken back by that day settles nothing and one paid back in part the rest alone, so that a debt does not grow young by it.
WITH leg AS (
    SELECT account.id AS account_id, account.division_id, subscriber.street_id,
           coalesce(booked.amount, 0) AS amount, booked.due_on, booked.id, booked.is_refund
      FROM billing_account account
      JOIN billing_subscriber subscriber ON subscriber.id = account.subscriber_id
      LEFT JOIN (
          SELECT entry.id, entry.account_id, entry.amount, coalesce(invoice.due_on, head.booked_on) AS due_on,
                 head.refund_id IS NOT NULL AS is_refund
            FROM billing_ledgerentry entry
            JOIN billing_ledgertransaction head ON head.id = entry.transaction_id AND head.booked_on <= %(as_of)s
            LEFT JOIN billing_invoice invoice ON invoice.id = head.invoice_id
           WHERE entry.account_id IS NOT NULL AND head.reversal_id IS NULL
             AND NOT EXISTS (SELECT FROM billing_paymentreversal reversal
                               JOIN billing_ledgertransaction back ON back.reversal_id = reversal.id AND back.booked_on <= %(as_of)s
                              WHERE reversal.payment_id = head.payment_id)) booked ON booked.account_id = account.id
     WHERE account.division_id = ANY (ARRAY(
               SELECT division.id FROM gis_core_division division, unnest(%(paths)s::text[]) AS seen (path)
                WHERE starts_with(division.path, seen.path)
                  AND (starts_with(division.path, %(parent_path)s) OR starts_with(%(parent_path)s, division.path))))
       AND (%(street_id)s::bigint IS NULL OR subscriber.street_id = %(street_id)s)
       AND (%(account_id)s::bigint IS NULL OR account.id = %(account_id)s)
), settling AS (
    -- Of each debit what no credit has settled: credits fill the debits from the one that was due first.
    SELECT account_id, division_id, street_id, amount, %(as_of)s::date - due_on AS days_late,
           CASE WHEN amount > 0 AND NOT is_refund
                THEN greatest(0, least(amount, sum(CASE WHEN is_refund THEN 0 ELSE greatest(amount, 0) END) OVER due_first
                                               + sum(CASE WHEN is_refund THEN amount ELSE least(amount, 0) END) OVER of_account))
                ELSE 0 END AS rest
      FROM leg
    WINDOW of_account AS (PARTITION BY account_id), due_first AS (PARTITION BY account_id ORDER BY due_on, id)
), aged AS MATERIALIZED (
    SELECT account_id, division_id, street_id, sum(amount) AS balance,
           coalesce(sum(rest) FILTER (WHERE days_late <= 0), 0) AS not_due,
           coalesce(sum(rest) FILTER (WHERE days_late BETWEEN 1 AND 30), 0) AS to_30,
           coalesce(sum(rest) FILTER (WHERE days_late BETWEEN 31 AND 90), 0) AS to_90,
           coalesce(sum(rest) FILTER (WHERE days_late BETWEEN 91 AND 365), 0) AS to_365,
           coalesce(sum(rest) FILTER (WHERE days_late > 365), 0) AS older,
           greatest(0, -sum(amount)) AS paid_ahead
      FROM settling GROUP BY 1, 2, 3
), spot AS MATERIALIZED (
    -- Where the accounts lie: in the street's division where it lies in the account's (a mahalla of the district).
    SELECT lying.division_id, lying.street_id,
           CASE WHEN starts_with(around.path, own.path) THEN around.path ELSE own.path END AS path
      FROM (SELECT DISTINCT division_id, street_id FROM aged) lying
      JOIN gis_core_division own ON own.id = lying.division_id
      JOIN gis_core_street street ON street.id = lying.street_id
      JOIN gis_core_division around ON around.id = street.division_id
), placed AS MATERIALIZED (
    -- The division of the wanted level, or the lowest one above that level.
    SELECT spot.division_id, spot.street_id,
           (SELECT division.id FROM gis_core_division division
             WHERE starts_with(spot.path, division.path) AND division.level <= %(level)s
             ORDER BY division.level DESC LIMIT 1) AS home_id
      FROM spot WHERE starts_with(spot.path, %(parent_path)s)
), unit AS (
    SELECT CASE %(unit)s WHEN 'division' THEN placed.home_id WHEN 'street' THEN aged.street_id ELSE aged.account_id END AS id,
           count(*) AS accounts, sum(balance) AS balance, sum(not_due) AS not_due, sum(to_30) AS to_30, sum(to_90) AS to_90,
           sum(to_365) AS to_365, sum(older) AS older, sum(paid_ahead) AS paid_ahead,
           count(*) FILTER (WHERE to_30 + to_90 + to_365 + older > 0) AS debtors, count(*) OVER () AS units
      FROM aged JOIN placed USING (division_id, street_id)
     GROUP BY 1
     ORDER BY sum(to_30 + to_90 + to_365 + older) DESC, sum(balance) DESC, 1
     LIMIT %(most)s
)
SELECT coalesce(division.code, around.code || '/' || street.code, account.uid::text) AS key,
       coalesce(division.name, street.name, subscriber.name) AS name,
       CASE %(unit)s WHEN 'division' THEN '' WHEN 'street' THEN around.name
            ELSE account.number || ' · ' || (SELECT at.name FROM gis_core_street at WHERE at.id = subscriber.street_id) || ', '
                 || subscriber.house || CASE WHEN subscriber.flat = '' THEN '' ELSE ', ' || subscriber.flat END END AS detail,
       unit.accounts, unit.balance, unit.not_due, unit.to_30, unit.to_90, unit.to_365, unit.older, unit.paid_ahead,
       unit.debtors, unit.units
  FROM unit
  LEFT JOIN gis_core_division division ON %(unit)s = 'division' AND division.id = unit.id
  LEFT JOIN gis_core_street street ON %(unit)s = 'street' AND street.id = unit.id
  LEFT JOIN gis_core_division around ON around.id = street.division_id
  LEFT JOIN billing_account account ON %(unit)s = 'account' AND account.id = unit.id
  LEFT JOIN billing_subscriber subscriber ON subscriber.id = account.subscriber_id
 ORDER BY unit.to_30 + unit.to_90 + unit.to_365 + unit.older DESC, unit.balance DESC, unit.id;
