-- What Django's models cannot say of leak events: they are shown to the division of their zone, their leak record is of
-- their network, and one leak has one event, however often it is searched for.

ALTER TABLE balances_leakevent ADD CONSTRAINT leak_event_division
    FOREIGN KEY (zone_id, division_id) REFERENCES assets_zone (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE balances_leakevent ADD CONSTRAINT leak_event_network
    FOREIGN KEY (network_id, zone_id) REFERENCES assets_zone (network_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_leakrecord ADD CONSTRAINT leak_in_network UNIQUE (network_id, id);
ALTER TABLE balances_leakevent ADD CONSTRAINT leak_event_record_of_network
    FOREIGN KEY (network_id, leak_id) REFERENCES assets_leakrecord (network_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE balances_leakevent ADD CONSTRAINT leak_event_once
    EXCLUDE USING gist (zone_id WITH =, tstzrange(started_from, started_to, '[]') WITH &&);
