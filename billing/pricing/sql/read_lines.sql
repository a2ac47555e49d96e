-- The lines of all cases in the order of the answer, with what their explanations name.
SELECT line.case_no, line.service_no, line.kind, line.line_from, line.line_to, line.quantity, line.price, line.coefficient,
       line.net, line.vat, line.vat_percent, line.block_no, line.input_no, piece.piece_no, piece.rule, piece.register,
       piece.quantity AS piece_quantity, piece.shared_quantity, piece.coefficient AS coefficient_in_force, piece.days,
       piece.tariff_from, piece.limits, piece.component_names, piece.component_prices, piece.per_resident,
       piece.vat_included, piece.registered, piece.absent, piece.norm, piece.area, piece.benefit_shares,
       piece.benefit_residents, piece.pair_nos, piece.history_quantity, piece.history_days
  FROM pricing_line line
  LEFT JOIN pricing_piece piece USING (piece_no)
 ORDER BY line.case_no, line.service_no NULLS LAST, line.line_from, line.kind_rank, line.block_no, piece.chain_no,
          line.input_no, line.line_to, line.line_no;
