-- How many bills of a month each street has, how many of them were handed over, and what they ask for.
-- Inputs: enterprise_id, month, paths (prefixes of the divisions that may be seen).
-- Output: street's key ("DIVISION/CODE"), name, its division's name, bills, handed over, total; by name.
SELECT bill.street_key, bill.street, bill.street_division, count(*), count(bill.handed_over_on), sum(bill.total)
  FROM billing_bill_on_paper bill
 WHERE bill.enterprise_id = %(enterprise_id)s AND bill.month = %(month)s
   AND EXISTS (SELECT FROM unnest(%(paths)s::text[]) AS seen (path) WHERE starts_with(bill.account_path, seen.path))
 GROUP BY 1, 2, 3
 ORDER BY 3, 2, 1
