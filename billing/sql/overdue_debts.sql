-- Debts, payments and terms of penalties of accounts, as billing/pricing/sql/penalty_lines.sql takes them.
--
-- Inputs: enterprise_id, path (of the division whose accounts are asked for), account_id (or null), as_of (the first day that is
--   not counted any more).
-- Outputs: temporary tables penalty_account (account_id, division_id, list_no) and penalty_debt, penalty_rate, penalty_payment;
--   an account is a document, a bill is a debt.
-- Invariants: bills for services are debts, penalties are not: they bear none, and what is paid settles the bills first. A
--   bill owes its own lines (bill_debt of 16_penalties.sql); what it takes back of earlier bills is paid by it on the day of
--   its issue. A bill that was taken back owes what is left of it; a payment that was taken back settles nothing, of one paid back in part the rest settles; a debt
--   that was written off is settled. Terms that were withdrawn never held.
DROP TABLE IF EXISTS penalty_account, penalty_bill, penalty_debt, penalty_rate, penalty_payment;

CREATE TEMPORARY TABLE penalty_account ON COMMIT DROP AS
SELECT account.id AS account_id, account.division_id, division.path AS division_path, subscriber.subscriber_class,
       dense_rank() OVER (ORDER BY account.division_id, subscriber.subscriber_class)::integer AS list_no
  FROM billing_account account
  JOIN billing_subscriber subscriber ON subscriber.id = account.subscriber_id
  JOIN gis_core_division division ON division.id = account.division_id
 WHERE account.enterprise_id = %(enterprise_id)s AND starts_with(division.path, %(path)s)
   AND (%(account_id)s::bigint IS NULL OR account.id = %(account_id)s)
   -- Nothing more is asked of somebody who was erased when all was settled.
   AND NOT (EXISTS (SELECT FROM gis_core_waitingact act
                     WHERE act.kind = 'erase person' AND act.subject = subscriber.uid::text AND act.state = 'confirmed')
            AND NOT EXISTS (SELECT FROM billing_contract contract
                             WHERE contract.account_id = account.id AND coalesce(upper(contract.validity), 'infinity') > %(as_of)s::date)
            AND (SELECT coalesce(sum(amount), 0) FROM billing_ledgerentry entry WHERE entry.account_id = account.id) = 0);
CREATE INDEX ON penalty_account (account_id);
ANALYZE penalty_account;

-- What bills ask for themselves (less what a credit note took back of that), and what they take back of earlier ones: below
-- zero, unless what was taken back is a benefit. A credit note itself is counted with the bill that it takes back.
CREATE TEMPORARY TABLE penalty_bill ON COMMIT DROP AS
WITH corrected AS (
    SELECT invoice.id, sum(line.net + line.vat) AS amount
      FROM penalty_account
      JOIN billing_invoice invoice USING (account_id)
      JOIN billing_invoiceline line ON line.invoice_id = invoice.id AND line.is_reversal
     GROUP BY invoice.id
)
SELECT penalty_account.account_id, list_no, invoice.id AS invoice_id, invoice.issued_on, invoice.due_on,
       invoice.total - coalesce(corrected.amount, 0) + coalesce(note.total, 0) AS own, coalesce(corrected.amount, 0) AS corrected
  FROM penalty_account
  JOIN billing_invoice invoice USING (account_id)
  LEFT JOIN corrected ON corrected.id = invoice.id
  LEFT JOIN billing_invoicecancellation taken_back ON taken_back.invoice_id = invoice.id
  LEFT JOIN billing_invoice note ON note.id = taken_back.credit_note_id
 WHERE NOT invoice.is_penalty
   AND NOT EXISTS (SELECT FROM billing_invoicecancellation cancelling WHERE cancelling.credit_note_id = invoice.id);
ANALYZE penalty_bill;

-- Terms: each until the next of its own level, or until a nearer level takes over.
CREATE TEMPORARY TABLE penalty_rate ON COMMIT DROP AS
WITH wanted AS (
    SELECT DISTINCT list_no, division_path, subscriber_class FROM penalty_account
), candidate AS (
    SELECT list_no, own.id AS terms_id, own.valid_from, own.daily_percent,
           ARRAY[coalesce(length(division.path), 0), length(own.subscriber_class)] AS nearness
      FROM wanted
      JOIN billing_penaltyterms own ON own.enterprise_id = %(enterprise_id)s
                                   AND own.subscriber_class IN ('', wanted.subscriber_class)
                                   AND NOT own.is_withdrawn
      LEFT JOIN gis_core_division division ON division.id = own.division_id
     WHERE own.division_id IS NULL OR starts_with(wanted.division_path, division.path)
), until AS (
    SELECT candidate.*,
           least(lead(valid_from, 1, 'infinity') OVER (PARTITION BY list_no, nearness ORDER BY valid_from),
                 (SELECT min(nearer.valid_from) FROM candidate nearer
                   WHERE nearer.list_no = candidate.list_no AND nearer.nearness > candidate.nearness)) AS valid_to
      FROM candidate
)
SELECT list_no, valid_from AS rate_from, trim_scale(daily_percent) AS percent, terms_id FROM until WHERE valid_from < valid_to;

-- A debt has the grace and the cap of the terms that held when it was due; one from before all terms those of the first.
CREATE TEMPORARY TABLE penalty_debt ON COMMIT DROP AS
WITH held AS (
    SELECT list_no, grace_days, trim_scale(cap_percent) AS cap_percent,
           CASE WHEN row_number() OVER in_order = 1 THEN '-infinity' ELSE rate_from END AS held_from,
           lead(rate_from, 1, 'infinity') OVER in_order AS held_to
      FROM penalty_rate JOIN billing_penaltyterms terms ON terms.id = terms_id
    WINDOW in_order AS (PARTITION BY list_no ORDER BY rate_from)
)
SELECT account_id AS document_no, invoice_id AS debt_no, greatest(own, 0) + greatest(corrected, 0) AS amount, due_on,
       %(as_of)s::date AS as_of, grace_days::integer, cap_percent, list_no
  FROM penalty_bill JOIN held USING (list_no)
 WHERE due_on < %(as_of)s AND due_on >= held_from AND due_on < held_to AND greatest(own, 0) + greatest(corrected, 0) > 0;

CREATE TEMPORARY TABLE penalty_payment ON COMMIT DROP AS
WITH indebted AS (
    SELECT DISTINCT document_no AS account_id FROM penalty_debt
)
SELECT account_id AS document_no, left_of_it.paid, payment.paid_on
  FROM indebted JOIN billing_payment payment USING (account_id)
 CROSS JOIN LATERAL (SELECT payment.amount - coalesce(sum(refund.amount), 0) AS paid FROM billing_cashslip refund
                      WHERE refund.payment_id = payment.id AND refund.kind = 'refund') left_of_it
 WHERE left_of_it.paid > 0 AND NOT EXISTS (SELECT FROM billing_paymentreversal reversal WHERE reversal.payment_id = payment.id)
UNION ALL
SELECT account_id, sheet.amount, sheet.written_off_on FROM indebted JOIN billing_writeoff sheet USING (account_id)
UNION ALL
SELECT account_id, greatest(-own, 0) + greatest(-corrected, 0), issued_on
  FROM indebted JOIN penalty_bill USING (account_id)
 WHERE own < 0 OR corrected < 0;
