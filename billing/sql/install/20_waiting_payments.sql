-- What somebody entered by hand, or brought as a registry, somebody else takes back, but for receipts that their cashier
-- cancels in the shift in which he made them. Payments of providers and of a bank's statements were entered by nobody; of
-- registries brought before it was written down, nobody knows.
CREATE OR REPLACE FUNCTION check_who_takes_back() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM billing_payment
                WHERE id = NEW.payment_id AND entered_by_id IS NOT NULL
                  AND (NEW.reversed_by_id IS NULL
                       OR NEW.reversed_by_id = entered_by_id
                          AND NOT EXISTS (SELECT FROM billing_cashslip slip
                                            JOIN billing_cashshift shift ON shift.id = slip.shift_id
                                           WHERE slip.payment_id = NEW.payment_id AND slip.kind = 'receipt'
                                             AND shift.cashier_id = NEW.reversed_by_id AND shift.closed_at IS NULL))) THEN
        RAISE EXCEPTION 'payment_is_taken_back_by_another: % was entered by hand', NEW.payment_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    -- Also what was in the suspense first.
    IF EXISTS (SELECT 1 FROM billing_bankfilerow brought
                WHERE brought.id IN (SELECT id FROM billing_bankfilerow WHERE payment_id = NEW.payment_id AND state = 'posted'
                                     UNION ALL SELECT held.id FROM billing_suspenseitem item
                                       JOIN billing_bankfilerow held ON held.suspense_id = item.id WHERE item.payment_id = NEW.payment_id)
                  AND brought.file_format = 'registry' AND brought.taken_by_id IS NOT NULL
                  AND (NEW.reversed_by_id IS NULL OR NEW.reversed_by_id = brought.taken_by_id)) THEN
        RAISE EXCEPTION 'payment_is_taken_back_by_another: % came by a registry', NEW.payment_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER payment_is_taken_back_by_another BEFORE INSERT ON billing_paymentreversal
    FOR EACH ROW EXECUTE FUNCTION check_who_takes_back();

-- A debt is given up by two people; of what was given up before there were two, nobody knows.
CREATE OR REPLACE FUNCTION check_who_gives_up() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.proposed_by_id IS NULL OR NEW.confirmed_by_id IS NULL THEN
        RAISE EXCEPTION 'write_off_names_two_people: sheet % does not', NEW.sheet
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER write_off_names_two_people BEFORE INSERT ON billing_writeoff
    FOR EACH ROW EXECUTE FUNCTION check_who_gives_up();

-- At commit what was given up is what was proposed and confirmed.
CREATE OR REPLACE FUNCTION check_write_off_was_proposed() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM billing_waitingwriteoff waiting
                    WHERE waiting.write_off_id = NEW.id AND waiting.state = 'confirmed'
                      AND waiting.account_id = NEW.account_id AND waiting.amount = NEW.amount
                      AND waiting.proposed_by_id = NEW.proposed_by_id AND waiting.decided_by_id = NEW.confirmed_by_id
                      AND waiting.proposed_by_id <> waiting.decided_by_id) THEN
        RAISE EXCEPTION 'write_off_was_proposed: sheet % was not', NEW.sheet USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS write_off_was_proposed ON billing_writeoff;
CREATE CONSTRAINT TRIGGER write_off_was_proposed AFTER INSERT ON billing_writeoff
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_write_off_was_proposed();

-- A write-off is proposed in its account's own division.
CREATE OR REPLACE FUNCTION check_write_off_waits_at_its_account() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM billing_account WHERE id = NEW.account_id AND division_id = NEW.division_id) THEN
        RAISE EXCEPTION 'waiting_write_off_is_of_its_account: sheet % is not', NEW.sheet
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER waiting_write_off_is_of_its_account BEFORE INSERT ON billing_waitingwriteoff
    FOR EACH ROW EXECUTE FUNCTION check_write_off_waits_at_its_account();

-- Proposed write-offs and large payments that wait are decided once, and what is booked is what was proposed and entered.
CREATE OR REPLACE TRIGGER waiting_write_off_is_decided_once BEFORE INSERT OR UPDATE OR DELETE ON billing_waitingwriteoff
    FOR EACH ROW EXECUTE FUNCTION decide_once('proposed_at', 'write_off_id', 'write_off_id', 'billing_writeoff',
        'account_id sheet amount proposed_by_id confirmed_by_id=decided_by_id');
CREATE OR REPLACE TRIGGER waiting_write_off_is_not_truncated BEFORE TRUNCATE ON billing_waitingwriteoff
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER waiting_payment_is_decided_once BEFORE INSERT OR UPDATE OR DELETE ON billing_waitingpayment
    FOR EACH ROW EXECUTE FUNCTION decide_once('entered_at', 'payment_id', 'payment_id', 'billing_payment',
        'enterprise_id account_id channel reference amount paid_on');
CREATE OR REPLACE TRIGGER waiting_payment_is_not_truncated BEFORE TRUNCATE ON billing_waitingpayment
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A month of the books is opened again in the transaction in which a second person confirmed it.
CREATE OR REPLACE FUNCTION check_reopening_was_confirmed() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM gis_core_waitingact act
                     JOIN billing_billingmonth books ON books.id = NEW.billing_month_id
                     JOIN gis_core_enterprise enterprise ON enterprise.id = books.enterprise_id
                    WHERE act.kind = 'reopen month' AND act.state = 'confirmed' AND act.decided_at = now()
                      AND act.subject = enterprise.code || ' ' || to_char(books.month, 'YYYY-MM')
                      AND act.decided_by_id = NEW.reopened_by_id AND act.division_id = NEW.division_id) THEN
        RAISE EXCEPTION 'month_reopening_is_of_two_people: nobody confirmed it'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER month_reopening_is_of_two_people BEFORE INSERT ON billing_monthreopening
    FOR EACH ROW EXECUTE FUNCTION check_reopening_was_confirmed();

-- Who entered a payment is whom the session works for; one that waited was entered by whom it names, and is booked by another.
CREATE OR REPLACE FUNCTION check_who_entered() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM billing_waitingpayment waiting
                    WHERE waiting.state = 'open' AND waiting.entered_by_id = NEW.entered_by_id
                      AND waiting.enterprise_id = NEW.enterprise_id AND waiting.account_id = NEW.account_id
                      AND waiting.channel = NEW.channel AND waiting.reference = NEW.reference
                      AND waiting.amount = NEW.amount AND waiting.paid_on = NEW.paid_on) THEN
        RAISE EXCEPTION 'payment_names_who_entered_it: % was not entered by that person', NEW.reference
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER payment_names_who_entered_it BEFORE INSERT ON billing_payment FOR EACH ROW
    WHEN (NEW.entered_by_id <> coalesce(nullif(current_setting('tarmoq.acting_user', true), '')::bigint, NEW.entered_by_id))
    EXECUTE FUNCTION check_who_entered();
