-- How many people are registered with the households that zones supply on a day.
-- Inputs: zone_ids, day. Output: one row: people (NULL: nobody is registered there).
-- Invariant: a household with several service points in the zones is counted once; a number of residents of the account
--   that holds on the day stands before the subscriber's own.
WITH household AS (
    SELECT DISTINCT account.id, account.subscriber_id, subscriber.residents
      FROM billing_servicepoint point
      JOIN assets_attachment attachment ON attachment.id = point.attachment_id
      JOIN assets_node node ON node.id = attachment.node_id
      JOIN billing_contractservicepoint supplied ON supplied.service_point_id = point.id AND supplied.validity @> %(day)s::date
      JOIN billing_contract contract ON contract.id = supplied.contract_id
      JOIN billing_account account ON account.id = contract.account_id
      JOIN billing_subscriber subscriber ON subscriber.id = account.subscriber_id
     WHERE node.zone_id = ANY (%(zone_ids)s) AND subscriber.subscriber_class = 'household'
)
SELECT nullif(sum(coalesce(stated.value, CASE WHEN household.is_first THEN household.residents ELSE 0 END))::integer, 0)
  -- A subscriber's own number is counted once, whatever the accounts.
  FROM (SELECT household.*, row_number() OVER (PARTITION BY subscriber_id ORDER BY id) = 1 AS is_first FROM household) household
  LEFT JOIN LATERAL (
      SELECT one.value
        FROM billing_accountvalue one
       WHERE one.account_id = household.id AND one.kind = 'residents' AND one.valid_from <= %(day)s
       ORDER BY one.valid_from DESC
       LIMIT 1) stated ON true;
