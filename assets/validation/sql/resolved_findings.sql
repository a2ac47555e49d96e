-- Findings of the checked ground that were not found again.
-- Inputs: network: id; checks: codes of the checks that were run to the end; finding_row, checked_node_id, checked_pipe_id,
--   checked_area and judged (check_code, fingerprint: zones and islands that were judged).
-- Output: ids. A finding is on the checked ground when a check would have found it from there: when one of its own elements was
-- checked, when it was judged as a whole, or when it lies there and one of its own elements is gone.
-- (network_id + 0: by the index of the elements or of the place alone.)
SELECT finding.id
  FROM (SELECT id FROM assets_finding
         WHERE network_id + 0 = %(network)s AND node_ids && (SELECT coalesce(array_agg(id), '{}') FROM checked_node_id)
           AND check_code = ANY (%(local_checks)s)
        UNION
        SELECT id FROM assets_finding
         WHERE network_id + 0 = %(network)s AND pipe_ids && (SELECT coalesce(array_agg(id), '{}') FROM checked_pipe_id)
           AND check_code = ANY (%(local_checks)s)
        UNION
        SELECT finding.id FROM judged JOIN assets_finding finding
            ON finding.network_id = %(network)s AND finding.check_code = judged.check_code AND finding.fingerprint = judged.fingerprint
        UNION
        SELECT finding.id
          FROM checked_area area
          JOIN assets_finding finding ON finding.network_id + 0 = %(network)s AND finding.geom && area.geom
         WHERE finding.check_code = ANY (%(checks)s)
           AND (EXISTS (SELECT 1 FROM unnest(finding.node_ids) gone WHERE NOT EXISTS (SELECT 1 FROM assets_node node WHERE node.id = gone))
             OR EXISTS (SELECT 1 FROM unnest(finding.pipe_ids) gone WHERE NOT EXISTS (SELECT 1 FROM assets_pipe pipe WHERE pipe.id = gone)))
       ) touched
  JOIN assets_finding finding ON finding.id = touched.id
 WHERE NOT EXISTS (SELECT 1 FROM finding_row again
                    WHERE again.check_code = finding.check_code AND again.fingerprint = finding.fingerprint)
