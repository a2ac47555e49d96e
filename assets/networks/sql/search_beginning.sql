-- Elements whose code is, or begins with, what was typed, and those whose name has all its words.
-- Inputs: key, beginning: what search_key made of the text, and the LIKE pattern of what begins with it; typed: the text in
-- capitals, as it was typed and with Latin letters; word, words: LIKE patterns of the longest word and of all; network: the
-- code of the one that comes before others, or null; patterns: LIKE patterns of the division paths that the viewer may see;
-- row_limit.
-- Output: class, id, rank (assets/search_providers.py:Rank); the best row_limit of them.
-- Invariant: each branch reads an index and ends after row_limit rows of a network, however many elements there are.
WITH allowed AS (
    SELECT network.id, network.code IS DISTINCT FROM %(network)s AS is_other
      FROM assets_network network JOIN gis_core_division division ON division.id = network.division_id
     WHERE division.path LIKE ANY (%(patterns)s)
), found AS (
    (SELECT 'zone' AS class, zone.id, zone.network_id, zone.code::text AS code,
            search_key(zone.code) LIKE %(beginning)s AS is_code
       FROM assets_zone zone
      WHERE zone.network_id IN (SELECT id FROM allowed)
        AND ' ' || search_words(zone.code || ' ' || zone.name) LIKE %(word)s
        AND ' ' || search_words(zone.code || ' ' || zone.name) LIKE ALL (%(words)s)
      ORDER BY zone.code, zone.id LIMIT %(row_limit)s)
    UNION
    (SELECT 'zone', zone.id, zone.network_id, zone.code, true
       FROM assets_zone zone
      WHERE zone.network_id IN (SELECT id FROM allowed) AND search_key(zone.code) LIKE %(beginning)s
      ORDER BY length(zone.code), zone.code, zone.id LIMIT %(row_limit)s)
    UNION ALL
    (SELECT 'node', node.id, node.network_id, node.code, false
       FROM assets_facilitydetail facility JOIN assets_node node ON node.id = facility.node_id
      WHERE node.network_id IN (SELECT id FROM allowed) AND node.lifecycle <> 'removed'
        AND ' ' || search_words(facility.name) LIKE %(word)s
        AND ' ' || search_words(facility.name) LIKE ALL (%(words)s)
      ORDER BY node.code, node.id LIMIT %(row_limit)s)
    UNION ALL
    (SELECT 'node', node.id, allowed.id, node.code, true
       FROM allowed CROSS JOIN LATERAL (
            SELECT id, code FROM assets_node
             WHERE network_id = allowed.id AND search_key(code) LIKE %(beginning)s AND lifecycle <> 'removed'
             ORDER BY search_key(code) USING ~<~ LIMIT %(row_limit)s) node)
    UNION ALL
    (SELECT 'pipe', pipe.id, allowed.id, pipe.code, true
       FROM allowed CROSS JOIN LATERAL (
            SELECT id, code FROM assets_pipe
             WHERE network_id = allowed.id AND search_key(code) LIKE %(beginning)s
               AND NOT is_connector AND lifecycle <> 'removed'
             ORDER BY search_key(code) USING ~<~ LIMIT %(row_limit)s) pipe)
    -- What was typed whole, and more after it: V-P-10-J-94 for V-P-10, which comes after every V-P-100 by its key.
    UNION
    (SELECT 'node', node.id, allowed.id, node.code, true
       FROM allowed CROSS JOIN LATERAL (
            SELECT id, code FROM assets_node
             WHERE network_id = allowed.id AND search_key(code) LIKE %(beginning)s AND lifecycle <> 'removed'
               AND search_key(code) ~>=~ (%(key)s || 'a')
             ORDER BY search_key(code) USING ~<~ LIMIT %(row_limit)s) node)
    UNION
    (SELECT 'pipe', pipe.id, allowed.id, pipe.code, true
       FROM allowed CROSS JOIN LATERAL (
            SELECT id, code FROM assets_pipe
             WHERE network_id = allowed.id AND search_key(code) LIKE %(beginning)s
               AND search_key(code) ~>=~ (%(key)s || 'a') AND NOT is_connector AND lifecycle <> 'removed'
             ORDER BY search_key(code) USING ~<~ LIMIT %(row_limit)s) pipe)
)
SELECT found.class, found.id, ranked.rank
  FROM found JOIN allowed ON allowed.id = found.network_id
 CROSS JOIN LATERAL (SELECT CASE WHEN upper(found.code) = ANY (%(typed)s) THEN 0
                                 WHEN NOT found.is_code THEN 3
                                 WHEN search_key(found.code) = %(key)s THEN 1 ELSE 2 END AS rank) ranked
 ORDER BY ranked.rank, allowed.is_other,
       -- A number that goes on is another number.
       %(key)s ~ '[0-9]$' AND search_key(found.code) ~<~ (%(key)s || 'a'), length(found.code), found.code, found.id
 LIMIT 3 * %(row_limit)s
