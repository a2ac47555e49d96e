-- What the registers hold of accounts in months, written into the staged tables: many at once, nothing asked per account.
--
-- Inputs: temporary tables asked_month (account_id, month) and staged_share (shares of buildings), the registers; the staged
--   tables, empty.
-- Outputs: the staged tables, and where their rows come from: staged_case (a row for each contract of an account that may
--   matter to the month), staged_service, staged_installation, staged_tariff, staged_vat.
-- Invariants: the same registers stage the same rows; what does not reach the month, nor what its estimates look back on,
--   is left out. Lists of values that accounts share are staged once, under one number.
--
-- Each service point is a service of the case: a second one of the same code is named code/2, and whatever follows it too,
-- so that every estimate belongs to a point of the network.
DROP TABLE IF EXISTS staged_case, staged_supplied, staged_service, staged_installation, staged_list, staged_tariff, staged_vat;

CREATE TEMPORARY TABLE staged_case ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY asked.account_id, asked.month, lower(contract.validity))::integer - 1 AS case_no,
       asked.account_id, asked.month, around.month_end, around.days AS around_days, contract.id AS contract_id,
       contract.validity, account.enterprise_id, account.division_id, division.path AS division_path,
       subscriber.subscriber_class, coalesce(bounds.absence_minimum_days, 5) AS absence_minimum_days,
       coalesce(bounds.average_months, 12) AS average_months,
       coalesce(bounds.average_at_most_months, 3) AS average_at_most_months,
       (asked.month - make_interval(months => 3 + greatest(12, bounds.average_months, bounds.average_at_most_months)))::date AS looks_back_to,
       CASE WHEN EXISTS (SELECT FROM billing_accountvalue own
                          WHERE own.account_id = account.id AND own.kind = 'residents')
            THEN 'account ' || account.id || ' residents'
            WHEN subscriber.residents > 0
            THEN 'subscriber ' || subscriber.residents || ' ' || lower(contract.validity) END AS residents_key,
       CASE WHEN EXISTS (SELECT FROM billing_accountvalue own
                          WHERE own.account_id = account.id AND own.kind = 'area')
            THEN 'account ' || account.id || ' area' END AS area_key,
       subscriber.residents
  FROM asked_month asked
  JOIN billing_account account ON account.id = asked.account_id
  JOIN gis_core_division division ON division.id = account.division_id
  JOIN billing_subscriber subscriber ON subscriber.id = account.subscriber_id
 -- A part of a pair of readings that counts in a month lies within two months of it.
 CROSS JOIN LATERAL (
       SELECT (asked.month + interval '1 month')::date AS month_end,
              daterange((asked.month - interval '2 months')::date, (asked.month + interval '3 months')::date) AS days) around
  JOIN billing_contract contract ON contract.account_id = account.id AND contract.validity && around.days
  LEFT JOIN LATERAL (
       SELECT * FROM billing_billingparameters parameters
        WHERE parameters.enterprise_id = account.enterprise_id AND parameters.valid_from <= asked.month
        ORDER BY valid_from DESC LIMIT 1) bounds ON true;
ALTER TABLE staged_case ADD PRIMARY KEY (case_no);
ANALYZE staged_case;

-- A table, whose rows are counted: joined with itself below as a subquery it is believed small, and read once for each row.
CREATE TEMPORARY TABLE staged_supplied ON COMMIT DROP AS
WITH supplied AS (
    SELECT case_no, point.service AS code, point.id AS service_point_id, point.code AS point_code, link.basis,
           link.validity * staged_case.validity AS days
      FROM staged_case
      JOIN billing_contractservicepoint link USING (contract_id)
      JOIN billing_servicepoint point ON point.id = link.service_point_id
     WHERE link.validity && staged_case.validity * around_days
    UNION ALL
    SELECT case_no, held.service_id, NULL, '', service.basis, held.validity * staged_case.validity
      FROM staged_case
      JOIN billing_contractservice held USING (contract_id)
      JOIN billing_suppliedservice service ON service.code = held.service_id
     WHERE held.validity && staged_case.validity * around_days
    UNION ALL
    SELECT case_no, given.service_id, NULL, '', service.basis, staged_case.validity
      FROM staged_case
      JOIN billing_givenquantity given USING (account_id, month)
      JOIN billing_suppliedservice service ON service.code = given.service_id AND service.basis = 'one_off'
)
SELECT supplied.*, CASE WHEN basis <> 'of_service'
                        THEN row_number() OVER (PARTITION BY case_no, code, basis <> 'of_service' ORDER BY point_code, lower(days)) END AS place
  FROM supplied;
