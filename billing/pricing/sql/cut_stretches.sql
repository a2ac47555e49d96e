-- Stretches cut wherever a value that their lines use changes, and nowhere else; the quantity of each piece.
--
-- Inputs: the staged tables, pricing_stretch. Output: rows of pricing_piece.
-- Invariants: the pieces of a stretch partition its days; the quantities of a shared whole sum to it exactly; two pieces
--   of a chain that touch differ in a value that their lines use.
--
-- First each stretch is cut at every date on which anything might change. Then each cut gets the values in force that
-- its line uses (null for those it does not), and neighbours that do not differ are put together again.
WITH stretch AS MATERIALIZED (
    SELECT stretch.*, service.basis, tariff_list, vat_list, coefficient_list, absence_minimum_days, month_end - month AS month_days,
           rule = 'norm' OR kind = 'residents' AS takes_present,
           kind IN ('consumption', 'estimate', 'norm', 'share') AS takes_benefits,
           CASE WHEN kind IN ('consumption', 'estimate', 'norm', 'share') THEN norm_list END AS norm_list,
           CASE WHEN kind IN ('consumption', 'estimate', 'norm', 'share', 'residents') THEN residents_list END AS residents_list,
           CASE kind WHEN 'area' THEN area_list END AS area_list
      FROM pricing_stretch stretch
      JOIN pricing_service service USING (case_no, service_no)
      JOIN pricing_case USING (case_no)
), change AS MATERIALIZED (
    SELECT list_no, valid_from AS changes_on FROM pricing_value
    UNION
    SELECT list_no, valid_from FROM pricing_tariff
    UNION
    SELECT list_no, valid_to FROM pricing_tariff WHERE valid_to < 'infinity'
    UNION
    SELECT list_no, valid_to FROM pricing_value WHERE valid_to < 'infinity'
), cut AS (
    SELECT stretch_no, stretch_from AS cut_from FROM stretch
    UNION
    SELECT stretch_no, changes_on
      FROM stretch
     CROSS JOIN LATERAL (VALUES (tariff_list), (vat_list), (coefficient_list), (norm_list), (residents_list), (area_list))
                        AS used (list_no)
      JOIN change ON change.list_no = used.list_no AND changes_on > stretch_from AND changes_on < stretch_to
    UNION
    SELECT stretch_no, turn
      FROM stretch
      JOIN pricing_benefit USING (case_no, service_no)
     CROSS JOIN LATERAL (VALUES (valid_from), (valid_to)) AS turns (turn)
     WHERE takes_benefits AND turn > stretch_from AND turn < stretch_to
    UNION
    SELECT stretch_no, turn
      FROM stretch
      JOIN pricing_absence USING (case_no)
     CROSS JOIN LATERAL (VALUES (absent_from), (absent_to)) AS turns (turn)
     WHERE takes_present AND turn > stretch_from AND turn < stretch_to
), span AS MATERIALIZED (
    SELECT stretch.*, cut_from, lead(cut_from, 1, stretch_to) OVER (PARTITION BY stretch_no ORDER BY cut_from) AS cut_to
      FROM cut JOIN stretch USING (stretch_no)
), absent AS (
    SELECT stretch_no, cut_from, sum(residents) AS residents
      FROM span
      JOIN pricing_absence USING (case_no)
     WHERE takes_present AND absent_from <= cut_from AND absent_to > cut_from
       AND absent_from + absence_minimum_days <= absent_to
     GROUP BY stretch_no, cut_from
), in_force AS (
    SELECT stretch_no, cut_from, array_agg(share_percent ORDER BY share_percent DESC, benefit_no) AS shares,
           array_agg(residents ORDER BY share_percent DESC, benefit_no) AS residents
      FROM span
      JOIN pricing_benefit USING (case_no, service_no)
     WHERE takes_benefits AND valid_from <= cut_from AND valid_to > cut_from
     GROUP BY stretch_no, cut_from
), used AS (
    SELECT span.*, tariff.valid_from AS tariff_from, tariff.limits, tariff.prices, tariff.component_names,
           tariff.component_prices, tariff.per_resident, tariff.vat_included, vat.value AS vat_percent,
           coalesce(coefficient.value, 1) AS coefficient,
           CASE WHEN takes_present OR tariff.per_resident THEN registered.value END AS registered,
           CASE WHEN takes_present THEN coalesce(absent.residents, 0) END AS absent,
           CASE WHEN rule = 'norm' OR in_force.shares IS NOT NULL THEN norm.value END AS norm,
           area.value AS area, in_force.shares AS benefit_shares, in_force.residents AS benefit_residents,
           CASE WHEN rule = 'shared'
                THEN rounded_quantity(whole_quantity * (cut_to - whole_from), whole_days)
                     - rounded_quantity(whole_quantity * (cut_from - whole_from), whole_days) END AS cut_quantity
      FROM span
      LEFT JOIN pricing_tariff tariff
        ON tariff.list_no = span.tariff_list AND tariff.valid_from <= cut_from AND tariff.valid_to > cut_from
       AND (tariff.register = '' OR tariff.register = span.register)
      LEFT JOIN pricing_value vat
        ON vat.list_no = span.vat_list AND vat.valid_from <= cut_from AND vat.valid_to > cut_from
      LEFT JOIN pricing_value coefficient
        ON coefficient.list_no = span.coefficient_list
       AND coefficient.valid_from <= cut_from AND coefficient.valid_to > cut_from
      LEFT JOIN pricing_value norm
        ON norm.list_no = span.norm_list AND norm.valid_from <= cut_from AND norm.valid_to > cut_from
      LEFT JOIN pricing_value registered
        ON registered.list_no = span.residents_list
       AND registered.valid_from <= cut_from AND registered.valid_to > cut_from
      LEFT JOIN pricing_value area
        ON area.list_no = span.area_list AND area.valid_from <= cut_from AND area.valid_to > cut_from
      LEFT JOIN absent USING (stretch_no, cut_from)
      LEFT JOIN in_force USING (stretch_no, cut_from)
), compared AS (
    SELECT *, cut_from IS DISTINCT FROM lag(cut_to) OVER same_chain
              OR used_values IS DISTINCT FROM lag(used_values) OVER same_chain AS begins
      -- Components in another order are the same price.
      FROM (SELECT *, ROW(limits, prices, CASE WHEN component_names <> '{}' THEN ARRAY(
                              SELECT name || ' ' || trim_scale(price)
                                FROM unnest(component_names, component_prices) AS part (name, price) ORDER BY 1) END,
                          per_resident, vat_included, vat_percent, coefficient, registered, absent, norm, area,
                          benefit_shares, benefit_residents) AS used_values
              FROM used) valued
    WINDOW same_chain AS (PARTITION BY case_no, service_no, chain_no ORDER BY cut_from)
), numbered AS (
    SELECT *, count(*) FILTER (WHERE begins) OVER (PARTITION BY case_no, service_no, chain_no ORDER BY cut_from) AS piece_of_chain
      FROM compared
), pieces AS (
    SELECT *, max(cut_to) OVER same_piece AS piece_to, sum(cut_quantity) OVER same_piece AS shared_quantity,
           array_agg(pair_no) FILTER (WHERE pair_no IS NOT NULL) OVER same_piece AS pair_nos
      FROM numbered
    WINDOW same_piece AS (PARTITION BY case_no, service_no, chain_no, piece_of_chain)
)
INSERT INTO pricing_piece (
    case_no, service_no, chain_no, register, kind, rule, piece_from, piece_to, days, quantity, shared_quantity, coefficient,
    money_coefficient, tariff_from, limits, prices, component_names, component_prices, per_resident, vat_included, vat_percent,
    registered, absent, norm, area, benefit_shares, benefit_residents, lacks, pair_nos, history_quantity, history_days)
