-- What should be billed: the pieces of consumption between consecutive accepted readings.
--
-- Inputs: enterprise_id, month (the month billed; consumption of later months is left for later runs).
-- Output: temporary table charge_piece, one row per service point, pair of readings, tariff, VAT rate and contract:
--   who pays, which days [consumption_from, consumption_to), litres as m3 with three decimals, price and tax.
-- Invariants: the pieces of a pair of readings partition its days (those that have a payer), and the quantities of a
--   pair that is paid for throughout sum to the difference of its indices to the litre. The same readings, tariffs and contracts always give the same pieces.
--
-- A pair of readings is cut where a price, a tax or a contract changes, and at the starts of months that lie at
-- least 15 days inside it (a missed reading: each month gets its share). The quantity is shared by days; rounding
-- is cumulative, so that nothing is lost. A piece counts in the month of the middle of its month-part.

-- The steps are temporary tables with statistics of their own: rows written a moment ago have none yet, and a plan made
-- without any can take hours for what takes seconds.
DROP TABLE IF EXISTS payer, reading_pair, charge_piece;

CREATE TEMPORARY TABLE payer ON COMMIT DROP AS
SELECT link.service_point_id, account.id AS account_id, account.division_id, subscriber.subscriber_class,
       point.service, link.validity * contract.validity AS validity
  FROM billing_contractservicepoint link
  JOIN billing_contract contract ON contract.id = link.contract_id
  JOIN billing_account account ON account.id = contract.account_id
  JOIN billing_subscriber subscriber ON subscriber.id = account.subscriber_id
  JOIN billing_servicepoint point ON point.id = link.service_point_id
 WHERE account.enterprise_id = %(enterprise_id)s AND link.validity && contract.validity;
ANALYZE payer;

CREATE TEMPORARY TABLE reading_pair ON COMMIT DROP AS
SELECT * FROM (
    SELECT installation.service_point_id,
           reading.id AS previous_reading_id,
           lead(reading.id) OVER same_installation AS current_reading_id,
           reading.read_on AS pair_from,
           lead(reading.read_on) OVER same_installation AS pair_to,
           CASE WHEN lead(reading.index_m3) OVER same_installation >= reading.index_m3
                THEN lead(reading.index_m3) OVER same_installation - reading.index_m3
                -- an accepted index below the one before it is a rollover
                ELSE lead(reading.index_m3) OVER same_installation - reading.index_m3 + power(10::numeric, meter.digits)
           END::numeric(13, 3) AS quantity_m3
      FROM billing_reading reading
      JOIN billing_meterinstallation installation ON installation.id = reading.installation_id
      JOIN billing_meter meter ON meter.id = installation.meter_id
     WHERE reading.state = 'accepted'
       AND installation.service_point_id IN (SELECT service_point_id FROM payer)
    WINDOW same_installation AS (PARTITION BY reading.installation_id ORDER BY reading.read_on)
) pairs
WHERE current_reading_id IS NOT NULL;
ANALYZE reading_pair;

CREATE TEMPORARY TABLE charge_piece ON COMMIT DROP AS
WITH month_part AS (
    -- [part_from, part_to): the pair itself, or its parts between the month starts well inside it
    SELECT pair.*, part.part_from, part.part_to,
           date_trunc('month', (part.part_from + (part.part_to - part.part_from) / 2)::timestamp)::date
               AS consumption_month
      FROM reading_pair pair
      CROSS JOIN LATERAL (
          SELECT cut AS part_from, lead(cut, 1, pair.pair_to) OVER (ORDER BY cut) AS part_to
            FROM (SELECT pair.pair_from AS cut
                  UNION ALL
                  SELECT month_start::date
                    FROM generate_series(date_trunc('month', pair.pair_from::timestamp) + interval '1 month',
                                         pair.pair_to::timestamp, interval '1 month') AS month_start
                   WHERE pair.pair_to - pair.pair_from > 30
                     AND month_start::date - pair.pair_from >= 15 AND pair.pair_to - month_start::date >= 15) cuts
      ) part
), priced AS (
    SELECT part.*, payer.account_id, payer.division_id, tariff.id AS tariff_id, tariff.price_per_m3,
           rate.id AS vat_rate_id, rate.percent AS vat_percent,
           daterange(part.part_from, part.part_to) * payer.validity * tariff.validity * rate.validity AS days
      FROM month_part part
      JOIN payer ON payer.service_point_id = part.service_point_id
                AND payer.validity && daterange(part.part_from, part.part_to)
      JOIN billing_tariff tariff ON tariff.enterprise_id = %(enterprise_id)s
                AND tariff.service = payer.service AND tariff.subscriber_class = payer.subscriber_class
                AND tariff.validity && (daterange(part.part_from, part.part_to) * payer.validity)
      JOIN billing_vatrate rate
        ON rate.validity && (daterange(part.part_from, part.part_to) * payer.validity * tariff.validity)
), cut AS (
    SELECT service_point_id, account_id, division_id, previous_reading_id, current_reading_id, tariff_id,
           price_per_m3, vat_rate_id, vat_percent, consumption_month,
           lower(days) AS consumption_from, upper(days) AS consumption_to,
           pair_from, pair_to, quantity_m3 AS pair_quantity_m3,
           sum(upper(days) - lower(days)) OVER (PARTITION BY previous_reading_id, current_reading_id) AS priced_days
      FROM priced WHERE NOT isempty(days)
), payer_days AS (
    -- Days of a vacancy, or under a contract with another enterprise, are not this enterprise's to price.
    SELECT pair.current_reading_id,
           sum(upper(payer.validity * daterange(pair.pair_from, pair.pair_to))
               - lower(payer.validity * daterange(pair.pair_from, pair.pair_to))) AS days
      FROM reading_pair pair
      JOIN payer ON payer.service_point_id = pair.service_point_id
                AND payer.validity && daterange(pair.pair_from, pair.pair_to)
     GROUP BY 1
)
SELECT service_point_id, account_id, division_id, previous_reading_id, current_reading_id, tariff_id, price_per_m3,
       vat_rate_id, vat_percent, consumption_month, consumption_from, consumption_to,
       (round(pair_quantity_m3 * (consumption_to - pair_from) / (pair_to - pair_from), 3)
        - round(pair_quantity_m3 * (consumption_from - pair_from) / (pair_to - pair_from), 3))::numeric(13, 3)
           AS quantity_m3
  FROM cut JOIN payer_days USING (current_reading_id)
 -- days that have a payer but no price or tax make the whole pair an exception, not a half bill
 WHERE priced_days = payer_days.days
   AND consumption_month <= %(month)s;
ANALYZE charge_piece;
