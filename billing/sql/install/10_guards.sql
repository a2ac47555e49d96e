-- Guards of billing: posted documents and the ledger only grow, sums agree, closed months stay closed.

-- Posted invoices, their lines, payments, what takes them back, write-offs, rows of the bank and the ledger are append-only.
DO $$
DECLARE guarded text;
BEGIN
    FOREACH guarded IN ARRAY ARRAY['invoice', 'invoiceline', 'payment', 'paymentreversal', 'writeoff', 'monthreopening', 'invoicecancellation',
                                   'banksettlement', 'bankfilerow', 'ledgertransaction', 'ledgerentry'] LOOP
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER %1$s_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_%1$s '
            'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', guarded);
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION stamp_writing_transaction() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.written_by_transaction := pg_current_xact_id();
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER invoice_is_stamped BEFORE INSERT ON billing_invoice
    FOR EACH ROW WHEN (NEW.written_by_transaction IS DISTINCT FROM pg_current_xact_id())
    EXECUTE FUNCTION stamp_writing_transaction();
CREATE OR REPLACE TRIGGER ledgertransaction_is_stamped BEFORE INSERT ON billing_ledgertransaction
    FOR EACH ROW WHEN (NEW.written_by_transaction IS DISTINCT FROM pg_current_xact_id())
    EXECUTE FUNCTION stamp_writing_transaction();
CREATE OR REPLACE TRIGGER monthreopening_is_stamped BEFORE INSERT ON billing_monthreopening
    FOR EACH ROW WHEN (NEW.written_by_transaction IS DISTINCT FROM pg_current_xact_id())
    EXECUTE FUNCTION stamp_writing_transaction();

CREATE OR REPLACE FUNCTION check_legs_join_a_new_transaction() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM added JOIN billing_ledgertransaction head ON head.id = added.transaction_id
        WHERE head.written_by_transaction <> pg_current_xact_id()
    ) THEN
        RAISE EXCEPTION 'a leg cannot be added to a ledger transaction that is already posted'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER legs_join_a_new_transaction AFTER INSERT ON billing_ledgerentry
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_legs_join_a_new_transaction();

CREATE OR REPLACE FUNCTION check_lines_join_a_new_invoice() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM added JOIN billing_invoice head ON head.id = added.invoice_id
        WHERE head.written_by_transaction <> pg_current_xact_id()
    ) THEN
        RAISE EXCEPTION 'a line cannot be added to an invoice that is already posted'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER lines_join_a_new_invoice AFTER INSERT ON billing_invoiceline
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_lines_join_a_new_invoice();

CREATE OR REPLACE FUNCTION check_lines_were_read_before_issue() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE early record;
BEGIN
    SELECT invoice.number, invoice.issued_on, reading.read_on INTO early
      FROM added JOIN billing_invoice invoice ON invoice.id = added.invoice_id
      JOIN billing_reading reading ON reading.id IN (added.previous_reading_id, added.current_reading_id)
     WHERE reading.read_on > invoice.issued_on LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'invoice % is dated %, before a reading of % that it uses',
            early.number, early.issued_on, early.read_on USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER invoice_is_dated_after_its_readings AFTER INSERT ON billing_invoiceline
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_lines_were_read_before_issue();

