"""Raw SQL by which the application's role would get past the guards: it owns nothing, and no function helps it."""

# What is logged or booked, and never rewritten.
KEPT_TABLES = (
    *("gis_core_auditevent", "billing_invoice", "billing_invoiceline", "billing_payment", "billing_reading"),
    *(
        "billing_ledgertransaction",
        "billing_ledgerentry",
        "sensors_observation",
        "sensors_observation_2026_01",
    ),
    *("sensors_correction", "sensors_seriesedit", "sensors_packedobservation", "sensors_alarmevent"),
    *("assets_rowchange", "assets_lineage", "assets_edit", "assets_workordermove", "balances_leakeventmove"),
)

# Of these some columns change, so that they may be locked, too.
CHANGING_TABLES = ("assets_edit", "billing_reading")

_TRUE_TRIGGER = "RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"


def _on(table: str) -> list[str]:
    """What only the owner of a table may do to it."""
    return [
        f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        f"ALTER TABLE {table} DISABLE TRIGGER USER",
        f"ALTER TABLE {table} OWNER TO CURRENT_USER",
        f"ALTER TABLE {table} SET (fillfactor = 50)",
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        f"CREATE RULE forgotten AS ON INSERT TO {table} DO INSTEAD NOTHING",
        f"CREATE FUNCTION pg_temp.nothing() {_TRUE_TRIGGER}; CREATE TRIGGER a_first BEFORE INSERT ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION pg_temp.nothing()",
        f"TRUNCATE {table} CASCADE",
        f"DROP TABLE {table} CASCADE",
        # The grant itself is a warning only.
        f"GRANT ALL ON {table} TO CURRENT_USER; TRUNCATE {table} CASCADE",
        f"DELETE FROM {table}",
        f"CREATE INDEX ON {table} ((1))",
        f"CREATE TEMPORARY TABLE heir () INHERITS ({table})",
    ]


def _by_own_trigger(statement: str) -> str:
    """The statement two triggers deep, on tables of the session's own: who counted the depth was fooled by it."""
    return (
        "CREATE TEMPORARY TABLE inner_table (a integer); CREATE TEMPORARY TABLE outer_table (a integer); "
        "CREATE FUNCTION pg_temp.forge() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {statement}; RETURN NULL; END $$; "
        "CREATE FUNCTION pg_temp.pass_on() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN INSERT INTO pg_temp.inner_table VALUES (1); RETURN NULL; END $$; "
        "CREATE TRIGGER forge AFTER INSERT ON inner_table FOR EACH ROW EXECUTE FUNCTION pg_temp.forge(); "
        "CREATE TRIGGER pass_on AFTER INSERT ON outer_table FOR EACH ROW EXECUTE FUNCTION pg_temp.pass_on(); "
        "INSERT INTO outer_table VALUES (1)"
    )


_FORGED_CHANGE = (
    "INSERT INTO assets_rowchange (edit_id, table_name, row_id, operation, valid_to) "
    "SELECT id, 'assets_node', 1, 'I', now() FROM assets_edit LIMIT 1"
)

_ANNOUNCED = (
    "SELECT set_config('tarmoq.edit', min(id)::text, true), set_config('tarmoq.moment', min(made_at)::text, true) "
    "FROM assets_edit"
)
_NEW_EDIT = (
    "INSERT INTO assets_edit (id, uid, network_id, division_id, operation, summary, parameters, remarks, made_at) "
    "SELECT 999999, gen_random_uuid(), id, division_id, 'x', '', '{}', '[]', '2000-01-01' FROM assets_network "
    "WHERE code = 'N1'"
)
_CHANGED = "UPDATE assets_pipe SET material = 'forged' WHERE code = 'P4'"

