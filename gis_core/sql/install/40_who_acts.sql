-- Who did something is whom the session works for, not whom the row names.
-- Input: the setting tarmoq.acting_user (30_scope.sql). A session that works for nobody (commands, devices, workers beside
-- their jobs, migrations) may name for whom it acts; a job works for whoever asked for it.
-- Invariant: in a session that works for a person no row says that another did, made, decided or confirmed it, and who made
-- something is not rewritten. `never nobody`: neither does it say that nobody did. `changes hands`: the newest who decided
-- is told, so that he follows the former one. `append-only`: nothing changes there. `outside edits`: edits of a network copy, move and bring back such rows as
-- they are, and the edit itself names who makes it.
-- What is on no list here, and why: tests/security/signature_attacks.py.

CREATE OR REPLACE FUNCTION refuse_another_person() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '%: % of % is not whom the session works for', TG_NAME, TG_ARGV[0], TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

-- The conditions are written out, not called: they are asked for each row, of imports by the hundred thousand, too.
DO $$
DECLARE
    held record;
    acting constant text := 'nullif(current_setting(''tarmoq.acting_user'', true), '''')::bigint';
    added text;
    changed text;
    outside text;
BEGIN
    FOR held IN SELECT * FROM (VALUES
        ('gis_core_auditevent', 'user_id', 'never nobody, append-only'),
        ('gis_core_job', 'created_by_id', 'never nobody'),
        ('gis_core_waitingact', 'proposed_by_id', ''),
        ('gis_core_waitingact', 'decided_by_id', 'changes hands'),
        ('django_admin_log', 'user_id', ''),
        ('assets_edit', 'acting_user_id', 'never nobody'),
        ('assets_document', 'created_by_id', ''),
        ('assets_inspection', 'recorded_by_id', 'outside edits'),
        ('assets_verification', 'recorded_by_id', 'outside edits'),
        ('assets_verification', 'verified_by_id', 'outside edits'),
        ('assets_leakrecord', 'recorded_by_id', ''),
        ('assets_plan', 'made_by_id', ''),
        ('assets_plan', 'approved_by_id', 'changes hands'),
        ('assets_outage', 'made_by_id', ''),
        ('assets_simulationrun', 'acting_user_id', ''),
        ('assets_finding', 'accepted_by_id', 'changes hands'),
        ('assets_workorder', 'created_by_id', ''),
        ('assets_workordermove', 'moved_by_id', 'append-only'),
        ('assets_workmaterial', 'recorded_by_id', 'append-only'),
        ('assets_valveoperation', 'operated_by_id', ''),
        ('assets_fieldchange', 'user_id', 'append-only'),
        ('assets_zoneflood', 'flooded_by_id', 'changes hands'),
        ('sensors_entityversion', 'changed_by_id', ''),
        ('sensors_alarm', 'acknowledged_by_id', 'changes hands'),
        ('sensors_alarmevent', 'made_by_id', 'append-only'),
        ('sensors_feedsource', 'created_by_id', ''),
        ('sensors_devicenetwork', 'created_by_id', ''),
        ('sensors_topicprefix', 'created_by_id', ''),
        ('sensors_quarantinedrow', 'settled_by_id', 'changes hands'),
        ('sensors_qualityrule', 'changed_by_id', 'changes hands'),
        ('sensors_regulator', 'override_by_id', 'changes hands'),
        ('sensors_limitproposal', 'proposed_by_id', ''),
        ('sensors_limitproposal', 'decided_by_id', 'changes hands'),
        ('sensors_regulatorcommand', 'made_by_id', ''),
        ('sensors_seriesedit', 'made_by_id', 'append-only'),
        ('billing_accountchange', 'made_by_id', 'append-only'),
        ('billing_metermovement', 'made_by_id', 'append-only'),
        ('billing_meterremark', 'entered_by_id', 'append-only'),
        ('billing_metermovement', 'taken_back_by_id', 'changes hands'),
        ('billing_cashshift', 'cashier_id', ''),
        ('billing_cashshift', 'closed_by_id', 'changes hands'),
        ('billing_cashslip', 'approved_by_id', 'append-only'),
        ('billing_waitingrefund', 'proposed_by_id', ''),
        ('billing_waitingrefund', 'decided_by_id', 'changes hands'),
        ('billing_suspenseitem', 'decided_by_id', 'changes hands'),
        ('billing_monthreopening', 'reopened_by_id', 'append-only'),
        ('billing_invoicecancellation', 'cancelled_by_id', 'append-only'),
        ('billing_billdelivery', 'recorded_by_id', ''),
        ('billing_waitingpayment', 'entered_by_id', ''),
        ('billing_waitingpayment', 'decided_by_id', 'changes hands'),
        ('billing_paymentreversal', 'reversed_by_id', 'append-only'),
        ('billing_bankfilerow', 'taken_by_id', 'append-only'),
        ('billing_writeoff', 'confirmed_by_id', 'append-only'),
        ('billing_waitingwriteoff', 'proposed_by_id', ''),
        ('billing_waitingwriteoff', 'decided_by_id', 'changes hands'),
        ('balances_leakeventmove', 'user_id', 'append-only')
    ) AS listed (name, of_person, way) LOOP
        outside := CASE held.way WHEN 'outside edits' THEN
            ' AND coalesce(current_setting(''tarmoq.edit'', true), '''') = ''''' ELSE '' END;
        added := CASE WHEN held.way LIKE 'never nobody%' THEN 'NEW.%1$I IS DISTINCT FROM coalesce(%2$s, NEW.%1$I)'
                               ELSE 'NEW.%1$I <> coalesce(%2$s, NEW.%1$I)' END;
        changed := CASE held.way WHEN 'changes hands' THEN
                       'NEW.%1$I IS DISTINCT FROM OLD.%1$I AND NEW.%1$I <> coalesce(%2$s, NEW.%1$I)'
                   ELSE 'NEW.%1$I IS DISTINCT FROM OLD.%1$I AND %2$s IS NOT NULL '
                        'AND (OLD.%1$I IS NOT NULL OR NEW.%1$I <> %2$s)' END;
        -- Triggers of a table fire by their names: who acts is asked before what was written.
        EXECUTE format('CREATE OR REPLACE TRIGGER %I BEFORE INSERT ON %I FOR EACH ROW WHEN (%s) '
                       'EXECUTE FUNCTION refuse_another_person(%L)', 'a_' || held.of_person || '_acts', held.name,
                       format(added, held.of_person, acting) || outside, held.of_person);
        CONTINUE WHEN held.way LIKE '%append-only';
        EXECUTE format('CREATE OR REPLACE TRIGGER %I BEFORE UPDATE OF %I ON %I FOR EACH ROW WHEN (%s) '
                       'EXECUTE FUNCTION refuse_another_person(%L)', 'a_' || held.of_person || '_stays', held.of_person,
                       held.name, format(changed, held.of_person, acting) || outside, held.of_person);
    END LOOP;
END $$;
