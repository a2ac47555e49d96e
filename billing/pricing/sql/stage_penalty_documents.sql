-- Debts, payments and rates of documents, as penalty_lines.sql takes them.
--
-- Inputs: arrays of equal length for the documents (document_nos, as_of, grace_days, cap_percents), their rates
--   (rate_document_nos, rates_from, percents), debts (debt_document_nos, debt_nos, amounts, due_on) and payments
--   (payment_document_nos, paid, paid_on).
-- Outputs: the temporary tables that penalty_lines.sql reads.
DROP TABLE IF EXISTS penalty_debt, penalty_rate, penalty_payment;
CREATE TEMPORARY TABLE penalty_debt ON COMMIT DROP AS
SELECT document_no::bigint, debt_no::bigint, amount, due_on, as_of, grace_days, cap_percent, document_no AS list_no
  FROM unnest(%(document_nos)s::integer[], %(as_of)s::date[], %(grace_days)s::integer[], %(cap_percents)s::numeric[])
       AS document (document_no, as_of, grace_days, cap_percent)
  JOIN unnest(%(debt_document_nos)s::integer[], %(debt_nos)s::integer[], %(amounts)s::numeric[], %(due_on)s::date[])
       AS debt (document_no, debt_no, amount, due_on) USING (document_no);
CREATE TEMPORARY TABLE penalty_rate ON COMMIT DROP AS
SELECT *, NULL::bigint AS terms_id
  FROM unnest(%(rate_document_nos)s::integer[], %(rates_from)s::date[], %(percents)s::numeric[])
       AS rate (list_no, rate_from, percent);
CREATE TEMPORARY TABLE penalty_payment ON COMMIT DROP AS
SELECT *
  FROM unnest(%(payment_document_nos)s::bigint[], %(paid)s::numeric[], %(paid_on)s::date[])
       AS payment (document_no, paid, paid_on);
