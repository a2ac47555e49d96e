-- Billed m3 by zone and consumption month.
-- Inputs: network_id, first_month, last_month. Output: zone_id, month, volume_m3, and what of it was estimated or had no meter.
-- Invariant: summed over zones it equals the billed m3 of the network's service points that lie in a zone.
SELECT node.zone_id, line.consumption_month, sum(line.quantity_m3),
       coalesce(sum(line.quantity_m3) FILTER (WHERE line.kind = 'estimate'), 0),
       coalesce(sum(line.quantity_m3) FILTER (WHERE line.kind IN ('norm', 'share')), 0)
  FROM billing_invoiceline line
  JOIN billing_servicepoint point ON point.id = line.service_point_id
  JOIN assets_attachment attachment ON attachment.id = point.attachment_id
  JOIN assets_node node ON node.id = attachment.node_id
 WHERE attachment.network_id = %(network_id)s AND node.zone_id IS NOT NULL AND line.is_volume
   AND line.consumption_month BETWEEN %(first_month)s AND %(last_month)s
 GROUP BY 1, 2 ORDER BY 1, 2;
