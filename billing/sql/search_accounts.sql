-- Accounts by a number of theirs, their bills', contracts' or meters', or by the subscriber's registry number or phone.
-- Inputs: key, beginning: what search_key made of the text, and the LIKE pattern of what begins with it; typed: the text;
-- document: the same pattern, null when it is too short for the numbers of papers and meters; phone: LIKE pattern of what
-- a phone number holds, null when the text is none; divisions: ids of those whose subscribers the viewer may see; row_limit.
-- Output: account_id, rank (assets/search_providers.py:Rank), found_by, found (number), found_uid; at most row_limit of a branch.
(SELECT account.id AS account_id,
        CASE WHEN account.number = %(typed)s THEN 0 WHEN search_key(account.number) = %(key)s THEN 1 ELSE 2 END AS rank,
        'account' AS found_by, account.number::text AS found, account.uid AS found_uid
   FROM billing_account account
  WHERE search_key(account.number) LIKE %(beginning)s AND account.division_id = ANY (%(divisions)s)
  ORDER BY search_key(account.number) USING ~<~ LIMIT %(row_limit)s)
UNION ALL
(SELECT account.id, CASE WHEN search_key(subscriber.registry_number) = %(key)s THEN 1 ELSE 2 END,
        'subscriber', subscriber.registry_number, subscriber.uid
   FROM billing_subscriber subscriber JOIN billing_account account ON account.subscriber_id = subscriber.id
  WHERE search_key(subscriber.registry_number) LIKE %(beginning)s AND account.division_id = ANY (%(divisions)s)
  ORDER BY search_key(subscriber.registry_number) USING ~<~ LIMIT %(row_limit)s)
UNION ALL
(SELECT account.id, CASE WHEN search_key(contract.number) = %(key)s THEN 1 ELSE 2 END,
        'contract', contract.number, contract.uid
   FROM billing_contract contract JOIN billing_account account ON account.id = contract.account_id
  WHERE search_key(contract.number) LIKE %(document)s AND account.division_id = ANY (%(divisions)s)
  ORDER BY search_key(contract.number) USING ~<~ LIMIT %(row_limit)s)
UNION ALL
(SELECT invoice.account_id, CASE WHEN search_key(invoice.number) = %(key)s THEN 0 ELSE 2 END,
        'bill', invoice.number, invoice.uid
   FROM billing_invoice invoice
  WHERE search_key(invoice.number) LIKE %(document)s AND invoice.division_id = ANY (%(divisions)s)
  ORDER BY search_key(invoice.number) USING ~<~ LIMIT %(row_limit)s)
UNION ALL
(SELECT DISTINCT contract.account_id, CASE WHEN search_key(meter.serial) = %(key)s THEN 0 ELSE 2 END,
        'meter', meter.serial, meter.uid
   FROM (SELECT id, serial, uid FROM billing_meter
          WHERE search_key(serial) LIKE %(document)s AND division_id = ANY (%(divisions)s)
          ORDER BY search_key(serial) USING ~<~ LIMIT %(row_limit)s) meter
   JOIN billing_meterinstallation installation ON installation.meter_id = meter.id
   JOIN billing_contractservicepoint paid ON paid.service_point_id = installation.service_point_id
        AND paid.validity && installation.validity
   JOIN billing_contract contract ON contract.id = paid.contract_id
   JOIN billing_account account ON account.id = contract.account_id AND account.division_id = ANY (%(divisions)s)
  ORDER BY meter.serial LIMIT %(row_limit)s)
UNION ALL
(SELECT account.id, 2, 'phone', subscriber.phone, subscriber.uid
   FROM billing_subscriber subscriber JOIN billing_account account ON account.subscriber_id = subscriber.id
  WHERE search_key(subscriber.phone) LIKE %(phone)s AND account.division_id = ANY (%(divisions)s)
  LIMIT %(row_limit)s)
