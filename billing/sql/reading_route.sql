-- The meters of a street in walking order.
-- Inputs: paths (prefixes of the divisions that the viewer may see), street_id, since.
-- Output: installation's uid, serial, register, digits, account's uid and number, subscriber, house, flat, last accepted index
--   and its day, the state of what was read since (NULL: nothing), the last remark since and its day.
SELECT meter.uid, meter.serial, meter.register, meter.digits, meter.account_uid, meter.account_number, meter.subscriber,
       meter.house, meter.flat, latest.index_m3, latest.read_on, said.state, remark.text, remark.noted_on
  FROM billing_meter_to_read meter
  LEFT JOIN LATERAL (SELECT index_m3, read_on FROM billing_reading
                      WHERE installation_id = meter.installation_id AND state = 'accepted'
                      ORDER BY read_on DESC LIMIT 1) latest ON true
  LEFT JOIN LATERAL (SELECT min(state) AS state FROM billing_reading
                      WHERE installation_id = meter.installation_id AND read_on >= %(since)s
                        AND state IN ('accepted', 'queued')) said ON true
  LEFT JOIN LATERAL (SELECT text, noted_on FROM billing_meterremark
                      WHERE installation_id = meter.installation_id AND noted_on >= %(since)s
                      ORDER BY noted_on DESC, id DESC LIMIT 1) remark ON true
 WHERE meter.street_id = %(street_id)s
   AND EXISTS (SELECT FROM unnest(%(paths)s::text[]) AS seen (path) WHERE starts_with(meter.account_path, seen.path))
 ORDER BY walking_place(meter.house), meter.house, leading_number(meter.flat), meter.flat, meter.serial, meter.register
