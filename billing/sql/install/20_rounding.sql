-- Rounding of quotients, half up, without any loss before: numeric division keeps some digits only, which is one too few
-- when what it leaves out decides. The numerators are zero or more, the denominators above zero.

-- To three decimals, as quantities are.
CREATE OR REPLACE FUNCTION rounded_quantity(numerator numeric, denominator numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN div(2000 * numerator + denominator, 2 * denominator) * 0.001;

-- To two decimals, as money is.
CREATE OR REPLACE FUNCTION rounded_money(numerator numeric, denominator numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN div(200 * numerator + denominator, 2 * denominator) * 0.01;
