-- One page of when and by whom assets were last verified in the field, and when that is overdue.
-- Inputs: networks: ids that the viewer may see; network_id: the one of them that is asked for, or null; kinds: node
-- kinds and "pipe", or null for all; zone_id, overdue: filters, or null; class_after: 'node' or 'pipe', and id_after:
-- the position after which the page begins; today; row_limit.
-- Output: up to row_limit rows, nodes before pipes, each by id. Device connectors and what is removed are no assets.
-- Invariant: the interval is that of the nearest policy at or above the network's division, else the general one.
WITH intervals AS MATERIALIZED (
    SELECT DISTINCT ON (network.id, policy.kind) network.id AS network_id, policy.kind, policy.interval_months
      FROM assets_network network
      JOIN gis_core_division own ON own.id = network.division_id
      JOIN assets_verificationpolicy policy ON policy.commodity = network.commodity
      LEFT JOIN gis_core_division above ON above.id = policy.division_id
     WHERE network.id = ANY (%(networks)s) AND (above.id IS NULL OR starts_with(own.path, above.path))
     ORDER BY network.id, policy.kind, length(above.path) DESC NULLS LAST
), nodes AS (
    SELECT 'node' AS class, node.id, node.uid, node.code, node.kind, node.network_id, node.zone_id, node.lifecycle,
           node.installed_on, intervals.interval_months, last.verified_on, last.verified_by_id, last.method
      FROM assets_node node
      LEFT JOIN intervals ON intervals.network_id = node.network_id AND intervals.kind = node.kind
      LEFT JOIN LATERAL (
           SELECT entry.verified_on, entry.verified_by_id, entry.method FROM assets_verification entry
            WHERE entry.node_id = node.id ORDER BY entry.verified_on DESC, entry.id DESC LIMIT 1) last ON true
     WHERE %(class_after)s = 'node' AND node.id > %(id_after)s
       AND (%(network_id)s::bigint IS NULL OR node.network_id = %(network_id)s)
       AND node.network_id = ANY (%(networks)s)
       AND (%(kinds)s::text[] IS NULL OR node.kind = ANY (%(kinds)s))
       AND (%(zone_id)s::bigint IS NULL OR node.zone_id = %(zone_id)s)
       AND node.lifecycle <> 'removed'
       AND (%(overdue)s::boolean IS NULL OR %(overdue)s = verification_is_overdue(
                node.lifecycle, last.verified_on, node.installed_on, intervals.interval_months, %(today)s))
     ORDER BY node.id LIMIT %(row_limit)s
), pipes AS (
    SELECT 'pipe', pipe.id, pipe.uid, pipe.code, 'pipe', pipe.network_id, start_node.zone_id, pipe.lifecycle,
           make_date(pipe.year_installed, 12, 31), intervals.interval_months, last.verified_on, last.verified_by_id,
           last.method
      FROM assets_pipe pipe
      JOIN assets_node start_node ON start_node.id = pipe.start_node_id
      LEFT JOIN intervals ON intervals.network_id = pipe.network_id AND intervals.kind = 'pipe'
      LEFT JOIN LATERAL (
           SELECT entry.verified_on, entry.verified_by_id, entry.method FROM assets_verification entry
            WHERE entry.pipe_id = pipe.id ORDER BY entry.verified_on DESC, entry.id DESC LIMIT 1) last ON true
     WHERE pipe.id > CASE WHEN %(class_after)s = 'pipe' THEN %(id_after)s ELSE 0 END
       AND (%(network_id)s::bigint IS NULL OR pipe.network_id = %(network_id)s)
       AND pipe.network_id = ANY (%(networks)s)
       AND (%(kinds)s::text[] IS NULL OR 'pipe' = ANY (%(kinds)s))
       AND (%(zone_id)s::bigint IS NULL OR start_node.zone_id = %(zone_id)s)
       AND NOT pipe.is_connector AND pipe.lifecycle <> 'removed'
       AND (%(overdue)s::boolean IS NULL OR %(overdue)s = verification_is_overdue(
                pipe.lifecycle, last.verified_on, make_date(pipe.year_installed, 12, 31), intervals.interval_months,
                %(today)s))
     -- When nodes fill the page, no pipe is looked for.
     ORDER BY pipe.id LIMIT greatest(%(row_limit)s - (SELECT count(*) FROM nodes), 0)
), page AS (
    SELECT * FROM nodes UNION ALL SELECT * FROM pipes
)
SELECT page.class, page.id, page.uid, page.code, page.kind, network.code AS network, zone.uid AS zone,
       zone.name AS zone_name, page.lifecycle, page.verified_on AS last_verified_on,
       person.username AS last_verified_by, page.method AS last_method, page.interval_months,
       verification_due_on(page.verified_on, page.installed_on, page.interval_months) AS due_on,
       verification_is_overdue(page.lifecycle, page.verified_on, page.installed_on, page.interval_months, %(today)s)
           AS is_overdue
  FROM page
  JOIN assets_network network ON network.id = page.network_id
  LEFT JOIN assets_zone zone ON zone.id = page.zone_id
  LEFT JOIN gis_core_user person ON person.id = page.verified_by_id
 ORDER BY page.class, page.id
