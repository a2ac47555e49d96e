-- A line's money follows from its own numbers: half up per line, net first, then tax on the net, or the tax within the
-- product where the price includes it. A benefit takes its share of that off. Poor quality takes off, a subsidy too and
-- without tax; what takes a line back has the opposite sign.
ALTER TABLE billing_invoiceline ADD CONSTRAINT invoice_line_explains_itself CHECK (coalesce(
    CASE WHEN kind IN ('quality', 'subsidy')
         THEN quantity IS NULL AND price IS NULL AND (CASE WHEN is_reversal THEN -net ELSE net END) <= 0
              AND (CASE WHEN is_reversal THEN -vat ELSE vat END) <= 0
              AND CASE kind WHEN 'subsidy' THEN vat = 0 AND service_id IS NULL
                            ELSE vat_percent IS NOT NULL AND service_id IS NOT NULL END
         WHEN (kind = 'benefit') <> (share_percent IS NOT NULL) OR service_id IS NULL THEN false
         WHEN NOT vat_included
         THEN net = round(quantity * price * coefficient * coalesce(-share_percent, 100) / 100, 2)
              AND vat = round(net * vat_percent / 100, 2)
         ELSE net + vat = round(quantity * price * coefficient * coalesce(-share_percent, 100) / 100, 2)
              AND abs(vat - (net + vat) * vat_percent / (100 + vat_percent)) < 0.005001 END, false));

ALTER TABLE billing_invoiceline
    ADD CONSTRAINT billing_invoiceline_coefficient_finite CHECK (coefficient > '-Infinity'::numeric AND coefficient < 'Infinity'::numeric),
    ADD CONSTRAINT billing_invoiceline_share_percent_finite CHECK (share_percent > '-Infinity'::numeric AND share_percent < 'Infinity'::numeric);
ALTER TABLE billing_invoice
    ADD CONSTRAINT billing_invoice_state_net_finite CHECK (state_net > '-Infinity'::numeric AND state_net < 'Infinity'::numeric),
    ADD CONSTRAINT billing_invoice_state_vat_finite CHECK (state_vat > '-Infinity'::numeric AND state_vat < 'Infinity'::numeric);

-- What has been billed stays billed: accounts go on from the last month that was run. In the months before, nobody was
-- estimated; so it stays, until somebody changes these bounds.
INSERT INTO billing_pricedaccount (account_id, priced_to)
SELECT account.id, run.last_month
  FROM billing_account account
  JOIN (SELECT enterprise_id, max(month) AS last_month FROM billing_billingrun WHERE NOT is_trial GROUP BY 1) run
    USING (enterprise_id);
INSERT INTO billing_billingparameters (enterprise_id, valid_from, absence_minimum_days, average_months, average_at_most_months)
SELECT enterprise_id, valid_from, 5, 12, at_most
  FROM (SELECT enterprise_id, (max(month) + interval '1 month')::date AS next_month
          FROM billing_billingrun WHERE NOT is_trial GROUP BY enterprise_id) run
 CROSS JOIN LATERAL (VALUES ('2000-01-01'::date, 0), (next_month, 3)) AS bounds (valid_from, at_most);

-- What the last run could not bill, or was read after it, is priced again.
INSERT INTO billing_repricing (enterprise_id, account_id, from_month)
SELECT DISTINCT last_run.enterprise_id, parked.account_id, last_run.month
  FROM (SELECT DISTINCT ON (enterprise_id) id, enterprise_id, month
          FROM billing_billingrun WHERE NOT is_trial ORDER BY enterprise_id, id DESC) last_run
  JOIN billing_billingexception parked ON parked.run_id = last_run.id
UNION
SELECT account.enterprise_id, account.id, min(date_trunc('month', least(reading.read_on, earlier.read_on)::timestamp))::date
  FROM billing_account account
  JOIN (SELECT enterprise_id, max(started_at) AS started_at
          FROM billing_billingrun WHERE NOT is_trial GROUP BY enterprise_id) run USING (enterprise_id)
  JOIN billing_contract contract ON contract.account_id = account.id
  JOIN billing_contractservicepoint link ON link.contract_id = contract.id
  JOIN billing_meterinstallation installation ON installation.service_point_id = link.service_point_id
  JOIN billing_reading reading ON reading.installation_id = installation.id AND reading.state <> 'queued'
                              AND reading.entered_at > run.started_at
  LEFT JOIN LATERAL (SELECT max(read_on) AS read_on FROM billing_reading
                      WHERE installation_id = installation.id AND state = 'accepted' AND read_on < reading.read_on) earlier ON true
 GROUP BY account.enterprise_id, account.id;
