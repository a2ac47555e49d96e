-- Bills as they are carried to subscribers: to whom, where, and whether they were handed over.
CREATE OR REPLACE VIEW billing_bill_on_paper WITH (security_invoker = true) AS
SELECT invoice.id AS invoice_id, invoice.uid, invoice.number, invoice.enterprise_id, invoice.month, invoice.total,
       account.uid AS account_uid, account.number AS account_number, own.path AS account_path,
       subscriber.name AS subscriber, subscriber.house, subscriber.flat,
       street.id AS street_id, street.name AS street, around.path AS street_path, around.name AS street_division,
       around.code || '/' || street.code AS street_key, delivery.handed_over_on, delivery.received_by
  FROM billing_invoice invoice
  JOIN billing_account account ON account.id = invoice.account_id
  JOIN gis_core_division own ON own.id = account.division_id
  JOIN billing_subscriber subscriber ON subscriber.id = account.subscriber_id
  JOIN gis_core_street street ON street.id = subscriber.street_id
  JOIN gis_core_division around ON around.id = street.division_id
  LEFT JOIN billing_billdelivery delivery ON delivery.invoice_id = invoice.id;

-- A bill is handed over in its own division, on its day or later, and never on a day to come.
CREATE OR REPLACE FUNCTION check_bill_delivery() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE invoice billing_invoice;
BEGIN
    SELECT * INTO invoice FROM billing_invoice WHERE id = NEW.invoice_id;
    IF NEW.division_id <> invoice.division_id OR NEW.handed_over_on < invoice.issued_on
       OR NEW.handed_over_on > (now() AT TIME ZONE 'Asia/Tashkent')::date THEN
        RAISE EXCEPTION 'bill % of % is not handed over in division % on %', invoice.number, invoice.issued_on,
            NEW.division_id, NEW.handed_over_on USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER bill_delivery_is_of_its_bill BEFORE INSERT OR UPDATE ON billing_billdelivery
    FOR EACH ROW EXECUTE FUNCTION check_bill_delivery();
