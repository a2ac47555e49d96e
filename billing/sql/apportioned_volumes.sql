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
), pair AS (
    SELECT * FROM (
        SELECT installation.service_point_id, reading.read_on AS pair_from,
               lead(reading.read_on) OVER following AS pair_to,
               CASE WHEN lead(reading.index_m3) OVER following >= reading.index_m3 THEN 0
                    ELSE power(10::numeric, meter.digits) END
                   + lead(reading.index_m3) OVER following - reading.index_m3 AS quantity_m3
          FROM billing_reading reading
          JOIN billing_meterinstallation installation ON installation.id = reading.installation_id
          JOIN billing_meter meter ON meter.id = installation.meter_id
          JOIN point ON point.id = installation.service_point_id
         WHERE reading.state = 'accepted'
        WINDOW following AS (PARTITION BY reading.installation_id ORDER BY reading.read_on)
    ) pairs WHERE pair_to > %(since)s AND pair_from < %(until)s
), class_of_point AS (
    SELECT DISTINCT ON (link.service_point_id) link.service_point_id, subscriber.subscriber_class
      FROM billing_contractservicepoint link
      JOIN billing_contract contract ON contract.id = link.contract_id
      JOIN billing_account account ON account.id = contract.account_id
      JOIN billing_subscriber subscriber ON subscriber.id = account.subscriber_id
     WHERE link.validity && daterange(%(since)s, %(until)s)
     ORDER BY link.service_point_id, lower(link.validity) DESC
), weekly AS (
    SELECT subscriber_class, array_agg(weight ORDER BY iso_weekday) AS weights
      FROM billing_consumptionprofile GROUP BY 1
), shape AS (
    -- Pairs with the same days and class share one set of cumulative shares: computed once, not per service point.
    SELECT DISTINCT pair.pair_from, pair.pair_to, coalesce(class.subscriber_class, 'household') AS subscriber_class
      FROM pair LEFT JOIN class_of_point class USING (service_point_id)
), day_share AS (
    SELECT shape.*, day::date AS day,
           sum(weekly.weights[extract(isodow FROM day)::int]) OVER through_day
               / sum(weekly.weights[extract(isodow FROM day)::int]) OVER whole AS share_through,
           weekly.weights[extract(isodow FROM day)::int]
               / sum(weekly.weights[extract(isodow FROM day)::int]) OVER whole AS share
      FROM shape JOIN weekly USING (subscriber_class)
      CROSS JOIN LATERAL generate_series(shape.pair_from::timestamp, (shape.pair_to - 1)::timestamp,
                                         interval '1 day') AS day
    WINDOW whole AS (PARTITION BY shape.pair_from, shape.pair_to, shape.subscriber_class),
           through_day AS (PARTITION BY shape.pair_from, shape.pair_to, shape.subscriber_class ORDER BY day)
), bounded AS (
    SELECT pair_from, pair_to, subscriber_class, day, share_through,
           lag(share_through, 1, 0) OVER (PARTITION BY pair_from, pair_to, subscriber_class ORDER BY day)
               AS share_before
      FROM day_share
), daily AS (
    SELECT point.zone_id, bounded.day,
           sum(round(pair.quantity_m3 * CASE WHEN bounded.day = pair.pair_to - 1 THEN 1 ELSE bounded.share_through END, 3)
               - round(pair.quantity_m3 * bounded.share_before, 3)) AS volume_m3,
           count(DISTINCT pair.service_point_id) AS covered_points
      FROM pair JOIN point ON point.id = pair.service_point_id
      LEFT JOIN class_of_point class ON class.service_point_id = pair.service_point_id
      JOIN bounded ON bounded.pair_from = pair.pair_from AND bounded.pair_to = pair.pair_to
                  AND bounded.subscriber_class = coalesce(class.subscriber_class, 'household')
     WHERE bounded.day >= %(since)s AND bounded.day < %(until)s
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
