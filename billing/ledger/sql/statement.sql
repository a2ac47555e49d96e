-- What happened on an account, document by document, with the balance after each.
-- Inputs: account_id, first_day, last_day (of booking; NULL is without end).
-- Output: booked_on, kind ('invoice', 'payment', 'reversal', 'refund' or 'write_off'), number of the document, the uids of the invoice and of the payment,
--   document_day, reason, amount (positive is charged), balance after it. In the order of booking.
-- Invariant: the last balance is the sum of the account's legs booked by last_day, and the one before the first row that of the
--   legs before first_day.
WITH booked AS (
    SELECT transaction_id, sum(amount) AS amount
      FROM billing_ledgerentry WHERE account_id = %(account_id)s GROUP BY 1
), running AS (
    SELECT head.*, booked.amount, sum(booked.amount) OVER (ORDER BY head.booked_on, head.id) AS balance
      FROM booked JOIN billing_ledgertransaction head ON head.id = booked.transaction_id
)
SELECT running.booked_on,
       CASE WHEN invoice.id IS NOT NULL THEN 'invoice' WHEN reversal.id IS NOT NULL THEN 'reversal'
            WHEN refund.id IS NOT NULL THEN 'refund' WHEN sheet.id IS NOT NULL THEN 'write_off' ELSE 'payment' END AS kind,
       coalesce(invoice.number, sheet.sheet, payment.reference) AS number,
       invoice.uid AS invoice_uid, payment.uid AS payment_uid,
       coalesce(invoice.issued_on, sheet.written_off_on, reversal.reversed_on, refund.made_on, payment.paid_on) AS document_day,
       coalesce(reversal.reason, sheet.reason, refund.reason, '') AS reason, running.amount, running.balance
  FROM running
  LEFT JOIN billing_invoice invoice ON invoice.id = running.invoice_id
  LEFT JOIN billing_paymentreversal reversal ON reversal.id = running.reversal_id
  LEFT JOIN billing_writeoff sheet ON sheet.id = running.write_off_id
  LEFT JOIN billing_cashslip refund ON refund.id = running.refund_id
  LEFT JOIN billing_payment payment ON payment.id = coalesce(running.payment_id, reversal.payment_id, refund.payment_id)
 WHERE running.booked_on >= coalesce(%(first_day)s::date, '-infinity') AND running.booked_on <= coalesce(%(last_day)s::date, 'infinity')
 ORDER BY running.booked_on, running.id
