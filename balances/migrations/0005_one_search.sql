-- What the former search over daily balances suspected becomes an event where it has none: there is one search, and one kind of
-- event. Of suspicions of one leak, searched for with more and more days, the first makes it.

INSERT INTO balances_leakevent (uid, zone_id, network_id, division_id, kind, started_at, started_from, started_to, detected_at,
                                size_m3h, size_limit_95_m3h, evidence, now_size_m3h, state, outcome, version)
SELECT gen_random_uuid(), said.zone_id, zone.network_id, said.division_id, 'burst', span.started,
       span.started - interval '3 days', span.started + interval '3 days',
       (said.searched_to + 1)::timestamp AT TIME ZONE 'Asia/Tashkent', said.excess_m3_per_day / 24,
       CASE WHEN said.score > 0 THEN 1.96 * said.excess_m3_per_day / 24 / said.score END,
       jsonb_build_array(jsonb_build_object('datastream', NULL, 'change', said.excess_m3_per_day, 'unit', 'm3/day',
                                            'score', said.score)),
       said.excess_m3_per_day / 24, 'new', '', 1
  FROM balances_leaksuspicion said
  JOIN assets_zone zone ON zone.id = said.zone_id
 CROSS JOIN LATERAL (SELECT said.started_on::timestamp AT TIME ZONE 'Asia/Tashkent' AS started) span
 WHERE said.excess_m3_per_day > 0 AND said.searched_to >= said.started_on
   AND NOT EXISTS (SELECT FROM balances_leakevent event
                    WHERE event.zone_id = said.zone_id AND event.started_from <= span.started + interval '3 days'
                      AND event.started_to >= span.started - interval '3 days')
   AND NOT EXISTS (SELECT FROM balances_leaksuspicion other
                    WHERE other.zone_id = said.zone_id AND other.excess_m3_per_day > 0
                      AND other.searched_to >= other.started_on AND abs(other.started_on - said.started_on) <= 6
                      AND (other.searched_to, other.id) < (said.searched_to, said.id));

-- Rights on a table that is gone would stay offered.
DELETE FROM auth_group_permissions WHERE permission_id IN (SELECT id FROM auth_permission WHERE codename LIKE '%\_leaksuspicion');
DELETE FROM gis_core_user_user_permissions
 WHERE permission_id IN (SELECT id FROM auth_permission WHERE codename LIKE '%\_leaksuspicion');
DELETE FROM auth_permission WHERE codename LIKE '%\_leaksuspicion';
SET CONSTRAINTS ALL IMMEDIATE;
