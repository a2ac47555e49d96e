-- Guards of bills' lines: what a line says it was computed from, and the days that it charges.
-- Both are asked once for all lines that a statement adds, by joins, since a run adds them by the hundred thousand.
-- They look rows up by their indexes, however few there were when their plans were made: in a first run there were none.

-- A line stands in a bill of its month or a later one and charges days near its month (those between two readings count in
-- one month, wherever they lie); its service point is or was the account's by contract; its readings are of that point, are
-- or were accepted, and have its days between them; its tariff is the enterprise's, for the service, the subscriber's class
-- and the account's division, holds when the days begin (a line goes on where the next version has the same price), has its
-- price (of poor quality, which is some of a line's days, it began before) and as many blocks; its tax rate holds then, is
-- for the service, and is what the line says. What is read or priced names what it was read or priced by. What is charged
-- once is of a service that is.
-- A run prices what it saw when it began: a contract that was ended and a reading that was replaced meanwhile stay what
-- they were, and the next run puts it right. What takes a line back repeats a line of the account that stands: `check_days_are_charged_once`.
CREATE OR REPLACE FUNCTION check_lines_follow() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE wrong record;
BEGIN
    SELECT line.number, line.what INTO wrong FROM (
        SELECT invoice.number, CASE
            WHEN added.consumption_month > invoice.month
                 OR added.consumption_from < added.consumption_month - interval '2 months'
                 OR added.consumption_to > added.consumption_month + interval '3 months' THEN 'days'
            WHEN added.service_point_id IS NOT NULL AND NOT EXISTS (
                SELECT FROM billing_contractservicepoint link JOIN billing_contract contract ON contract.id = link.contract_id
                 WHERE link.service_point_id = added.service_point_id AND contract.account_id = invoice.account_id) THEN 'service point'
            WHEN added.kind = 'one_off' AND service.basis IS DISTINCT FROM 'one_off' THEN 'service'
            WHEN coalesce(added.inputs ->> 'block_no', '1') <> ALL (blocks.known) THEN 'tariff''s blocks'
            WHEN added.kind NOT IN ('quality', 'subsidy', 'penalty') AND (tariff.id IS NULL OR rate.id IS NULL) THEN 'tariff or tax rate, which it lacks'
            WHEN tariff.id IS NOT NULL AND NOT (
                tariff.enterprise_id = invoice.enterprise_id AND tariff.service = added.service_id
                AND tariff.subscriber_class = subscriber.subscriber_class
                AND (tariff.validity @> added.consumption_from OR (added.kind = 'quality' AND lower(tariff.validity) <= added.consumption_from))
                AND (tariff.division_id IS NULL OR starts_with(place.path, priced_in.path))
                AND (added.price IS NULL OR (
                    added.vat_included = tariff.vat_included
                    AND added.price = ANY (CASE tariff.form
                        WHEN 'price' THEN ARRAY[tariff.price_per_m3]
                        WHEN 'components' THEN ARRAY[(SELECT sum(part) FROM unnest(tariff.part_prices) AS part)]
                        ELSE tariff.part_prices END)))) THEN 'tariff'
            WHEN rate.id IS NOT NULL AND NOT (
                rate.percent = added.vat_percent
                AND (rate.validity @> added.consumption_from OR (added.kind = 'quality' AND lower(rate.validity) <= added.consumption_from))
                AND coalesce(rate.service_id = added.service_id, true)) THEN 'tax rate'
            WHEN (added.kind = 'consumption' AND service.basis = 'meter' AND (previous.id IS NULL OR current.id IS NULL))
                 OR NOT coalesce(previous.read_on <= added.consumption_from AND current.read_on >= added.consumption_to, true)
                 OR EXISTS (SELECT FROM (VALUES (previous.installation_id, previous.state, added.previous_reading_id),
                                                (current.installation_id, current.state, added.current_reading_id))
                                        AS read (installation_id, state, reading_id)
                             WHERE read.reading_id IS NOT NULL AND NOT (read.state IN ('accepted', 'superseded') AND EXISTS (
                                 SELECT FROM billing_meterinstallation installation
                                  WHERE installation.id = read.installation_id
                                    -- Poor quality and subsidies say of no register.
                                    AND (added.kind IN ('quality', 'subsidy')
                                         OR installation.register = coalesce(added.inputs ->> 'register', ''))
                                    AND (installation.service_point_id = added.service_point_id
                                         OR (added.service_point_id IS NULL AND EXISTS (
                                             SELECT FROM billing_contractservicepoint link
                                               JOIN billing_contract contract ON contract.id = link.contract_id
                                              WHERE link.service_point_id = installation.service_point_id
                                                AND contract.account_id = invoice.account_id)))))) THEN 'readings'
            WHEN added.inputs ->> 'register' <> '' AND NOT EXISTS (
                SELECT FROM billing_contractservicepoint link
                  JOIN billing_contract contract ON contract.id = link.contract_id
                  JOIN billing_meterinstallation installation ON installation.service_point_id = link.service_point_id
                 WHERE contract.account_id = invoice.account_id AND installation.register = added.inputs ->> 'register'
                   AND link.service_point_id = coalesce(added.service_point_id, link.service_point_id)) THEN 'register'
            END AS what
          FROM added
          JOIN billing_invoice invoice ON invoice.id = added.invoice_id
          JOIN billing_account account ON account.id = invoice.account_id
          JOIN billing_subscriber subscriber ON subscriber.id = account.subscriber_id
          JOIN gis_core_division place ON place.id = account.division_id
          LEFT JOIN billing_suppliedservice service ON service.code = added.service_id
          LEFT JOIN billing_tariff tariff ON tariff.id = added.tariff_id
          LEFT JOIN gis_core_division priced_in ON priced_in.id = tariff.division_id
         CROSS JOIN LATERAL (SELECT ARRAY(SELECT block::text FROM generate_series(1, greatest(1, cardinality(tariff.part_prices))) AS block)
                                    AS known) blocks
          LEFT JOIN billing_vatrate rate ON rate.id = added.vat_rate_id
          LEFT JOIN billing_reading previous ON previous.id = added.previous_reading_id
          LEFT JOIN billing_reading current ON current.id = added.current_reading_id
         WHERE NOT added.is_reversal) line
     WHERE line.what IS NOT NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'posted_line_follows: a line of % does not follow from its %', wrong.number, wrong.what
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER posted_line_follows AFTER INSERT ON billing_invoiceline
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_lines_follow();

-- Of the lines of an account that stand, none that is added charges days of a service of a point (or of a service without
-- one) in the same register that another charges: days of a register are the same or do not overlap, and each block of them
-- is charged once; and no more is taken back than stands. What is charged once (a sealing, a connection) may be charged
-- twice on a day, and a service that follows another has lines for every point of that, which it does not name. Where the
-- account is noted to be priced again from a month on (billing_repricing), what was posted of later months may overlap until
-- then: a late reading moves the days of a month, and only a run of the next one can take back its estimate.
-- Bills of an enterprise are posted one after another: each has its number from the counter, which is held here, so
-- that two transactions at once do not both pass.
CREATE OR REPLACE FUNCTION check_days_are_charged_once() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE wrong record;
BEGIN
    PERFORM FROM billing_invoicecounter counter
      WHERE counter.enterprise_id IN (SELECT invoice.enterprise_id FROM added JOIN billing_invoice invoice ON invoice.id = added.invoice_id)
      ORDER BY year FOR UPDATE;
    WITH touched AS (
        -- Lines of months so far apart charge no days in common.
        SELECT invoice.account_id, (min(added.consumption_month) - interval '4 months')::date AS first_month,
               (max(added.consumption_month) + interval '4 months')::date AS last_month, max(added.id) AS last_added, min(added.id) AS first_added
          FROM added JOIN billing_invoice invoice ON invoice.id = added.invoice_id GROUP BY 1
    ), posted AS (
        SELECT invoice.account_id, line.service_id, line.service_point_id, line.kind, line.consumption_month,
               line.consumption_from, line.consumption_to, coalesce(line.inputs ->> 'register', '') AS register,
               coalesce(line.inputs ->> 'block_no', '1') AS block_no, line.net * sign.of_line AS net, sign.of_line AS copies,
               line.id BETWEEN touched.first_added AND touched.last_added AS is_added
          FROM touched
          JOIN billing_invoice invoice ON invoice.account_id = touched.account_id AND invoice.month >= touched.first_month
          JOIN billing_invoiceline line ON line.invoice_id = invoice.id
                                       AND line.consumption_month BETWEEN touched.first_month AND touched.last_month
         CROSS JOIN LATERAL (SELECT CASE WHEN line.is_reversal THEN -1 ELSE 1 END AS of_line) sign
    ), standing AS (
        SELECT account_id, service_id, service_point_id, register, block_no, consumption_month, consumption_from, consumption_to,
               sum(copies) AS copies, bool_or(is_added AND copies > 0) AS is_added
          FROM posted WHERE kind NOT IN ('one_off', 'benefit', 'quality', 'subsidy')
         GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 HAVING sum(copies) > 0
    )
    SELECT account.number, wrong_days.consumption_from, wrong_days.consumption_to INTO wrong FROM (
        SELECT account_id, consumption_from, consumption_to
          FROM standing JOIN billing_suppliedservice service ON service.code = standing.service_id
         WHERE is_added AND copies > 1 AND NOT (service.basis = 'of_service' AND service_point_id IS NULL)
        UNION ALL
        SELECT added_line.account_id, added_line.consumption_from, added_line.consumption_to
          FROM standing added_line
          JOIN standing other USING (account_id, service_id, register)
         WHERE added_line.is_added
           AND added_line.service_point_id IS NOT DISTINCT FROM other.service_point_id
           AND (added_line.consumption_month, added_line.consumption_from, added_line.consumption_to)
               <> (other.consumption_month, other.consumption_from, other.consumption_to)
           AND added_line.consumption_from < other.consumption_to AND other.consumption_from < added_line.consumption_to
           AND NOT EXISTS (SELECT FROM billing_repricing noted
                            WHERE noted.account_id = added_line.account_id
                              AND noted.from_month > added_line.consumption_month AND noted.from_month <= other.consumption_month)
        UNION ALL
        SELECT account_id, consumption_from, consumption_to FROM posted
         GROUP BY account_id, service_id, service_point_id, kind, consumption_from, consumption_to, net
        HAVING sum(copies) < 0 AND bool_or(is_added)) wrong_days
      JOIN billing_account account ON account.id = wrong_days.account_id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'posted_days_charged_once: % to % of account % are charged twice, or taken back twice',
            wrong.consumption_from, wrong.consumption_to, wrong.number USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER posted_days_charged_once AFTER INSERT ON billing_invoiceline
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_days_are_charged_once();