-- What a ledger transaction stands for: the account and amount of its document, the day on which that would be booked (of
-- an invoice: NULL, its month is its run's), the revenue before benefits and subsidies, what the state owes for these, and
-- the books beside the subscriber's own that such a document may touch.
CREATE OR REPLACE FUNCTION document_of(head billing_ledgertransaction, OUT account_id bigint, OUT amount numeric, OUT month date,
                                       OUT day date, OUT net numeric, OUT state numeric, OUT books text[])
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    net := 0; state := 0; books := ARRAY['cash'];
    IF head.invoice_id IS NOT NULL THEN
        SELECT invoice.account_id, invoice.total, invoice.month, invoice.total_net + invoice.state_net,
               invoice.state_net + invoice.state_vat,
               CASE WHEN invoice.is_penalty THEN ARRAY['penalties'] ELSE ARRAY['revenue', 'state', 'vat_payable'] END
          INTO account_id, amount, month, net, state, books FROM billing_invoice invoice WHERE id = head.invoice_id;
    ELSIF head.payment_id IS NOT NULL THEN
        books := ARRAY['cash', 'bank', 'clearing', 'suspense'];
        SELECT payment.account_id, -payment.amount, payment.paid_on INTO account_id, amount, day
          FROM billing_payment payment WHERE id = head.payment_id;
    ELSIF head.reversal_id IS NOT NULL THEN
        books := ARRAY['cash', 'bank', 'clearing'];
        SELECT payment.account_id, payment.amount, reversal.reversed_on INTO account_id, amount, day
          FROM billing_paymentreversal reversal JOIN billing_payment payment ON payment.id = reversal.payment_id
         WHERE reversal.id = head.reversal_id;
    ELSIF head.refund_id IS NOT NULL THEN
        SELECT slip.account_id, slip.amount, slip.made_on INTO account_id, amount, day
          FROM billing_cashslip slip WHERE id = head.refund_id AND kind = 'refund';
    ELSIF head.shift_id IS NOT NULL THEN
        books := ARRAY['cash', 'differences'];
        amount := 0;
        SELECT (shift.closed_at AT TIME ZONE 'Asia/Tashkent')::date INTO day FROM billing_cashshift shift WHERE id = head.shift_id;
    ELSIF head.write_off_id IS NULL THEN
        -- Money of no account yet, or of a provider's: 50_channels.sql looks at its legs.
        books := ARRAY['bank', 'clearing', 'fees', 'suspense'];
        amount := 0;
        SELECT CASE WHEN head.suspense_return_id IS NULL THEN item.paid_on ELSE item.returned_on END INTO day
          FROM billing_suspenseitem item WHERE id = coalesce(head.suspense_id, head.suspense_return_id);
        IF head.settlement_id IS NOT NULL THEN
            SELECT settled.paid_on INTO day FROM billing_banksettlement settled WHERE id = head.settlement_id;
        END IF;
    ELSE
        books := ARRAY['write_offs'];
        SELECT sheet.account_id, -sheet.amount, sheet.written_off_on INTO account_id, amount, day
          FROM billing_writeoff sheet WHERE id = head.write_off_id;
    END IF;
    month := coalesce(month, date_trunc('month', day::timestamp)::date);
END $$;

-- Whether a month takes no entries any more: it is closed, or has no books and lies before a closed one.
CREATE OR REPLACE FUNCTION is_month_shut(of_enterprise bigint, of_month date) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce((SELECT state = 'closed' FROM billing_billingmonth
                      WHERE enterprise_id = of_enterprise AND month = of_month),
                    EXISTS (SELECT FROM billing_billingmonth
                             WHERE enterprise_id = of_enterprise AND month > of_month AND state = 'closed'));
$$;

-- A document is booked on its own day, or, when its month is closed, on the first day of the next month that is open.
CREATE OR REPLACE FUNCTION is_booked_in_time(head billing_ledgertransaction, day date) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT CASE WHEN day IS NULL OR head.month = date_trunc('month', day::timestamp)::date
                THEN day IS NULL OR head.booked_on = day
                ELSE head.month > day AND head.booked_on = head.month
                     AND NOT EXISTS (
                         SELECT FROM generate_series(date_trunc('month', day::timestamp), head.month - interval '1 month',
                                                     '1 month') AS between_them
                          WHERE NOT is_month_shut(head.enterprise_id, between_them::date)) END;
$$;

-- At commit every ledger transaction has at least two legs that sum to zero, all of its division and, where they name an
-- account, of an account of its enterprise; and it books its document: what the document's account owes and has paid ahead
-- changes by the document's amount together, in the document's own month or, when that is closed, in the next open one.
-- It touches no other account and no other book than its kind may: an invoice what the state owes for benefits and
-- subsidies, the revenue (the net before these) and the tax, or penalties alone; a payment, its reversal and its refund the cash;
-- a shift the cash and its differences; a write-off the debts
-- written off, and no more than is owed. When it is asked: 12_sets.sql.
CREATE OR REPLACE FUNCTION check_ledger_transaction(head_id bigint) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    head billing_ledgertransaction; document record; legs integer; total numeric; strangers integer; owed numeric;
    misplaced integer; revenue numeric; state numeric;
BEGIN
    SELECT * INTO head FROM billing_ledgertransaction WHERE id = head_id;
    IF NOT FOUND THEN
        -- Legs may come before their head, but are not whole without it.
        RAISE EXCEPTION 'ledger transaction % is not there', head_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    document := document_of(head);
    IF document.amount IS NULL THEN
        RAISE EXCEPTION 'ledger transaction %: its document is not there', head_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT count(*), coalesce(sum(entry.amount), 0),
           count(*) FILTER (WHERE entry.division_id <> head.division_id
                            OR (account.id IS NOT NULL AND account.enterprise_id <> head.enterprise_id)),
           coalesce(sum(entry.amount) FILTER (WHERE entry.account_id = document.account_id), 0),
           count(*) FILTER (WHERE NOT CASE WHEN entry.book IN ('receivable', 'advances') THEN entry.account_id = document.account_id
                                           ELSE entry.book = ANY (document.books) END),
           coalesce(sum(entry.amount) FILTER (WHERE entry.book IN ('revenue', 'penalties')), 0),
           coalesce(sum(entry.amount) FILTER (WHERE entry.book = 'state'), 0)
      INTO legs, total, strangers, owed, misplaced, revenue, state
      FROM billing_ledgerentry entry LEFT JOIN billing_account account ON account.id = entry.account_id
     WHERE entry.transaction_id = head_id;
    IF legs < 2 OR total <> 0 OR strangers > 0 THEN
        RAISE EXCEPTION 'ledger transaction %: % legs that sum to %, % of another division or enterprise',
            head_id, legs, total, strangers USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF owed <> document.amount OR NOT is_booked_in_time(head, document.day)
       OR (document.day IS NULL AND head.month <> document.month) THEN
        RAISE EXCEPTION 'ledger transaction %: booked % on %, but its document says % on %',
            head_id, owed, head.booked_on, document.amount, coalesce(document.day, document.month)
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF misplaced > 0 OR revenue <> -document.net OR state <> document.state THEN
        RAISE EXCEPTION 'ledger transaction %: % legs in books or accounts that are not its document''s, revenue % for %',
            head_id, misplaced, revenue, document.net USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF head.invoice_id IS NULL THEN
        PERFORM check_money_legs(head);
    END IF;
    IF head.write_off_id IS NOT NULL
       AND (SELECT sum(amount) FROM billing_ledgerentry
             WHERE account_id = document.account_id AND transaction_id <= head_id) < 0 THEN
        RAISE EXCEPTION 'ledger transaction %: more is written off than is owed', head_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
END $$;
-- At commit an invoice's totals are the sums of its lines, its number was given by the counter, and it is booked.
CREATE OR REPLACE FUNCTION check_invoice(checked_id bigint) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE invoice billing_invoice; lines integer; net numeric; vat numeric; state_net numeric; state_vat numeric;
BEGIN
    SELECT * INTO invoice FROM billing_invoice WHERE id = checked_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'invoice % is not there', checked_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT count(*), coalesce(sum(line.net), 0), coalesce(sum(line.vat), 0),
           coalesce(-sum(line.net) FILTER (WHERE line.kind IN ('benefit', 'subsidy')), 0),
           coalesce(-sum(line.vat) FILTER (WHERE line.kind IN ('benefit', 'subsidy')), 0)
      INTO lines, net, vat, state_net, state_vat
      FROM billing_invoiceline line WHERE line.invoice_id = checked_id;
    IF lines = 0 OR (net, vat, state_net, state_vat)
                    <> (invoice.total_net, invoice.total_vat, invoice.state_net, invoice.state_vat) THEN
        RAISE EXCEPTION 'invoice %: totals % and % against % lines of % and %',
            invoice.number, invoice.total_net, invoice.total_vat, lines, net, vat
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM billing_ledgertransaction WHERE invoice_id = checked_id) THEN
        RAISE EXCEPTION 'invoice % is not booked', invoice.number USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM billing_invoicecounter counter
                    WHERE counter.enterprise_id = invoice.enterprise_id AND counter.year = invoice.year
                      AND counter.last_number >= invoice.sequence) THEN
        RAISE EXCEPTION 'invoice %: its number was not given by the counter', invoice.number
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
END $$;
-- At commit a payment, what takes it back and a write-off are booked; the ledger transaction's own check holds the amount.
CREATE OR REPLACE FUNCTION check_document_is_booked() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE is_booked boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM public.billing_ledgertransaction WHERE %I = $1)', TG_ARGV[0])
       INTO is_booked USING NEW.id;
    IF NOT is_booked THEN
        RAISE EXCEPTION '% % is not booked', TG_ARGV[1], NEW.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS payment_is_booked ON billing_payment;
