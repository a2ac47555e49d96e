-- A line explains its money, as in 0006_lines.sql; a penalty has an amount alone, which knows no tax (16_penalties.sql looks at it).
ALTER TABLE billing_invoiceline DROP CONSTRAINT invoice_line_explains_itself;
ALTER TABLE billing_invoiceline ADD CONSTRAINT invoice_line_explains_itself CHECK (coalesce(
    CASE WHEN kind = 'penalty'
         THEN quantity IS NULL AND price IS NULL AND share_percent IS NULL AND vat_percent IS NULL
              AND (CASE WHEN is_reversal THEN -net ELSE net END) > 0
         WHEN kind IN ('quality', 'subsidy')
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
