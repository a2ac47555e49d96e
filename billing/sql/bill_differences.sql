-- The difference between what should be billed and what has been.
--
-- Inputs: temporary tables account_to_price, charged_line; month, is_penalty (which bills are compared: those of penalties, or
--   all others). Output: temporary table due_line, the lines to post.
-- Invariants: after posting due_line, the posted lines not reversed of the months priced are exactly charged_line; so a
--   second run finds no difference. A line that is no longer right is reversed by its exact opposite.
--
-- Lines are the same when all that a bill prints of their money is the same; equal lines are counted. A line of a month
-- stands in a bill of that month or a later one, so that earlier bills are not read.
DROP TABLE IF EXISTS posted_line, line_difference, due_line;

CREATE TEMPORARY TABLE posted_line ON COMMIT DROP AS
SELECT invoice.account_id, line.consumption_month AS month, line.service_id, line.kind, line.service_point_id,
       line.consumption_from, line.consumption_to, line.quantity, line.is_volume, line.price, line.coefficient, line.share_percent,
       line.vat_percent, line.vat_included, line.net * sign.of_line AS net, line.vat * sign.of_line AS vat,
       line.quantity * sign.of_line AS signed_quantity, line.penalized_invoice_id, sign.of_line AS copies, line.id AS line_id
  FROM account_to_price priced
  JOIN billing_invoice invoice ON invoice.account_id = priced.account_id AND invoice.month >= priced.from_month
                              AND invoice.is_penalty = %(is_penalty)s
  JOIN billing_invoiceline line ON line.invoice_id = invoice.id
                               AND line.consumption_month BETWEEN priced.from_month AND %(month)s
 CROSS JOIN LATERAL (SELECT CASE WHEN line.is_reversal THEN -1 ELSE 1 END AS of_line) sign;

CREATE TEMPORARY TABLE line_difference ON COMMIT DROP AS
SELECT account_id, month, service_id, kind, service_point_id, consumption_from, consumption_to, quantity, is_volume, price,
       coefficient, share_percent, vat_percent, vat_included, net, vat, penalized_invoice_id, sum(copies) AS copies,
       array_agg(charged_no) FILTER (WHERE charged_no IS NOT NULL) AS charged_nos,
       array_agg(line_id ORDER BY line_id DESC) FILTER (WHERE line_id IS NOT NULL AND copies < 0) AS line_ids
  FROM (SELECT account_id, month, service_id, kind, service_point_id, consumption_from, consumption_to, quantity, is_volume,
               price, coefficient, share_percent, vat_percent, vat_included, net, vat, penalized_invoice_id, 1 AS copies, ctid AS charged_no,
               NULL::bigint AS line_id
          FROM charged_line
        UNION ALL
        SELECT account_id, month, service_id, kind, service_point_id, consumption_from, consumption_to, signed_quantity, is_volume,
               price, coefficient, share_percent, vat_percent, vat_included, net, vat, penalized_invoice_id, -copies, NULL, line_id
          FROM posted_line) both_sides
 GROUP BY account_id, month, service_id, kind, service_point_id, consumption_from, consumption_to, quantity, is_volume, price,
          coefficient, share_percent, vat_percent, vat_included, net, vat, penalized_invoice_id
HAVING sum(copies) <> 0;
ANALYZE line_difference (account_id, copies);

CREATE TEMPORARY TABLE due_line ON COMMIT DROP AS
SELECT charged.*, false AS is_reversal
  FROM line_difference difference
 CROSS JOIN LATERAL unnest(difference.charged_nos[1:difference.copies]) AS copy (charged_no)
  JOIN charged_line charged ON charged.ctid = copy.charged_no
 WHERE difference.copies > 0
UNION ALL
SELECT account.id, account.division_id, line.consumption_month, line.service_id, line.kind, line.service_point_id,
       line.previous_reading_id, line.current_reading_id, line.tariff_id, line.vat_rate_id, line.consumption_from,
       line.consumption_to, -difference.quantity, line.is_volume, line.price, line.coefficient, line.share_percent, line.vat_percent,
       line.vat_included, -difference.net, -difference.vat, line.inputs, line.penalized_invoice_id, line.penalty_terms_id, true
  FROM line_difference difference
 -- Few for each, as the planner believes of an array: it reads these lines alone, and not all that were ever posted.
 CROSS JOIN LATERAL unnest(difference.line_ids[1:-difference.copies]) AS copy (line_id)
  JOIN billing_invoiceline line ON line.id = copy.line_id
  JOIN billing_account account ON account.id = difference.account_id
 WHERE difference.copies < 0;
-- Not what the lines explain, which is most of their size.
ANALYZE due_line (account_id, month, service_id, current_reading_id);