CREATE INDEX ON staged_supplied (case_no, code);
ANALYZE staged_supplied;

CREATE TEMPORARY TABLE staged_service ON COMMIT DROP AS
WITH own AS (
    SELECT * FROM staged_supplied WHERE basis <> 'of_service'
), listed AS (
    SELECT case_no, code, service_point_id, basis, days, place, NULL::text AS base_code, NULL::bigint AS base_place
      FROM own
    UNION ALL
    SELECT follower.case_no, follower.code, NULL, follower.basis, follower.days,
           row_number() OVER (PARTITION BY follower.case_no, follower.code ORDER BY own.place, lower(follower.days)),
           own.code, own.place
      FROM staged_supplied follower
      JOIN billing_suppliedservice service USING (code)
      JOIN own ON own.case_no = follower.case_no AND own.code = service.base_id
     WHERE follower.basis = 'of_service' AND own.basis IN ('meter', 'norm', 'share')
), with_own_values AS (
    SELECT account_id, service_id AS code, bool_or(kind = 'coefficient') AS has_coefficient, bool_or(kind = 'norm') AS has_norm
      FROM billing_accountvalue
     WHERE service_id IS NOT NULL AND account_id IN (SELECT account_id FROM staged_case)
     GROUP BY account_id, service_id
), with_own_vat AS (
    SELECT DISTINCT service_id AS code FROM billing_vatrate WHERE service_id IS NOT NULL
)
SELECT listed.case_no,
       row_number() OVER (PARTITION BY listed.case_no ORDER BY service.position, listed.place)::integer - 1 AS service_no,
       listed.code, listed.code || CASE WHEN listed.place > 1 THEN '/' || listed.place ELSE '' END AS name, listed.place,
       listed.base_code, listed.base_place, listed.service_point_id, listed.basis, listed.days, service.unit, service.is_water,
       concat_ws(' ', 'tariff', enterprise_id, division_path, subscriber_class, listed.code) AS tariff_key,
       'vat ' || coalesce(with_own_vat.code, '') AS vat_key,
       CASE WHEN has_coefficient THEN concat_ws(' ', 'account', account_id, 'coefficient', listed.code)
            ELSE concat_ws(' ', 'service coefficient', enterprise_id, division_path, subscriber_class, listed.code) END
           AS coefficient_key,
       CASE WHEN has_norm THEN concat_ws(' ', 'account', account_id, 'norm', listed.code)
            ELSE concat_ws(' ', 'service norm', enterprise_id, division_path, subscriber_class, listed.code) END AS norm_key
  FROM listed
  JOIN staged_case USING (case_no)
  JOIN billing_suppliedservice service USING (code)
  LEFT JOIN with_own_values USING (account_id, code)
  LEFT JOIN with_own_vat USING (code);
CREATE INDEX ON staged_service (case_no, code);
ANALYZE staged_service;

CREATE TEMPORARY TABLE staged_installation ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY case_no, service_no, lower(installation.validity), meter.serial, installation.register)::integer
           AS installation_no,
       case_no, service_no, installation.id AS installation_id, installation.register, installation.validity, meter.serial,
       meter.digits, meter.multiplier, looks_back_to,
       CASE WHEN EXISTS (SELECT FROM billing_quantityfactor factor WHERE factor.installation_id = installation.id)
            THEN 'factor ' || installation.id END AS factor_key
  FROM staged_service service
  JOIN staged_case USING (case_no)
  JOIN billing_meterinstallation installation USING (service_point_id)
  JOIN billing_meter meter ON meter.id = installation.meter_id
 WHERE service.basis = 'meter' AND installation.validity && daterange(looks_back_to, upper(around_days));
CREATE INDEX ON staged_installation (installation_id);
ANALYZE staged_installation;

-- Every list that is named gets a number, whether it has values or not: one without lacks them on every day.
CREATE TEMPORARY TABLE staged_list ON COMMIT DROP AS
SELECT row_number() OVER ()::integer AS list_no, key
  FROM (SELECT tariff_key FROM staged_service UNION SELECT vat_key FROM staged_service
        UNION SELECT coefficient_key FROM staged_service UNION SELECT norm_key FROM staged_service
        UNION SELECT residents_key FROM staged_case UNION SELECT area_key FROM staged_case
        UNION SELECT factor_key FROM staged_installation) keys (key)
 WHERE key IS NOT NULL;
