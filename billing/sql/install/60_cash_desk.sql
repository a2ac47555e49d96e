-- Guards of cash desks: shifts are opened and counted once, papers are numbered without gaps and stay, each in the open shift
-- of who makes it. Whoever writes at a desk locks its row first, then the account.

-- A desk's code begins the numbers of its papers, and its books are its enterprise's: both stay once it was used.
CREATE OR REPLACE FUNCTION check_cash_desk_stays() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM billing_cashshift WHERE desk_id = NEW.id) THEN
        RAISE EXCEPTION 'cash_desk_stays: % was used: it keeps code, enterprise and division', OLD.code
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER cash_desk_stays BEFORE UPDATE OF code, enterprise_id, division_id ON billing_cashdesk
    FOR EACH ROW WHEN ((NEW.code, NEW.enterprise_id, NEW.division_id) IS DISTINCT FROM (OLD.code, OLD.enterprise_id, OLD.division_id))
    EXECUTE FUNCTION check_cash_desk_stays();

-- A desk takes money for accounts of its enterprise in its division: it lies in that of the enterprise, or below. No payment,
-- booked or waiting, has a number like those of its receipts before.
CREATE OR REPLACE FUNCTION check_cash_desk_place() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM gis_core_enterprise enterprise
                     JOIN gis_core_division around ON around.id = enterprise.division_id
                     JOIN gis_core_division own ON own.id = NEW.division_id
                    WHERE enterprise.id = NEW.enterprise_id AND starts_with(own.path, around.path))
       OR TG_OP = 'INSERT' AND (EXISTS (SELECT FROM billing_payment
                                         WHERE enterprise_id = NEW.enterprise_id AND channel = 'cash_desk'
                                           AND reference ~ ('^' || NEW.code || '-[0-9]+$'))
                                OR EXISTS (SELECT FROM billing_waitingpayment
                                            WHERE enterprise_id = NEW.enterprise_id AND channel = 'cash_desk' AND state = 'open'
                                              AND reference ~ ('^' || NEW.code || '-[0-9]+$'))) THEN
        RAISE EXCEPTION 'cash_desk_in_its_enterprise: % is not, or payments have such numbers', NEW.code USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER cash_desk_in_its_enterprise BEFORE INSERT OR UPDATE OF enterprise_id, division_id ON billing_cashdesk
    FOR EACH ROW EXECUTE FUNCTION check_cash_desk_place();

-- A shift is opened at a desk in use, under the desk's next number, and moves once: it is closed, when the database counts
-- what should lie in the drawer. Nothing of it changes afterwards.
CREATE OR REPLACE FUNCTION move_cash_shift() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    closing CONSTANT text[] := ARRAY['closed_at', 'closed_by_id', 'counted', 'expected', 'reason', 'difference'];
    desk billing_cashdesk;
BEGIN
    IF TG_OP <> 'DELETE' THEN
        SELECT * INTO desk FROM billing_cashdesk WHERE id = NEW.desk_id FOR NO KEY UPDATE;
        IF TG_OP = 'INSERT' THEN
            IF NEW.closed_at IS NULL AND desk.is_active
               AND (NEW.enterprise_id, NEW.division_id) = (desk.enterprise_id, desk.division_id) THEN
                NEW.number := 1 + coalesce((SELECT max(number) FROM billing_cashshift WHERE desk_id = NEW.desk_id), 0);
                NEW.opened_at := now();
                RETURN NEW;
            END IF;
        ELSIF OLD.closed_at IS NULL AND NEW.closed_at IS NOT NULL AND to_jsonb(NEW) - closing = to_jsonb(OLD) - closing THEN
            NEW.closed_at := now();
            NEW.expected := NEW.float_amount + coalesce((SELECT sum(CASE kind WHEN 'receipt' THEN amount ELSE -amount END)
                                                           FROM billing_cashslip WHERE shift_id = NEW.id), 0);
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'cash_shift_moves: % refused', TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE OR REPLACE TRIGGER cash_shift_moves BEFORE INSERT OR UPDATE OR DELETE ON billing_cashshift
    FOR EACH ROW EXECUTE FUNCTION move_cash_shift();
