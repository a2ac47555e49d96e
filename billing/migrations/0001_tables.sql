-- What Django's models cannot say of the tables of billing.

-- What belongs to a document is written in the same database transaction as the document itself; otherwise a leg
-- or a line could be added to one that was posted long ago. The stamp is the database's own, not the writer's.
ALTER TABLE billing_invoice ADD COLUMN written_by_transaction xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE billing_ledgertransaction ADD COLUMN written_by_transaction xid8 NOT NULL DEFAULT pg_current_xact_id();

-- A ledger transaction is booked on a day of its month.
ALTER TABLE billing_ledgertransaction ADD CONSTRAINT ledger_booked_in_its_month
    CHECK (date_trunc('month', booked_on::timestamp) = month::timestamp);

-- A line's money follows from its own numbers: half up per line, net first, then tax on the net.
ALTER TABLE billing_invoiceline ADD CONSTRAINT invoice_line_explains_itself
    CHECK (net = round(quantity_m3 * price_per_m3, 2) AND vat = round(net * vat_percent / 100, 2));

-- Documents, accounts and subscribers name one enterprise and division throughout.
ALTER TABLE billing_account ADD CONSTRAINT account_of_enterprise UNIQUE (id, enterprise_id, division_id);
ALTER TABLE billing_invoice ADD CONSTRAINT invoice_account_of_enterprise
    FOREIGN KEY (account_id, enterprise_id, division_id)
    REFERENCES billing_account (id, enterprise_id, division_id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE billing_payment ADD CONSTRAINT payment_account_of_enterprise
    FOREIGN KEY (account_id, enterprise_id, division_id)
    REFERENCES billing_account (id, enterprise_id, division_id) DEFERRABLE INITIALLY DEFERRED;
