-- Over how many days the bills of water of a consumption month run, by service point of some zones.
-- Inputs: zones (ids), month. Output: fewest, most, mean. Invariant: a day of a service point counts once.
WITH span AS (
    SELECT line.service_point_id, range_agg(daterange(line.consumption_from, line.consumption_to)) AS days
      FROM billing_invoiceline line
      JOIN billing_servicepoint point ON point.id = line.service_point_id
      JOIN assets_attachment attachment ON attachment.id = point.attachment_id
      JOIN assets_node node ON node.id = attachment.node_id
     WHERE line.consumption_month = %(month)s AND line.is_volume AND NOT line.is_reversal AND node.zone_id = ANY (%(zones)s)
     GROUP BY 1
)
SELECT min(counted.days), max(counted.days), avg(counted.days)::float8
  FROM span CROSS JOIN LATERAL (SELECT sum(upper(part) - lower(part)) AS days FROM unnest(span.days) AS part) counted;