CREATE OR REPLACE TRIGGER cash_shift_is_not_truncated BEFORE TRUNCATE ON billing_cashshift
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- At commit a difference is booked.
DROP TRIGGER IF EXISTS cash_shift_difference_is_booked ON billing_cashshift;
CREATE CONSTRAINT TRIGGER cash_shift_difference_is_booked AFTER UPDATE ON billing_cashshift
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.counted <> NEW.expected)
    EXECUTE FUNCTION check_document_is_booked('shift_id', 'difference of shift');

-- A slip has the next number of its desk and is made in an open shift of who makes it, for an account of the desk's enterprise
-- and division. A receipt is of a payment that he entered now, under the slip's number. A cancellation takes one of the same shift
-- back whole, by its cashier. A refund pays back no more than is left of a receipt. A refund is written by who confirms it, the
-- others by who makes them.
CREATE OR REPLACE FUNCTION wrong_in_cash_slip(slip billing_cashslip, desk billing_cashdesk) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    acting CONSTANT bigint := nullif(current_setting('tarmoq.acting_user', true), '')::bigint;
    shift billing_cashshift; paid billing_payment; first_slip billing_cashslip; refunded numeric;
BEGIN
    SELECT * INTO shift FROM billing_cashshift WHERE id = slip.shift_id;
    SELECT * INTO paid FROM billing_payment WHERE id = slip.payment_id;
    IF shift.closed_at IS NOT NULL THEN RETURN 'its shift is closed'; END IF;
    IF (shift.desk_id, shift.cashier_id) <> (slip.desk_id, slip.made_by_id) THEN RETURN 'its shift is of another'; END IF;
    IF slip.prints <> 0 OR slip.number <> 1 + coalesce((SELECT max(number) FROM billing_cashslip WHERE desk_id = slip.desk_id), 0) THEN
        RETURN 'its number does not follow';
    END IF;
    IF NOT EXISTS (SELECT FROM billing_account account
                     JOIN gis_core_division own ON own.id = account.division_id
                     JOIN gis_core_division around ON around.id = desk.division_id
                    WHERE account.id = slip.account_id AND account.division_id = slip.division_id
                      AND account.enterprise_id = desk.enterprise_id AND starts_with(own.path, around.path))
       OR slip.enterprise_id <> desk.enterprise_id OR paid.account_id <> slip.account_id THEN
        RETURN 'its account is not the desk''s';
    END IF;
    IF slip.kind <> 'refund' AND slip.made_by_id <> coalesce(acting, slip.made_by_id) THEN
        RETURN 'it is not made by whom the session works for';
    END IF;
    IF slip.kind = 'receipt' THEN
        IF (paid.channel, paid.reference, paid.amount, paid.paid_on, paid.entered_by_id) IS DISTINCT FROM
           ('cash_desk', desk.code || '-' || lpad(slip.number::text, greatest(6, length(slip.number::text)), '0'), slip.amount,
            slip.made_on, slip.made_by_id) THEN
            RETURN 'its payment is another';
        END IF;
        RETURN NULL;
    END IF;
    SELECT * INTO first_slip FROM billing_cashslip WHERE id = slip.receipt_id;
    SELECT coalesce(sum(amount), 0) INTO refunded FROM billing_cashslip WHERE payment_id = slip.payment_id AND kind = 'refund';
    IF (first_slip.kind, first_slip.payment_id) IS DISTINCT FROM ('receipt', slip.payment_id) THEN RETURN 'its receipt is another'; END IF;
    IF slip.kind = 'cancellation'
       AND ((first_slip.shift_id, first_slip.amount, 0) IS DISTINCT FROM (slip.shift_id, slip.amount, refunded)
            OR NOT EXISTS (SELECT FROM billing_paymentreversal WHERE id = slip.reversal_id AND payment_id = slip.payment_id
                                                                 AND reversed_by_id = slip.made_by_id)) THEN
        RETURN 'it does not take its receipt back whole';
    END IF;
    IF slip.kind = 'refund'
       AND (slip.amount + refunded > paid.amount OR EXISTS (SELECT FROM billing_paymentreversal WHERE payment_id = slip.payment_id)) THEN
        RETURN 'more is paid back than is left';
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION check_cash_slip() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE desk billing_cashdesk; wrong text;
BEGIN
    SELECT * INTO desk FROM billing_cashdesk WHERE id = NEW.desk_id FOR NO KEY UPDATE;
    PERFORM FROM billing_account WHERE id = NEW.account_id FOR NO KEY UPDATE;
    NEW.made_at := now();
    NEW.made_on := (now() AT TIME ZONE 'Asia/Tashkent')::date;
    wrong := wrong_in_cash_slip(NEW, desk);
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'cash_slip_is_made_in_a_shift: %', wrong USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER cash_slip_is_made_in_a_shift BEFORE INSERT ON billing_cashslip
    FOR EACH ROW EXECUTE FUNCTION check_cash_slip();

