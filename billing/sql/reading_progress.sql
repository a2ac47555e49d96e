-- How many meters of each street have been read since a day.
-- Inputs: paths (prefixes of the divisions that the viewer may see), since.
-- Output: key of the street ("DIVISION/CODE"), name, its division's name, meters, of them read since, and of these waiting for a decision; by name.
SELECT meter.street_key, meter.street, meter.street_division, count(*), count(said.state), count(*) FILTER (WHERE said.state = 'queued')
  FROM billing_meter_to_read meter
  LEFT JOIN (SELECT installation_id, min(state) AS state FROM billing_reading
              WHERE read_on >= %(since)s AND state IN ('accepted', 'queued') GROUP BY 1) said USING (installation_id)
 WHERE EXISTS (SELECT FROM unnest(%(paths)s::text[]) AS seen (path) WHERE starts_with(meter.account_path, seen.path))
 GROUP BY 1, 2, 3
 ORDER BY 3, 2, 1
