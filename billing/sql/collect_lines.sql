-- What a pass of the engine found, as the lines of bills, each with the rows of the registers that it came from.
--
-- Inputs: the tables of the engine and of stage_accounts.sql. Outputs: rows added to charged_line and found_exception.
-- Invariant: a row for each line of pricing_line, with its numbers.
-- inputs: what billing/pricing/selectors/explanations.py names; numbers as texts.
INSERT INTO charged_line (account_id, division_id, month, service_id, kind, service_point_id, previous_reading_id,
    current_reading_id, tariff_id, vat_rate_id, consumption_from, consumption_to, quantity, is_volume, price, coefficient,
    share_percent, vat_percent, vat_included, net, vat, inputs)
WITH pair_of_piece AS (
    SELECT piece_no, min(pair.pair_from) AS first_on, max(pair.pair_to) AS last_on, min(installation_id) AS installation_id,
           jsonb_agg(jsonb_build_object(
               'meter', serial, 'pair_from', pair_from, 'pair_to', pair_to, 'pair_days', pair_days, 'previous', trim_scale(previous_index)::text,
               'current', trim_scale(current_index)::text, 'quantity', pair.quantity::text,
               'factor', trim_scale(quantity_factor)::text, 'multiplier', trim_scale(multiplier)::text) ORDER BY pair_from) AS readings
      FROM pricing_piece piece
     CROSS JOIN LATERAL (SELECT DISTINCT pair_no FROM unnest(pair_nos) AS pair_no) named
      JOIN pricing_pair pair USING (pair_no)
      JOIN staged_installation USING (installation_no)
     GROUP BY piece_no
)
SELECT staged_case.account_id, staged_case.division_id, staged_case.month, service.code, line.kind, service.service_point_id,
       previous.id, current.id, tariff.tariff_id, rate.vat_rate_id, line.line_from, line.line_to, line.quantity,
       coalesce(service.is_water AND line.kind IN ('consumption', 'estimate', 'norm', 'share'), false),
       line.price, coalesce(line.coefficient, 1), CASE line.kind WHEN 'benefit' THEN piece.benefit_shares[line.input_no] END,
       line.vat_percent, coalesce(piece.vat_included AND line.kind <> 'quality', false), line.net, line.vat,
       jsonb_strip_nulls(CASE line.kind
           WHEN 'subsidy' THEN jsonb_build_object('amount', (
               SELECT amount::text FROM pricing_subsidy subsidy
                WHERE subsidy.case_no = line.case_no AND subsidy_no = line.input_no LIMIT 1))
           WHEN 'quality' THEN jsonb_build_object('days', piece.days, 'percent', (
               SELECT percent::text FROM pricing_quality_act act
                WHERE act.case_no = line.case_no AND act_no = line.input_no))
           ELSE jsonb_build_object(
               'unit', service.unit, 'basis', service.basis, 'base', base.name, 'rule', piece.rule, 'days', piece.days,
               'register', nullif(piece.register, ''), 'piece_quantity', piece.quantity::text,
               'shared_quantity', piece.shared_quantity::text, 'whole', CASE line.kind WHEN 'share' THEN given_quantity::text END,
               'coefficient_in_force', piece.coefficient::text, 'tariff_from', piece.tariff_from,
               'limits', CASE WHEN cardinality(piece.limits) > 1 THEN to_jsonb(piece.limits::text[]) END, 'block_no', line.block_no,
               'per_resident', nullif(piece.per_resident, false), 'registered', piece.registered::text, 'absent', piece.absent::text,
               'norm', piece.norm::text, 'area', piece.area::text, 'month_days', staged_case.month_end - staged_case.month,
               'component_names', CASE WHEN piece.component_names <> '{}' THEN to_jsonb(piece.component_names) END,
               'component_prices', CASE WHEN piece.component_names <> '{}' THEN to_jsonb(piece.component_prices::text[]) END,
               'benefit_residents', piece.benefit_residents[line.input_no], 'history_quantity', piece.history_quantity::text,
               'history_days', piece.history_days, 'readings', pair.readings) END)
  FROM pricing_line line
  JOIN staged_case USING (case_no)
  LEFT JOIN staged_service service ON service.case_no = line.case_no AND service.service_no = line.service_no
  LEFT JOIN pricing_service priced ON priced.case_no = line.case_no AND priced.service_no = line.service_no
  LEFT JOIN staged_service base ON base.case_no = line.case_no AND base.service_no = priced.base_service_no
  LEFT JOIN pricing_piece piece USING (piece_no)
  LEFT JOIN pair_of_piece pair USING (piece_no)
  LEFT JOIN billing_reading previous ON previous.installation_id = pair.installation_id AND previous.read_on = pair.first_on
                                    AND previous.state = 'accepted'
  LEFT JOIN billing_reading current ON current.installation_id = pair.installation_id AND current.read_on = pair.last_on
                                   AND current.state = 'accepted'
  LEFT JOIN staged_tariff tariff ON tariff.list_no = priced.tariff_list AND tariff.valid_from = piece.tariff_from
  LEFT JOIN staged_vat rate ON rate.list_no = priced.vat_list AND rate.valid_from <= piece.piece_from
                           AND rate.valid_to > piece.piece_from;

INSERT INTO found_exception (account_id, month, service_id, service_point_id, reason)
SELECT account_id, month, code, service_point_id, reason
  FROM pricing_exception JOIN staged_case USING (case_no) JOIN staged_service USING (case_no, service_no)
UNION
-- What waits for a decision might be why.
SELECT account_id, month, code, service_point_id, 'reading_queued'
  FROM pricing_exception
  JOIN staged_case USING (case_no)
  JOIN staged_service USING (case_no, service_no)
 WHERE EXISTS (SELECT FROM billing_reading reading
                 JOIN billing_meterinstallation installation ON installation.id = reading.installation_id
                WHERE installation.service_point_id = staged_service.service_point_id
                  AND reading.state = 'queued' AND reading.read_on > month);

-- Why a flat of a building has no share.
INSERT INTO found_exception (account_id, month, service_id, service_point_id, reason)
SELECT DISTINCT share.account_id, share.month, share.service_id, NULL::bigint, share.reason
  FROM staged_share share
  JOIN asked_month USING (account_id, month)
  JOIN staged_case USING (account_id, month)
  JOIN staged_service service ON service.case_no = staged_case.case_no AND service.code = share.service_id
 WHERE share.reason IS NOT NULL AND service.basis = 'share'
   AND service.days && daterange(staged_case.month, staged_case.month_end);