-- A slip stays; how often it was printed is counted.
CREATE OR REPLACE FUNCTION check_cash_slip_stays() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.prints <> OLD.prints + 1 OR to_jsonb(NEW) - 'prints' <> to_jsonb(OLD) - 'prints' THEN
        RAISE EXCEPTION 'cash_slip_stays: only its prints are counted' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER cash_slip_stays BEFORE UPDATE ON billing_cashslip
    FOR EACH ROW EXECUTE FUNCTION check_cash_slip_stays();
CREATE OR REPLACE TRIGGER cashslip_is_append_only BEFORE DELETE OR TRUNCATE ON billing_cashslip
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- At commit a refund is booked and is what was proposed and confirmed.
DROP TRIGGER IF EXISTS cash_refund_is_booked ON billing_cashslip;
CREATE CONSTRAINT TRIGGER cash_refund_is_booked AFTER INSERT ON billing_cashslip
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind = 'refund')
    EXECUTE FUNCTION check_document_is_booked('refund_id', 'refund');
CREATE OR REPLACE FUNCTION check_cash_refund_was_proposed() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- What of both agrees says waiting_refund_is_decided_once.
    IF NOT EXISTS (SELECT FROM billing_waitingrefund WHERE slip_id = NEW.id AND state = 'confirmed') THEN
        RAISE EXCEPTION 'cash_refund_was_proposed: nobody did' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS cash_refund_was_proposed ON billing_cashslip;
CREATE CONSTRAINT TRIGGER cash_refund_was_proposed AFTER INSERT ON billing_cashslip
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind = 'refund') EXECUTE FUNCTION check_cash_refund_was_proposed();

-- At commit what takes a receipt's payment back has its slip: at a desk money is paid back by a paper only.
CREATE OR REPLACE FUNCTION check_receipt_is_cancelled_by_slip() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM billing_cashslip WHERE payment_id = NEW.payment_id AND kind = 'receipt')
       AND NOT EXISTS (SELECT FROM billing_cashslip WHERE reversal_id = NEW.id) THEN
        RAISE EXCEPTION 'receipt_is_cancelled_by_slip: % was not', NEW.payment_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS receipt_is_cancelled_by_slip ON billing_paymentreversal;
CREATE CONSTRAINT TRIGGER receipt_is_cancelled_by_slip AFTER INSERT ON billing_paymentreversal
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_receipt_is_cancelled_by_slip();

-- A refund is proposed of a receipt, of what it was at most, and decided once.
CREATE OR REPLACE FUNCTION check_waiting_refund() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM billing_cashslip slip
                    WHERE slip.id = NEW.receipt_id AND slip.kind = 'receipt' AND slip.amount >= NEW.amount
                      AND (slip.enterprise_id, slip.division_id) = (NEW.enterprise_id, NEW.division_id)) THEN
        RAISE EXCEPTION 'waiting_refund_is_of_a_receipt: it is not' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER waiting_refund_is_of_a_receipt BEFORE INSERT ON billing_waitingrefund
    FOR EACH ROW EXECUTE FUNCTION check_waiting_refund();
CREATE OR REPLACE TRIGGER waiting_refund_is_decided_once BEFORE INSERT OR UPDATE OR DELETE ON billing_waitingrefund
    FOR EACH ROW EXECUTE FUNCTION decide_once('proposed_at', 'slip_id', 'slip_id', 'billing_cashslip',
        'receipt_id amount reason enterprise_id approved_by_id=decided_by_id made_by_id=proposed_by_id');
CREATE OR REPLACE TRIGGER waiting_refund_is_not_truncated BEFORE TRUNCATE ON billing_waitingrefund
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
