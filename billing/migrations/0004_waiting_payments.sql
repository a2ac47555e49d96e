-- A payment that waits is of its account's enterprise and division.
ALTER TABLE billing_waitingpayment ADD CONSTRAINT waiting_payment_account_of_enterprise
    FOREIGN KEY (account_id, enterprise_id, division_id)
    REFERENCES billing_account (id, enterprise_id, division_id) DEFERRABLE INITIALLY DEFERRED;
