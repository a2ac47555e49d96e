-- What a building's meter shows beyond its flats' meters, shared among the flats that have none.
--
-- Inputs: temporary tables metered_building (building_no, quantity) and building_flat (building_no, flat_no, weight, metered:
--   null for a flat without a figure). Flats are shared to in the order of flat_no.
-- Output: temporary table building_share (building_no, remainder, total_weight, flat_no, quantity); the last two null where
--   nothing is shared.
-- Invariant: the shares of a building sum to its remainder rounded to 3 decimals (cumulative rounding).
DROP TABLE IF EXISTS building_share;
CREATE TEMPORARY TABLE building_share ON COMMIT DROP AS
WITH whole AS (
    SELECT building_no, quantity - coalesce(sum(metered), 0) AS remainder,
           coalesce(sum(weight) FILTER (WHERE metered IS NULL AND flat_no IS NOT NULL), 0) AS total_weight
      FROM metered_building LEFT JOIN building_flat USING (building_no)
     GROUP BY building_no, quantity
), sharing AS (
    SELECT building_no, flat_no, weight, sum(weight) OVER (PARTITION BY building_no ORDER BY flat_no) AS weight_to
      FROM building_flat WHERE metered IS NULL
)
SELECT whole.building_no, round(remainder, 3) AS remainder, total_weight, flat_no,
       rounded_quantity(remainder * weight_to, total_weight)
       - rounded_quantity(remainder * (weight_to - weight), total_weight) AS quantity
  FROM whole
  LEFT JOIN sharing ON sharing.building_no = whole.building_no AND remainder > 0 AND total_weight > 0;
