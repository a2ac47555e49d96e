"""The second wall: which rows PostgreSQL itself shows to whom, computed from how each table comes to its division.

A table with a `division_id` is judged by it. One without is judged by the row that it belongs to: of its keys that are
never null to tables behind the wall, the network's, else the first one. Policies read the session's scope
(`gis_core/sql/install/30_scope.sql`) once for a statement, and are made where the rights are granted. What stands in
front of the wall, and why, says `IN_FRONT`; a table of ours that is neither there nor comes to a division fails a test.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db.backends.base.base import BaseDatabaseWrapper

_WHO_ASKS = "says who asks, and is read before that is known"
_PUBLIC = "is known to everybody, or stands on every bill, and rows of many divisions are joined to it"
_OF_NOBODY = "holds nothing of a division"
_OF_PROCESSES = "is between programs of ours: written for all divisions, shown to nobody"
IN_FRONT: dict[str, str] = {
    **dict.fromkeys(
        (
            "gis_core_user",
            "gis_core_user_groups",
            "gis_core_user_user_permissions",
            "gis_core_roleassignment",
            "gis_core_apitoken",
            "gis_core_secondfactor",
            "gis_core_recoverycode",
            "gis_core_passkey",
            "gis_core_opensession",
            "gis_core_keptanswer",
            "django_session",
            "axes_accessattempt",
            "axes_accessattemptexpiration",
            "axes_accessfailurelog",
            "axes_accesslog",
        ),
        _WHO_ASKS,
    ),
    **dict.fromkeys(
        (
            "gis_core_division",
            "gis_core_street",
            "gis_core_enterprise",
            "billing_tariff",
            "billing_billingmonth",
            "billing_invoicecounter",
            "billing_accountnumbercounter",
            "billing_vatrate",
            "billing_consumptionprofile",
            "billing_suppliedservice",
            "billing_billingparameters",
            "billing_servicevalue",
            "billing_penaltyterms",
            "billing_metertype",
            "assets_materiallife",
            "assets_commoditykind",
            "sensors_setpointceiling",
        ),
        _PUBLIC,
    ),
    **dict.fromkeys(
        (
            "django_migrations",
            "django_content_type",
            "auth_permission",
            "auth_group",
            "auth_group_permissions",
            "gis_core_installedcode",
            "billing_uncheckeddocument",
            "sensors_packedmonth",
        ),
        _OF_NOBODY,
    ),
    **dict.fromkeys(
        (
            "django_admin_log",
            "assets_fieldchange",
            "assets_tilecache",
            "assets_tilenote",
            "sensors_entitynotification",
            "sensors_entityversion",
            "sensors_mqttarrival",
            "sensors_mqttoutbox",
        ),
        _OF_PROCESSES,
    ),
}

# Rows of a division above are shown, too: networks that reach into the districts below them, rules that hold there,
# sources that bring their values, and desks and shifts whose papers are for accounts below.
_ALSO_FROM_ABOVE = frozenset(
    {
        "assets_attachment",
        "assets_drawingtemplate",
        "assets_network",
        "assets_node",
        "assets_pipe",
        "assets_pricelistitem",
        "assets_verificationpolicy",
        "assets_zone",
        "balances_productioncost",
        "billing_billingrun",
        "billing_cashdesk",
        "billing_cashshift",
        "gis_core_messagegateway",
        "sensors_alarmrule",
        "sensors_devicenetwork",
        "sensors_feedfile",
        "sensors_feedprofile",
        "sensors_feedsource",
        "sensors_notificationchannel",
        "sensors_observedproperty",
        "sensors_qualityrule",
        "sensors_sensor",
        "sensors_topicprefix",
    }
)
# What belongs to no division belongs to all of them.
_SHARED_WITHOUT_DIVISION = frozenset(
    {
        "assets_verificationpolicy",
        "gis_core_messagegateway",
        "sensors_observedproperty",
        "sensors_qualityrule",
        "sensors_sensor",
    }
)
# Keys without a constraint, since they are of logs and of partitions.
_KEYS_BY_NAME = {"network_id": "assets_network", "datastream_id": "sensors_datastream"}
# What is judged by another key than the first.
_BELONGS_BY = {
    "assets_noderesult": ("run_id",),
    "assets_rowchange": ("network_id", "edit_id"),
    "assets_workphoto": ("order_id",),
    "billing_billingexception": ("account_id",),
    "billing_meterinstallation": ("service_point_id",),
}
# A customer's points may lie in another division than the account: what is shown with that is shown with it.
_ALSO_SHOWN_WITH = {
    "billing_subscriber": "EXISTS (SELECT FROM billing_account mine WHERE mine.subscriber_id = {table}.id)",
    "billing_servicepoint": (
        "(SELECT true FROM billing_contractservicepoint mine WHERE mine.service_point_id = {table}.id LIMIT 1)"
    ),
    "billing_meter": "(SELECT true FROM billing_meterinstallation mine WHERE mine.meter_id = {table}.id LIMIT 1)",
    "billing_reading": "(SELECT true FROM billing_meterinstallation mine WHERE mine.id = {table}.installation_id)",
    # Whoever did something sees that he did it, and may write it down where the wall would not show it.
    "gis_core_auditevent": "user_id = (SELECT nullif(current_setting('tarmoq.acting_user', true), '')::bigint)",
}
# What is written down whoever did it, and wherever.
_WRITTEN_BY_ALL = frozenset({"gis_core_auditevent"})

_SCOPE = "current_setting('tarmoq.scope', true)"
_IDS = f"string_to_array(nullif(nullif({_SCOPE}, 'all'), 'every'), ',')"
_ABOVE = "string_to_array(current_setting('tarmoq.scope_above', true), ',')"
_POLICY = "second_wall"


@dataclass
class WalledTable:
    """A table of ours as the database has it: its keys in the order of its columns, and whether it has a division."""

    name: str
    columns: dict[str, bool] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    is_walled: bool = False
    present: dict[str, str] = field(default_factory=dict)


_TABLES = """
SELECT class.oid::regclass::text, class.relrowsecurity,
       ARRAY(SELECT attname::text FROM pg_attribute
              WHERE attrelid = class.oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum),
       ARRAY(SELECT attnotnull FROM pg_attribute
              WHERE attrelid = class.oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum),
       ARRAY(SELECT ARRAY[own.attname::text, link.confrelid::regclass::text]
               FROM pg_constraint link
               JOIN LATERAL unnest(link.conkey, link.confkey) pair (mine, theirs) ON true
               JOIN pg_attribute own ON own.attrelid = link.conrelid AND own.attnum = pair.mine
               JOIN pg_index pk ON pk.indrelid = link.confrelid AND pk.indisprimary AND pk.indnkeyatts = 1
                               AND pk.indkey[0] = pair.theirs
              WHERE link.conrelid = class.oid AND link.contype = 'f' ORDER BY own.attnum),
       ARRAY(SELECT ARRAY[polname::text, coalesce(obj_description(pg_policy.oid, 'pg_policy'), '')]
               FROM pg_policy WHERE polrelid = class.oid)
  FROM pg_class class
 WHERE class.relnamespace = 'public'::regnamespace AND class.relkind IN ('r', 'p') AND NOT class.relispartition
   AND pg_has_role(class.relowner, 'USAGE')
   AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = class.oid AND deptype = 'e')
 ORDER BY 1
