-- Elements whose code or name is like what was typed: nothing has it as it stands, so it is taken for a slip of the pen.
-- Inputs: key, words: what search_key and search_words made of the text; patterns: LIKE patterns of the division paths that
-- the viewer may see; row_limit. Thresholds of likeness are pg_trgm's settings.
-- Output: class, id, rank (assets/search_providers.py:Rank); the likest row_limit of each branch.
WITH allowed AS (
    SELECT network.id FROM assets_network network JOIN gis_core_division division ON division.id = network.division_id
     WHERE division.path LIKE ANY (%(patterns)s)
)
(SELECT 'zone' AS class, id, 5 AS rank FROM assets_zone
  WHERE %(words)s <%% (' ' || search_words(code || ' ' || name)) AND network_id IN (SELECT id FROM allowed)
  ORDER BY word_similarity(%(words)s, ' ' || search_words(code || ' ' || name)) DESC, id LIMIT %(row_limit)s)
UNION
(SELECT 'node', node.id, 5 FROM assets_facilitydetail facility JOIN assets_node node ON node.id = facility.node_id
  WHERE %(words)s <%% (' ' || search_words(facility.name)) AND node.network_id IN (SELECT id FROM allowed)
    AND node.lifecycle <> 'removed'
  ORDER BY word_similarity(%(words)s, ' ' || search_words(facility.name)) DESC, node.id LIMIT %(row_limit)s)
UNION
(SELECT 'node', id, 5 FROM assets_node
  WHERE search_key(code) %% %(key)s AND network_id IN (SELECT id FROM allowed) AND lifecycle <> 'removed'
  ORDER BY similarity(search_key(code), %(key)s) DESC, id LIMIT %(row_limit)s)
UNION
(SELECT 'pipe', id, 5 FROM assets_pipe
  WHERE search_key(code) %% %(key)s AND network_id IN (SELECT id FROM allowed)
    AND NOT is_connector AND lifecycle <> 'removed'
  ORDER BY similarity(search_key(code), %(key)s) DESC, id LIMIT %(row_limit)s)