CREATE CONSTRAINT TRIGGER payment_is_booked AFTER INSERT ON billing_payment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_document_is_booked('payment_id', 'payment');
DROP TRIGGER IF EXISTS payment_reversal_is_booked ON billing_paymentreversal;
CREATE CONSTRAINT TRIGGER payment_reversal_is_booked AFTER INSERT ON billing_paymentreversal
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_document_is_booked('reversal_id', 'payment reversal');
DROP TRIGGER IF EXISTS write_off_is_booked ON billing_writeoff;
CREATE CONSTRAINT TRIGGER write_off_is_booked AFTER INSERT ON billing_writeoff
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_document_is_booked('write_off_id', 'write-off');

-- A bill is taken back by a later one of the same account, which takes back and charges nothing.
CREATE OR REPLACE FUNCTION check_cancellation() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM billing_invoice taken JOIN billing_invoice note ON note.account_id = taken.account_id
                    WHERE taken.id = NEW.invoice_id AND note.id = NEW.credit_note_id AND note.id > taken.id
                      AND taken.division_id = NEW.division_id
                      AND NOT EXISTS (SELECT FROM billing_invoiceline WHERE invoice_id = note.id AND NOT is_reversal)) THEN
        RAISE EXCEPTION 'invoice % is not taken back by %', NEW.invoice_id, NEW.credit_note_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER cancellation_is_of_one_account BEFORE INSERT ON billing_invoicecancellation
    FOR EACH ROW EXECUTE FUNCTION check_cancellation();

