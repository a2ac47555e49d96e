-- Where accounts are served: the place on the network of the service point that each pays for, today's before earlier ones.
-- Input: accounts: array of ids. Output: account_id, network (code), longitude, latitude; one row an account.
SELECT DISTINCT ON (contract.account_id) contract.account_id, network.code AS network,
       ST_X(place.point) AS longitude, ST_Y(place.point) AS latitude
  FROM billing_contract contract
  JOIN billing_contractservicepoint paid ON paid.contract_id = contract.id
  JOIN billing_servicepoint point ON point.id = paid.service_point_id
  JOIN assets_attachment attachment ON attachment.id = point.attachment_id
  JOIN assets_network network ON network.id = attachment.network_id
  JOIN assets_node node ON node.id = attachment.node_id
  LEFT JOIN assets_pipe pipe ON pipe.id = attachment.pipe_id
 CROSS JOIN LATERAL (SELECT coalesce(ST_LineInterpolatePoint(pipe.geom, attachment.position), node.geom) AS point) place
 WHERE contract.account_id = ANY (%(accounts)s)
 ORDER BY contract.account_id, upper(paid.validity) DESC NULLS FIRST, paid.id
