-- What must be priced again: each change of an input of charges notes the accounts that it concerns, and from when on.
--
-- Invariant: after a run, whatever an input that has changed makes of the bills of months up to the run's is posted; so a
--   run need not compare what nobody touched. A day noted may be too early, never too late.

-- The first day that is in one of two ranges alone.
CREATE OR REPLACE FUNCTION first_difference(former daterange, present daterange) RETURNS date
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN lower((former::datemultirange - present::datemultirange) + (present::datemultirange - former::datemultirange));

-- The trigger's arguments: what selects (enterprise_id, account_id or null, day) from touched_row, rows of the table with
-- the day on which they begin to differ; and what that day is of a row, or 'validity' of one that holds over a range.
-- It finds accounts by indexes, always: of rows that were written a moment ago there are no statistics, and a plan made
-- without any reads whole tables for each of many readings.
CREATE OR REPLACE FUNCTION note_repricing() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off SET jit = off
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    day text := CASE TG_ARGV[1] WHEN 'validity' THEN 'lower(%1$s.validity)' ELSE TG_ARGV[1] END;
    touched text;
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        touched := 'SELECT touched.*, ' || format(day, 'touched') || ' AS day FROM touched';
    ELSE
        touched := (SELECT string_agg(format(
            'SELECT %1$s.*, %2$s AS day FROM former JOIN touched USING (id) '
            -- Who somebody is and by which paper prices nothing.
            'WHERE to_jsonb(former) - ''{name,house,flat,phone,personal_id,document,beneficiary}''::text[] '
            'IS DISTINCT FROM to_jsonb(touched) - ''{name,house,flat,phone,personal_id,document,beneficiary}''::text[]', side,
            CASE TG_ARGV[1] WHEN 'validity' THEN
                'CASE WHEN to_jsonb(former) - ''validity'' = to_jsonb(touched) - ''validity'' '
                'THEN first_difference(former.validity, touched.validity) '
                'ELSE least(lower(former.validity), lower(touched.validity)) END'
            ELSE 'least(' || format(day, 'former') || ', ' || format(day, 'touched') || ')' END), ' UNION ALL ')
          FROM unnest(ARRAY['former', 'touched']) AS side);
    END IF;
    -- What one flat of a building is charged for by itself, its neighbours do not share.
    EXECUTE 'WITH touched_row AS (' || touched || '), noted AS (' || TG_ARGV[0] || '), concerned AS ('
        'SELECT enterprise_id, account_id, day FROM noted UNION ALL '
        'SELECT noted.enterprise_id, neighbour.account_id, noted.day FROM noted '
        'JOIN billing_groupmeterflat own ON own.account_id = noted.account_id '
        'JOIN billing_groupmeterflat neighbour ON neighbour.group_meter_id = own.group_meter_id) '
        'INSERT INTO billing_repricing (enterprise_id, account_id, from_month) '
        'SELECT enterprise_id, account_id, date_trunc(''month'', min(day)::timestamp)::date FROM concerned '
        'GROUP BY enterprise_id, account_id ORDER BY enterprise_id, account_id';
    RETURN NULL;
END $$;

DO $$
DECLARE
    input record; operation record;
    -- What is said of accounts, points and installations.
    of_account text := 'SELECT account.enterprise_id, account.id AS account_id, day FROM touched_row '
                       'JOIN billing_account account ON account.id = touched_row.account_id';
    of_point text := 'JOIN billing_contractservicepoint link ON link.service_point_id = installation.service_point_id '
                     'JOIN billing_contract contract ON contract.id = link.contract_id '
                     'JOIN billing_account account ON account.id = contract.account_id';
    -- A building's meter is its flats'.
    of_flat text := 'JOIN billing_groupmeter building ON building.service_point_id = installation.service_point_id '
                    'JOIN billing_groupmeterflat flat ON flat.group_meter_id = building.id ';
