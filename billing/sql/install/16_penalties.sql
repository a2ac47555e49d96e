-- Guards of penalties: what a line of one follows from, that no day of a debt is charged twice, and that terms stay.

-- What a bill asks for itself, which penalties are computed of: its lines but for those that take back earlier ones, which
-- pay for those; unless together they ask for more (a benefit that was none is taken back).
CREATE OR REPLACE FUNCTION bill_debt(asked_id bigint) RETURNS numeric
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(sum(net + vat) FILTER (WHERE NOT is_reversal), 0) + greatest(coalesce(sum(net + vat) FILTER (WHERE is_reversal), 0), 0)
      FROM billing_invoiceline WHERE invoice_id = asked_id;
$$;

-- A bill has penalties alone or none. A penalty is on a bill of the same account that is no penalty itself, for days of one
-- month after it was due that had passed when it was charged; its terms are the enterprise's, for the account's division
-- and the subscriber's class, were not withdrawn, began before these days, and have the rate that it says; some such terms
-- have the grace and the cap that it says, and its days come after that grace; its base is owed at most, and it is at most
-- what these days cost, but for the tiyin that rounding moves from month to month.
CREATE OR REPLACE FUNCTION check_penalties_follow() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE wrong record;
BEGIN
    SELECT line.number, line.what INTO wrong FROM (
        SELECT invoice.number, CASE
            WHEN invoice.is_penalty <> (added.kind = 'penalty') THEN 'kind'
            WHEN added.kind <> 'penalty' OR added.is_reversal THEN NULL
            WHEN debt.account_id <> invoice.account_id OR debt.is_penalty THEN 'bill'
            WHEN added.consumption_from <= debt.due_on OR added.consumption_month > invoice.month
                 OR added.consumption_from < added.consumption_month
                 OR added.consumption_to > added.consumption_month + interval '1 month'
                 OR added.consumption_to > (now() AT TIME ZONE 'Asia/Tashkent')::date THEN 'days'
            WHEN NOT (terms.enterprise_id = invoice.enterprise_id AND terms.valid_from <= added.consumption_from AND NOT terms.is_withdrawn
                      AND terms.subscriber_class IN ('', subscriber.subscriber_class)
                      AND (terms.division_id IS NULL OR starts_with(place.path, held_in.path))
                      AND coalesce((added.inputs ->> 'daily_percent')::numeric = terms.daily_percent, false)) THEN 'terms'
            WHEN NOT EXISTS (SELECT FROM billing_penaltyterms of_due_day
                               LEFT JOIN gis_core_division due_in ON due_in.id = of_due_day.division_id
                              WHERE of_due_day.enterprise_id = invoice.enterprise_id AND NOT of_due_day.is_withdrawn
                                AND of_due_day.subscriber_class IN ('', subscriber.subscriber_class)
                                AND (due_in.id IS NULL OR starts_with(place.path, due_in.path))
                                AND of_due_day.grace_days = (added.inputs ->> 'grace_days')::integer
                                AND of_due_day.cap_percent = (added.inputs ->> 'cap_percent')::numeric
                                AND added.consumption_from > debt.due_on + of_due_day.grace_days) THEN 'days of grace or cap'
            WHEN NOT coalesce((added.inputs ->> 'base')::numeric BETWEEN 0 AND bill_debt(debt.id)
                 AND added.net <= round((added.inputs ->> 'base')::numeric * terms.daily_percent
                                        * (added.consumption_to - added.consumption_from) * 0.01, 2) + 0.01, false) THEN 'base'
            END AS what
          FROM added
          JOIN billing_invoice invoice ON invoice.id = added.invoice_id
          LEFT JOIN billing_invoice debt ON debt.id = added.penalized_invoice_id
          LEFT JOIN billing_penaltyterms terms ON terms.id = added.penalty_terms_id
          LEFT JOIN gis_core_division held_in ON held_in.id = terms.division_id
          LEFT JOIN billing_account account ON account.id = invoice.account_id
          LEFT JOIN billing_subscriber subscriber ON subscriber.id = account.subscriber_id
          LEFT JOIN gis_core_division place ON place.id = account.division_id
         WHERE added.kind = 'penalty' OR invoice.is_penalty) line
     WHERE line.what IS NOT NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'posted_penalty_follows: a line of % does not follow from its %', wrong.number, wrong.what
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER posted_penalty_follows AFTER INSERT ON billing_invoiceline
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_penalties_follow();