CREATE INDEX ON staged_list (key);
ANALYZE staged_list;

-- Days on which a nearer division has a version are that version's.
CREATE TEMPORARY TABLE staged_tariff ON COMMIT DROP AS
WITH wanted AS (
    SELECT DISTINCT list_no, enterprise_id, division_path, subscriber_class, code
      FROM staged_service
      JOIN staged_case USING (case_no)
      JOIN staged_list ON key = tariff_key
), candidate AS (
    SELECT list_no, tariff.id AS tariff_id, tariff.validity, coalesce(length(division.path), 0) AS nearness
      FROM wanted
      JOIN billing_tariff tariff ON tariff.enterprise_id = wanted.enterprise_id AND tariff.service = code
                                AND tariff.subscriber_class = wanted.subscriber_class
      LEFT JOIN gis_core_division division ON division.id = tariff.division_id
     WHERE tariff.division_id IS NULL OR starts_with(division_path, division.path)
)
SELECT list_no, tariff_id, lower(span) AS valid_from, coalesce(upper(span), 'infinity') AS valid_to
  FROM candidate
 CROSS JOIN LATERAL (
       SELECT range_agg(nearer.validity) AS days FROM candidate nearer
        WHERE nearer.list_no = candidate.list_no AND nearer.nearness > candidate.nearness) taken
 CROSS JOIN LATERAL unnest(validity::datemultirange - coalesce(taken.days, '{}'::datemultirange)) AS span;

INSERT INTO pricing_tariff (list_no, valid_from, valid_to, register, limits, prices, component_names, component_prices,
                            per_resident, vat_included)
SELECT list_no, valid_from, valid_to, form.register, form.limits, form.prices, form.component_names, form.component_prices,
       per_resident, vat_included
  FROM staged_tariff
  JOIN billing_tariff tariff ON tariff.id = tariff_id
 CROSS JOIN LATERAL (
       SELECT array_agg(trim_scale(price) ORDER BY place) AS prices, sum(price) AS whole
         FROM unnest(part_prices) WITH ORDINALITY AS part (price, place)) parts
 CROSS JOIN LATERAL (
       SELECT array_agg(trim_scale(up_to) ORDER BY place) || NULL::numeric AS limits
         FROM unnest(block_limits) WITH ORDINALITY AS block (up_to, place)) blocks
 CROSS JOIN LATERAL (
       SELECT '' AS register, ARRAY[NULL::numeric] AS limits, ARRAY[trim_scale(price_per_m3)] AS prices,
              '{}'::text[] AS component_names, '{}'::numeric[] AS component_prices
        WHERE tariff.form = 'price'
       UNION ALL
       SELECT '', ARRAY[NULL::numeric], ARRAY[trim_scale(parts.whole)], part_names::text[], parts.prices WHERE tariff.form = 'components'
       UNION ALL
       SELECT '', coalesce(blocks.limits, ARRAY[NULL::numeric]), parts.prices, '{}', '{}' WHERE tariff.form = 'blocks'
       UNION ALL
       SELECT name, ARRAY[NULL::numeric], ARRAY[price], '{}', '{}'
         FROM unnest(part_names, parts.prices) AS of_register (name, price) WHERE tariff.form = 'registers') form;

CREATE TEMPORARY TABLE staged_vat ON COMMIT DROP AS
SELECT list_no, rate.id AS vat_rate_id, lower(rate.validity) AS valid_from, coalesce(upper(rate.validity), 'infinity') AS valid_to,
       trim_scale(rate.percent) AS percent
  FROM staged_list
  JOIN billing_vatrate rate ON key = 'vat ' || coalesce(rate.service_id, '');

INSERT INTO pricing_value (list_no, valid_from, valid_to, value)
SELECT list_no, valid_from, valid_to, percent FROM staged_vat;

