-- Make the monthly partitions that the staged rows need. Input: incoming_observation.
SELECT sensors_make_partition(month)
  FROM (SELECT DISTINCT date_trunc('month', time AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS month
          FROM incoming_observation) months;
