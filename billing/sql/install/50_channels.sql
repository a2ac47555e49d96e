-- Guards of the channels: a provider's transaction moves as allowed, money of unknown owners is decided once, what came in
-- stands in the book where it lies.

-- A provider's transaction begins created and is performed, cancelled or expired; a performed one is reversed. Nothing
-- else of it ever changes, but what the tax service says of it. Its payment is what it says.
CREATE OR REPLACE FUNCTION move_provider_transaction() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    moved CONSTANT text[] := ARRAY['state', 'performed_at_ms', 'cancelled_at_ms', 'reason', 'payment_id', 'fiscal_data'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state = 'created' AND EXISTS (SELECT FROM billing_account account
                                              WHERE account.id = NEW.account_id AND account.enterprise_id = NEW.enterprise_id) THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) - moved = to_jsonb(OLD) - moved
           AND (to_jsonb(NEW) - 'fiscal_data' = to_jsonb(OLD) - 'fiscal_data'
                OR (OLD.state, NEW.state) IN (('created', 'performed'), ('created', 'cancelled'), ('created', 'expired'))
                OR (OLD.state, NEW.state) = ('performed', 'reversed')
                   AND (NEW.payment_id, NEW.performed_at_ms) = (OLD.payment_id, OLD.performed_at_ms))
           AND (NEW.payment_id IS NULL
                OR EXISTS (SELECT FROM billing_payment paid
                            WHERE paid.id = NEW.payment_id AND paid.enterprise_id = NEW.enterprise_id
                              AND paid.account_id = NEW.account_id AND paid.channel = NEW.channel
                              AND paid.reference = NEW.provider_id AND paid.amount * 100 = NEW.amount_tiyin)) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'provider_transaction_moves: % refused', TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE OR REPLACE TRIGGER provider_transaction_moves BEFORE INSERT OR UPDATE OR DELETE ON billing_providertransaction
    FOR EACH ROW EXECUTE FUNCTION move_provider_transaction();
CREATE OR REPLACE TRIGGER provider_transaction_is_not_truncated BEFORE TRUNCATE ON billing_providertransaction
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- At commit a reversed one's payment was taken back.
CREATE OR REPLACE FUNCTION check_reversed_is_taken_back() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM billing_paymentreversal WHERE payment_id = NEW.payment_id) THEN
        RAISE EXCEPTION 'provider_transaction_is_taken_back: % is reversed, its payment is not', NEW.provider_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS provider_transaction_is_taken_back ON billing_providertransaction;
CREATE CONSTRAINT TRIGGER provider_transaction_is_taken_back AFTER UPDATE ON billing_providertransaction
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.state = 'reversed') EXECUTE FUNCTION check_reversed_is_taken_back();

-- Money of an unknown owner says for good what came, and is decided once; what it was assigned as is what came.
CREATE OR REPLACE TRIGGER suspense_item_is_decided_once BEFORE INSERT OR UPDATE OR DELETE ON billing_suspenseitem
    FOR EACH ROW EXECUTE FUNCTION decide_once('arrived_at', 'payment_id returned_on return_reason', 'payment_id', 'billing_payment',
        'enterprise_id channel reference amount paid_on');
CREATE OR REPLACE TRIGGER suspense_item_is_not_truncated BEFORE TRUNCATE ON billing_suspenseitem
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- At commit what came, what was returned and what a provider paid out are booked.
DROP TRIGGER IF EXISTS suspense_item_is_booked ON billing_suspenseitem;
CREATE CONSTRAINT TRIGGER suspense_item_is_booked AFTER INSERT ON billing_suspenseitem
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_document_is_booked('suspense_id', 'suspense item');
DROP TRIGGER IF EXISTS suspense_return_is_booked ON billing_suspenseitem;
CREATE CONSTRAINT TRIGGER suspense_return_is_booked AFTER UPDATE ON billing_suspenseitem
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.state = 'returned')
    EXECUTE FUNCTION check_document_is_booked('suspense_return_id', 'return of suspense item');
DROP TRIGGER IF EXISTS bank_settlement_is_booked ON billing_banksettlement;
CREATE CONSTRAINT TRIGGER bank_settlement_is_booked AFTER INSERT ON billing_banksettlement
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_document_is_booked('settlement_id', 'settlement');

