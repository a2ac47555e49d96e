-- Which zone each node of some networks was in, day by day.
-- Inputs: network_ids (bigint[]), time_zone, as_of (what was known then). Output: rows of the temporary table zone_member
--   (network_id, node_id, zone_id, first_day, until_day).
-- Invariants: a node is in one zone a day. A move counts from its local day on, so that earlier days stay as they were;
--   moves from before the network's first balance drew the zones and count for all days, and so does the first zone of a
--   node that was in none.
WITH started AS (
    SELECT network.id AS network_id,
           coalesce((SELECT min(balance.first_computed_at) FROM balances_zonebalance balance
                       JOIN assets_zone zone ON zone.id = balance.zone_id WHERE zone.network_id = network.id),
                    'infinity') AS since
      FROM assets_network network WHERE network.id = ANY (%(network_ids)s)
), state AS (
    SELECT change.network_id, change.row_id AS node_id, (change.before ->> 'zone_id')::bigint AS zone_id, change.valid_to
      FROM started
      JOIN assets_rowchange change ON change.network_id = started.network_id AND change.table_name = 'assets_node'
                                  AND change.valid_to > started.since AND change.before IS NOT NULL
    UNION ALL
    SELECT node.network_id, node.id, node.zone_id, 'infinity' FROM assets_node node
     WHERE node.network_id = ANY (%(network_ids)s)
), followed AS (
    SELECT *, lag(valid_to, 1, '-infinity') OVER (PARTITION BY node_id ORDER BY valid_to) AS valid_from FROM state
), known AS (
    SELECT network_id, node_id, valid_from,
           coalesce(zone_id, (array_agg(zone_id) FILTER (WHERE zone_id IS NOT NULL)
                              OVER (PARTITION BY node_id ORDER BY valid_to
                                    ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING))[1]) AS zone_id,
           lead(valid_from, 1, 'infinity') OVER (PARTITION BY node_id ORDER BY valid_to) AS valid_to
      FROM followed WHERE valid_from <= %(as_of)s::timestamptz
), by_day AS (
    SELECT network_id, node_id, zone_id, (valid_from AT TIME ZONE %(time_zone)s)::date AS first_day,
           (valid_to AT TIME ZONE %(time_zone)s)::date AS until_day
      FROM known
)
INSERT INTO zone_member (network_id, node_id, zone_id, first_day, until_day)
SELECT * FROM by_day WHERE zone_id IS NOT NULL AND first_day < until_day;
