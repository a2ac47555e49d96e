-- Bringing a network's findings in line with what a validation found.
-- Inputs: network, division: ids; rows: temporary table finding_row (check_code, severity, explanation, elements,
--   element_codes, node_ids, pipe_ids, fingerprint, geom, repair), one row for each finding.
-- Output: the number of findings that are new.
-- Invariant: a finding that is found again keeps its row, uid, time and acceptance.
WITH settled AS (
    INSERT INTO assets_finding AS finding
        (uid, network_id, division_id, check_code, severity, explanation, elements, element_codes, node_ids, pipe_ids,
         fingerprint, geom, repair, found_at, acceptance_reason)
    SELECT gen_random_uuid(), %(network)s, %(division)s, check_code, severity, explanation, elements, element_codes, node_ids,
           pipe_ids, fingerprint, geom, repair, now(), ''
      FROM finding_row
    ON CONFLICT (network_id, check_code, fingerprint) DO UPDATE
       SET severity = excluded.severity, explanation = excluded.explanation, elements = excluded.elements,
           element_codes = excluded.element_codes, node_ids = excluded.node_ids, pipe_ids = excluded.pipe_ids,
           geom = excluded.geom, repair = excluded.repair
    RETURNING (xmax = 0) AS is_new
)
SELECT count(*) FILTER (WHERE is_new) FROM settled