"""


def tables_of(connection: BaseDatabaseWrapper) -> dict[str, WalledTable]:
    """Every table of ours by its name."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        return {
            name: WalledTable(
                name,
                dict(zip(columns, not_null, strict=True)),
                dict(reversed(keys)),
                is_walled,
                dict(policies),
            )
            for name, is_walled, columns, not_null, keys, policies in cursor.fetchall()
        }


def policies_of(tables: dict[str, WalledTable]) -> dict[str, dict[str, str]]:
    """The policies of each table behind the wall, by name: what comes after CREATE POLICY ... ON table.

    None for tables of which nothing says where they belong: a test refuses ours (`placeless`), an operator's are his.
    """
    found: dict[str, dict[str, str]] = {}
    for name, table in tables.items():
        if name in IN_FRONT:
            continue
        shown = list(_conditions(table, tables))
        if shown:
            found[name] = _policies(table, shown)
    return found


def placeless(tables: dict[str, WalledTable]) -> set[str]:
    """Tables that come to no division and have no reason for that in `IN_FRONT`."""
    return set(tables) - set(IN_FRONT) - set(policies_of(tables))


def _conditions(table: WalledTable, tables: dict[str, WalledTable]) -> Iterator[str]:
    """When a row is shown, any of these being enough."""
    if "division_id" in table.columns:
        yield from _of_division(table, is_shown_from_above=table.name in _ALSO_FROM_ABOVE)
    else:
        parents = list(_parents(table, tables))
        if parents:
            # Every division's is not yet what belongs to none.
            is_of_division = all(tables[parent].columns.get("division_id", True) for _, parent in parents)
            yield f"(SELECT {_SCOPE} IN ('all', 'every'))" if is_of_division else f"(SELECT {_SCOPE} = 'all')"
        for column, parent in parents:
            yield _is_shown_with(table, column, parent, tables)
    if table.name in _ALSO_SHOWN_WITH:
        yield _ALSO_SHOWN_WITH[table.name].format(table=table.name)
    if table.name in _SHARED_WITHOUT_DIVISION:
        yield f"division_id IS NULL AND (SELECT {_SCOPE} <> '')"


def _is_shown_with(table: WalledTable, column: str, parent: str, tables: dict[str, WalledTable]) -> str:
    """Whether the row that this one belongs to is shown.

    EXISTS is planned in two ways, by row and hashed, of which the better one is taken; of those within each other every
    one doubles the work of planning, so that only the last of a chain is asked in this way.
    """
    rows = f"FROM {parent} whole WHERE whole.{_key_of(parent, tables)} = {table.name}.{column}"
    is_last = "division_id" in tables[parent].columns and parent not in _ALSO_SHOWN_WITH
    return f"EXISTS (SELECT {rows})" if is_last else f"(SELECT true {rows})"


