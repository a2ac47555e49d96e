-- Metered consumption by zone and local day.
-- Inputs: network_id, since, until (days, until exclusive). Output: zone_id, day, volume_m3, service_points,
--   covered_points. Invariant: the days of a pair of readings sum to its difference of indices, to the litre, since
--   each day gets the rounded cumulative share up to its end less that up to its start.
WITH point AS (
    SELECT point.id, node.zone_id
      FROM billing_servicepoint point
      JOIN assets_attachment attachment ON attachment.id = point.attachment_id
      JOIN assets_node node ON node.id = attachment.node_id
     WHERE attachment.network_id = %(network_id)s AND node.zone_id IS NOT NULL
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
        SELECT installation.service_point_id, installation.id AS installation_id, meter.multiplier,
               reading.read_on AS pair_from, lead(reading.read_on) OVER following AS pair_to,
               CASE WHEN lead(reading.index_m3) OVER following >= reading.index_m3 THEN 0
                    ELSE power(10::numeric, meter.digits) END
                   + lead(reading.index_m3) OVER following - reading.index_m3 AS counted
          FROM billing_reading reading
          JOIN billing_meterinstallation installation ON installation.id = reading.installation_id
          JOIN billing_meter meter ON meter.id = installation.meter_id
          JOIN point ON point.id = installation.service_point_id
         WHERE reading.state = 'accepted'
        WINDOW following AS (PARTITION BY reading.installation_id ORDER BY reading.read_on)
    ) pairs WHERE pair_to > %(since)s AND pair_from < %(until)s
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
), daily AS (
    SELECT point.zone_id, share.day,
           sum(round(pair.quantity_m3 * share.share_through, 3)
               - round(pair.quantity_m3 * coalesce(shape_days.shares[share.position - 1], 0), 3)) AS volume_m3,
           count(DISTINCT pair.service_point_id) AS covered_points
      FROM pair
      JOIN point ON point.id = pair.service_point_id
      JOIN shape_days USING (pair_from, pair_to, subscriber_class)
      CROSS JOIN LATERAL unnest(shape_days.days, shape_days.shares)
                         WITH ORDINALITY AS share (day, share_through, position)
     WHERE share.day >= %(since)s AND share.day < %(until)s
     GROUP BY 1, 2
), points_of_zone AS (
    SELECT zone_id, count(*) AS service_points FROM point GROUP BY 1
)
SELECT points.zone_id, calendar.day::date, coalesce(daily.volume_m3, 0)::numeric(16, 3), points.service_points,
       coalesce(daily.covered_points, 0)
  FROM points_of_zone points
  CROSS JOIN LATERAL generate_series(%(since)s::timestamp, %(until)s::timestamp - interval '1 day',
                                     interval '1 day') AS calendar (day)
  LEFT JOIN daily ON daily.zone_id = points.zone_id AND daily.day = calendar.day::date
 ORDER BY 1, 2;
