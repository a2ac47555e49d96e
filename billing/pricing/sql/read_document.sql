-- The staged cases as price documents: what a document of each would say.
-- Inputs: the staged tables, filled by stage_accounts.sql. Output: case_no, whether the contract reaches the month, document.
-- Invariant: a document that is priced gives the lines of its case. Numbers are texts; what holds for ever has no end.
-- An end is said only where the next value does not begin there.
WITH version AS (
    SELECT list_no, valid_from, valid_to, value,
           jsonb_build_object('from', valid_from)
           || CASE WHEN valid_to < lead(valid_from, 1, 'infinity') OVER (PARTITION BY list_no ORDER BY valid_from)
                   THEN jsonb_build_object('to', valid_to) ELSE '{}' END AS days
      FROM pricing_value
), listed AS (
    SELECT list_no, jsonb_agg(days || jsonb_build_object('value', value::text) ORDER BY valid_from) AS numbers,
           jsonb_agg(days || jsonb_build_object('percent', value::text) ORDER BY valid_from) AS percents,
           jsonb_agg(days || jsonb_build_object('count', value::text) ORDER BY valid_from) AS counts
      FROM version GROUP BY list_no
), tariff_version AS (
    SELECT list_no, valid_from, valid_to,
           CASE WHEN min(register) <> ''
                THEN jsonb_build_object('registers', jsonb_object_agg(register, prices[1]::text))
                WHEN bool_or(component_names <> '{}')
                THEN jsonb_build_object('components', jsonb_agg(parts.components) -> 0)
                WHEN bool_or(cardinality(limits) > 1 OR per_resident)
                THEN jsonb_build_object('blocks', jsonb_agg(parts.blocks) -> 0, 'per_resident', bool_or(per_resident))
                ELSE jsonb_build_object('price', min(prices[1])::text) END
           || jsonb_build_object('vat_included', bool_or(vat_included)) AS form
      FROM pricing_tariff
     CROSS JOIN LATERAL (
           SELECT (SELECT jsonb_agg(jsonb_build_object('name', name, 'price', price::text) ORDER BY place)
                     FROM unnest(component_names, component_prices) WITH ORDINALITY AS part (name, price, place)) AS components,
                  (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('up_to', up_to::text, 'price', price::text)) ORDER BY place)
                     FROM unnest(limits, prices) WITH ORDINALITY AS block (up_to, price, place)) AS blocks) parts
     GROUP BY list_no, valid_from, valid_to
), tariff AS (
    SELECT list_no, jsonb_agg(jsonb_build_object('from', valid_from)
                              || CASE WHEN valid_to < following THEN jsonb_build_object('to', valid_to) ELSE '{}' END
                              || form ORDER BY valid_from) AS versions
      FROM (SELECT *, lead(valid_from, 1, 'infinity') OVER (PARTITION BY list_no ORDER BY valid_from) AS following
              FROM tariff_version) followed
     GROUP BY list_no
), read_index AS (
    SELECT installation_no, jsonb_agg(jsonb_build_object('on', read_on, 'index', index_value::text) ORDER BY read_on) AS readings
      FROM pricing_reading GROUP BY installation_no
), installation AS (
    SELECT case_no, service_no,
           jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
               'meter', serial, 'register', nullif(staged_installation.register, ''), 'from', installed_from,
               'to', nullif(installed_to, 'infinity'), 'digits', digits, 'multiplier', pricing_installation.multiplier::text,
               'quantity_factor', listed.numbers))
               || jsonb_build_object('readings', coalesce(readings, '[]')) ORDER BY installation_no) AS installations
      FROM staged_installation
      JOIN pricing_installation USING (installation_no, case_no, service_no)
      LEFT JOIN read_index USING (installation_no)
      LEFT JOIN listed ON list_no = factor_list
     GROUP BY case_no, service_no
), case_vat AS (
    SELECT case_no, min(listed.list_no) AS list_no
      FROM staged_service JOIN staged_list ON key = vat_key LEFT JOIN listed USING (list_no)
     WHERE vat_key = 'vat ' GROUP BY case_no
), service AS (
    SELECT case_no, jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
               'service', staged.name, 'basis', staged.basis, 'unit', staged.unit, 'of', base.name,
               'contract', CASE WHEN staged.days <> staged_case.validity
                                THEN jsonb_build_object('from', contract_from, 'to', nullif(contract_to, 'infinity')) END,
               'vat', CASE WHEN vat_key <> 'vat ' THEN vat.percents END, 'coefficient', coefficient.numbers,
               'norm_l_per_resident_day', norm.numbers, 'on', CASE staged.basis WHEN 'one_off' THEN given_on END,
               'quantity', CASE staged.basis WHEN 'one_off' THEN given_quantity::text END))
               || jsonb_build_object('tariff', coalesce(tariff.versions, '[]'))
               || CASE staged.basis
                  WHEN 'meter' THEN jsonb_build_object('installations', coalesce(installations, '[]'))
                  WHEN 'share' THEN jsonb_build_object('shares', CASE WHEN given_quantity IS NULL THEN '[]' ELSE
                      jsonb_build_array(jsonb_build_object('month', to_char(staged_case.month, 'YYYY-MM'), 'quantity', given_quantity::text)) END)
                  ELSE '{}' END
               ORDER BY service_no) AS services
      FROM staged_service staged
      JOIN staged_case USING (case_no)
      JOIN pricing_service USING (case_no, service_no)
      LEFT JOIN (SELECT case_no, service_no AS base_service_no, name FROM staged_service) base
        USING (case_no, base_service_no)
      LEFT JOIN listed vat ON vat.list_no = vat_list
      LEFT JOIN listed coefficient ON coefficient.list_no = coefficient_list
      LEFT JOIN listed norm ON norm.list_no = norm_list
      LEFT JOIN tariff ON tariff.list_no = tariff_list
      LEFT JOIN installation USING (case_no, service_no)
     GROUP BY case_no
), benefit AS (
    SELECT case_no, jsonb_agg(benefit ORDER BY benefit_no) AS benefits
      FROM (SELECT case_no, benefit_no, jsonb_strip_nulls(jsonb_build_object(
                       'from', valid_from, 'to', nullif(valid_to, 'infinity'), 'residents', residents,
                       'share_percent', share_percent::text)) || jsonb_build_object('services', jsonb_agg(name ORDER BY service_no)) AS benefit
              FROM pricing_benefit JOIN staged_service USING (case_no, service_no)
             GROUP BY case_no, benefit_no, valid_from, valid_to, residents, share_percent) each_benefit
     GROUP BY case_no
), absence AS (
    SELECT case_no, jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
               'from', absent_from, 'to', nullif(absent_to, 'infinity'), 'residents', residents)) ORDER BY absent_from) AS absences
      FROM pricing_absence GROUP BY case_no
), quality_act AS (
    SELECT case_no, jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
               'service', name, 'from', poor_from, 'to', nullif(poor_to, 'infinity'), 'percent', percent::text)) ORDER BY act_no) AS acts
      FROM pricing_quality_act JOIN staged_service USING (case_no, service_no) GROUP BY case_no
), subsidy AS (
    SELECT case_no, jsonb_agg(subsidy ORDER BY subsidy_no) AS subsidies
      FROM (SELECT case_no, subsidy_no, jsonb_build_object(
                       'month', to_char(month, 'YYYY-MM'), 'amount', amount::text, 'services', jsonb_agg(name ORDER BY service_no)) AS subsidy
              FROM pricing_subsidy JOIN staged_service USING (case_no, service_no) JOIN staged_case USING (case_no)
             GROUP BY case_no, subsidy_no, amount, month) each_subsidy
     GROUP BY case_no
)
SELECT case_no, staged_case.validity && daterange(staged_case.month, staged_case.month_end) AS reaches_month,
       jsonb_strip_nulls(jsonb_build_object(
           'id', account.number || CASE WHEN count(*) OVER (PARTITION BY staged_case.account_id, staged_case.month) > 1
                                        THEN ' ' || contract.number ELSE '' END,
           'month', to_char(staged_case.month, 'YYYY-MM'), 'class', subscriber_class,
           'contract', jsonb_build_object('from', lower(staged_case.validity), 'to', upper(staged_case.validity)),
           'residents', residents.counts, 'area_m2', area.numbers, 'vat', vat.percents,
           'parameters', jsonb_build_object('absence_minimum_days', absence_minimum_days, 'average_months', average_months,
                                            'average_at_most_months', average_at_most_months),
           'services', coalesce(services, '[]'), 'benefits', benefits, 'absences', absences, 'quality_acts', acts, 'subsidies', subsidies))
  FROM staged_case
  JOIN pricing_case USING (case_no, month, absence_minimum_days, average_months, average_at_most_months)
  JOIN billing_account account ON account.id = staged_case.account_id
  JOIN billing_contract contract ON contract.id = contract_id
  LEFT JOIN listed residents ON residents.list_no = residents_list
  LEFT JOIN listed area ON area.list_no = area_list
  LEFT JOIN case_vat USING (case_no)
  LEFT JOIN listed vat ON vat.list_no = case_vat.list_no
  LEFT JOIN service USING (case_no)
  LEFT JOIN benefit USING (case_no)
  LEFT JOIN absence USING (case_no)
  LEFT JOIN quality_act USING (case_no)
  LEFT JOIN subsidy USING (case_no)
 ORDER BY case_no;
