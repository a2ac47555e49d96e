-- An edit knows the transaction that made it, as invoices do, so that no other one changes rows in its name.
ALTER TABLE assets_edit ADD COLUMN written_by_transaction xid8 NOT NULL DEFAULT pg_current_xact_id();
