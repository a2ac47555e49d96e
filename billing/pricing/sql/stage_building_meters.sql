-- The meters of buildings, as cases of their own beside those of their flats.
--
-- Inputs: staged_building, the registers, and the staged tables as stage_accounts.sql filled them for the flats.
-- Outputs: building_case (building_no, case_no); rows of pricing_case, pricing_service, pricing_installation, pricing_reading and
--   pricing_value. Such a case has one metered service, without prices: only its quantity is asked for.
DROP TABLE IF EXISTS building_case, building_installation;
CREATE TEMPORARY TABLE building_case ON COMMIT DROP AS
SELECT building_no, (SELECT coalesce(max(case_no), -1) FROM pricing_case) + 1 + building_no AS case_no, building.group_meter_id,
       building.month, building.month_end, meter.service_point_id,
       coalesce(bounds.average_months, 12) AS average_months, coalesce(bounds.average_at_most_months, 3) AS average_at_most_months,
       (building.month - make_interval(months => 3 + greatest(12, bounds.average_months, bounds.average_at_most_months)))::date
           AS looks_back_to
  FROM staged_building building
  JOIN billing_groupmeter meter ON meter.id = building.group_meter_id
  LEFT JOIN LATERAL (
       SELECT * FROM billing_billingparameters parameters
        WHERE parameters.enterprise_id = meter.enterprise_id AND parameters.valid_from <= building.month
        ORDER BY valid_from DESC LIMIT 1) bounds ON true;

CREATE TEMPORARY TABLE building_installation ON COMMIT DROP AS
SELECT (SELECT coalesce(max(installation_no), 0) FROM pricing_installation)
       + (row_number() OVER (ORDER BY case_no, lower(installation.validity), meter.serial, installation.register))::integer AS installation_no,
       case_no, installation.id AS installation_id, installation.register, installation.validity, meter.digits, meter.multiplier,
       looks_back_to,
       CASE WHEN EXISTS (SELECT FROM billing_quantityfactor factor WHERE factor.installation_id = installation.id)
            THEN (SELECT coalesce(max(list_no), 0) FROM staged_list)
                 + dense_rank() OVER (ORDER BY installation.id)::integer END AS factor_list
  FROM building_case
  JOIN billing_meterinstallation installation USING (service_point_id)
  JOIN billing_meter meter ON meter.id = installation.meter_id
 WHERE installation.validity && daterange(looks_back_to, (month + interval '3 months')::date);

INSERT INTO pricing_case (case_no, month, month_end, absence_minimum_days, average_months, average_at_most_months)
SELECT case_no, month, month_end, 0, average_months, average_at_most_months FROM building_case;

INSERT INTO pricing_service (case_no, service_no, basis, contract_from, contract_to)
SELECT case_no, 0, 'meter', '-infinity', 'infinity' FROM building_case;

INSERT INTO pricing_installation (installation_no, case_no, service_no, register, installed_from, installed_to, capacity,
                                  multiplier, factor_list)
SELECT installation_no, case_no, 0, register, lower(validity), coalesce(upper(validity), 'infinity'), power(10::numeric, digits),
       trim_scale(multiplier), factor_list
  FROM building_installation;

INSERT INTO pricing_value (list_no, valid_from, valid_to, value)
SELECT factor_list, factor.valid_from,
       lead(factor.valid_from, 1, 'infinity') OVER (PARTITION BY factor_list ORDER BY factor.valid_from), trim_scale(factor.value)
  FROM (SELECT DISTINCT installation_id, factor_list FROM building_installation WHERE factor_list IS NOT NULL) listed
  JOIN billing_quantityfactor factor USING (installation_id);

-- From the last reading before what is looked back on.
INSERT INTO pricing_reading (installation_no, read_on, index_value)
SELECT installation_no, reading.read_on, trim_scale(reading.index_m3)
  FROM building_installation
  JOIN billing_reading reading USING (installation_id)
 WHERE reading.state = 'accepted'
   AND reading.read_on >= coalesce((SELECT max(earlier.read_on) FROM billing_reading earlier
                                     WHERE earlier.installation_id = building_installation.installation_id
                                       AND earlier.state = 'accepted' AND earlier.read_on < looks_back_to), '-infinity');
ANALYZE pricing_case, pricing_service, pricing_installation, pricing_reading, pricing_value;