-- Values of services: each until the next of its own level, or until a nearer level takes over.
INSERT INTO pricing_value (list_no, valid_from, valid_to, value)
WITH wanted AS (
    SELECT DISTINCT list_no, enterprise_id, division_path, subscriber_class, code, kind
      FROM staged_service
      JOIN staged_case USING (case_no)
     CROSS JOIN LATERAL (VALUES ('coefficient', coefficient_key), ('norm', norm_key)) AS named (kind, key)
      JOIN staged_list USING (key)
     WHERE key LIKE 'service %'
), candidate AS (
    SELECT list_no, own.valid_from, own.value,
           ARRAY[coalesce(length(division.path), 0), length(own.subscriber_class)] AS nearness
      FROM wanted
      JOIN billing_servicevalue own ON own.enterprise_id = wanted.enterprise_id AND own.service_id = code
                                   AND own.kind = wanted.kind AND own.subscriber_class IN ('', wanted.subscriber_class)
      LEFT JOIN gis_core_division division ON division.id = own.division_id
     WHERE own.division_id IS NULL OR starts_with(division_path, division.path)
), until AS (
    SELECT list_no, valid_from, value,
           least(lead(valid_from, 1, 'infinity') OVER (PARTITION BY list_no, nearness ORDER BY valid_from),
                 (SELECT min(nearer.valid_from) FROM candidate nearer
                   WHERE nearer.list_no = candidate.list_no AND nearer.nearness > candidate.nearness)) AS valid_to
      FROM candidate
)
SELECT list_no, valid_from, valid_to, trim_scale(value) FROM until WHERE valid_from < valid_to;

INSERT INTO pricing_value (list_no, valid_from, valid_to, value)
SELECT list_no, own.valid_from,
       lead(own.valid_from, 1, 'infinity') OVER (PARTITION BY list_no ORDER BY own.valid_from), trim_scale(own.value)
  FROM billing_accountvalue own
  JOIN staged_list ON key = concat_ws(' ', 'account', own.account_id, own.kind, own.service_id)
 WHERE own.account_id IN (SELECT account_id FROM staged_case);

INSERT INTO pricing_value (list_no, valid_from, valid_to, value)
SELECT DISTINCT list_no, lower(validity), 'infinity'::date, residents
  FROM staged_case JOIN staged_list ON key = residents_key
 WHERE residents_key LIKE 'subscriber %';

INSERT INTO pricing_value (list_no, valid_from, valid_to, value)
SELECT list_no, factor.valid_from,
       lead(factor.valid_from, 1, 'infinity') OVER (PARTITION BY list_no ORDER BY factor.valid_from), trim_scale(factor.value)
  FROM billing_quantityfactor factor JOIN staged_list ON key = 'factor ' || factor.installation_id;

INSERT INTO pricing_case (case_no, month, month_end, residents_list, area_list, absence_minimum_days, average_months,
                          average_at_most_months)
SELECT case_no, month, month_end, residents.list_no, area.list_no, absence_minimum_days, average_months, average_at_most_months
  FROM staged_case
  LEFT JOIN staged_list residents ON residents.key = residents_key
  LEFT JOIN staged_list area ON area.key = area_key;

-- What is given for a month, or paid for it by the state, belongs to the first contract that has the service then.
INSERT INTO pricing_service (case_no, service_no, basis, contract_from, contract_to, tariff_list, vat_list, coefficient_list,
                             norm_list, base_service_no, given_on, given_quantity)
SELECT service.case_no, service.service_no, service.basis, lower(service.days), coalesce(upper(service.days), 'infinity'),
       tariff.list_no, vat.list_no, coefficient.list_no, norm.list_no, base.service_no, given.charged_on,
       coalesce(trim_scale(given.quantity), shared.quantity)
  FROM staged_service service
  JOIN staged_case USING (case_no)
  JOIN staged_list tariff ON tariff.key = tariff_key
  JOIN staged_list vat ON vat.key = vat_key
  JOIN staged_list coefficient ON coefficient.key = coefficient_key
  JOIN staged_list norm ON norm.key = norm_key
  LEFT JOIN staged_service base ON base.case_no = service.case_no AND base.code = service.base_code
                               AND base.place = service.base_place
  LEFT JOIN billing_givenquantity given
    ON given.account_id = staged_case.account_id AND given.month = staged_case.month AND given.service_id = service.code
   AND service.basis IN ('share', 'one_off') AND service.place = 1
   AND NOT EXISTS (SELECT FROM staged_case earlier
                     JOIN staged_service other USING (case_no)
                    WHERE earlier.account_id = staged_case.account_id AND earlier.month = staged_case.month
                      AND earlier.case_no < service.case_no AND other.code = service.code AND service.basis = 'share'
                      AND other.days && daterange(earlier.month, earlier.month_end))
  LEFT JOIN staged_share shared
    ON shared.account_id = staged_case.account_id AND shared.month = staged_case.month AND shared.service_id = service.code
   AND service.basis = 'share' AND service.days && daterange(staged_case.month, staged_case.month_end)
   AND NOT EXISTS (SELECT FROM staged_case earlier
                     JOIN staged_service other USING (case_no)
                    WHERE earlier.account_id = staged_case.account_id AND earlier.month = staged_case.month
                      AND (other.case_no, other.service_no) < (service.case_no, service.service_no)
                      AND other.code = service.code AND other.basis = 'share'
                      AND other.days && daterange(earlier.month, earlier.month_end));

