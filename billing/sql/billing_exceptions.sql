-- Accounts of the enterprise that the run could not bill for its month, each with one reason.
--
-- Inputs: temporary tables reading_pair and charge_piece; enterprise_id, month.
-- Output: temporary table found_exception.
DROP TABLE IF EXISTS found_exception;
CREATE TEMPORARY TABLE found_exception ON COMMIT DROP AS
SELECT account.id AS account_id, link.service_point_id,
       CASE WHEN EXISTS (SELECT 1 FROM billing_reading reading
                           JOIN billing_meterinstallation installation ON installation.id = reading.installation_id
                          WHERE installation.service_point_id = link.service_point_id
                            AND reading.state = 'queued' AND reading.read_on > %(month)s::date)
            THEN 'reading_queued'
            WHEN EXISTS (SELECT 1 FROM reading_pair pair
                          WHERE pair.service_point_id = link.service_point_id
                            AND daterange(pair.pair_from, pair.pair_to)
                                && daterange(%(month)s::date, (%(month)s::date + interval '1 month')::date)
                            AND NOT EXISTS (SELECT 1 FROM charge_piece piece
                                             WHERE piece.current_reading_id = pair.current_reading_id))
            THEN 'no_price'
            ELSE 'no_reading' END AS reason
  FROM billing_contractservicepoint link
  JOIN billing_contract contract ON contract.id = link.contract_id
  JOIN billing_account account ON account.id = contract.account_id
 WHERE account.enterprise_id = %(enterprise_id)s
   AND link.validity * contract.validity && daterange(%(month)s::date, (%(month)s::date + interval '1 month')::date)
   AND NOT EXISTS (SELECT 1 FROM charge_piece piece
                    WHERE piece.service_point_id = link.service_point_id AND piece.consumption_month = %(month)s)
 ORDER BY account.number;