-- The counter of invoice numbers only grows.
CREATE OR REPLACE FUNCTION check_counter_only_grows() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.last_number >= OLD.last_number
       AND (NEW.enterprise_id, NEW.year) = (OLD.enterprise_id, OLD.year) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the counter of invoice numbers only grows' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE OR REPLACE TRIGGER invoice_counter_only_grows BEFORE UPDATE OR DELETE ON billing_invoicecounter
    FOR EACH ROW EXECUTE FUNCTION check_counter_only_grows();

-- And it steps: at commit there is an invoice for every number that it went over.
CREATE OR REPLACE FUNCTION check_counter_steps() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    before bigint := CASE TG_OP WHEN 'UPDATE' THEN OLD.last_number ELSE 0 END;
BEGIN
    IF (SELECT count(*) FROM billing_invoice
         WHERE enterprise_id = NEW.enterprise_id AND year = NEW.year
           AND sequence > before AND sequence <= NEW.last_number) <> NEW.last_number - before THEN
        RAISE EXCEPTION 'the counter of invoice numbers went from % to % without an invoice for each', before, NEW.last_number
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS invoice_counter_steps ON billing_invoicecounter;
CREATE CONSTRAINT TRIGGER invoice_counter_steps AFTER INSERT OR UPDATE ON billing_invoicecounter
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_counter_steps();

-- A month must be there and open to take entries. FOR SHARE makes a closing month wait for entries in flight, and
-- entries wait for the closing: whichever commits first, the closing report misses nothing.
CREATE OR REPLACE FUNCTION check_month_is_open() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE wanted record; found_state text;
BEGIN
    FOR wanted IN SELECT DISTINCT enterprise_id, month FROM added ORDER BY 1, 2 LOOP
        SELECT state INTO found_state FROM billing_billingmonth
         WHERE enterprise_id = wanted.enterprise_id AND month = wanted.month FOR SHARE;
        IF found_state IS DISTINCT FROM 'open' THEN
            RAISE EXCEPTION 'month % of enterprise % is %', to_char(wanted.month, 'YYYY-MM'),
                wanted.enterprise_id, coalesce(found_state, 'not opened')
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER ledger_month_is_open AFTER INSERT ON billing_ledgertransaction
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_month_is_open();

