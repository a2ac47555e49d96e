-- What a controller's handheld takes along: the meters of a place in walking order.
-- Inputs: paths (prefixes of the divisions that may be seen), parent_path ("" for all), street_id (or NULL), first_day (of the
--   month), is_missing_only (those that nobody reported in the month), m3_per_day (more is not
--   believed), most_rows.
-- Output: as billing/exchange/selectors/handheld.py:HandheldRow. The bounds are of the month's last day: from the last accepted
--   index to what is still believed then, at most what the digits hold.
WITH meter AS (
    SELECT found.*, row_number() OVER (
               ORDER BY street_path, street, street_key, walking_place(house), house, leading_number(flat), flat, serial, register) AS walking_order
      FROM billing_meter_to_read found
     WHERE starts_with(street_path, %(parent_path)s) AND (%(street_id)s::bigint IS NULL OR street_id = %(street_id)s::bigint)
       AND EXISTS (SELECT FROM unnest(%(paths)s::text[]) AS seen (path) WHERE starts_with(found.account_path, seen.path))
       AND NOT (%(is_missing_only)s AND EXISTS (
               SELECT FROM billing_reading reading
                WHERE reading.installation_id = found.installation_id AND state IN ('accepted', 'queued')
                  AND read_on >= %(first_day)s AND read_on < %(first_day)s::date + interval '1 month'))
     ORDER BY walking_order LIMIT %(most_rows)s
)
SELECT walking_order, street_division, street, house, flat, subscriber, account_number, point.code, serial, meter.register, digits,
       latest.index_m3, latest.read_on, coalesce(latest.index_m3, 0),
       least(10::numeric ^ digits - 0.001, latest.index_m3 + %(m3_per_day)s * greatest((%(first_day)s::date + interval '1 month')::date - 1 - latest.read_on, 0))::numeric(13, 3)
  FROM meter
  JOIN billing_meterinstallation installation ON installation.id = meter.installation_id
  JOIN billing_servicepoint point ON point.id = installation.service_point_id
  LEFT JOIN LATERAL (SELECT index_m3, read_on FROM billing_reading
                      WHERE installation_id = meter.installation_id AND state = 'accepted'
                      ORDER BY read_on DESC LIMIT 1) latest ON true
 ORDER BY walking_order
