-- Penalties on debts by the day: a stretch for each run of days on which what is owed and the rate are the same.
--
-- Inputs: temporary tables penalty_debt (document_no, debt_no, amount, due_on, as_of, grace_days, cap_percent, list_no),
--   penalty_rate (list_no, rate_from, percent, terms_id) and penalty_payment (document_no, paid, paid_on).
-- Output: temporary table penalty_stretch (document_no, debt_no, due_on, first_on, last_to, base, percent, terms_id, the debt's
--   cap, grace_days and cap_percent, and earlier: what the debt's stretches before this one cost, were there no cap).
-- Invariants: payments never settle more than the debts; a stretch begins as it does whatever the day as of which it is
--   asked, so that what a debt costs in a month does not depend on when that is asked.
DROP TABLE IF EXISTS penalty_stretch;
-- Of what is made on the way the planner knows nothing: left alone, it compares each cut of a document with all others. By hash
-- it looks each up by the whole key.
SET LOCAL enable_mergejoin = off;
SET LOCAL enable_nestloop = off;
CREATE TEMPORARY TABLE penalty_stretch ON COMMIT DROP AS
WITH rate AS (
    SELECT *, lead(rate_from, 1, 'infinity') OVER (PARTITION BY list_no ORDER BY rate_from) AS rate_to FROM penalty_rate
), debt AS (
    -- Payments settle the debt due first: it is the part [settled_from, settled_to) of all that is ever paid.
    SELECT *, due_on + grace_days + 1 AS bears_from, round(amount * cap_percent * 0.01, 2) AS cap,
           sum(amount) OVER (PARTITION BY document_no ORDER BY due_on, debt_no) - amount AS settled_from
      FROM penalty_debt
), payment AS (
    SELECT document_no, paid_on, sum(sum(paid)) OVER (PARTITION BY document_no ORDER BY paid_on) AS paid_to
      FROM penalty_payment GROUP BY document_no, paid_on
), piece AS (
    -- Debts and payments laid beside each other from the first on: each piece is of one debt and of the payments of one day, or
    -- of none. So there are as many as both together, not as their product.
    SELECT document_no, min(settled_to) OVER onwards AS settled_to, min(paid_on) OVER onwards AS paid_on
      FROM (SELECT document_no, settled_from + amount AS ends_at, settled_from + amount AS settled_to, NULL::date AS paid_on
              FROM debt WHERE amount > 0
            UNION ALL SELECT document_no, paid_to, NULL, paid_on FROM payment) end_of
    WINDOW onwards AS (PARTITION BY document_no ORDER BY ends_at DESC)
), late AS (
    -- What was left to pay when a debt began to bear: what is paid by then, and when; no day for what nobody paid.
    SELECT debt.*, piece.paid_on
      FROM piece JOIN debt ON debt.document_no = piece.document_no AND debt.settled_from + debt.amount = piece.settled_to AND debt.amount > 0
     WHERE bears_from < as_of AND coalesce(paid_on > bears_from, true)
), cut AS (
    SELECT document_no, debt_no, bears_from AS cut_from FROM late
    UNION
    SELECT document_no, debt_no, paid_on FROM late WHERE paid_on < as_of
    UNION
    SELECT document_no, debt_no, rate_from FROM late JOIN rate USING (list_no) WHERE rate_from > bears_from AND rate_from < as_of
), span AS (
    SELECT debt.*, cut_from, lead(cut_from, 1, as_of) OVER (PARTITION BY document_no, debt_no ORDER BY cut_from) AS cut_to
      FROM cut JOIN debt USING (document_no, debt_no)
), settled AS (
    -- What had been paid by each cut: the cuts and payments of a document in one order, payments of a day before its cuts.
    SELECT document_no, debt_no, cut_from, max(paid_to) OVER (PARTITION BY document_no ORDER BY day, debt_no NULLS FIRST) AS paid_to
      FROM (SELECT document_no, NULL::bigint AS debt_no, NULL::date AS cut_from, paid_on AS day, paid_to FROM payment
            UNION ALL SELECT document_no, debt_no, cut_from, cut_from, NULL FROM span) both_kinds
), owed AS (
    SELECT span.*, rate.percent, rate.terms_id,
           amount - least(greatest(coalesce(settled.paid_to, 0) - settled_from, 0), amount) AS base
      FROM span
      JOIN settled USING (document_no, debt_no, cut_from)
      LEFT JOIN rate ON rate.list_no = span.list_no AND rate_from <= cut_from AND rate_to > cut_from
), compared AS (
    SELECT *, base IS DISTINCT FROM lag(base) OVER same_debt OR percent IS DISTINCT FROM lag(percent) OVER same_debt AS begins
      FROM owed
    WINDOW same_debt AS (PARTITION BY document_no, debt_no ORDER BY cut_from)
), numbered AS (
    SELECT *, count(*) FILTER (WHERE begins) OVER (PARTITION BY document_no, debt_no ORDER BY cut_from) AS stretch_no FROM compared
), stretch AS (
    SELECT document_no, debt_no, due_on, cap, grace_days, cap_percent, (array_agg(base))[1] AS base,
           (array_agg(percent))[1] AS percent, (array_agg(terms_id ORDER BY cut_from))[1] AS terms_id,
           min(cut_from) AS first_on, max(cut_to) AS last_to
      FROM numbered GROUP BY document_no, debt_no, due_on, cap, grace_days, cap_percent, stretch_no
)
SELECT *, coalesce(sum(round(base * percent * (last_to - first_on) * 0.01, 2)) OVER (
               PARTITION BY document_no, debt_no ORDER BY first_on ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS earlier
  FROM stretch WHERE base > 0 AND percent > 0;
SET LOCAL enable_mergejoin TO DEFAULT;
SET LOCAL enable_nestloop TO DEFAULT;
