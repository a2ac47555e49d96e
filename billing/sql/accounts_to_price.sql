-- Which accounts a run prices, and from which month on: those never priced, the month itself, and what changed since.
--
-- Inputs: enterprise_id, month, path (of the division whose accounts are asked for), account_id (or null), above_number and
--   to_number (of accounts; null is without end), for_all (keys of what was noted for all accounts when the run began).
-- Outputs: temporary tables account_in_scope (every account asked for, with priced_to and whether it is priced now),
--   seen_repricing (what was noted as changed), account_to_price (account_id, from_month).
-- Invariant: what is noted while the run works is not among what was seen, and waits for the next run.
DROP TABLE IF EXISTS account_in_scope, seen_repricing, account_to_price;

CREATE TEMPORARY TABLE account_in_scope ON COMMIT DROP AS
SELECT account.id AS account_id, priced.priced_to
  FROM billing_account account
  JOIN gis_core_division division ON division.id = account.division_id
  LEFT JOIN billing_pricedaccount priced ON priced.account_id = account.id
 WHERE account.enterprise_id = %(enterprise_id)s AND starts_with(division.path, %(path)s)
   AND (%(account_id)s::bigint IS NULL OR account.id = %(account_id)s)
   AND (%(above_number)s::text IS NULL OR account.number > %(above_number)s)
   AND (%(to_number)s::text IS NULL OR account.number <= %(to_number)s);
ANALYZE account_in_scope;

CREATE TEMPORARY TABLE seen_repricing ON COMMIT DROP AS
SELECT noted.id, noted.account_id, noted.from_month
  FROM account_in_scope JOIN billing_repricing noted USING (account_id) WHERE noted.from_month <= %(month)s
UNION ALL
SELECT id, account_id, from_month FROM billing_repricing
 WHERE id IN (SELECT unnest(%(for_all)s::bigint[])) AND account_id IS NULL AND from_month <= %(month)s;
ANALYZE seen_repricing;

CREATE TEMPORARY TABLE account_to_price ON COMMIT DROP AS
WITH changed AS (
    SELECT account_id, min(from_month) AS from_month FROM seen_repricing WHERE account_id IS NOT NULL GROUP BY account_id
), all_changed AS (
    SELECT min(from_month) AS from_month FROM seen_repricing WHERE account_id IS NULL
), wanted AS (
    SELECT account_id,
           least(CASE WHEN priced_to IS NULL THEN '-infinity' ELSE (priced_to + interval '1 month')::date END,
                 changed.from_month, all_changed.from_month) AS from_month
      FROM account_in_scope LEFT JOIN changed USING (account_id) CROSS JOIN all_changed
), books AS (
    -- What was run: a month that a payment or a slip of the pen opened has been billed by nobody, perhaps by another system.
    SELECT least(min(month), %(month)s) AS first_month
      FROM billing_billingrun WHERE enterprise_id = %(enterprise_id)s AND NOT is_trial AND NOT is_penalty
)
-- Nothing is charged before the first contract, nor before the first month that was run unless a meter's first readings count then
-- (the month of the middle of their first part, as billing/pricing/sql/month_parts.sql cuts it).
SELECT account_id, greatest(wanted.from_month, begin.first_month) AS from_month
  FROM wanted
 CROSS JOIN books
 CROSS JOIN LATERAL (
       SELECT CASE WHEN wanted.from_month = %(month)s THEN %(month)s ELSE greatest(
           (SELECT date_trunc('month', min(lower(contract.validity))::timestamp)::date
              FROM billing_contract contract WHERE contract.account_id = wanted.account_id),
           least(books.first_month,
                 (SELECT date_trunc('month', min(first_on + (CASE WHEN last_on - cut_on >= 15 AND last_on - first_on > 30
                                                                  THEN cut_on ELSE last_on END - first_on) / 2)::timestamp)::date
                    FROM billing_contract contract
                    JOIN billing_contractservicepoint link ON link.contract_id = contract.id
                    JOIN billing_meterinstallation installation ON installation.service_point_id = link.service_point_id
                   CROSS JOIN LATERAL (
                         SELECT min(read_on) AS first_on, max(read_on) AS last_on, count(*) AS readings
                           FROM (SELECT read_on FROM billing_reading
                                  WHERE installation_id = installation.id AND state = 'accepted'
                                  ORDER BY read_on LIMIT 2) two) pair
                   CROSS JOIN LATERAL (
                         SELECT (date_trunc('month', (first_on + 14)::timestamp) + interval '1 month')::date AS cut_on) cut
                   WHERE contract.account_id = wanted.account_id AND readings = 2))) END AS first_month) begin
 -- The former leaves out, before anything is looked up, who has been priced for the month: nearly all in a second run.
 WHERE wanted.from_month <= %(month)s AND begin.first_month <= %(month)s;
ANALYZE account_to_price;

DROP TABLE IF EXISTS charged_line, found_exception;
CREATE TEMPORARY TABLE charged_line (
    account_id bigint NOT NULL, division_id bigint NOT NULL, month date NOT NULL, service_id text, kind text NOT NULL,
    service_point_id bigint, previous_reading_id bigint, current_reading_id bigint, tariff_id bigint, vat_rate_id bigint,
    consumption_from date NOT NULL, consumption_to date NOT NULL, quantity numeric, is_volume boolean NOT NULL, price numeric,
    coefficient numeric NOT NULL, share_percent numeric, vat_percent numeric, vat_included boolean NOT NULL,
    net numeric NOT NULL, vat numeric NOT NULL, inputs jsonb NOT NULL, penalized_invoice_id bigint, penalty_terms_id bigint
) ON COMMIT DROP;
CREATE TEMPORARY TABLE found_exception (
    account_id bigint NOT NULL, month date NOT NULL, service_id text NOT NULL, service_point_id bigint, reason text NOT NULL
) ON COMMIT DROP;
