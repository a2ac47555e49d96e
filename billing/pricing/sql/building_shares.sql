-- What a building's meter shows beyond its flats' meters, shared among the flats that have none.
--
-- Inputs: arrays of equal length for the buildings (building_nos, quantities) and for the flats (flat_building_nos,
--   flat_nos, weights, metered: null for a flat without a figure). Flats are shared to in the order of flat_nos.
-- Output: building_no, remainder, total_weight, flat_no, quantity; the last two null where nothing is shared.
-- Invariant: the shares of a building sum to its remainder rounded to 3 decimals (cumulative rounding).
WITH building AS (
    SELECT * FROM unnest(%(building_nos)s::integer[], %(quantities)s::numeric[]) AS given (building_no, quantity)
), flat AS (
    SELECT *
      FROM unnest(%(flat_building_nos)s::integer[], %(flat_nos)s::integer[], %(weights)s::numeric[], %(metered)s::numeric[])
           AS given (building_no, flat_no, weight, metered)
), whole AS (
    SELECT building_no, quantity - coalesce(sum(metered), 0) AS remainder,
           coalesce(sum(weight) FILTER (WHERE metered IS NULL AND flat_no IS NOT NULL), 0) AS total_weight
      FROM building LEFT JOIN flat USING (building_no)
     GROUP BY building_no, quantity
), sharing AS (
    SELECT building_no, flat_no, weight, sum(weight) OVER (PARTITION BY building_no ORDER BY flat_no) AS weight_to
      FROM flat WHERE metered IS NULL
)
SELECT whole.building_no, round(remainder, 3), total_weight, flat_no,
       rounded_quantity(remainder * weight_to, total_weight)
       - rounded_quantity(remainder * (weight_to - weight), total_weight)
  FROM whole
  LEFT JOIN sharing ON sharing.building_no = whole.building_no AND remainder > 0 AND total_weight > 0
 ORDER BY whole.building_no, flat_no;
