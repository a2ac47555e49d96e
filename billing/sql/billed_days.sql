-- Which days the bills of a consumption month cover, by zone; what lies in zones inside a zone counts for it too.
-- Inputs: network_id, month. Output: zone_id, first_day, last_day (the last covered one), mean_days, service_points.
-- Invariant: mean_days is the mean over the service points billed for the month of the days that their lines of water
--   cover, each once, reversed lines left out.
WITH RECURSIVE within AS (
    SELECT zone.id AS zone_id, zone.id AS inner_id FROM assets_zone zone WHERE zone.network_id = %(network_id)s
    UNION ALL
    SELECT within.zone_id, child.id FROM within JOIN assets_zone child ON child.parent_id = within.inner_id
), covered AS (
    SELECT node.zone_id, line.service_point_id, line.consumption_from, line.consumption_to
      FROM billing_invoiceline line
      JOIN billing_servicepoint point ON point.id = line.service_point_id
      JOIN assets_attachment attachment ON attachment.id = point.attachment_id
      JOIN assets_node node ON node.id = attachment.node_id
     WHERE attachment.network_id = %(network_id)s AND node.zone_id IS NOT NULL
       AND line.consumption_month = %(month)s AND line.is_volume
     GROUP BY 1, 2, 3, 4
    HAVING sum(CASE WHEN line.is_reversal THEN -1 ELSE 1 END) > 0
), billed AS (
    SELECT zone_id, service_point_id, min(consumption_from) AS first_day, max(consumption_to) - 1 AS last_day,
           (SELECT sum(upper(span) - lower(span))
              FROM unnest(range_agg(daterange(consumption_from, consumption_to))) AS span) AS days
      FROM covered GROUP BY 1, 2
)
SELECT within.zone_id, min(billed.first_day), max(billed.last_day), avg(billed.days)::float8, count(*)
  FROM within JOIN billed ON billed.zone_id = within.inner_id
 GROUP BY 1 ORDER BY 1;
