-- Guard of large payments that wait, which Django's constraints cannot say.
-- Invariant: one begins open, is decided once, and says afterwards what it said before; what was booked is what was entered.

CREATE OR REPLACE FUNCTION decide_waiting_payment() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state = 'open' THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'UPDATE' THEN
        IF OLD.state = 'open'
           AND (to_jsonb(NEW) - ARRAY['state', 'decided_by_id', 'decided_at', 'payment_id'])
               = (to_jsonb(OLD) - ARRAY['state', 'decided_by_id', 'decided_at', 'payment_id'])
           AND (NEW.payment_id IS NULL
                OR EXISTS (SELECT 1 FROM billing_payment paid
                            WHERE paid.id = NEW.payment_id AND paid.account_id = NEW.account_id
                              AND paid.channel = NEW.channel AND paid.reference = NEW.reference
                              AND paid.amount = NEW.amount AND paid.paid_on = NEW.paid_on)) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'waiting_payment_is_decided_once: % refused', TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE OR REPLACE TRIGGER waiting_payment_is_decided_once BEFORE INSERT OR UPDATE OR DELETE ON billing_waitingpayment
    FOR EACH ROW EXECUTE FUNCTION decide_waiting_payment();
CREATE OR REPLACE TRIGGER waiting_payment_is_not_truncated BEFORE TRUNCATE ON billing_waitingpayment
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
