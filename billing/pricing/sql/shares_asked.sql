-- Which buildings' shares the accounts and months that are asked for take part in.
--
-- Inputs: temporary table asked_month (account_id, month). Outputs: temporary tables staged_building (building_no, a row for each
--   building's meter and month) and staged_share (account_id, month, service_id, quantity, reason), empty.
SET LOCAL client_min_messages = warning;
DROP TABLE IF EXISTS staged_building, staged_share;
CREATE TEMPORARY TABLE staged_building ON COMMIT DROP AS
SELECT (row_number() OVER (ORDER BY month, group_meter_id))::integer - 1 AS building_no, group_meter_id, month,
       (month + interval '1 month')::date AS month_end
  FROM (SELECT DISTINCT flat.group_meter_id, asked.month
          FROM billing_groupmeterflat flat
          JOIN asked_month asked ON asked.account_id = flat.account_id AND flat.validity @> asked.month) asked_building;
CREATE TEMPORARY TABLE staged_share (
    account_id bigint NOT NULL, month date NOT NULL, service_id text NOT NULL, quantity numeric, reason text
) ON COMMIT DROP;
