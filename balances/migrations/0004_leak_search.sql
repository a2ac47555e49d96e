-- Leaks of a zone are told apart by the moment of their detection: two may have begun within the same days.

ALTER TABLE balances_leakevent DROP CONSTRAINT leak_event_once;
ALTER TABLE balances_leakevent ADD CONSTRAINT leak_event_once UNIQUE (zone_id, detected_at, started_at);
