-- Consumption by zone and local day, apportioned: what meters counted between readings, and what is billed without a meter.
-- Inputs: temporary table zone_member (network_id, node_id, zone_id, first_day, until_day: where a node belongs, day by day),
--   network_ids, since, until (days, until exclusive), as_of (readings entered and bills made until then).
-- Output: rows of the temporary table zone_consumption (zone_id, day, metered_m3, unmetered_m3, service_points,
--   covered_points).
-- Invariants: the days of a pair of readings sum to its difference of indices, to the litre, since each day gets the rounded
--   cumulative share up to its end less that up to its start; so do the days of a bill by norm or share, spread evenly.
--   On each day either a building's meter counts or its flats do: they in months whose shares stand billed, it in all others.
--   There flats' own meters are left out where the building was read, since it counted their water, too; where it was not,
--   they count what they can.
--   A reading stands as of an instant when nothing entered for its day until then took its place.
WITH candidate AS MATERIALIZED (
    SELECT point.id, member.zone_id, member.first_day, member.until_day
      FROM billing_servicepoint point
      JOIN assets_attachment attachment ON attachment.id = point.attachment_id
      JOIN zone_member member ON member.node_id = attachment.node_id
     WHERE attachment.network_id = ANY (%(network_ids)s)
       AND member.first_day < %(until)s AND member.until_day > %(since)s
), building_flat_days AS MATERIALIZED (
    SELECT building.service_point_id, counts_for.service, flat.account_id, flat.service_id, flat.validity
      FROM billing_groupmeter building
      JOIN billing_servicepoint counts_for ON counts_for.id = building.service_point_id
      JOIN billing_groupmeterflat flat ON flat.group_meter_id = building.id
     WHERE flat.validity && daterange(%(since)s, %(until)s)
       AND building.service_point_id IN (SELECT id FROM candidate)
), shared_month AS (
    -- A share counts where its flat's point stands; one without a point counts nowhere, and lets its building count.
    SELECT days.service_point_id, line.consumption_month
      FROM building_flat_days days
      JOIN billing_invoice invoice ON invoice.account_id = days.account_id
      JOIN billing_billingrun run ON run.id = invoice.run_id
      JOIN billing_invoiceline line ON line.invoice_id = invoice.id AND line.service_id = days.service_id
     WHERE line.kind = 'share' AND line.is_volume AND line.service_point_id IN (SELECT id FROM candidate)
       AND line.consumption_month >= %(since)s AND line.consumption_month < %(until)s
       AND days.validity @> line.consumption_month AND run.started_at <= %(as_of)s::timestamptz
     GROUP BY days.service_point_id, line.consumption_month
    HAVING sum(CASE WHEN line.is_reversal THEN -1 ELSE 1 END) > 0
), shared AS MATERIALIZED (
    SELECT service_point_id,
           range_agg(daterange(consumption_month, (consumption_month + interval '1 month')::date)) AS days
      FROM shared_month GROUP BY 1
), own_point AS (
    SELECT DISTINCT id FROM candidate
), standing_then AS (
    SELECT DISTINCT ON (reading.installation_id, reading.read_on)
           reading.installation_id, reading.read_on, reading.index_m3, installation.service_point_id, meter.multiplier,
           meter.digits
      FROM billing_reading reading
      JOIN billing_meterinstallation installation ON installation.id = reading.installation_id
      JOIN billing_meter meter ON meter.id = installation.meter_id
      JOIN own_point ON own_point.id = installation.service_point_id
     WHERE (reading.state = 'accepted' OR reading.state = 'superseded' AND %(as_of)s::timestamptz < 'infinity')
       AND reading.entered_at <= %(as_of)s::timestamptz
     ORDER BY reading.installation_id, reading.read_on, reading.entered_at DESC
), payer AS MATERIALIZED (
    SELECT link.service_point_id, link.validity, subscriber.subscriber_class
      FROM billing_contractservicepoint link
      JOIN billing_contract contract ON contract.id = link.contract_id
      JOIN billing_account account ON account.id = contract.account_id
      JOIN billing_subscriber subscriber ON subscriber.id = account.subscriber_id
), read_pair AS MATERIALIZED (
    SELECT service_point_id, installation_id, pair_from, pair_to,
           round(counted * multiplier * coalesce((SELECT factor.value FROM billing_quantityfactor factor
                                                   WHERE factor.installation_id = pairs.installation_id
                                                     AND factor.valid_from <= pair_to
                                                   ORDER BY factor.valid_from DESC LIMIT 1), 1), 3) AS quantity_m3
      FROM (
        SELECT service_point_id, installation_id, multiplier, read_on AS pair_from, lead(read_on) OVER following AS pair_to,
               CASE WHEN lead(index_m3) OVER following >= index_m3 THEN 0 ELSE power(10::numeric, digits) END
                   + lead(index_m3) OVER following - index_m3 AS counted
          FROM standing_then
        WINDOW following AS (PARTITION BY installation_id ORDER BY read_on)
    ) pairs WHERE pair_to > %(since)s AND pair_from < %(until)s
), building_read AS (
    SELECT service_point_id, range_agg(daterange(pair_from, pair_to)) AS days
      FROM read_pair
     WHERE service_point_id IN (SELECT service_point_id FROM building_flat_days)
     GROUP BY 1
), not_counted AS MATERIALIZED (
    SELECT service_point_id, range_agg(days) AS days
      FROM (SELECT service_point_id, days FROM shared
            UNION ALL
            SELECT link.service_point_id,
                   building_read.days * datemultirange(flat.validity * link.validity)
                       - coalesce(shared.days, '{}'::datemultirange)
              FROM building_flat_days flat
              JOIN building_read ON building_read.service_point_id = flat.service_point_id
              LEFT JOIN shared ON shared.service_point_id = flat.service_point_id
              JOIN billing_contract contract ON contract.account_id = flat.account_id
              JOIN billing_contractservicepoint link ON link.contract_id = contract.id
              JOIN billing_servicepoint own ON own.id = link.service_point_id AND own.service = flat.service) taken
     GROUP BY 1
), point AS MATERIALIZED (
    SELECT candidate.id, candidate.zone_id, lower(stretch) AS first_day, upper(stretch) AS until_day
      FROM candidate
      LEFT JOIN not_counted ON not_counted.service_point_id = candidate.id
     CROSS JOIN LATERAL unnest(datemultirange(daterange(candidate.first_day, candidate.until_day))
                               - coalesce(not_counted.days, '{}'::datemultirange)) AS stretch
     WHERE lower(stretch) < %(until)s AND upper(stretch) > %(since)s
), pair AS MATERIALIZED (
    -- The class is that of whoever the contract names last within the pair: it depends on the pair alone.
    SELECT DISTINCT ON (read_pair.installation_id, read_pair.pair_from)
           read_pair.*, coalesce(payer.subscriber_class, 'household') AS subscriber_class
      FROM read_pair
      LEFT JOIN payer ON payer.service_point_id = read_pair.service_point_id
                     AND payer.validity && daterange(read_pair.pair_from, read_pair.pair_to)
     ORDER BY read_pair.installation_id, read_pair.pair_from, lower(payer.validity) DESC
), weekly AS (
    SELECT subscriber_class, array_agg(weight ORDER BY iso_weekday) AS weights
      FROM billing_consumptionprofile GROUP BY 1
), shape AS (
    -- Pairs with the same days and class share one set of cumulative shares: computed once, not per service point.
    SELECT DISTINCT pair_from, pair_to, subscriber_class FROM pair
), day_share AS (
    SELECT shape.*, day::date AS day,
           sum(weekly.weights[extract(isodow FROM day)::int]) OVER through_day
               / sum(weekly.weights[extract(isodow FROM day)::int]) OVER whole AS share_through
      FROM shape JOIN weekly USING (subscriber_class)
      CROSS JOIN LATERAL generate_series(shape.pair_from::timestamp, (shape.pair_to - 1)::timestamp,
                                         interval '1 day') AS day
    WINDOW whole AS (PARTITION BY shape.pair_from, shape.pair_to, shape.subscriber_class),
           through_day AS (PARTITION BY shape.pair_from, shape.pair_to, shape.subscriber_class ORDER BY day)
), shape_days AS MATERIALIZED (
    -- One row a shape, with its days as arrays: the join below stays small whatever the planner thinks of it.
    SELECT pair_from, pair_to, subscriber_class, array_agg(day ORDER BY day) AS days,
           array_agg(CASE WHEN day = pair_to - 1 THEN 1 ELSE share_through END ORDER BY day) AS shares
      FROM day_share GROUP BY 1, 2, 3
), counted AS (
    SELECT point.zone_id, share.day,
           sum(round(pair.quantity_m3 * share.share_through, 3)
               - round(pair.quantity_m3 * coalesce(shape_days.shares[share.position - 1], 0), 3)) AS volume_m3,
           count(DISTINCT pair.service_point_id) AS points
      FROM pair
      JOIN point ON point.id = pair.service_point_id
      JOIN shape_days USING (pair_from, pair_to, subscriber_class)
      CROSS JOIN LATERAL unnest(shape_days.days, shape_days.shares)
                         WITH ORDINALITY AS share (day, share_through, position)
     WHERE share.day >= %(since)s AND share.day < %(until)s
       AND share.day >= point.first_day AND share.day < point.until_day
     GROUP BY 1, 2
), without_meter AS (
    -- Bills over the same days and of the same zone are spread together; a taken back one takes its points back, too.
    SELECT point.zone_id, point.first_day, point.until_day, line.consumption_from, line.consumption_to,
           sum(line.quantity_m3) AS quantity_m3, sum(CASE WHEN line.is_reversal THEN -1 ELSE 1 END) AS points
      FROM billing_invoiceline line
      JOIN point ON point.id = line.service_point_id
      JOIN billing_invoice invoice ON invoice.id = line.invoice_id
      JOIN billing_billingrun run ON run.id = invoice.run_id
     WHERE line.is_volume AND line.kind IN ('norm', 'share') AND run.started_at <= %(as_of)s::timestamptz
       AND line.consumption_from < %(until)s AND line.consumption_to > %(since)s
     GROUP BY 1, 2, 3, 4, 5
), uncounted AS (
    SELECT zone_id, day::date AS day, sum(points) AS points,
           sum(round(quantity_m3 * (day::date + 1 - consumption_from) / (consumption_to - consumption_from), 3)
               - round(quantity_m3 * (day::date - consumption_from) / (consumption_to - consumption_from), 3)) AS volume_m3
      FROM without_meter
     CROSS JOIN LATERAL generate_series(greatest(consumption_from, first_day, %(since)s)::timestamp,
                                        least(consumption_to, until_day, %(until)s)::timestamp - interval '1 day',
                                        interval '1 day') AS day
     GROUP BY 1, 2
), standing_points AS (
    SELECT zone_id, first_day, until_day, count(*) AS points FROM point GROUP BY 1, 2, 3
), points_of_day AS (
    SELECT standing_points.zone_id, day::date AS day, sum(points) AS points
      FROM standing_points
     CROSS JOIN LATERAL generate_series(greatest(first_day, %(since)s)::timestamp,
                                        least(until_day, %(until)s)::timestamp - interval '1 day', interval '1 day') AS day
     GROUP BY 1, 2
)
INSERT INTO zone_consumption (zone_id, day, metered_m3, unmetered_m3, service_points, covered_points)
SELECT zone_id, day, coalesce(counted.volume_m3, 0), coalesce(uncounted.volume_m3, 0), points_of_day.points,
       least(points_of_day.points, coalesce(counted.points, 0) + greatest(coalesce(uncounted.points, 0), 0))
  FROM points_of_day
  LEFT JOIN counted USING (zone_id, day)
  LEFT JOIN uncounted USING (zone_id, day);