-- A month that has entries is not deleted or renamed. Months are closed in their order, for what is reported of one rests
-- on all those before it. A closed one is opened again only with a reason that is written in the same transaction, and only
-- while none after it is closed: books are opened again from the last one back. The enterprise's row is locked so that no
-- earlier month opens while one is closed.
CREATE OR REPLACE FUNCTION check_month_stays() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.state = 'open' AND OLD.month = NEW.month AND OLD.enterprise_id = NEW.enterprise_id THEN
        IF NEW.state = 'closed' THEN
            PERFORM FROM gis_core_enterprise WHERE id = OLD.enterprise_id FOR NO KEY UPDATE;
            IF EXISTS (SELECT FROM billing_billingmonth earlier
                        WHERE earlier.enterprise_id = OLD.enterprise_id AND earlier.month < OLD.month AND earlier.state = 'open') THEN
                RAISE EXCEPTION 'month % is not closed while an earlier one is open', to_char(OLD.month, 'YYYY-MM')
                    USING ERRCODE = 'integrity_constraint_violation';
            END IF;
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND (OLD.id, OLD.month, OLD.enterprise_id) = (NEW.id, NEW.month, NEW.enterprise_id)
       AND EXISTS (SELECT FROM billing_monthreopening
                    WHERE billing_month_id = OLD.id AND written_by_transaction = pg_current_xact_id())
       AND NOT EXISTS (SELECT FROM billing_billingmonth later
                        WHERE later.enterprise_id = OLD.enterprise_id AND later.month > OLD.month AND later.state = 'closed') THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' AND OLD.state = 'open' AND NOT EXISTS (
        SELECT 1 FROM billing_ledgertransaction WHERE enterprise_id = OLD.enterprise_id AND month = OLD.month
    ) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'month % is % and stays so', to_char(OLD.month, 'YYYY-MM'), OLD.state
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE OR REPLACE TRIGGER billing_month_stays BEFORE UPDATE OR DELETE ON billing_billingmonth
    FOR EACH ROW EXECUTE FUNCTION check_month_stays();
CREATE OR REPLACE TRIGGER billing_month_is_not_truncated BEFORE TRUNCATE ON billing_billingmonth
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Books are opened as open ones, never before closed ones, and one month ahead at most: what lies further is a mistake of
-- the year or the clock.
CREATE OR REPLACE FUNCTION check_month_opens() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.state <> 'open' OR NEW.month > date_trunc('month', now() AT TIME ZONE 'Asia/Tashkent') + interval '1 month' THEN
        RAISE EXCEPTION 'month % does not open as % today', to_char(NEW.month, 'YYYY-MM'), NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    PERFORM FROM gis_core_enterprise WHERE id = NEW.enterprise_id FOR SHARE;
    IF is_month_shut(NEW.enterprise_id, NEW.month) THEN
        RAISE EXCEPTION 'month % does not open: a later one is closed', to_char(NEW.month, 'YYYY-MM')
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER billing_month_opens BEFORE INSERT ON billing_billingmonth
    FOR EACH ROW EXECUTE FUNCTION check_month_opens();

-- A price or tax that was billed stays what it was; a new one is a new row. Its days may still be cut short.
CREATE OR REPLACE FUNCTION check_billed_price_stays() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE is_billed boolean;
BEGIN
    IF TG_TABLE_NAME = 'billing_tariff' THEN
        IF to_jsonb(NEW) - 'validity' = to_jsonb(OLD) - 'validity' THEN
            RETURN NEW;
        END IF;
        SELECT EXISTS (SELECT 1 FROM billing_invoiceline WHERE tariff_id = OLD.id) INTO is_billed;
    ELSE
        IF (NEW.percent, NEW.service_id) IS NOT DISTINCT FROM (OLD.percent, OLD.service_id) THEN
            RETURN NEW;
        END IF;
        SELECT EXISTS (SELECT 1 FROM billing_invoiceline WHERE vat_rate_id = OLD.id) INTO is_billed;
    END IF;
    IF is_billed THEN
        RAISE EXCEPTION 'a rate that was billed stays; set a new one' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER billed_tariff_stays BEFORE UPDATE ON billing_tariff
    FOR EACH ROW EXECUTE FUNCTION check_billed_price_stays();
CREATE OR REPLACE TRIGGER billed_vat_rate_stays BEFORE UPDATE ON billing_vatrate
    FOR EACH ROW EXECUTE FUNCTION check_billed_price_stays();

-- Where a meter rolls over, and what a step of it counts for, is part of what was read from it.
CREATE OR REPLACE FUNCTION check_read_meter_stays() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM billing_reading reading
                 JOIN billing_meterinstallation installation ON installation.id = reading.installation_id
                WHERE installation.meter_id = NEW.id) THEN
        RAISE EXCEPTION 'meter % has readings: its digits stay, and its multiplier', NEW.serial
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER read_meter_keeps_its_digits BEFORE UPDATE OF digits, multiplier ON billing_meter
    FOR EACH ROW WHEN ((NEW.digits, NEW.multiplier) <> (OLD.digits, OLD.multiplier)) EXECUTE FUNCTION check_read_meter_stays();

