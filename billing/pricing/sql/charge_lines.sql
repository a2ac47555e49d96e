-- From pieces to lines of money: charges by block, benefits, poor quality, subsidies; and what could not be charged.
--
-- Inputs: the staged tables, pricing_piece, pricing_doubt, pricing_month_part, pricing_installation.
-- Outputs: pricing_exception (a row per service and reason), pricing_line.
-- Invariants: a service with a day that lacks something has no line; the quantities of a piece's charge lines sum to the
--   piece; the eligible quantities of its benefits sum to no more. Each line is rounded by itself, quantities to 3
--   decimals and money to 2, half up and away from zero.
DROP TABLE IF EXISTS pricing_exception, pricing_block, pricing_line;

CREATE TEMPORARY TABLE pricing_exception ON COMMIT DROP AS
SELECT DISTINCT case_no, service_no, reason FROM pricing_piece CROSS JOIN LATERAL unnest(lacks) AS reason
UNION
SELECT pricing_doubt.case_no, service_no, 'implausible_reading'
  FROM pricing_doubt JOIN pricing_case USING (case_no)
 WHERE read_on >= month AND read_on < month_end
UNION
-- contract days, but neither a month-part nor a meter on any of them
SELECT case_no, service_no, 'no_meter'
  FROM pricing_service service
  JOIN pricing_case USING (case_no)
 WHERE basis = 'meter' AND greatest(month, contract_from) < least(month_end, contract_to)
   AND NOT EXISTS (SELECT FROM pricing_month_part part
                    WHERE part.case_no = service.case_no AND part.service_no = service.service_no AND part.month = pricing_case.month)
   AND NOT EXISTS (SELECT FROM pricing_installation installation
                    WHERE installation.case_no = service.case_no AND installation.service_no = service.service_no
                      AND installed_from < least(month_end, contract_to) AND installed_to > greatest(month, contract_from));

-- The blocks of each piece that is charged: [filled_from, filled_to) of its quantity. A block may be empty.
CREATE TEMPORARY TABLE pricing_block ON COMMIT DROP AS
SELECT piece_no, block_no, price, filled_to, lag(filled_to, 1, 0.000) OVER (PARTITION BY piece_no ORDER BY block_no) AS filled_from
  FROM (SELECT piece_no, block_no, price,
               CASE WHEN up_to IS NULL THEN quantity
                    ELSE least(quantity, rounded_quantity(
                        up_to * days * CASE WHEN per_resident THEN registered ELSE 1 END, 30)) END AS filled_to
          FROM pricing_piece piece
         CROSS JOIN LATERAL unnest(limits, prices) WITH ORDINALITY AS block (up_to, price, block_no)
         WHERE quantity > 0
           AND NOT EXISTS (SELECT FROM pricing_piece lacking
                            WHERE lacking.case_no = piece.case_no AND lacking.service_no = piece.service_no
                              AND lacking.lacks <> '{}')) filled;
ANALYZE pricing_block;

INSERT INTO pricing_exception
SELECT DISTINCT case_no, service_no, 'no_norm'
  FROM pricing_piece piece
 WHERE benefit_shares IS NOT NULL AND norm IS NULL
   AND EXISTS (SELECT FROM pricing_block block WHERE block.piece_no = piece.piece_no)
EXCEPT
SELECT case_no, service_no, reason FROM pricing_exception;

-- kind_rank: charge, benefit, quality, subsidy. input_no: which benefit of the piece, act or subsidy it is.
CREATE TEMPORARY TABLE pricing_line (
    line_no bigint GENERATED ALWAYS AS IDENTITY,
    case_no integer NOT NULL,
    service_no integer,
    kind text NOT NULL,
    kind_rank integer NOT NULL,
    line_from date NOT NULL,
    line_to date NOT NULL,
    quantity numeric,
    price numeric,
    coefficient numeric,
    net numeric NOT NULL,
    vat numeric NOT NULL,
    vat_percent numeric,
    piece_no bigint,
    block_no bigint,
    input_no integer
) ON COMMIT DROP;

INSERT INTO pricing_line (case_no, service_no, kind, kind_rank, line_from, line_to, quantity, price, coefficient, net, vat,
                          vat_percent, piece_no, block_no)
