-- Breaks a kilometre and year of the pipes of one network that have any, as assets_pipecondition has them.
-- Inputs: network: its id.
-- Output: uid (text), breaks a kilometre and year over the last ten years (or the pipe's age, at least one year).
WITH broken AS MATERIALIZED (
    SELECT DISTINCT attachment.pipe_id
      FROM assets_leakrecord leak JOIN assets_attachment attachment ON attachment.id = leak.attachment_id
     WHERE leak.network_id = %(network)s AND attachment.pipe_id IS NOT NULL AND leak.state <> 'rejected'
       AND leak.kind IN ('main_burst', 'main_leak', 'joint', 'unknown')
       AND leak.reported_at > now() - interval '10 years'
)
SELECT condition.uid::text, condition.breaks_per_km_year
  FROM broken JOIN assets_pipecondition condition ON condition.id = broken.pipe_id
