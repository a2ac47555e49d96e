-- Book payments of one enterprise and channel: the payments, their transactions and their legs.
--
-- Inputs: enterprise_id, channel, book (where the money lies; what a provider collected names its channel), entered_by_id
--   (who typed it in, or null), and arrays of one length: account_ids, references, amounts, paid_on, booked_on. The accounts
--   are locked by the caller, and none of the references is known.
-- Output: id of each new payment, in order; a reference that another transaction has booked since is left out.
-- Invariants: a payment settles what its account owes, in the order given; what is left over is paid ahead. It takes nothing
--   out of what was paid ahead before: only bills do.
WITH wanted AS (
    SELECT asked.*, account.division_id
      FROM unnest(%(account_ids)s::bigint[], %(references)s::text[], %(amounts)s::numeric[], %(paid_on)s::date[],
                  %(booked_on)s::date[]) WITH ORDINALITY AS asked (account_id, reference, amount, paid_on, booked_on, place)
      JOIN billing_account account ON account.id = asked.account_id
), payment AS (
    INSERT INTO billing_payment (uid, enterprise_id, division_id, account_id, channel, reference, paid_on, amount,
                                 entered_by_id)
    SELECT gen_random_uuid(), %(enterprise_id)s, division_id, account_id, %(channel)s, reference, paid_on, amount,
           %(entered_by_id)s::bigint
      FROM wanted ORDER BY place
    ON CONFLICT (enterprise_id, channel, reference) DO NOTHING
    RETURNING id, reference
), booked AS (
    SELECT payment.id, wanted.*,
           sum(amount) OVER (PARTITION BY account_id ORDER BY place) - amount AS paid_before
      FROM wanted JOIN payment USING (reference)
), owed AS (
    SELECT entry.account_id, greatest(sum(entry.amount), 0) AS amount
      FROM billing_ledgerentry entry
     WHERE entry.book = 'receivable' AND entry.account_id = ANY (%(account_ids)s::bigint[])
     GROUP BY 1
), head AS (
    INSERT INTO billing_ledgertransaction (uid, enterprise_id, division_id, month, booked_on, payment_id)
    SELECT gen_random_uuid(), %(enterprise_id)s, division_id, date_trunc('month', booked_on::timestamp)::date, booked_on, id
      FROM booked ORDER BY place
    RETURNING id, payment_id
), settled AS (
    SELECT head.id AS head_id, booked.*, least(booked.amount, greatest(coalesce(owed.amount, 0) - paid_before, 0)) AS due
      FROM booked JOIN head ON head.payment_id = booked.id LEFT JOIN owed USING (account_id)
), leg AS (
    INSERT INTO billing_ledgerentry (transaction_id, division_id, book, channel, account_id, amount)
    SELECT head_id, division_id, leg.book, CASE leg.book WHEN 'clearing' THEN %(channel)s END, leg.account_id, leg.amount
      FROM settled
     CROSS JOIN LATERAL (VALUES (%(book)s, NULL::bigint, settled.amount),
                                ('receivable', settled.account_id, -due),
                                ('advances', settled.account_id, due - settled.amount)) AS leg (book, account_id, amount)
     WHERE leg.amount <> 0
     ORDER BY place, leg.book
)
SELECT id FROM booked ORDER BY place
