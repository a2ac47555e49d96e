-- Which days the bills of a consumption month cover, by zone; what lies in zones inside a zone counts for it too.
-- Inputs: network_id, month. Output: zone_id, first_day, last_day (the last covered one), mean_days, service_points.
-- Invariant: mean_days is the mean over the service points billed for the month of the days that their lines cover,
--   reversed lines left out.
WITH RECURSIVE within AS (
    SELECT zone.id AS zone_id, zone.id AS inner_id FROM assets_zone zone WHERE zone.network_id = %(network_id)s
    UNION ALL
    SELECT within.zone_id, child.id FROM within JOIN assets_zone child ON child.parent_id = within.inner_id
), billed AS (
    SELECT node.zone_id, line.service_point_id, min(line.consumption_from) AS first_day,
           max(line.consumption_to) - 1 AS last_day,
           sum((line.consumption_to - line.consumption_from) * CASE WHEN line.is_reversal THEN -1 ELSE 1 END) AS days
      FROM billing_invoiceline line
      JOIN billing_servicepoint point ON point.id = line.service_point_id
      JOIN assets_attachment attachment ON attachment.id = point.attachment_id
      JOIN assets_node node ON node.id = attachment.node_id
     WHERE attachment.network_id = %(network_id)s AND node.zone_id IS NOT NULL
       AND line.consumption_month = %(month)s
     GROUP BY 1, 2
)
SELECT within.zone_id, min(billed.first_day), max(billed.last_day), avg(billed.days)::float8, count(*)
  FROM within JOIN billed ON billed.zone_id = within.inner_id
 WHERE billed.days > 0
 GROUP BY 1 ORDER BY 1;