SELECT case_no, service_no, kind, 0, piece_from, piece_to, filled_to - filled_from, price, money_coefficient,
       CASE WHEN vat_included THEN amount - included ELSE amount END,
       CASE WHEN vat_included THEN included ELSE round(amount * vat_percent * 0.01, 2) END,
       vat_percent, piece_no, block_no
  FROM pricing_block
  JOIN pricing_piece USING (piece_no)
 CROSS JOIN LATERAL (SELECT round((filled_to - filled_from) * price * money_coefficient, 2) AS amount) rounded
 CROSS JOIN LATERAL (SELECT rounded_money(amount * vat_percent, 100 + vat_percent) AS included) of_it
 WHERE filled_to > filled_from;

-- Benefits take from what those of a higher share left, from the first block up: each a stretch of the piece's quantity.
INSERT INTO pricing_line (case_no, service_no, kind, kind_rank, line_from, line_to, quantity, price, coefficient, net, vat,
                          vat_percent, piece_no, block_no, input_no)
WITH allowed AS (
    SELECT piece.*, benefit.share_percent, benefit.place,
           sum(within_norm) OVER (PARTITION BY piece_no ORDER BY place) AS taken_to, within_norm
      FROM pricing_piece piece
     CROSS JOIN LATERAL unnest(benefit_shares, benefit_residents) WITH ORDINALITY AS benefit (share_percent, residents, place)
     CROSS JOIN LATERAL (SELECT round(norm * benefit.residents * days * 0.001, 3) AS within_norm) rounded
     WHERE benefit_shares IS NOT NULL AND norm IS NOT NULL
)
SELECT case_no, service_no, 'benefit', 1, piece_from, piece_to, eligible, price, money_coefficient,
       -CASE WHEN vat_included THEN amount - included ELSE amount END,
       -CASE WHEN vat_included THEN included ELSE round(amount * vat_percent * 0.01, 2) END,
       vat_percent, piece_no, block_no, place
  FROM allowed
  JOIN pricing_block USING (piece_no)
 CROSS JOIN LATERAL (
       SELECT least(filled_to, taken_to) - greatest(filled_from, taken_to - within_norm) AS eligible) taken
 CROSS JOIN LATERAL (SELECT round(eligible * price * money_coefficient * share_percent * 0.01, 2) AS amount) rounded
 CROSS JOIN LATERAL (SELECT rounded_money(amount * vat_percent, 100 + vat_percent) AS included) of_it
 WHERE eligible > 0 AND CASE WHEN vat_included THEN amount - included ELSE amount END <> 0;

INSERT INTO pricing_line (case_no, service_no, kind, kind_rank, line_from, line_to, net, vat, vat_percent, piece_no, block_no,
                          input_no)
SELECT line.case_no, line.service_no, 'quality', 2, first_on, last_to, -poor_net,
       -rounded_money(line.vat * (last_to - first_on) * percent, (line_to - line_from) * 100), vat_percent, piece_no, block_no,
       act_no
  FROM pricing_line line
  JOIN pricing_quality_act act ON act.case_no = line.case_no AND act.service_no = line.service_no
                              AND poor_from < line_to AND poor_to > line_from
 CROSS JOIN LATERAL (SELECT greatest(line_from, poor_from) AS first_on, least(line_to, poor_to) AS last_to) overlap
 CROSS JOIN LATERAL (
       SELECT rounded_money(line.net * (last_to - first_on) * percent, (line_to - line_from) * 100) AS poor_net) rounded
 WHERE kind_rank = 0 AND poor_net <> 0;

INSERT INTO pricing_line (case_no, kind, kind_rank, line_from, line_to, net, vat, input_no)
SELECT case_no, 'subsidy', 3, month, month_end, -paid, 0.00, subsidy_no
  FROM (SELECT subsidy.case_no, subsidy_no, round(least(amount, sum(net + vat)), 2) AS paid
          FROM pricing_subsidy subsidy
          JOIN pricing_line line ON line.case_no = subsidy.case_no AND line.service_no = subsidy.service_no
         GROUP BY subsidy.case_no, subsidy_no, amount) owed
  JOIN pricing_case USING (case_no)
 WHERE paid > 0;
ANALYZE pricing_line;