ROLE_ATTACKS: list[str] = [
    *(attack for table in KEPT_TABLES for attack in _on(table)),
    *(
        f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"
        for table in KEPT_TABLES
        if table not in CHANGING_TABLES
    ),
    # -- being somebody else
    "SET session_replication_role = replica",
    "SELECT set_config('session_replication_role', 'replica', false)",
    *(
        f"{verb} {role}"
        for verb in ("SET ROLE", "SET SESSION AUTHORIZATION")
        for role in ("tarmoq", "postgres")
    ),
    "RESET ROLE; ALTER TABLE billing_payment DISABLE TRIGGER ALL",
    "SET ROLE NONE; ALTER TABLE billing_payment DISABLE TRIGGER ALL",
    "GRANT tarmoq TO CURRENT_USER",
    "GRANT pg_write_all_data TO CURRENT_USER",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "ALTER ROLE CURRENT_USER CREATEDB",
    "ALTER ROLE CURRENT_USER CREATEROLE",
    "ALTER ROLE CURRENT_USER BYPASSRLS",
    "ALTER DEFAULT PRIVILEGES FOR ROLE tarmoq GRANT ALL ON TABLES TO CURRENT_USER",
    "REASSIGN OWNED BY tarmoq TO CURRENT_USER",
    # -- functions, views and schemas
    f"CREATE OR REPLACE FUNCTION public.refuse_change() {_TRUE_TRIGGER}",
    f"CREATE FUNCTION public.another() {_TRUE_TRIGGER}",
    "CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql RETURN '2000-01-01'::timestamptz",
    "CREATE FUNCTION pg_catalog.now(integer) RETURNS timestamptz LANGUAGE sql RETURN '2000-01-01'::timestamptz",
    "DROP FUNCTION refuse_change() CASCADE",
    "ALTER FUNCTION refuse_change() OWNER TO CURRENT_USER",
    "ALTER FUNCTION refuse_change() SET search_path = pg_temp",
    "ALTER FUNCTION keep_history() SECURITY INVOKER",
    "ALTER TRIGGER audit_is_append_only ON gis_core_auditevent RENAME TO nothing",
    "DROP TRIGGER audit_is_append_only ON gis_core_auditevent",
    "CREATE OR REPLACE VIEW assets_pipecondition AS SELECT 1",
    "CREATE TABLE public.mine (a integer)",
    "CREATE SCHEMA mine",
    "CREATE EXTENSION dblink",
    "CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION refuse_change()",
    "CREATE OPERATOR public.= (LEFTARG = integer, RIGHTARG = text, FUNCTION = pg_catalog.int4eq)",
    "CREATE PUBLICATION mine FOR ALL TABLES",
    "ALTER SCHEMA public OWNER TO CURRENT_USER",
    "DROP SCHEMA public CASCADE",
    "UPDATE pg_trigger SET tgenabled = 'D'",
    "UPDATE pg_proc SET prosecdef = false",
    "UPDATE pg_class SET relowner = (SELECT oid FROM pg_roles WHERE rolname = CURRENT_USER)",
    "COMMENT ON TABLE billing_payment IS 'mine'",
    # -- files and programs of the server
    "COPY (SELECT 1) TO '/tmp/tarmoq-attack'",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT pg_reload_conf()",
    # -- forged history
    _FORGED_CHANGE,
    "UPDATE assets_rowchange SET row_id = row_id + 1000000",
    _by_own_trigger(_FORGED_CHANGE),
    _by_own_trigger("UPDATE assets_rowchange SET row_id = row_id + 1000000"),
    _by_own_trigger("DELETE FROM assets_rowchange"),
    "CREATE TEMPORARY TABLE assets_zone AS SELECT * FROM public.assets_zone; CREATE TRIGGER forge AFTER UPDATE "
    "ON pg_temp.assets_zone FOR EACH ROW EXECUTE FUNCTION public.keep_history('id')",
    "CREATE TEMPORARY TABLE added AS SELECT * FROM billing_payment; CREATE TRIGGER forge BEFORE INSERT "
    "ON pg_temp.added FOR EACH ROW EXECUTE FUNCTION stamp_writing_transaction()",
    "SELECT keep_bulk_rows((SELECT min(id) FROM assets_edit))",
    f"{_ANNOUNCED}; SELECT keep_bulk_rows((SELECT min(id) FROM assets_edit))",
    # -- settings that are not true: another's edit, another time, an undo that is none
    f"{_ANNOUNCED}; {_CHANGED}",
    f"{_ANNOUNCED}; UPDATE assets_edit SET summary = 'other' WHERE id = (SELECT min(id) FROM assets_edit)",
    f"SELECT set_config('tarmoq.restoring', 'on', true); {_CHANGED}",
    f"{_NEW_EDIT}; SELECT set_config('tarmoq.edit', '999999', true), "
    f"set_config('tarmoq.moment', '2000-01-01', true); {_CHANGED}",
    f"{_NEW_EDIT}; SELECT set_config('tarmoq.edit', '999999', true), set_config('tarmoq.restoring', 'on', true), "
    f"set_config('tarmoq.moment', (SELECT made_at::text FROM assets_edit WHERE id = 999999), true); {_CHANGED}",
    # -- partitions
    "ALTER TABLE sensors_observation DETACH PARTITION sensors_observation_2026_01",
    "ALTER TABLE sensors_observation ATTACH PARTITION sensors_observation_2026_01 DEFAULT",
    "CREATE TABLE forged PARTITION OF sensors_observation DEFAULT",
    "SELECT sensors_guard_partition('sensors_observation_2026_01')",
    "SELECT sensors_drop_month(now()::date, NULL)",
    "SELECT sensors_pack_month(now()::date)",
    "INSERT INTO sensors_packedmonth (month, observations) VALUES ('2020-01-01', 1)",
    "INSERT INTO sensors_packedobservation_2026_01 SELECT * FROM sensors_packedobservation",
    "INSERT INTO sensors_packedobservation SELECT * FROM sensors_packedobservation",
    # -- what tells of the database itself
    "UPDATE gis_core_installedcode SET hash = 'x'",
    "DELETE FROM django_migrations",
    # -- a table of the session's own under the name of one that a guard asks
    "CREATE TEMPORARY TABLE assets_commoditykind AS SELECT 'water' AS commodity, 'transformer' AS kind; "
    "SET LOCAL search_path = pg_temp, public; UPDATE public.assets_node SET kind = 'transformer'",
]

# Before what books into a closed month: its guard is shown a month that is open.
OPENED_FOR_SHOW = (
    "CREATE TEMPORARY TABLE billing_billingmonth AS SELECT * FROM public.billing_billingmonth; "
    "UPDATE pg_temp.billing_billingmonth SET state = 'open'; SET LOCAL search_path = pg_temp, public; "
)


def sequence_attacks(sequences: list[str]) -> list[str]:
    """Moving the counters of rows."""
    return [
        attack
        for sequence in sequences
        for attack in (f"SELECT setval('{sequence}', 1)", f"ALTER SEQUENCE {sequence} RESTART")
    ]
