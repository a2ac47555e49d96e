-- Elements whose code ends with, or holds, what was typed; what ends with it is sought first: 508 means P-508 more often
-- than P-5081.
-- Inputs: ending, within: LIKE patterns of what search_key made of the text (within is null when it is too short for an
-- index of trigrams); patterns: LIKE patterns of the division paths that the viewer may see; row_limit.
-- Output: class, id, rank (assets/search_providers.py:Rank), at most row_limit of each branch, which are not the best but the first
-- that the index names: who wants another types more.
-- Invariant: candidates come from the index of trigrams and end with the limit. (OFFSET 0 has them planned as if all were wanted:
-- for a few the planner would walk along another index and read ten thousand codes.)
WITH allowed AS (
    SELECT network.id FROM assets_network network JOIN gis_core_division division ON division.id = network.division_id
     WHERE division.path LIKE ANY (%(patterns)s)
)
(SELECT 'node' AS class, id, 4 AS rank FROM (
    SELECT id, network_id FROM assets_node WHERE search_key(code) LIKE %(ending)s AND lifecycle <> 'removed' OFFSET 0) candidate
  WHERE network_id IN (SELECT id FROM allowed) LIMIT %(row_limit)s)
UNION
(SELECT 'node', id, 4 FROM (
    SELECT id, network_id FROM assets_node WHERE search_key(code) LIKE %(within)s AND lifecycle <> 'removed' OFFSET 0) candidate
  WHERE network_id IN (SELECT id FROM allowed) LIMIT %(row_limit)s)
UNION
(SELECT 'pipe', id, 4 FROM (
    SELECT id, network_id FROM assets_pipe
     WHERE search_key(code) LIKE %(ending)s AND NOT is_connector AND lifecycle <> 'removed' OFFSET 0) candidate
  WHERE network_id IN (SELECT id FROM allowed) LIMIT %(row_limit)s)
UNION
(SELECT 'pipe', id, 4 FROM (
    SELECT id, network_id FROM assets_pipe
     WHERE search_key(code) LIKE %(within)s AND NOT is_connector AND lifecycle <> 'removed' OFFSET 0) candidate
  WHERE network_id IN (SELECT id FROM allowed) LIMIT %(row_limit)s)
