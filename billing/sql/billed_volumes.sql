-- What bills charge of a network's water, by zone and consumption month.
-- Inputs: temporary table zone_member (where a node belongs, day by day), network_ids, first_month, last_month, as_of (bills
--   made until then). Output: rows of the temporary table zone_billed (zone_id, month, metered_m3, unmetered_m3,
--   estimated_m3, first_day, last_day: the days covered).
-- Invariants: metered and unmetered sum over zones to the billed m3 of the service points that lie in a zone; estimated is a
--   part of metered. A bill counts where its point was on the first of the days that it covers.
INSERT INTO zone_billed (zone_id, month, metered_m3, unmetered_m3, estimated_m3, first_day, last_day)
SELECT member.zone_id, line.consumption_month,
       coalesce(sum(line.quantity_m3) FILTER (WHERE line.kind NOT IN ('norm', 'share')), 0),
       coalesce(sum(line.quantity_m3) FILTER (WHERE line.kind IN ('norm', 'share')), 0),
       coalesce(sum(line.quantity_m3) FILTER (WHERE line.kind = 'estimate'), 0),
       min(line.consumption_from), greatest(min(line.consumption_from), max(line.consumption_to) - 1)
  FROM billing_invoiceline line
  JOIN billing_invoice invoice ON invoice.id = line.invoice_id
  JOIN billing_billingrun run ON run.id = invoice.run_id
  JOIN billing_servicepoint point ON point.id = line.service_point_id
  JOIN assets_attachment attachment ON attachment.id = point.attachment_id
  JOIN zone_member member ON member.node_id = attachment.node_id
                         AND line.consumption_from >= member.first_day AND line.consumption_from < member.until_day
 WHERE attachment.network_id = ANY (%(network_ids)s) AND line.is_volume AND run.started_at <= %(as_of)s::timestamptz
   AND line.consumption_month BETWEEN %(first_month)s AND %(last_month)s
 GROUP BY 1, 2;
