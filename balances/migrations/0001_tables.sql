-- What Django's models cannot say of the tables of the balances: figures are shown to the division of their zone.

ALTER TABLE assets_zone ADD CONSTRAINT zone_in_division UNIQUE (id, division_id);
ALTER TABLE balances_zonebalance ADD CONSTRAINT zone_balance_division
    FOREIGN KEY (zone_id, division_id) REFERENCES assets_zone (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE balances_leaksuspicion ADD CONSTRAINT leak_suspicion_division
    FOREIGN KEY (zone_id, division_id) REFERENCES assets_zone (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE balances_unbilledconsumption ADD CONSTRAINT unbilled_division
    FOREIGN KEY (zone_id, division_id) REFERENCES assets_zone (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