-- The money of a payment lies in one book: the cash, the bank, what its own channel collected, or the suspense when it was
-- assigned from there. What takes it back takes it from the same book; what was assigned goes back from the bank. Other
-- money has exactly the legs of its document, none of a subscriber.
CREATE OR REPLACE FUNCTION check_money_legs(head billing_ledgertransaction) RETURNS void LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    places text[]; wanted text[]; paid billing_payment; item billing_suspenseitem; settled billing_banksettlement; found numeric;
    sign integer := 1; fits boolean := true;
BEGIN
    -- A book with its channel and its sum.
    SELECT array_agg(place ORDER BY place) INTO places
      FROM (SELECT concat_ws(':', book, channel) || ' ' || trim_scale(sum(amount)) AS place FROM billing_ledgerentry
             WHERE transaction_id = head.id AND account_id IS NULL AND book NOT IN ('write_offs')
             GROUP BY book, channel HAVING sum(amount) <> 0) legs;
    IF head.payment_id IS NOT NULL THEN
        SELECT * INTO paid FROM billing_payment WHERE id = head.payment_id;
        fits := cardinality(places) = 1
                AND places[1] IN ('cash ' || trim_scale(paid.amount), 'bank ' || trim_scale(paid.amount),
                                  'clearing:' || paid.channel || ' ' || trim_scale(paid.amount),
                                  'suspense ' || trim_scale(paid.amount))
                AND (split_part(places[1], ' ', 1) = 'suspense')
                    = EXISTS (SELECT FROM billing_suspenseitem WHERE payment_id = paid.id);
    ELSIF head.reversal_id IS NOT NULL THEN
        SELECT array_agg(replace(concat_ws(':', leg.book, leg.channel), 'suspense', 'bank') || ' ' || trim_scale(-leg.amount))
          INTO wanted
          FROM billing_paymentreversal reversal
          JOIN billing_ledgertransaction former ON former.payment_id = reversal.payment_id
          JOIN billing_ledgerentry leg ON leg.transaction_id = former.id AND leg.account_id IS NULL
         WHERE reversal.id = head.reversal_id;
        fits := places = wanted;
    ELSIF head.suspense_id IS NOT NULL OR head.suspense_return_id IS NOT NULL THEN
        SELECT * INTO item FROM billing_suspenseitem WHERE id = coalesce(head.suspense_id, head.suspense_return_id);
        sign := CASE WHEN head.suspense_id IS NULL THEN -1 ELSE 1 END;
        fits := places = ARRAY[item.book || CASE item.book WHEN 'clearing' THEN ':' || item.channel ELSE '' END
                               || ' ' || trim_scale(sign * item.amount),
                               'suspense ' || trim_scale(-sign * item.amount)];
    ELSIF head.settlement_id IS NOT NULL THEN
        SELECT * INTO settled FROM billing_banksettlement WHERE id = head.settlement_id;
        wanted := ARRAY['bank ' || trim_scale(settled.amount),
                        'clearing:' || settled.channel || ' ' || trim_scale(-settled.amount - settled.fee)];
        IF settled.fee <> 0 THEN
            wanted := wanted || ('fees ' || trim_scale(settled.fee));
        END IF;
        fits := places = wanted;
    ELSIF head.refund_id IS NOT NULL THEN
        SELECT amount INTO found FROM billing_cashslip WHERE id = head.refund_id AND kind = 'refund';
        fits := places = ARRAY['cash ' || trim_scale(-found)];
    ELSIF head.shift_id IS NOT NULL THEN
        SELECT difference INTO found FROM billing_cashshift WHERE id = head.shift_id;
        fits := places = ARRAY['cash ' || trim_scale(found), 'differences ' || trim_scale(-found)];
    END IF;
    IF fits IS DISTINCT FROM true
       OR (coalesce(head.suspense_id, head.suspense_return_id, head.settlement_id, head.shift_id) IS NOT NULL
           AND EXISTS (SELECT FROM billing_ledgerentry WHERE transaction_id = head.id AND account_id IS NOT NULL)) THEN
        RAISE EXCEPTION 'ledger transaction %: its money lies in %, which is not its document''s place', head.id, places
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
END $$;