INSERT INTO pricing_installation (installation_no, case_no, service_no, register, installed_from, installed_to, capacity,
                                  multiplier, factor_list)
SELECT installation_no, case_no, service_no, register, lower(validity), coalesce(upper(validity), 'infinity'),
       power(10::numeric, digits), trim_scale(multiplier), list_no
  FROM staged_installation LEFT JOIN staged_list ON key = factor_key;

-- From the last reading before what is looked back on.
INSERT INTO pricing_reading (installation_no, read_on, index_value)
SELECT installation_no, reading.read_on, trim_scale(reading.index_m3)
  FROM staged_installation
  JOIN billing_reading reading USING (installation_id)
 WHERE reading.state = 'accepted'
   AND reading.read_on >= coalesce((SELECT max(earlier.read_on) FROM billing_reading earlier
                                     WHERE earlier.installation_id = staged_installation.installation_id
                                       AND earlier.state = 'accepted' AND earlier.read_on < looks_back_to), '-infinity');

INSERT INTO pricing_benefit (case_no, service_no, benefit_no, valid_from, valid_to, residents, share_percent)
SELECT case_no, service_no, dense_rank() OVER (PARTITION BY case_no ORDER BY benefit.id) - 1, lower(benefit.validity),
       coalesce(upper(benefit.validity), 'infinity'), benefit.residents, trim_scale(share_percent)
  FROM staged_case
  JOIN billing_benefit benefit ON benefit.account_id = staged_case.account_id AND benefit.validity && around_days
  JOIN billing_benefitservice listed ON listed.benefit_id = benefit.id
  JOIN staged_service service USING (case_no)
 WHERE service.code = listed.service_id;

INSERT INTO pricing_absence (case_no, absent_from, absent_to, residents)
SELECT case_no, lower(absence.validity), coalesce(upper(absence.validity), 'infinity'), absence.residents
  FROM staged_case
  JOIN billing_absence absence ON absence.account_id = staged_case.account_id AND absence.validity && around_days;

INSERT INTO pricing_quality_act (case_no, service_no, act_no, poor_from, poor_to, percent)
SELECT case_no, service_no, row_number() OVER (PARTITION BY case_no ORDER BY act.id, service_no) - 1, lower(act.validity),
       coalesce(upper(act.validity), 'infinity'), trim_scale(percent)
  FROM staged_case
  JOIN billing_qualityact act ON act.account_id = staged_case.account_id AND act.validity && around_days
  JOIN staged_service service USING (case_no)
 WHERE service.code = act.service_id;

INSERT INTO pricing_subsidy (case_no, service_no, subsidy_no, amount)
SELECT case_no, service_no, dense_rank() OVER (PARTITION BY case_no ORDER BY subsidy_id) - 1, amount
  FROM (SELECT case_no, service_no, subsidy.id AS subsidy_id, trim_scale(subsidy.amount) AS amount,
               first_value(case_no) OVER (PARTITION BY subsidy.id
                                          ORDER BY days && daterange(staged_case.month, month_end) DESC, case_no) AS first_case
          FROM staged_case
          JOIN billing_subsidy subsidy USING (account_id, month)
          JOIN billing_subsidyservice paid ON paid.subsidy_id = subsidy.id
          JOIN staged_service service USING (case_no)
         WHERE service.code = paid.service_id) offered
 WHERE case_no = first_case;

ANALYZE pricing_case, pricing_service, pricing_value, pricing_tariff, pricing_installation, pricing_reading, pricing_benefit,
    pricing_absence, pricing_quality_act, pricing_subsidy;
