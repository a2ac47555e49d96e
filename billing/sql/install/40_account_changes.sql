-- What became of accounts is written down once, and stays.
CREATE OR REPLACE TRIGGER accountchange_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_accountchange
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