-- An installation that has readings keeps its meter, its place, and the days on which it was read.
CREATE OR REPLACE FUNCTION check_installation_keeps_readings() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM billing_reading reading
         WHERE reading.installation_id = NEW.id
           AND ((NEW.meter_id, NEW.register, NEW.service_point_id) <> (OLD.meter_id, OLD.register, OLD.service_point_id)
                OR reading.read_on < lower(NEW.validity)
                OR (NOT upper_inf(NEW.validity) AND reading.read_on > upper(NEW.validity)))
    ) THEN
        RAISE EXCEPTION 'an installation keeps the days on which it was read'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER installation_keeps_readings BEFORE UPDATE ON billing_meterinstallation
    FOR EACH ROW EXECUTE FUNCTION check_installation_keeps_readings();

-- A reading lies within its installation's days (the day of removal included: the last index is read then) and is
-- shown to the division of its service point.
CREATE OR REPLACE FUNCTION check_reading_while_installed() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM billing_meterinstallation installation
          JOIN billing_servicepoint point ON point.id = installation.service_point_id
        WHERE installation.id = NEW.installation_id AND point.division_id = NEW.division_id
          AND NEW.read_on >= lower(installation.validity)
          AND (upper_inf(installation.validity) OR NEW.read_on <= upper(installation.validity))
    ) THEN
        RAISE EXCEPTION 'reading of % lies outside the days of its installation or in another division', NEW.read_on
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER reading_while_installed BEFORE INSERT OR UPDATE OF read_on, installation_id, division_id
    ON billing_reading
    FOR EACH ROW EXECUTE FUNCTION check_reading_while_installed();

-- What was read stays as it was read; only its state moves on. A reading that was billed is not deleted (PROTECT).
CREATE OR REPLACE FUNCTION check_reading_keeps_its_index() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF (NEW.index_m3, NEW.read_on, NEW.installation_id) IS DISTINCT FROM (OLD.index_m3, OLD.read_on, OLD.installation_id)
    THEN
        RAISE EXCEPTION 'a reading is superseded by a new one, not rewritten'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER reading_keeps_its_index BEFORE UPDATE ON billing_reading
    FOR EACH ROW EXECUTE FUNCTION check_reading_keeps_its_index();
-- A reading is accepted, or waits and is accepted or given up; an accepted one is superseded and stays so.
CREATE OR REPLACE FUNCTION check_reading_moves() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF (OLD.state, NEW.state) NOT IN (('queued', 'accepted'), ('queued', 'superseded'), ('accepted', 'superseded')) THEN
        RAISE EXCEPTION 'a reading does not go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER reading_moves_as_allowed BEFORE UPDATE OF state ON billing_reading
    FOR EACH ROW WHEN (NEW.state <> OLD.state) EXECUTE FUNCTION check_reading_moves();

-- A bill rests on its readings: one that was billed is superseded by another of its meter and day, from which the next run
-- takes back what was billed and bills anew.
CREATE OR REPLACE FUNCTION check_billed_reading_has_successor() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM billing_reading WHERE id = NEW.id AND state = 'superseded')
       AND NOT EXISTS (SELECT 1 FROM billing_reading other
                        WHERE other.installation_id = NEW.installation_id AND other.read_on = NEW.read_on
                          AND other.state = 'accepted')
       AND EXISTS (SELECT 1 FROM billing_invoiceline WHERE previous_reading_id = NEW.id
                   UNION ALL SELECT 1 FROM billing_invoiceline WHERE current_reading_id = NEW.id) THEN
        RAISE EXCEPTION 'reading % was billed: it is superseded by another of that day only', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS billed_reading_has_successor ON billing_reading;
CREATE CONSTRAINT TRIGGER billed_reading_has_successor AFTER UPDATE OF state ON billing_reading
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.state = 'superseded' AND OLD.state = 'accepted')
    EXECUTE FUNCTION check_billed_reading_has_successor();

-- An account is one subscriber's for good, under its number: whoever comes after him has another.
CREATE OR REPLACE FUNCTION check_account_stays() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'account % stays its subscriber''s, under its number and enterprise', OLD.number
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE OR REPLACE TRIGGER account_stays BEFORE UPDATE OF subscriber_id, number, enterprise_id ON billing_account
    FOR EACH ROW WHEN ((NEW.subscriber_id, NEW.number, NEW.enterprise_id)
                       IS DISTINCT FROM (OLD.subscriber_id, OLD.number, OLD.enterprise_id))
    EXECUTE FUNCTION check_account_stays();

CREATE OR REPLACE TRIGGER reading_is_not_deleted BEFORE DELETE OR TRUNCATE ON billing_reading
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
