-- Penalties on debts by the day: a line for each stretch of days on which what is owed and the rate are the same.
--
-- Inputs: arrays of equal length for the documents (document_nos, as_of, grace_days, cap_percents), their rates
--   (rate_document_nos, rates_from, percents), debts (debt_document_nos, debt_nos, amounts, due_on) and payments
--   (payment_document_nos, paid, paid_on).
-- Output: document_no, due_on, first and last day after, days, base, daily percent, amount; in the order of the answer.
-- Invariant: the lines of a debt sum to at most its cap; payments never settle more than the debts.
WITH document AS (
    SELECT * FROM unnest(%(document_nos)s::integer[], %(as_of)s::date[], %(grace_days)s::integer[], %(cap_percents)s::numeric[])
                  AS given (document_no, as_of, grace_days, cap_percent)
), rate AS (
    SELECT *, lead(rate_from, 1, 'infinity') OVER (PARTITION BY document_no ORDER BY rate_from) AS rate_to
      FROM unnest(%(rate_document_nos)s::integer[], %(rates_from)s::date[], %(percents)s::numeric[])
           AS given (document_no, rate_from, percent)
), debt AS (
    -- Payments settle the debt due first: it is the part [settled_from, settled_to) of all that is ever paid.
    SELECT document_no, debt_no, amount, due_on, due_on + grace_days + 1 AS bears_from, as_of,
           round(amount * cap_percent * 0.01, 2) AS cap,
           sum(amount) OVER (PARTITION BY document_no ORDER BY due_on, debt_no) - amount AS settled_from
      FROM unnest(%(debt_document_nos)s::integer[], %(debt_nos)s::integer[], %(amounts)s::numeric[], %(due_on)s::date[])
           AS given (document_no, debt_no, amount, due_on)
      JOIN document USING (document_no)
), payment AS (
    SELECT document_no, paid_on, sum(sum(paid)) OVER (PARTITION BY document_no ORDER BY paid_on) AS paid_to
      FROM unnest(%(payment_document_nos)s::integer[], %(paid)s::numeric[], %(paid_on)s::date[])
           AS given (document_no, paid, paid_on)
     GROUP BY document_no, paid_on
), cut AS (
    SELECT document_no, debt_no, bears_from AS cut_from FROM debt WHERE bears_from < as_of
    UNION
    SELECT document_no, debt_no, paid_on FROM debt JOIN payment USING (document_no) WHERE paid_on > bears_from AND paid_on < as_of
    UNION
    SELECT document_no, debt_no, rate_from FROM debt JOIN rate USING (document_no) WHERE rate_from > bears_from AND rate_from < as_of
), span AS (
    SELECT debt.*, cut_from, lead(cut_from, 1, as_of) OVER (PARTITION BY document_no, debt_no ORDER BY cut_from) AS cut_to
      FROM cut JOIN debt USING (document_no, debt_no)
), owed AS (
    SELECT span.*, rate.percent,
           amount - least(greatest(coalesce(settled.paid_to, 0) - settled_from, 0), amount) AS base
      FROM span
      LEFT JOIN rate ON rate.document_no = span.document_no AND rate_from <= cut_from AND rate_to > cut_from
      LEFT JOIN LATERAL (SELECT max(paid_to) AS paid_to FROM payment
                          WHERE payment.document_no = span.document_no AND paid_on <= cut_from) settled ON true
), compared AS (
    SELECT *, base IS DISTINCT FROM lag(base) OVER same_debt OR percent IS DISTINCT FROM lag(percent) OVER same_debt AS begins
      FROM owed
    WINDOW same_debt AS (PARTITION BY document_no, debt_no ORDER BY cut_from)
), numbered AS (
    SELECT *, count(*) FILTER (WHERE begins) OVER (PARTITION BY document_no, debt_no ORDER BY cut_from) AS stretch_no FROM compared
), stretch AS (
    SELECT document_no, debt_no, due_on, cap, (array_agg(base))[1] AS base, (array_agg(percent))[1] AS percent,
           min(cut_from) AS first_on, max(cut_to) AS last_to
      FROM numbered GROUP BY document_no, debt_no, due_on, cap, stretch_no
), reached AS (
    SELECT *, round(base * percent * (last_to - first_on) * 0.01, 2) AS uncapped,
           sum(round(base * percent * (last_to - first_on) * 0.01, 2))
               OVER (PARTITION BY document_no, debt_no ORDER BY first_on) AS uncapped_to
      FROM stretch WHERE base > 0 AND percent > 0
)
SELECT document_no, due_on, first_on, last_to, last_to - first_on, base, percent,
       least(uncapped_to, cap) - least(uncapped_to - uncapped, cap) AS charged
  FROM reached
 WHERE least(uncapped_to, cap) > least(uncapped_to - uncapped, cap)
 ORDER BY document_no, due_on, debt_no, first_on;
