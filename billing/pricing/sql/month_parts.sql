-- Pairs of accepted readings, and the month that each part of a pair counts in.
--
-- Inputs: the staged tables. Outputs: pricing_pair (a row per pair of consecutive accepted readings, with its quantity),
--   pricing_doubt (readings not accepted), pricing_month_part (the parts of pairs as far as a contract holds).
-- Invariants: the parts of a pair partition its days within the contract; a reading that is not accepted begins no pair.
DROP TABLE IF EXISTS pricing_pair, pricing_doubt, pricing_month_part;

CREATE TEMPORARY TABLE pricing_pair ON COMMIT DROP AS
WITH RECURSIVE placed AS MATERIALIZED (
    SELECT installation_no, read_on, index_value, capacity, row_number() OVER same_installation AS place,
           lag(read_on) OVER same_installation AS previous_on,
           lag(index_value) OVER same_installation AS previous_index
      FROM pricing_reading JOIN pricing_installation USING (installation_no)
    WINDOW same_installation AS (PARTITION BY installation_no ORDER BY read_on)
), doubtful AS MATERIALIZED (
    -- installations with a reading that goes on from the one before it by more than half of what the digits hold
    SELECT DISTINCT installation_no FROM placed
     WHERE 2 * (index_value - previous_index + CASE WHEN index_value < previous_index THEN capacity ELSE 0 END) > capacity
), doubtful_reading AS MATERIALIZED (
    SELECT placed.* FROM placed JOIN doubtful USING (installation_no)
), walk AS (
    -- Only these are walked reading by reading, since what is not accepted is no predecessor of the next.
    SELECT installation_no, place, read_on, index_value, true AS is_accepted,
           read_on AS kept_on, index_value AS kept_index, NULL::date AS previous_on, NULL::numeric AS previous_index
      FROM doubtful_reading WHERE place = 1
    UNION ALL
    SELECT later.installation_no, later.place, later.read_on, later.index_value, judged.is_accepted,
           CASE WHEN judged.is_accepted THEN later.read_on ELSE walk.kept_on END,
           CASE WHEN judged.is_accepted THEN later.index_value ELSE walk.kept_index END,
           walk.kept_on, walk.kept_index
      FROM walk
      JOIN doubtful_reading later ON later.installation_no = walk.installation_no AND later.place = walk.place + 1
     CROSS JOIN LATERAL (
           SELECT 2 * (later.index_value - walk.kept_index
                       + CASE WHEN later.index_value < walk.kept_index THEN later.capacity ELSE 0 END)
                  <= later.capacity AS is_accepted) judged
), step AS (
    SELECT installation_no, previous_on, read_on, previous_index, index_value, true AS is_accepted
      FROM placed
     WHERE previous_on IS NOT NULL AND NOT EXISTS (SELECT FROM doubtful WHERE doubtful.installation_no = placed.installation_no)
    UNION ALL
    SELECT installation_no, previous_on, read_on, previous_index, index_value, is_accepted
      FROM walk WHERE previous_on IS NOT NULL
)
SELECT row_number() OVER () AS pair_no, installation.case_no, installation.service_no, installation.register,
       installation_no, step.previous_on AS pair_from, step.read_on AS pair_to,
       step.read_on - step.previous_on AS pair_days, step.previous_index, step.index_value AS current_index,
       step.is_accepted, coalesce(factor.value, 1) AS quantity_factor,
       round((step.index_value - step.previous_index
              + CASE WHEN step.index_value < step.previous_index THEN installation.capacity ELSE 0 END)
             * installation.multiplier * coalesce(factor.value, 1), 3) AS quantity
  FROM step
  JOIN pricing_installation installation USING (installation_no)
  LEFT JOIN pricing_value factor ON factor.list_no = installation.factor_list
                                AND factor.valid_from <= step.read_on AND factor.valid_to > step.read_on;

CREATE TEMPORARY TABLE pricing_doubt ON COMMIT DROP AS
SELECT case_no, service_no, installation_no, pair_to AS read_on, current_index FROM pricing_pair WHERE NOT is_accepted;
DELETE FROM pricing_pair WHERE NOT is_accepted;
ANALYZE pricing_pair;

CREATE TEMPORARY TABLE pricing_month_part ON COMMIT DROP AS
SELECT part.case_no, part.service_no, part.register, part.installation_no, part.pair_no, part.month,
       part.part_from, part.part_to,
       rounded_quantity(part.quantity * (part.part_to - part.pair_from), part.pair_days)
       - rounded_quantity(part.quantity * (part.part_from - part.pair_from), part.pair_days) AS quantity
  FROM (SELECT pair.*,
               greatest(cut.cut_from, contract_from) AS part_from,
               least(cut.cut_to, contract_to) AS part_to,
               -- the middle day of the whole part, before the contract cuts it
               date_trunc('month', (cut.cut_from + (cut.cut_to - cut.cut_from) / 2)::timestamp)::date AS month
          FROM pricing_pair pair
          JOIN pricing_service USING (case_no, service_no)
         CROSS JOIN LATERAL (
               SELECT cut_from, lead(cut_from, 1, pair.pair_to) OVER (ORDER BY cut_from) AS cut_to
                 FROM (SELECT pair.pair_from AS cut_from
                       UNION ALL
                       SELECT month_start::date
                         FROM generate_series(date_trunc('month', pair.pair_from::timestamp) + interval '1 month',
                                              pair.pair_to::timestamp, interval '1 month') AS month_start
                        WHERE pair.pair_days > 30 AND month_start::date - pair.pair_from >= 15
                          AND pair.pair_to - month_start::date >= 15) cuts) cut) part
 WHERE part.part_from < part.part_to;
CREATE INDEX ON pricing_month_part (case_no, service_no, month);
ANALYZE pricing_month_part;
