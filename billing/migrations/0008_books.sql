-- What opens a month again, and the sheets and reversals of the books, are written in the transaction that they justify.
ALTER TABLE billing_monthreopening ADD COLUMN written_by_transaction xid8 NOT NULL DEFAULT pg_current_xact_id();

ALTER TABLE billing_writeoff ADD CONSTRAINT billing_writeoff_amount_finite
    CHECK (amount > '-Infinity'::numeric AND amount < 'Infinity'::numeric);

-- Documents and accounts name one enterprise and division throughout.
ALTER TABLE billing_payment ADD CONSTRAINT payment_of_enterprise UNIQUE (id, enterprise_id, division_id);
ALTER TABLE billing_paymentreversal ADD CONSTRAINT payment_reversal_of_enterprise
    FOREIGN KEY (payment_id, enterprise_id, division_id)
    REFERENCES billing_payment (id, enterprise_id, division_id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE billing_writeoff ADD CONSTRAINT write_off_account_of_enterprise
    FOREIGN KEY (account_id, enterprise_id, division_id)
    REFERENCES billing_account (id, enterprise_id, division_id) DEFERRABLE INITIALLY DEFERRED;
