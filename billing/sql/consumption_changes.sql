-- Service points of zones with what they were billed for a consumption month and for the month before.
-- Inputs: zone_ids, month, earlier, by_change (order by the size of the change, else by volume), most, skipped.
-- Output: account uid, account number, subscriber, service point code, volume_m3, earlier_m3, and how many rows there are
--   in all. Invariant: over all rows volume_m3 sums to the billed m3 of the zones' service points.
WITH volume AS (
    SELECT line.service_point_id,
           coalesce(sum(line.quantity_m3) FILTER (WHERE line.consumption_month = %(month)s), 0) AS volume_m3,
           coalesce(sum(line.quantity_m3) FILTER (WHERE line.consumption_month = %(earlier)s), 0) AS earlier_m3,
           max(line.invoice_id) AS invoice_id
      FROM billing_invoiceline line
      JOIN billing_servicepoint point ON point.id = line.service_point_id
      JOIN assets_attachment attachment ON attachment.id = point.attachment_id
      JOIN assets_node node ON node.id = attachment.node_id
     WHERE node.zone_id = ANY (%(zone_ids)s) AND line.consumption_month IN (%(month)s, %(earlier)s)
     GROUP BY 1
)
SELECT account.uid, account.number, subscriber.name, point.code, volume.volume_m3, volume.earlier_m3, count(*) OVER ()
  FROM volume
  JOIN billing_invoice invoice ON invoice.id = volume.invoice_id
  JOIN billing_account account ON account.id = invoice.account_id
  JOIN billing_subscriber subscriber ON subscriber.id = account.subscriber_id
  JOIN billing_servicepoint point ON point.id = volume.service_point_id
 ORDER BY CASE WHEN %(by_change)s THEN abs(volume.volume_m3 - volume.earlier_m3) ELSE volume.volume_m3 END DESC,
          account.number, point.code
 LIMIT %(most)s OFFSET %(skipped)s;
