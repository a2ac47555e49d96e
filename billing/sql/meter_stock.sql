-- Meters by where they are on a day: in the store, with somebody, hung, taken down, written off.
-- Inputs: paths (prefixes of the divisions that the viewer may see), place (or '': all), text (of the serial number or the
--   holder), day, most, skipped.
-- Output: uid, serial, model, digits, place, since, holder, code of the service point, uid of its account, division's name,
--   last verification, the movements that may be taken back (that by which it is there, and the verification), and how many there
--   are in all. Those who have been there the longest come first.
-- Invariant: a meter is in one place: where an installation says that it hangs on that day, else where the last event before left it.
WITH meter AS (
    SELECT meter.*, division.name AS division_name
      FROM billing_meter meter JOIN gis_core_division division ON division.id = meter.division_id
     WHERE EXISTS (SELECT FROM unnest(%(paths)s::text[]) AS seen (path) WHERE starts_with(division.path, seen.path))
), hanging AS (
    SELECT DISTINCT ON (installation.meter_id) installation.meter_id, lower(installation.validity) AS since,
           installation.service_point_id
      FROM billing_meterinstallation installation
     WHERE installation.validity @> %(day)s::date AND installation.meter_id IN (SELECT id FROM meter)
     ORDER BY installation.meter_id, lower(installation.validity)
), placed AS (
    SELECT meter.*, hanging.service_point_id, left_at.holder, left_at.movement_id,
           CASE WHEN hanging.meter_id IS NOT NULL THEN 'installed' ELSE coalesce(left_at.place, 'store') END AS place,
           CASE WHEN hanging.meter_id IS NOT NULL THEN hanging.since ELSE left_at.happened_on END AS since
      FROM meter
      LEFT JOIN hanging ON hanging.meter_id = meter.id
      LEFT JOIN LATERAL (
           SELECT event.happened_on, movement.holder, movement.id AS movement_id,
                  CASE WHEN event.what IN ('received', 'returned') THEN 'store' ELSE event.what END AS place
             FROM meter_events(meter.id) event
             LEFT JOIN billing_metermovement movement ON event.step = 2 AND movement.id = event.event_id
            WHERE event.happened_on <= %(day)s AND event.what <> 'installed'
            ORDER BY event.happened_on DESC, event.step DESC, event.event_id DESC LIMIT 1) left_at ON hanging.meter_id IS NULL
), wanted AS (
    SELECT placed.*, count(*) OVER () AS found
      FROM placed
     WHERE (%(place)s = '' OR place = %(place)s)
       AND (%(text)s = '' OR strpos(lower(serial), lower(%(text)s)) > 0 OR strpos(lower(coalesce(holder, '')), lower(%(text)s)) > 0)
     ORDER BY since NULLS FIRST, serial
     LIMIT %(most)s OFFSET %(skipped)s
)
SELECT wanted.uid, wanted.serial, wanted.model_name, wanted.digits, wanted.place, wanted.since, coalesce(wanted.holder, ''),
       point.code, payer.uid, wanted.division_name, verified.happened_on, wanted.movement_id, verified.id, wanted.found
  FROM wanted
  LEFT JOIN billing_servicepoint point ON point.id = wanted.service_point_id
  LEFT JOIN LATERAL (
       SELECT account.uid FROM billing_contractservicepoint link
         JOIN billing_contract contract ON contract.id = link.contract_id
         JOIN billing_account account ON account.id = contract.account_id
        WHERE link.service_point_id = point.id AND link.validity @> %(day)s::date LIMIT 1) payer ON true
  LEFT JOIN LATERAL (
       SELECT id, happened_on FROM billing_metermovement movement
        WHERE movement.meter_id = wanted.id AND kind = 'verified' AND taken_back_at IS NULL ORDER BY happened_on DESC, id DESC LIMIT 1) verified ON true
 ORDER BY wanted.since NULLS FIRST, wanted.serial;
