-- Balances that were there before have been first computed when they were last; the new columns' numbers are numbers.

UPDATE balances_zonebalance SET first_computed_at = computed_at,
       billed_metered_m3 = coalesce(billed_m3, apportioned_m3)
 WHERE first_computed_at > computed_at OR billed_metered_m3 = 0;
ALTER TABLE balances_zonebalance
    ADD CONSTRAINT zone_balance_parts_are_numbers
    CHECK ('NaN' NOT IN (billed_metered_m3, billed_unmetered_m3, estimated_m3));
