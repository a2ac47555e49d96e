-- The stretches of services that follow another: each piece of the base is one, so that its cuts stay.
--
-- Inputs: pricing_service, pricing_piece. Output: pricing_stretch, with these stretches alone.
-- Days on which the contract has the base and not the follower are cut off. A base that lacks more than its price has no
-- quantity to follow.
TRUNCATE pricing_stretch;
INSERT INTO pricing_stretch (case_no, service_no, chain_no, register, kind, rule, stretch_from, stretch_to,
                             whole_from, whole_days, whole_quantity)
SELECT service.case_no, service.service_no, piece.piece_no, piece.register, piece.kind, 'shared',
       greatest(piece.piece_from, contract_from), least(piece.piece_to, contract_to), piece.piece_from, piece.days, piece.quantity
  FROM pricing_service service
  JOIN pricing_piece piece ON piece.case_no = service.case_no AND piece.service_no = service.base_service_no
 WHERE greatest(piece.piece_from, contract_from) < least(piece.piece_to, contract_to)
   AND NOT EXISTS (SELECT FROM pricing_piece lacking
                    WHERE lacking.case_no = service.case_no AND lacking.service_no = service.base_service_no
                      AND NOT lacking.lacks <@ ARRAY['no_price']);
ANALYZE pricing_stretch;
