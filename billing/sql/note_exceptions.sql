-- The exceptions that a run found of a part's accounts, in place of those that it noted of them before it was begun again.
--
-- Inputs: temporary tables account_in_scope, found_exception; run_id. No output.
DELETE FROM billing_billingexception
 WHERE run_id = %(run_id)s AND account_id IN (SELECT account_id FROM account_in_scope);

INSERT INTO billing_billingexception (run_id, account_id, service_point_id, service_id, month, reason)
SELECT %(run_id)s, account_id, service_point_id, service_id, month, reason
  FROM found_exception ORDER BY account_id, month, service_id, reason;
