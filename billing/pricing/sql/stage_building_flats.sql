-- Buildings and their flats in months, by the registers and what the engine found of each meter.
--
-- Inputs: building_case, pricing_piece and the staged tables of the flats; metered_building and building_flat, empty.
-- Outputs: rows of these, and staged_flat (building_no, flat_no, account_id, number, weight, metered): whom a row is of.
-- Invariant: what a flat is charged for by itself (by its meter, an estimate or a norm until it is read, or a quantity that
--   was given) is its figure. So the flats' bills sum to what the building's meter shows, whoever was not read yet.
DROP TABLE IF EXISTS staged_flat;

-- A building's quantity is known when nothing but prices lacks, which it has none of.
INSERT INTO metered_building (building_no, quantity)
SELECT building_no, sum(quantity)
  FROM building_case
  JOIN pricing_piece USING (case_no)
 GROUP BY building_no
HAVING bool_and(lacks <@ ARRAY['no_price', 'no_vat']);

CREATE TEMPORARY TABLE staged_flat ON COMMIT DROP AS
WITH of_building AS (
    SELECT building_no, building.month, building.month_end, meter.service_id, point.service AS metered_code, share_by, flat.account_id
      FROM metered_building
      JOIN building_case building USING (building_no)
      JOIN billing_groupmeter meter ON meter.id = building.group_meter_id
      JOIN billing_servicepoint point ON point.id = meter.service_point_id
      JOIN billing_groupmeterflat flat ON flat.group_meter_id = meter.id AND flat.validity @> building.month
), charged AS (
    SELECT building_no, account_id, sum(quantity) AS metered
      FROM (SELECT of_building.building_no, of_building.account_id, piece.quantity
              FROM of_building
              JOIN staged_case USING (account_id, month)
              JOIN staged_service service ON service.case_no = staged_case.case_no
                                         AND service.code IN (of_building.metered_code, of_building.service_id)
              JOIN pricing_piece piece ON piece.case_no = service.case_no AND piece.service_no = service.service_no
             WHERE service.basis IN ('meter', 'norm')
            UNION ALL
            SELECT building_no, account_id, given.quantity
              FROM of_building
              JOIN billing_givenquantity given USING (account_id, month, service_id)
             WHERE given.charged_on IS NULL) quantities
     GROUP BY building_no, account_id
), sharing AS (
    -- The first contract of a month that has the service as a share has it.
    SELECT DISTINCT ON (of_building.building_no, of_building.account_id)
           of_building.building_no, of_building.account_id,
           CASE share_by WHEN 'area' THEN area_list ELSE residents_list END AS weight_list,
           greatest(of_building.month, lower(service.days)) AS first_on
      FROM of_building
      JOIN staged_case USING (account_id, month)
      JOIN pricing_case USING (case_no)
      JOIN staged_service service ON service.case_no = staged_case.case_no AND service.code = of_building.service_id
     WHERE service.basis = 'share' AND service.days && daterange(of_building.month, of_building.month_end)
       AND NOT EXISTS (SELECT FROM billing_givenquantity given
                        WHERE given.account_id = of_building.account_id AND given.month = of_building.month
                          AND given.service_id = of_building.service_id)
     ORDER BY of_building.building_no, of_building.account_id, staged_case.case_no, service.service_no
), entry AS (
    SELECT building_no, account_id, metered, 0::numeric AS weight FROM charged
    UNION ALL
    SELECT building_no, account_id, NULL, coalesce(weight.value, 0)
      FROM sharing
      LEFT JOIN pricing_value weight ON weight.list_no = weight_list AND weight.valid_from <= first_on
                                    AND weight.valid_to > first_on
)
SELECT building_no,
       (row_number() OVER (PARTITION BY building_no ORDER BY account.number, account.id, metered NULLS LAST))::integer - 1 AS flat_no,
       entry.account_id, account.number, weight, metered
  FROM entry JOIN billing_account account ON account.id = entry.account_id;

INSERT INTO building_flat (building_no, flat_no, weight, metered)
SELECT building_no, flat_no, weight, metered FROM staged_flat;
ANALYZE metered_building, building_flat;
