-- What takes a bill back: the opposite of each of its charges that still stands.
--
-- Inputs: invoice_id, account_id. Output: temporary table due_line, the lines to post, as bill_differences.sql makes it.
-- Invariant: a charge that a later bill has taken back already is not taken back again; of equal charges as many are as
--   still stand. Corrections of earlier bills in it stay: they are not its own charges.
DROP TABLE IF EXISTS due_line;
CREATE TEMPORARY TABLE due_line ON COMMIT DROP AS
WITH line_of_account AS (
    SELECT line.*, invoice.division_id, invoice.account_id, sign.of_line,
           ROW (line.consumption_month, line.service_id, line.kind, line.service_point_id, line.consumption_from, line.consumption_to,
                line.quantity * sign.of_line, line.is_volume, line.price, line.coefficient, line.share_percent, line.vat_percent,
                line.vat_included, line.net * sign.of_line, line.vat * sign.of_line, line.penalized_invoice_id)::text AS charge
      FROM billing_invoice invoice
      JOIN billing_invoiceline line ON line.invoice_id = invoice.id
     CROSS JOIN LATERAL (SELECT CASE WHEN line.is_reversal THEN -1 ELSE 1 END AS of_line) sign
     WHERE invoice.account_id = %(account_id)s
), standing AS (
    SELECT charge, sum(of_line) AS copies FROM line_of_account GROUP BY 1
), own AS (
    SELECT line_of_account.*, row_number() OVER (PARTITION BY charge ORDER BY id) AS copy_no
      FROM line_of_account WHERE invoice_id = %(invoice_id)s AND NOT is_reversal
)
SELECT own.account_id, own.division_id, own.consumption_month AS month, own.service_id, own.kind, own.service_point_id,
       own.previous_reading_id, own.current_reading_id, own.tariff_id, own.vat_rate_id, own.consumption_from, own.consumption_to,
       -own.quantity AS quantity, own.is_volume, own.price, own.coefficient, own.share_percent, own.vat_percent,
       own.vat_included, -own.net AS net, -own.vat AS vat, own.inputs, own.penalized_invoice_id,
       own.penalty_terms_id, true AS is_reversal
  FROM own JOIN standing USING (charge)
 WHERE own.copy_no <= standing.copies;
