-- The bills of a month in the order in which they are carried: by street, and along it.
-- Inputs: enterprise_id, month, paths (prefixes of the divisions that may be seen), parent_path (only streets below), street_id
--   (NULL: all).
-- Output: invoice's id, uid and number, account's uid and number, subscriber, house, flat, total, day handed over, to whom.
SELECT bill.invoice_id, bill.uid, bill.number, bill.account_uid, bill.account_number, bill.subscriber, bill.house, bill.flat,
       bill.total, bill.handed_over_on, bill.received_by
  FROM billing_bill_on_paper bill
 WHERE bill.enterprise_id = %(enterprise_id)s AND bill.month = %(month)s
   AND starts_with(bill.street_path, %(parent_path)s)
   AND (%(street_id)s::bigint IS NULL OR bill.street_id = %(street_id)s)
   AND EXISTS (SELECT FROM unnest(%(paths)s::text[]) AS seen (path) WHERE starts_with(bill.account_path, seen.path))
 ORDER BY bill.street_division, bill.street, bill.street_key, walking_place(bill.house), bill.house, leading_number(bill.flat),
          bill.flat, bill.account_number, bill.number