-- Of the penalties on a bill that stand, no two are for the same day, no more is taken back than stands, and together they are
-- at most the share of the bill at which the added ones say that they stop. Two transactions do not both pass: bills of an enterprise are posted one after another (see
-- check_days_are_charged_once).
CREATE OR REPLACE FUNCTION check_penalty_days_charged_once() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE wrong record;
BEGIN
    IF NOT EXISTS (SELECT FROM added WHERE kind = 'penalty') THEN
        RETURN NULL;
    END IF;
    PERFORM FROM billing_invoicecounter counter
      WHERE counter.enterprise_id IN (SELECT invoice.enterprise_id FROM added JOIN billing_invoice invoice ON invoice.id = added.invoice_id)
      ORDER BY year FOR UPDATE;
    WITH standing AS (
        SELECT line.penalized_invoice_id, line.consumption_from, line.consumption_to,
               sum(CASE WHEN line.is_reversal THEN -1 ELSE 1 END) AS copies, sum(line.net) AS net
          FROM billing_invoiceline line
         WHERE line.penalized_invoice_id IN (SELECT penalized_invoice_id FROM added WHERE kind = 'penalty')
         GROUP BY 1, 2, 3
    ), capped AS (
        SELECT penalized_invoice_id, round(bill_debt(penalized_invoice_id) * max((inputs ->> 'cap_percent')::numeric) * 0.01, 2) AS cap
          FROM added WHERE kind = 'penalty' AND NOT is_reversal GROUP BY 1
    ), compared AS (
        SELECT standing.*, lag(consumption_to) OVER (PARTITION BY penalized_invoice_id ORDER BY consumption_from, consumption_to) AS before,
               sum(net) OVER (PARTITION BY penalized_invoice_id) AS in_all
          FROM standing WHERE copies <> 0 OR net <> 0
    )
    SELECT debt.number, consumption_from, consumption_to INTO wrong
      FROM compared
      JOIN billing_invoice debt ON debt.id = penalized_invoice_id
      LEFT JOIN capped USING (penalized_invoice_id)
     WHERE copies <> 1 OR before > consumption_from OR in_all > cap LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'penalty_days_charged_once: % to % of the bill % are charged twice, taken back twice, or cost more than their cap',
            wrong.consumption_from, wrong.consumption_to, wrong.number USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER penalty_days_charged_once AFTER INSERT ON billing_invoiceline
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_penalty_days_charged_once();

-- Terms that were charged stay what they were, and are not deleted (PROTECT); others are a new row. Wrong ones are withdrawn,
-- for good: the next run takes back what was charged by them.
CREATE OR REPLACE FUNCTION check_charged_terms_stay() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE as_withdrawn billing_penaltyterms := OLD;
BEGIN
    as_withdrawn.is_withdrawn := true;
    IF NEW IS DISTINCT FROM OLD AND (OLD.is_withdrawn OR NEW IS DISTINCT FROM as_withdrawn)
       AND (OLD.is_withdrawn OR EXISTS (SELECT FROM billing_invoiceline WHERE penalty_terms_id = OLD.id)) THEN
        RAISE EXCEPTION 'charged_terms_stay: terms that were charged or withdrawn stay; set new ones'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER charged_terms_stay BEFORE UPDATE ON billing_penaltyterms
    FOR EACH ROW EXECUTE FUNCTION check_charged_terms_stay();
