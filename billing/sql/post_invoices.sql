-- Post due_line as invoices with their ledger transactions.
--
-- Inputs: temporary table due_line; enterprise_id, run_id, prefix, month, booked_on, days_to_pay, year, is_penalty, last_number (the
--   counter, locked by the caller). Output: number of invoices, lines, net, VAT.
-- Invariants: one invoice per account, numbered without gaps in the order of account numbers; legs sum to zero, revenue is
-- told by service, penalties have a book of their own, and what benefits and subsidies took off the bill the state owes; a bill is issued at the month's end, or on the day of the last
-- reading that it uses when that was later.

WITH per_account AS (
    SELECT due_line.account_id, due_line.division_id, account.number,
           sum(due_line.net) AS total_net, sum(due_line.vat) AS total_vat,
           coalesce(-sum(due_line.net) FILTER (WHERE kind IN ('benefit', 'subsidy')), 0) AS state_net,
           coalesce(-sum(due_line.vat) FILTER (WHERE kind IN ('benefit', 'subsidy')), 0) AS state_vat,
           greatest(%(booked_on)s::date, max(reading.read_on)) AS issued_on
      FROM due_line JOIN billing_account account ON account.id = due_line.account_id
      LEFT JOIN billing_reading reading ON reading.id = due_line.current_reading_id
     GROUP BY 1, 2, 3
), numbered AS (
    SELECT per_account.*, %(last_number)s + row_number() OVER (ORDER BY number) AS sequence FROM per_account
), invoice AS (
    INSERT INTO billing_invoice (uid, enterprise_id, division_id, account_id, run_id, year, sequence, number, month,
                                 is_penalty, issued_on, due_on, total_net, total_vat, state_net, state_vat)
    SELECT gen_random_uuid(), %(enterprise_id)s, division_id, account_id, %(run_id)s, %(year)s, sequence,
           %(prefix)s || '-' || %(year)s || '-' || lpad(sequence::text, 7, '0'), %(month)s,
           %(is_penalty)s, issued_on, issued_on + %(days_to_pay)s::int, total_net, total_vat, state_net, state_vat
      FROM numbered ORDER BY sequence
    RETURNING id, account_id, division_id, total_net, total_vat, state_net, state_vat
), line AS (
    INSERT INTO billing_invoiceline (invoice_id, service_id, kind, service_point_id, previous_reading_id, current_reading_id,
                                     tariff_id, vat_rate_id, consumption_month, consumption_from, consumption_to, quantity,
                                     is_volume, price, coefficient, share_percent, vat_percent, vat_included, net, vat,
                                     is_reversal, inputs, penalized_invoice_id, penalty_terms_id)
    SELECT invoice.id, due.service_id, due.kind, due.service_point_id, due.previous_reading_id, due.current_reading_id,
           due.tariff_id, due.vat_rate_id, due.month, due.consumption_from, due.consumption_to, due.quantity, due.is_volume,
           due.price, due.coefficient, due.share_percent, due.vat_percent, due.vat_included, due.net, due.vat,
           due.is_reversal, due.inputs, due.penalized_invoice_id, due.penalty_terms_id
      FROM due_line due
      JOIN invoice USING (account_id)
      LEFT JOIN billing_suppliedservice service ON service.code = due.service_id
     ORDER BY invoice.id, due.month, service.position, due.is_reversal DESC, due.consumption_from,
              array_position(ARRAY['benefit', 'quality', 'subsidy'], due.kind) NULLS FIRST, due.inputs ->> 'block_no',
              due.penalized_invoice_id
    RETURNING 1
), head AS (
    INSERT INTO billing_ledgertransaction (uid, enterprise_id, division_id, month, booked_on, invoice_id)
    SELECT gen_random_uuid(), %(enterprise_id)s, division_id, %(month)s, %(booked_on)s, id FROM invoice
    RETURNING id, invoice_id
), books AS (
    -- A bill uses up what was paid ahead; a credit settles what is owed, and the rest of it is paid ahead.
    SELECT invoice.id AS invoice_id, account_id, total - advances AS receivable, advances
      FROM invoice
     CROSS JOIN LATERAL (SELECT total_net + total_vat) AS asked (total)
     CROSS JOIN LATERAL (
         SELECT CASE WHEN total >= 0
                     THEN least(total, (SELECT coalesce(-sum(amount), 0) FROM billing_ledgerentry entry
                                         WHERE entry.account_id = invoice.account_id AND entry.book = 'advances'))
                     ELSE least(0, total + greatest(0, (
                              SELECT coalesce(sum(amount), 0) FROM billing_ledgerentry entry
                               WHERE entry.account_id = invoice.account_id AND entry.book = 'receivable'))) END
     ) AS used (advances)
), revenue AS (
    SELECT account_id, service_id, -sum(net) AS amount
      FROM due_line WHERE kind NOT IN ('benefit', 'subsidy') GROUP BY 1, 2
), leg AS (
    INSERT INTO billing_ledgerentry (transaction_id, division_id, book, account_id, service_id, amount)
    SELECT head.id, invoice.division_id, leg.book, leg.account_id, leg.service_id, leg.amount
      FROM (
          -- One list of all, joined once: asked account by account, each would read all lines for its revenue.
          SELECT invoice_id, 'receivable', account_id, NULL::text, receivable FROM books
          UNION ALL SELECT invoice_id, 'advances', account_id, NULL, advances FROM books WHERE advances <> 0
          UNION ALL SELECT id, 'state', NULL, NULL, state_net + state_vat FROM invoice WHERE state_net + state_vat <> 0
          UNION ALL SELECT invoice.id, CASE WHEN %(is_penalty)s THEN 'penalties' ELSE 'revenue' END, NULL, revenue.service_id,
                           revenue.amount
                      FROM revenue JOIN invoice ON invoice.account_id = revenue.account_id
          UNION ALL SELECT id, 'vat_payable', NULL, NULL, -total_vat - state_vat FROM invoice WHERE NOT %(is_penalty)s
      ) AS leg (invoice_id, book, account_id, service_id, amount)
      JOIN invoice ON invoice.id = leg.invoice_id
      JOIN head ON head.invoice_id = leg.invoice_id
    RETURNING 1
)
SELECT (SELECT count(*) FROM invoice), (SELECT count(*) FROM line),
       (SELECT coalesce(sum(total_net), 0) FROM invoice), (SELECT coalesce(sum(total_vat), 0) FROM invoice),
       (SELECT count(*) FROM leg);
