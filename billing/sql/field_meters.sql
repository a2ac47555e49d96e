-- Meters to be read in an area.
-- Inputs: west, south, east, north (degrees); patterns: LIKE patterns of the division paths where one enters readings.
-- Output: one row a meter installed today, in the order of billing/selectors/field_meters.py:METER_COLUMNS.
-- Invariant: each service point in the box whose division is among them, once.
SELECT installation.uid, meter.serial, point.code,
       (SELECT street.name || ', ' || subscriber.house
               || CASE WHEN subscriber.flat = '' THEN '' ELSE ', ' || subscriber.flat END
          FROM billing_contractservicepoint link
          JOIN billing_contract contract ON contract.id = link.contract_id
          JOIN billing_account account ON account.id = contract.account_id
          JOIN billing_subscriber subscriber ON subscriber.id = account.subscriber_id
          JOIN gis_core_street street ON street.id = subscriber.street_id
         WHERE link.service_point_id = point.id AND link.validity @> current_date
         LIMIT 1),
       ST_X(place.point), ST_Y(place.point), meter.digits, latest.index_m3, latest.read_on, node.uid
  FROM assets_node node
  JOIN assets_attachment attachment ON attachment.node_id = node.id
  JOIN billing_servicepoint point ON point.attachment_id = attachment.id
  JOIN billing_meterinstallation installation
    ON installation.service_point_id = point.id AND installation.validity @> current_date
  JOIN billing_meter meter ON meter.id = installation.meter_id
  LEFT JOIN assets_pipe pipe ON pipe.id = attachment.pipe_id
  CROSS JOIN LATERAL (
      SELECT CASE WHEN pipe.id IS NULL THEN node.geom
                  ELSE ST_LineInterpolatePoint(pipe.geom, attachment.position) END AS point) place
  LEFT JOIN LATERAL (
      SELECT reading.index_m3, reading.read_on FROM billing_reading reading
       WHERE reading.installation_id = installation.id AND reading.state = 'accepted'
       ORDER BY reading.read_on DESC LIMIT 1) latest ON true
 WHERE node.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
   AND point.division_id = ANY (ARRAY(SELECT division.id FROM gis_core_division division
                                       WHERE division.path LIKE ANY (%(patterns)s)))
 ORDER BY point.id
