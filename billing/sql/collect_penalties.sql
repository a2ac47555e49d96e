-- What overdue debts cost, by bill and month, as the lines of bills.
--
-- Inputs: temporary tables penalty_account, penalty_stretch. Outputs: temporary tables charged_line and account_to_price, as
--   bill_differences.sql takes them.
-- Invariants: a month's lines of a debt are what it has cost by the month's end less what it had cost by its beginning, each
--   rounded and capped: lines of all months sum to what one document says. Penalties that a credit note took back
--   (an InvoiceCancellation) are given up: the debt bears none in that month any more.
DROP TABLE IF EXISTS charged_line, account_to_price;

CREATE TEMPORARY TABLE charged_line ON COMMIT DROP AS
WITH monthly AS (
    SELECT stretch.*, month.first_day::date AS month, greatest(first_on, month.first_day::date) AS line_from,
           least(last_to, (month.first_day + interval '1 month')::date) AS line_to
      FROM penalty_stretch stretch
     CROSS JOIN generate_series(date_trunc('month', first_on::timestamp), (last_to - 1)::timestamp, '1 month') AS month (first_day)
), costed AS (
    SELECT monthly.*, earlier + round(base * percent * (line_to - first_on) * 0.01, 2) AS up_to,
           earlier + round(base * percent * (line_from - first_on) * 0.01, 2) AS before
      FROM monthly
)
SELECT penalty_account.account_id, penalty_account.division_id, costed.month, NULL::text AS service_id, 'penalty' AS kind, NULL::bigint AS service_point_id,
       NULL::bigint AS previous_reading_id, NULL::bigint AS current_reading_id, NULL::bigint AS tariff_id,
       NULL::bigint AS vat_rate_id, line_from AS consumption_from, line_to AS consumption_to, NULL::numeric AS quantity,
       false AS is_volume, NULL::numeric AS price, 1::numeric AS coefficient, NULL::numeric AS share_percent,
       NULL::numeric AS vat_percent, false AS vat_included, least(up_to, cap) - least(before, cap) AS net, 0::numeric AS vat,
       jsonb_build_object('bill', debt.number, 'due_on', costed.due_on, 'base', base::text, 'daily_percent', percent::text,
                          'days', line_to - line_from, 'grace_days', grace_days, 'cap_percent', cap_percent::text,
                          'is_capped', up_to >= cap) AS inputs,
       debt.id AS penalized_invoice_id, terms_id AS penalty_terms_id
  FROM costed
  JOIN penalty_account ON penalty_account.account_id = document_no
  JOIN billing_invoice debt ON debt.id = debt_no
 WHERE least(up_to, cap) > least(before, cap)
   AND NOT EXISTS (SELECT FROM billing_invoiceline given_up
                     JOIN billing_invoicecancellation taken_back ON taken_back.credit_note_id = given_up.invoice_id
                    WHERE given_up.penalized_invoice_id = debt.id AND given_up.consumption_month = costed.month AND given_up.is_reversal);
ANALYZE charged_line (account_id, month, service_id);

CREATE TEMPORARY TABLE account_to_price ON COMMIT DROP AS
SELECT account_id, '-infinity'::date AS from_month
  FROM penalty_account
 WHERE account_id IN (SELECT account_id FROM charged_line)
    OR EXISTS (SELECT FROM billing_invoice invoice WHERE invoice.account_id = penalty_account.account_id AND invoice.is_penalty);
ANALYZE account_to_price;
