-- Guards of billing: posted documents and the ledger only grow, sums agree, closed months stay closed.

-- Posted invoices, their lines, payments and the ledger are append-only.
DO $$
DECLARE guarded text;
BEGIN
    FOREACH guarded IN ARRAY ARRAY['invoice', 'invoiceline', 'payment', 'ledgertransaction', 'ledgerentry'] LOOP
        EXECUTE format(
            'CREATE TRIGGER %1$s_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_%1$s '
            'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', guarded);
    END LOOP;
END $$;

-- What belongs to a document is written in the same database transaction as the document itself; otherwise a leg
-- or a line could be added to one that was posted long ago. The stamp is the database's own, not the writer's.
ALTER TABLE billing_invoice ADD COLUMN written_by_transaction xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE billing_ledgertransaction ADD COLUMN written_by_transaction xid8 NOT NULL DEFAULT pg_current_xact_id();

CREATE FUNCTION stamp_writing_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.written_by_transaction := pg_current_xact_id();
    RETURN NEW;
END $$;
CREATE TRIGGER invoice_is_stamped BEFORE INSERT ON billing_invoice
    FOR EACH ROW WHEN (NEW.written_by_transaction IS DISTINCT FROM pg_current_xact_id())
    EXECUTE FUNCTION stamp_writing_transaction();
CREATE TRIGGER ledgertransaction_is_stamped BEFORE INSERT ON billing_ledgertransaction
    FOR EACH ROW WHEN (NEW.written_by_transaction IS DISTINCT FROM pg_current_xact_id())
    EXECUTE FUNCTION stamp_writing_transaction();

CREATE FUNCTION check_legs_join_a_new_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER legs_join_a_new_transaction AFTER INSERT ON billing_ledgerentry
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_legs_join_a_new_transaction();

CREATE FUNCTION check_lines_join_a_new_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER lines_join_a_new_invoice AFTER INSERT ON billing_invoiceline
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_lines_join_a_new_invoice();

-- At commit every ledger transaction has at least two legs that sum to zero, all of one division and, where they
-- name an account, of an account of the same enterprise. Checked once per transaction row: legs cannot come later.
CREATE FUNCTION check_ledger_transaction_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE legs integer; total numeric; strangers integer;
BEGIN
    SELECT count(*), coalesce(sum(entry.amount), 0),
           count(*) FILTER (WHERE entry.division_id <> NEW.division_id
                            OR (account.id IS NOT NULL AND account.enterprise_id <> NEW.enterprise_id))
      INTO legs, total, strangers
      FROM billing_ledgerentry entry LEFT JOIN billing_account account ON account.id = entry.account_id
     WHERE entry.transaction_id = NEW.id;
    IF legs < 2 OR total <> 0 OR strangers > 0 THEN
        RAISE EXCEPTION 'ledger transaction %: % legs that sum to %, % of another division or enterprise',
            NEW.id, legs, total, strangers USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_transaction_balances AFTER INSERT ON billing_ledgertransaction
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_ledger_transaction_balances();

-- At commit an invoice's totals are the sums of its lines, and the ledger holds it at its total.
CREATE FUNCTION check_invoice_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE lines integer; net numeric; vat numeric; booked numeric;
BEGIN
    SELECT count(*), coalesce(sum(line.net), 0), coalesce(sum(line.vat), 0) INTO lines, net, vat
      FROM billing_invoiceline line WHERE line.invoice_id = NEW.id;
    IF lines = 0 OR net <> NEW.total_net OR vat <> NEW.total_vat THEN
        RAISE EXCEPTION 'invoice %: totals % and % against % lines of % and %',
            NEW.number, NEW.total_net, NEW.total_vat, lines, net, vat
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT sum(entry.amount) INTO booked
      FROM billing_ledgertransaction head JOIN billing_ledgerentry entry ON entry.transaction_id = head.id
     WHERE head.invoice_id = NEW.id AND entry.book = 'receivable' AND entry.account_id = NEW.account_id;
    IF booked IS DISTINCT FROM NEW.total THEN
        RAISE EXCEPTION 'invoice %: total % but booked %', NEW.number, NEW.total, booked
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER invoice_adds_up AFTER INSERT ON billing_invoice
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_invoice_adds_up();

-- At commit a payment is in the ledger at its amount.
CREATE FUNCTION check_payment_is_booked() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE booked numeric;
BEGIN
    SELECT sum(entry.amount) INTO booked
      FROM billing_ledgertransaction head JOIN billing_ledgerentry entry ON entry.transaction_id = head.id
     WHERE head.payment_id = NEW.id AND entry.book = 'receivable' AND entry.account_id = NEW.account_id;
    IF booked IS DISTINCT FROM -NEW.amount THEN
        RAISE EXCEPTION 'payment %: amount % but booked %', NEW.id, NEW.amount, booked
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER payment_is_booked AFTER INSERT ON billing_payment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_payment_is_booked();

-- A month must be there and open to take entries. FOR SHARE makes a closing month wait for entries in flight, and
-- entries wait for the closing: whichever commits first, the closing report misses nothing.
CREATE FUNCTION check_month_is_open() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER ledger_month_is_open AFTER INSERT ON billing_ledgertransaction
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_month_is_open();

-- A month that has entries is not deleted or renamed, and a closed one is not opened again.
CREATE FUNCTION check_month_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.state = 'open' AND OLD.month = NEW.month AND OLD.enterprise_id = NEW.enterprise_id THEN
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
CREATE TRIGGER billing_month_stays BEFORE UPDATE OR DELETE ON billing_billingmonth
    FOR EACH ROW EXECUTE FUNCTION check_month_stays();
CREATE TRIGGER billing_month_is_not_truncated BEFORE TRUNCATE ON billing_billingmonth
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

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

-- A reading lies within its installation's days (the day of removal included: the last index is read then).
CREATE FUNCTION check_reading_while_installed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM billing_meterinstallation installation
        WHERE installation.id = NEW.installation_id
          AND NEW.read_on >= lower(installation.validity)
          AND (upper_inf(installation.validity) OR NEW.read_on <= upper(installation.validity))
    ) THEN
        RAISE EXCEPTION 'reading of % lies outside the days of its installation', NEW.read_on
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER reading_while_installed BEFORE INSERT OR UPDATE OF read_on, installation_id ON billing_reading
    FOR EACH ROW EXECUTE FUNCTION check_reading_while_installed();

-- What was read stays as it was read; only its state moves on. A reading that was billed is not deleted (PROTECT).
CREATE FUNCTION check_reading_keeps_its_index() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.index_m3, NEW.read_on, NEW.installation_id) IS DISTINCT FROM (OLD.index_m3, OLD.read_on, OLD.installation_id)
    THEN
        RAISE EXCEPTION 'a reading is superseded by a new one, not rewritten'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER reading_keeps_its_index BEFORE UPDATE ON billing_reading
    FOR EACH ROW EXECUTE FUNCTION check_reading_keeps_its_index();