BEGIN
    FOR input IN
        SELECT * FROM (VALUES
        ('reading', 'SELECT account.enterprise_id, account.id AS account_id, coalesce(earlier.read_on, day) AS day FROM touched_row '
            'JOIN billing_meterinstallation installation ON installation.id = touched_row.installation_id ' || of_point ||
            ' LEFT JOIN LATERAL (SELECT max(read_on) AS read_on FROM billing_reading other '
            'WHERE other.installation_id = touched_row.installation_id AND other.state = ''accepted'' AND other.read_on < day) earlier ON true '
            'WHERE touched_row.state = ''accepted'' '
            'AND (upper_inf(link.validity) OR upper(link.validity) > coalesce(earlier.read_on, day) - 62) '
            'UNION ALL SELECT building.enterprise_id, flat.account_id, coalesce(earlier.read_on, day) FROM touched_row '
            'JOIN billing_meterinstallation installation ON installation.id = touched_row.installation_id ' || of_flat ||
            'LEFT JOIN LATERAL (SELECT max(read_on) AS read_on FROM billing_reading other '
            'WHERE other.installation_id = touched_row.installation_id AND other.state = ''accepted'' AND other.read_on < day) earlier ON true '
            'WHERE touched_row.state = ''accepted''', '%1$s.read_on'),
        ('meterinstallation', 'SELECT account.enterprise_id, account.id AS account_id, day FROM touched_row installation ' || of_point ||
            ' UNION ALL SELECT building.enterprise_id, flat.account_id, day FROM touched_row installation ' || of_flat, 'validity'),
        ('quantityfactor', 'SELECT account.enterprise_id, account.id AS account_id, coalesce(earlier.read_on, day) AS day FROM touched_row '
            'JOIN billing_meterinstallation installation ON installation.id = touched_row.installation_id ' || of_point ||
            ' LEFT JOIN LATERAL (SELECT max(read_on) AS read_on FROM billing_reading other '
            'WHERE other.installation_id = touched_row.installation_id AND other.state = ''accepted'' AND other.read_on < day) earlier ON true '
            'UNION ALL SELECT building.enterprise_id, flat.account_id, coalesce(earlier.read_on, day) FROM touched_row '
            'JOIN billing_meterinstallation installation ON installation.id = touched_row.installation_id ' || of_flat ||
            'LEFT JOIN LATERAL (SELECT max(read_on) AS read_on FROM billing_reading other '
            'WHERE other.installation_id = touched_row.installation_id AND other.state = ''accepted'' AND other.read_on < day) earlier ON true',
            '%1$s.valid_from'),
        ('contract', of_account, 'validity'),
        ('contractservicepoint', 'SELECT account.enterprise_id, account.id AS account_id, day FROM touched_row '
            'JOIN billing_contract contract ON contract.id = touched_row.contract_id '
            'JOIN billing_account account ON account.id = contract.account_id', 'validity'),
        ('contractservice', 'SELECT account.enterprise_id, account.id AS account_id, day FROM touched_row '
            'JOIN billing_contract contract ON contract.id = touched_row.contract_id '
            'JOIN billing_account account ON account.id = contract.account_id', 'validity'),
        ('servicepoint', 'SELECT account.enterprise_id, account.id AS account_id, day FROM touched_row '
            'JOIN billing_contractservicepoint link ON link.service_point_id = touched_row.id '
            'JOIN billing_contract contract ON contract.id = link.contract_id '
            'JOIN billing_account account ON account.id = contract.account_id', '''0001-01-01''::date'),
        ('subscriber', 'SELECT account.enterprise_id, account.id AS account_id, day FROM touched_row '
            'JOIN billing_account account ON account.subscriber_id = touched_row.id', '''0001-01-01''::date'),
        ('account', 'SELECT enterprise_id, id AS account_id, day FROM touched_row', '''0001-01-01''::date'),
        -- An account's first norm or coefficient replaces what its enterprise set, on earlier days too; the first count of
        -- residents what the subscriber's card says.
        ('accountvalue', 'SELECT account.enterprise_id, account.id AS account_id, '
            'CASE WHEN touched_row.kind = ''area'' OR EXISTS (SELECT FROM billing_accountvalue other '
            'WHERE other.account_id = touched_row.account_id AND other.kind = touched_row.kind '
            'AND other.service_id IS NOT DISTINCT FROM touched_row.service_id AND other.valid_from < day) '
            'THEN day ELSE ''0001-01-01'' END AS day FROM touched_row '
            'JOIN billing_account account ON account.id = touched_row.account_id', '%1$s.valid_from'),
        ('givenquantity', of_account, '%1$s.month'),
        -- Who comes or goes changes what all others of the building share.
        ('groupmeterflat', of_account || ' UNION ALL SELECT building.enterprise_id, flat.account_id, day FROM touched_row '
            'JOIN billing_groupmeter building ON building.id = touched_row.group_meter_id '
            'JOIN billing_groupmeterflat flat ON flat.group_meter_id = building.id', 'validity'),
        ('groupmeter', 'SELECT touched_row.enterprise_id, flat.account_id, day FROM touched_row '
            'JOIN billing_groupmeterflat flat ON flat.group_meter_id = touched_row.id', '''0001-01-01''::date'),
        ('absence', of_account, 'validity'),
        ('benefit', of_account, 'validity'),
        ('benefitservice', 'SELECT account.enterprise_id, account.id AS account_id, lower(benefit.validity) AS day FROM touched_row '
            'JOIN billing_benefit benefit ON benefit.id = touched_row.benefit_id '
            'JOIN billing_account account ON account.id = benefit.account_id', 'NULL::date'),
        ('qualityact', of_account, 'validity'),
        ('subsidy', of_account, '%1$s.month'),
        ('subsidyservice', of_account, '%1$s.month'),
        ('servicevalue', 'SELECT enterprise_id, NULL::bigint AS account_id, day FROM touched_row', '%1$s.valid_from'),
        ('billingparameters', 'SELECT enterprise_id, NULL::bigint AS account_id, day FROM touched_row', '%1$s.valid_from'),
        ('tariff', 'SELECT enterprise_id, NULL::bigint AS account_id, day FROM touched_row', 'validity'),
        -- A service's own rates replace those of all on every day.
        ('vatrate', 'SELECT enterprise.id AS enterprise_id, NULL::bigint AS account_id, '
            'CASE WHEN touched_row.service_id IS NULL THEN day ELSE ''0001-01-01'' END AS day '
            'FROM touched_row CROSS JOIN gis_core_enterprise enterprise', 'validity')
        ) AS noticed (name, accounts, day)
    LOOP
        FOR operation IN
            SELECT * FROM (VALUES ('insert', 'NEW TABLE AS touched'), ('delete', 'OLD TABLE AS touched'),
                                  ('update', 'OLD TABLE AS former NEW TABLE AS touched')) AS done (name, tables)
             -- Accounts, subscribers and points are priced for what stands on them.
             WHERE input.name NOT IN ('account', 'subscriber', 'servicepoint', 'groupmeter') OR name = 'update'
        LOOP
            EXECUTE format(
                'CREATE OR REPLACE TRIGGER %1$s_%2$s_is_priced_again AFTER %2$s ON billing_%1$s REFERENCING %3$s '
                'FOR EACH STATEMENT EXECUTE FUNCTION note_repricing(%4$L, %5$L)',
                input.name, operation.name, operation.tables, input.accounts, input.day);
        END LOOP;
    END LOOP;
END $$;