def _of_division(table: WalledTable, *, is_shown_from_above: bool) -> Iterator[str]:
    if table.columns["division_id"]:
        yield f"(SELECT {_SCOPE} IN ('all', 'every'))"
    else:
        yield f"(SELECT {_SCOPE} = 'all')"
        yield f"division_id IS NOT NULL AND (SELECT {_SCOPE} = 'every')"
    ids = f"{_IDS} || {_ABOVE}" if is_shown_from_above else _IDS
    yield f"division_id IN (SELECT unnest(({ids})::bigint[]))"


def _parents(table: WalledTable, tables: dict[str, WalledTable]) -> Iterator[tuple[str, str]]:
    """The keys by which a table without a division is judged, each with the table that it leads to."""
    keys = {
        **{column: parent for column, parent in _KEYS_BY_NAME.items() if column in table.columns},
        **table.keys,
    }
    if table.name in _BELONGS_BY:
        yield from ((column, keys[column]) for column in _BELONGS_BY[table.name])
        return
    behind = {
        column: parent
        for column, parent in keys.items()
        if parent != table.name and parent in tables and parent not in IN_FRONT
    }
    never_null = {column: parent for column, parent in behind.items() if table.columns[column]}
    if "network_id" in never_null:
        yield "network_id", never_null["network_id"]
    elif never_null:
        first = next(column for column in table.columns if column in never_null)
        yield first, never_null[first]
    else:
        # One of them is there, whichever.
        yield from behind.items()


def _key_of(parent: str, tables: dict[str, WalledTable]) -> str:
    return "id" if "id" in tables[parent].columns else next(iter(tables[parent].columns))


def _policies(table: WalledTable, shown: list[str]) -> dict[str, str]:
    using = _any(shown)
    if table.name in _WRITTEN_BY_ALL:
        return {
            f"{_POLICY}_read": f"FOR SELECT USING ({using})",
            f"{_POLICY}_add": "FOR INSERT WITH CHECK (true)",
        }
    if "division_id" in table.columns:
        added = written = _any(list(_of_division(table, is_shown_from_above=False)))
    else:
        # One statement may add the row that it belongs to as well, which is not to be seen yet.
        added, written = f"(SELECT {_SCOPE} <> '')", using
    if added == using:
        return {_POLICY: f"FOR ALL USING ({using})"}
    return {
        f"{_POLICY}_read": f"FOR SELECT USING ({using})",
        f"{_POLICY}_add": f"FOR INSERT WITH CHECK ({added})",
        f"{_POLICY}_change": f"FOR UPDATE USING ({written})",
        f"{_POLICY}_remove": f"FOR DELETE USING ({written})",
    }


def _any(conditions: list[str]) -> str:
    return " OR ".join(conditions)


def raise_wall(connection: BaseDatabaseWrapper) -> int:
    """Bring the policies to what the tables ask for; how many statements it was. Needs the owner's connection.

    Whoever owns a table passes its policies, and so does an application whose role is the owner, too.
    """
    tables = tables_of(connection)
    wanted = policies_of(tables)
    statements = [
        statement for name, table in tables.items() for statement in _differences(table, wanted.get(name, {}))
    ]
    if statements:
        with connection.cursor() as cursor:
            cursor.execute("; ".join(statements))
    return len(statements)


def _differences(table: WalledTable, wanted: dict[str, str]) -> Iterator[str]:
    digests = {name: hashlib.sha256(text.encode()).hexdigest()[:16] for name, text in wanted.items()}
    for name in table.present:
        if table.present[name] != digests.get(name):
            yield f'DROP POLICY "{name}" ON {table.name}'
    for name, text in wanted.items():
        if table.present.get(name) != digests[name]:
            yield f"CREATE POLICY {name} ON {table.name} {text}"
            yield f"COMMENT ON POLICY {name} ON {table.name} IS '{digests[name]}'"
    if table.is_walled != bool(wanted):
        yield f"ALTER TABLE {table.name} {'ENABLE' if wanted else 'DISABLE'} ROW LEVEL SECURITY"


# A guard that was shown one division's rows only would let pass what another division's rows forbid. One that looks at
# who writes reads no rows.
_TRIGGERS_OF_CALLERS = """
SELECT format('ALTER FUNCTION %%s SECURITY DEFINER', proc.oid::regprocedure)
  FROM pg_proc proc
 WHERE proc.pronamespace = 'public'::regnamespace AND proc.prorettype = 'trigger'::regtype AND NOT proc.prosecdef
   AND proc.prosrc !~ 'current_user' AND pg_has_role(proc.proowner, 'USAGE')
   AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = proc.oid AND deptype = 'e')
"""


def let_triggers_see_all(connection: BaseDatabaseWrapper) -> None:
    """Let what guards and keeps the tables run as their owner, who passes the wall."""
    with connection.cursor() as cursor:
        cursor.execute(_TRIGGERS_OF_CALLERS, {})
        for (statement,) in cursor.fetchall():
            cursor.execute(statement)
