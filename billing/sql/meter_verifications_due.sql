-- Meters that hang on a day and are to be verified by another, in walking order.
-- Inputs: paths (prefixes of the divisions that the viewer may see), street_id (or NULL), day, until, most, skipped.
-- Output: meter's uid, serial, model, day due, last verified on, whether it was found fit, code of the service point,
--   account's uid and number, subscriber, street, house, flat; and how many there are in all.
-- Invariant: due is the day that the last verification names, or its day and the type's months, or the first day on which the
--   meter hung and these months; what was found unfit is due since then; what has neither is never due.
WITH hanging AS (
    SELECT DISTINCT ON (installation.meter_id) installation.meter_id, installation.service_point_id
      FROM billing_meterinstallation installation
      JOIN billing_servicepoint point ON point.id = installation.service_point_id
      JOIN gis_core_division division ON division.id = point.division_id
     WHERE installation.validity @> %(day)s::date
       AND EXISTS (SELECT FROM unnest(%(paths)s::text[]) AS seen (path) WHERE starts_with(division.path, seen.path))
     ORDER BY installation.meter_id
), dated AS (
    SELECT hanging.*, meter.uid, meter.serial, meter.model_name, last.happened_on AS verified_on, last.is_fit,
           CASE WHEN NOT last.is_fit THEN last.happened_on
                ELSE coalesce(last.valid_until, (coalesce(last.happened_on, first.hung_on)
                                                 + make_interval(months => type.verification_months::integer))::date) END AS due_on
      FROM hanging
      JOIN billing_meter meter ON meter.id = hanging.meter_id
      LEFT JOIN billing_metertype type ON type.name = meter.model_name
      LEFT JOIN LATERAL (SELECT * FROM billing_metermovement movement
                          WHERE movement.meter_id = meter.id AND kind = 'verified' AND taken_back_at IS NULL
                            AND happened_on <= %(day)s
                          ORDER BY happened_on DESC, id DESC LIMIT 1) last ON true
      LEFT JOIN LATERAL (SELECT min(lower(validity)) AS hung_on FROM billing_meterinstallation
                          WHERE meter_id = meter.id) first ON true
)
SELECT dated.uid, dated.serial, dated.model_name, dated.due_on, dated.verified_on, dated.is_fit, point.code, account.uid,
       account.number, subscriber.name, street.name, subscriber.house, subscriber.flat, count(*) OVER ()
  FROM dated
  JOIN billing_servicepoint point ON point.id = dated.service_point_id
  LEFT JOIN billing_contractservicepoint link ON link.service_point_id = point.id AND link.validity @> %(day)s::date
  LEFT JOIN billing_contract contract ON contract.id = link.contract_id
  LEFT JOIN billing_account account ON account.id = contract.account_id
  LEFT JOIN billing_subscriber subscriber ON subscriber.id = account.subscriber_id
  LEFT JOIN gis_core_street street ON street.id = subscriber.street_id
 WHERE dated.due_on <= %(until)s AND (%(street_id)s::bigint IS NULL OR subscriber.street_id = %(street_id)s)
 ORDER BY street.name, street.id, walking_place(subscriber.house), subscriber.house, leading_number(subscriber.flat), subscriber.flat,
          dated.serial
 LIMIT %(most)s OFFSET %(skipped)s;