SELECT case_no, service_no, chain_no, register, kind, rule, cut_from, piece_to, piece_to - cut_from,
       coalesce(CASE rule
           WHEN 'shared' THEN CASE basis WHEN 'of_service' THEN round(shared_quantity * coefficient, 3) ELSE shared_quantity END
           WHEN 'average' THEN rounded_quantity(history_quantity * (piece_to - cut_from), history_days)
           WHEN 'norm' THEN round(norm * greatest(registered - absent, 0) * (piece_to - cut_from) * 0.001, 3)
           WHEN 'monthly' THEN rounded_quantity(
               CASE kind WHEN 'area' THEN area WHEN 'residents' THEN greatest(registered - absent, 0) ELSE 1 END
               * (piece_to - cut_from), month_days)
           WHEN 'given' THEN round(whole_quantity, 3)
       END, 0.000),
       shared_quantity, coefficient, CASE basis WHEN 'of_service' THEN 1 ELSE coefficient END,
       tariff_from, limits, prices, component_names, component_prices, per_resident, vat_included, vat_percent,
       registered, absent, norm, area, benefit_shares, benefit_residents,
       array_remove(ARRAY[
           CASE WHEN prices IS NULL THEN 'no_price' END,
           CASE WHEN vat_percent IS NULL THEN 'no_vat' END,
           CASE WHEN rule = 'none' OR rule = 'norm' AND norm IS NULL THEN 'no_norm' END,
           CASE WHEN kind = 'area' AND area IS NULL THEN 'no_area' END,
           CASE WHEN (takes_present OR per_resident) AND coalesce(registered, 0) = 0 THEN 'no_residents' END], NULL),
       pair_nos, history_quantity, history_days
  FROM pieces
 WHERE begins;
