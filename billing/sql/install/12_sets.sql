-- When invoices and ledger transactions are checked (check_invoice, check_ledger_transaction of 10_guards.sql).
-- A deferred trigger is queued and run for every row, which cost a run of a million accounts more than all it computes. So
-- what a statement added is looked at as a set when it ends, and what is whole by then, as all that a run posts is, is proven
-- with that: nothing of it can change any more but by rows that are added, and these are looked at again. What is not proven
-- (documents made in several statements, of other kinds, or wrong) is noted in billing_uncheckeddocument, each row of which
-- is checked at commit, by the one function that says what is wrong, and deleted then. Deleting a note early does not undo
-- its check: that waits since the row was added.
-- Invariants: no document is committed that was neither proven after the last row added to it, nor checked at commit.

CREATE OR REPLACE FUNCTION check_unchecked_document() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.is_invoice THEN
        PERFORM check_invoice(NEW.document_id);
    ELSE
        PERFORM check_ledger_transaction(NEW.document_id);
    END IF;
    DELETE FROM billing_uncheckeddocument WHERE id = NEW.id;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS document_is_checked ON billing_uncheckeddocument;
CREATE CONSTRAINT TRIGGER document_is_checked AFTER INSERT ON billing_uncheckeddocument
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_unchecked_document();
CREATE OR REPLACE TRIGGER uncheckeddocument_stays BEFORE UPDATE OR TRUNCATE ON billing_uncheckeddocument
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A transaction without legs is not whole; one with legs is looked at where these are added.
CREATE OR REPLACE FUNCTION note_heads_without_legs() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO billing_uncheckeddocument (is_invoice, document_id)
    SELECT false, added.id FROM added
     WHERE NOT EXISTS (SELECT FROM billing_ledgerentry entry WHERE entry.transaction_id = added.id);
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS ledger_transaction_balances ON billing_ledgertransaction;
CREATE TRIGGER ledger_transaction_balances AFTER INSERT ON billing_ledgertransaction
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION note_heads_without_legs();

-- Proven: the transaction of an invoice with all that check_ledger_transaction asks of one.
CREATE OR REPLACE FUNCTION note_unproven_transactions() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO billing_uncheckeddocument (is_invoice, document_id)
    SELECT false, touched.transaction_id
      FROM (SELECT DISTINCT transaction_id FROM added) AS touched
      LEFT JOIN billing_ledgertransaction head ON head.id = touched.transaction_id
      LEFT JOIN billing_invoice invoice ON invoice.id = head.invoice_id
      LEFT JOIN billing_account account ON account.id = invoice.account_id
      LEFT JOIN billing_ledgerentry entry ON entry.transaction_id = touched.transaction_id
     GROUP BY touched.transaction_id, head.id, invoice.id, account.id
    HAVING (count(*) >= 2 AND sum(entry.amount) = 0 AND head.month = invoice.month
            AND account.enterprise_id = head.enterprise_id AND bool_and(entry.division_id = head.division_id)
            AND bool_and(CASE WHEN entry.book IN ('receivable', 'advances') THEN entry.account_id = invoice.account_id
                              WHEN invoice.is_penalty THEN entry.book = 'penalties'
                              ELSE entry.book IN ('revenue', 'state', 'vat_payable') END AND entry.book IS NOT NULL)
            AND coalesce(sum(entry.amount) FILTER (WHERE entry.account_id = invoice.account_id), 0) = invoice.total
            AND coalesce(sum(entry.amount) FILTER (WHERE entry.book IN ('revenue', 'penalties')), 0)
                = -invoice.total_net - invoice.state_net
            AND coalesce(sum(entry.amount) FILTER (WHERE entry.book = 'state'), 0) = invoice.state_net + invoice.state_vat
           ) IS NOT TRUE;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS ledger_leg_keeps_balance ON billing_ledgerentry;
CREATE TRIGGER ledger_leg_keeps_balance AFTER INSERT ON billing_ledgerentry
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION note_unproven_transactions();

-- An invoice without lines, not booked, or with a number ahead of its counter is not whole.
CREATE OR REPLACE FUNCTION note_unfinished_invoices() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO billing_uncheckeddocument (is_invoice, document_id)
    SELECT true, added.id FROM added
     WHERE NOT EXISTS (SELECT FROM billing_invoiceline line WHERE line.invoice_id = added.id)
        OR NOT EXISTS (SELECT FROM billing_ledgertransaction head WHERE head.invoice_id = added.id)
        OR NOT EXISTS (SELECT FROM billing_invoicecounter counter
                        WHERE counter.enterprise_id = added.enterprise_id AND counter.year = added.year
                          AND counter.last_number >= added.sequence);
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS invoice_adds_up ON billing_invoice;
CREATE TRIGGER invoice_adds_up AFTER INSERT ON billing_invoice
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION note_unfinished_invoices();

-- Proven: an invoice whose totals are the sums of its lines.
CREATE OR REPLACE FUNCTION note_unproven_invoices() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO billing_uncheckeddocument (is_invoice, document_id)
    SELECT true, touched.invoice_id
      FROM (SELECT DISTINCT invoice_id FROM added) AS touched
      LEFT JOIN billing_invoice invoice ON invoice.id = touched.invoice_id
      LEFT JOIN billing_invoiceline line ON line.invoice_id = touched.invoice_id
     GROUP BY touched.invoice_id, invoice.id
    HAVING ((sum(line.net), sum(line.vat)) = (invoice.total_net, invoice.total_vat)
            AND coalesce(-sum(line.net) FILTER (WHERE line.kind IN ('benefit', 'subsidy')), 0) = invoice.state_net
            AND coalesce(-sum(line.vat) FILTER (WHERE line.kind IN ('benefit', 'subsidy')), 0) = invoice.state_vat
           ) IS NOT TRUE;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS invoice_line_keeps_sum ON billing_invoiceline;
CREATE TRIGGER invoice_line_keeps_sum AFTER INSERT ON billing_invoiceline
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION note_unproven_invoices();

DROP FUNCTION IF EXISTS check_ledger_transaction_of_row();
DROP FUNCTION IF EXISTS check_invoice_of_row();
