-- Which days are charged, and by which rule: everything but the services that follow another.
--
-- Inputs: the staged tables, pricing_month_part. Outputs: pricing_stretch, pricing_gap.
-- A stretch is days without a gap of one service (and one meter, or one register's meters that were not read):
--   kind: of the lines; rule: how a piece of it gets its quantity, which is
--     shared   its days' part of whole_quantity over [whole_from, whole_from + whole_days), rounded cumulatively
--     average  its days times history_quantity / history_days
--     norm     litres per resident present and day
--     monthly  the value of a month (m2, residents present, 1) times its days' part of the month
--     given    whole_quantity as it is
--     none     nothing is known: a register that was not read and has no history
--   chain_no: pieces of one chain that touch and have equal values are one piece.
-- Invariant: the stretches of a service and chain do not overlap.
DROP TABLE IF EXISTS pricing_gap, pricing_stretch;

-- Months in which no part of a register's readings counts: the days on which a meter is installed and that no pair
-- covers, and what the months before show. Meters that name no register share one.
CREATE TEMPORARY TABLE pricing_gap ON COMMIT DROP AS
WITH installed AS (
    SELECT case_no, service_no, register, min(installation_no) AS chain_no,
           range_agg(daterange(installed_from, installed_to)) AS days
      FROM pricing_installation GROUP BY case_no, service_no, register
), covered AS (
    SELECT case_no, service_no, register, range_agg(daterange(first_on, last_on)) AS days
      FROM (SELECT case_no, service_no, register, min(pair_from) AS first_on, max(pair_to) AS last_on
              FROM pricing_pair GROUP BY case_no, service_no, register, installation_no) read_days
     GROUP BY case_no, service_no, register
), charged AS (
    SELECT installed.case_no, installed.service_no, installed.register, installed.chain_no,
           (installed.days * daterange(contract_from, contract_to)::datemultirange)
           - coalesce(covered.days, '{}'::datemultirange) AS days,
           pricing_case.month, pricing_case.month_end, average_months, average_at_most_months
      FROM installed
      JOIN pricing_case USING (case_no)
      JOIN pricing_service USING (case_no, service_no)
      LEFT JOIN covered USING (case_no, service_no, register)
), gap AS MATERIALIZED (
    SELECT charged.case_no, service_no, register, chain_no, month, average_months, average_at_most_months,
           days AS days_ever, days * daterange(month, month_end)::datemultirange AS days
      FROM charged
     WHERE days && daterange(month, month_end)
       AND NOT EXISTS (SELECT FROM pricing_month_part part
                        WHERE part.case_no = charged.case_no AND part.service_no = charged.service_no
                          AND part.register = charged.register AND part.month = charged.month)
)
SELECT gap.case_no, gap.service_no, gap.register, gap.chain_no, gap.days, history.quantity AS history_quantity,
       history.days AS history_days, history.first_from AS history_from, history.last_to AS history_to,
       -- It is among the first such months in a row when one of so many months before it is not such a month.
       EXISTS (SELECT
                 FROM generate_series(1, gap.average_at_most_months) AS months_before
                CROSS JOIN LATERAL (
                      SELECT (gap.month - make_interval(months => months_before))::date AS earlier_from,
                             (gap.month - make_interval(months => months_before - 1))::date AS earlier_to) earlier
                WHERE NOT gap.days_ever && daterange(earlier_from, earlier_to)
                   OR EXISTS (SELECT FROM pricing_month_part part
                               WHERE part.case_no = gap.case_no AND part.service_no = gap.service_no
                                 AND part.register = gap.register AND part.month = earlier_from)) AS is_early
  FROM gap
  LEFT JOIN LATERAL (
       SELECT sum(quantity) AS quantity, min(part_from) AS first_from, max(part_to) AS last_to,
              (SELECT sum(upper(span) - lower(span)) FROM unnest(range_agg(daterange(part_from, part_to))) span) AS days
         FROM pricing_month_part part
        WHERE part.case_no = gap.case_no AND part.service_no = gap.service_no AND part.register = gap.register
          AND part.month >= gap.month - make_interval(months => gap.average_months) AND part.month < gap.month
       ) history ON true;

CREATE TEMPORARY TABLE pricing_stretch (
    stretch_no bigint GENERATED ALWAYS AS IDENTITY,
    case_no integer NOT NULL,
    service_no integer NOT NULL,
    chain_no bigint NOT NULL,
    register text NOT NULL,
    kind text NOT NULL,
    rule text NOT NULL,
    stretch_from date NOT NULL,
    stretch_to date NOT NULL,
    whole_from date,
    whole_days integer,
    whole_quantity numeric,
    history_quantity numeric,
    history_days integer,
    pair_no bigint
) ON COMMIT DROP;

INSERT INTO pricing_stretch (case_no, service_no, chain_no, register, kind, rule, stretch_from, stretch_to,
                             whole_from, whole_days, whole_quantity, pair_no)
SELECT part.case_no, part.service_no, part.installation_no, part.register, 'consumption', 'shared', part.part_from,
       part.part_to, pair.pair_from, pair.pair_days, pair.quantity, pair.pair_no
  FROM pricing_month_part part
  JOIN pricing_case ON pricing_case.case_no = part.case_no AND pricing_case.month = part.month
  JOIN pricing_pair pair USING (pair_no);

INSERT INTO pricing_stretch (case_no, service_no, chain_no, register, kind, rule, stretch_from, stretch_to,
                             history_quantity, history_days)
SELECT case_no, service_no, chain_no, register, CASE judged.rule WHEN 'norm' THEN 'norm' ELSE 'estimate' END, judged.rule,
       lower(span), upper(span), history_quantity, history_days
  FROM pricing_gap gap
 CROSS JOIN LATERAL (SELECT CASE WHEN is_early AND history_days > 0 THEN 'average'
                                 WHEN register = '' THEN 'norm'
                                 ELSE 'none' END AS rule) judged
 CROSS JOIN LATERAL unnest(gap.days) AS span;

-- The month's days within the contract.
INSERT INTO pricing_stretch (case_no, service_no, chain_no, register, kind, rule, stretch_from, stretch_to,
                             whole_from, whole_days, whole_quantity)
SELECT case_no, service_no, 0, '', basis, CASE basis WHEN 'norm' THEN 'norm' WHEN 'share' THEN 'shared' ELSE 'monthly' END,
       first_on, last_to, first_on, CASE basis WHEN 'share' THEN last_to - first_on ELSE month_end - month END,
       given_quantity
  FROM pricing_service
  JOIN pricing_case USING (case_no)
 CROSS JOIN LATERAL (SELECT greatest(month, contract_from) AS first_on, least(month_end, contract_to) AS last_to) days
 WHERE first_on < last_to
   AND (basis IN ('norm', 'area', 'residents', 'fixed') OR basis = 'share' AND given_quantity IS NOT NULL);

INSERT INTO pricing_stretch (case_no, service_no, chain_no, register, kind, rule, stretch_from, stretch_to, whole_quantity)
SELECT case_no, service_no, 0, '', 'one_off', 'given', given_on, given_on + 1, given_quantity
  FROM pricing_service
  JOIN pricing_case USING (case_no)
 WHERE basis = 'one_off' AND given_on >= greatest(month, contract_from) AND given_on < least(month_end, contract_to);
ANALYZE pricing_stretch;
