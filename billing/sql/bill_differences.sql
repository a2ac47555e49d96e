-- The difference between what should be billed and what has been.
--
-- Inputs: temporary table charge_piece, enterprise_id, month. Output: temporary table due_line, the lines to post.
-- Invariant: after posting due_line, the posted lines not reversed are exactly charge_piece; so a second run finds
--   no difference. A piece that is no longer right is reversed by its exact opposite.

DROP TABLE IF EXISTS due_line;
CREATE TEMPORARY TABLE due_line ON COMMIT DROP AS
WITH posted AS (
    SELECT invoice.account_id, invoice.division_id, line.service_point_id, line.previous_reading_id,
           line.current_reading_id, line.tariff_id, line.price_per_m3, line.vat_rate_id, line.vat_percent,
           line.consumption_month, line.consumption_from, line.consumption_to,
           sum(line.quantity_m3) AS quantity_m3
      FROM billing_invoiceline line JOIN billing_invoice invoice ON invoice.id = line.invoice_id
     -- consumption of later months is another run's business, billed or not
     WHERE invoice.enterprise_id = %(enterprise_id)s AND line.consumption_month <= %(month)s
     GROUP BY invoice.account_id, invoice.division_id, line.service_point_id, line.previous_reading_id,
              line.current_reading_id, line.tariff_id, line.price_per_m3, line.vat_rate_id, line.vat_percent,
              line.consumption_month, line.consumption_from, line.consumption_to
    HAVING sum(CASE WHEN line.is_reversal THEN -1 ELSE 1 END) = 1
), difference AS (
    SELECT account_id, division_id, service_point_id, previous_reading_id, current_reading_id, tariff_id,
           price_per_m3, vat_rate_id, vat_percent, consumption_month, consumption_from, consumption_to,
           coalesce(-posted.quantity_m3, piece.quantity_m3)::numeric(13, 3) AS quantity_m3,
           posted.quantity_m3 IS NOT NULL AS is_reversal
      FROM charge_piece piece
      FULL JOIN posted USING (account_id, division_id, service_point_id, previous_reading_id, current_reading_id,
                              tariff_id, price_per_m3, vat_rate_id, vat_percent, consumption_month,
                              consumption_from, consumption_to)
     WHERE piece.quantity_m3 IS NULL OR posted.quantity_m3 IS NULL
), with_net AS (
    SELECT difference.*, round(quantity_m3 * price_per_m3, 2) AS net FROM difference
)
SELECT with_net.*, round(net * vat_percent / 100, 2) AS vat FROM with_net;
ANALYZE due_line;
