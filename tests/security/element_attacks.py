"""Raw SQL against the guards of nodes and pipes (assets/sql/element_guards.sql)."""

_NETWORK = "network_id = (SELECT id FROM assets_network WHERE code = 'N1')"
_NODE = f"(SELECT id FROM assets_node WHERE code = '{{}}' AND {_NETWORK})"
_CODES = (
    "chr(10)",
    "'A' || chr(9)",
    "'A' || chr(127)",
    "'A' || chr(133)",
    "'A' || chr(8232)",
    "' '",
    "chr(160)",
)
_DETAIL_OF = {
    "hydrant": "assets_hydrantdetail (node_id, node_kind, is_for_fire_service) VALUES ({}, 'hydrant', true)",
    "pump": "assets_pumpdetail (node_id, node_kind, relative_speed, status) VALUES ({}, 'pump', 1, 'open')",
    "valve": "assets_valvedetail (node_id, node_kind, valve_type, minor_loss, status, is_broken, is_accessible, "
    "is_buried) VALUES ({}, 'valve', 'PRV', 0, 'open', false, true, false)",
}


def _update(table: str, change: str, code: str) -> str:
    return f"UPDATE {table} SET {change} WHERE code = '{code}' AND {_NETWORK}"


def _made(kind: str) -> str:
    """Make B a device of a kind, with its details."""
    details = _DETAIL_OF[kind].format(_NODE.format("B"))
    return f"{_update('assets_node', f'kind = {kind!r}', 'B')}; INSERT INTO {details}"


def _line(start: str, end: str, is_connector: str = "false", lifecycle: str = "in_service") -> str:
    return (
        "INSERT INTO assets_pipe (uid, network_id, division_id, code, is_connector, start_node_id, end_node_id, geom, "
        "material, minor_loss, status, has_check_valve, lifecycle) "
        f"SELECT gen_random_uuid(), a.network_id, a.division_id, 'NEW', {is_connector}, a.id, b.id, "
        f"ST_MakeLine(a.geom, b.geom), '', 0, 'open', false, '{lifecycle}' FROM assets_node a, assets_node b "
        f"WHERE a.id = {_NODE.format(start)} AND b.id = {_NODE.format(end)}"
    )


_ALONE = (
    "INSERT INTO assets_node (uid, network_id, division_id, code, kind, geom, lifecycle) "
    "SELECT gen_random_uuid(), id, division_id, 'X', 'junction', ST_SetSRID(ST_MakePoint(69.41, 41.41), 4326), "
    "'removed' FROM assets_network WHERE code = 'N1'"
)


def _summary(length_m: str, extent: str) -> str:
    return (
        "INSERT INTO assets_networksummary (network_id, revision, nodes, devices, pipes, zones, length_m, extent) "
        f"SELECT id, 1, 0, 0, 0, 0, {length_m}, {extent} FROM assets_network ORDER BY id LIMIT 1 "
        "ON CONFLICT (network_id) DO UPDATE SET length_m = excluded.length_m, extent = excluded.extent"
    )


ELEMENT_ATTACKS: dict[str, list[str]] = {
    "network_summary_length_positive": [_summary("-1", "NULL")],
    "network_summary_extent_whole": [_summary("1", "'{69, 41, 70}'")],
    "node_code_readable": [_update("assets_node", f"code = {code}", "A") for code in _CODES],
    "pipe_code_readable": [_update("assets_pipe", f"code = {code}", "P1") for code in _CODES],
    "pipe_roughness_not_negative": [_update("assets_pipe", "roughness = -5", "P1")],
    "pipe_minor_loss_not_negative": [_update("assets_pipe", "minor_loss = -1", "P1")],
    "valve_minor_loss_not_negative": [f"{_made('valve')}; UPDATE assets_valvedetail SET minor_loss = -1"],
    "node_keeps_uid": [_update("assets_node", "uid = gen_random_uuid()", "A")],
    "pipe_keeps_uid": [_update("assets_pipe", "uid = gen_random_uuid()", "P1")],
    "pipe_stays_pipe_or_connector": [
        _update("assets_pipe", "is_connector = true", "P2"),
        _update("assets_pipe", "is_connector = true", "P1"),  # it ends at a device
        _update("assets_pipe", "is_connector = false", "M1/1"),
    ],
    "connector_ends_at_device": [
        _line("A", "B", "true"),
        "UPDATE assets_pipe pipe SET start_node_id = node.id, geom = ST_SetPoint(pipe.geom, 0, node.geom) "
        f"FROM assets_node node WHERE node.id = {_NODE.format('B')} AND pipe.code = 'M1/1' AND pipe.{_NETWORK}",
    ],
    "device_keeps_connectors": [
        f"DELETE FROM assets_bulkmeterdetail WHERE node_id = {_NODE.format('M1')}; "
        + _update("assets_node", "kind = 'junction'", "M1")
    ],
    "device_has_details": [
        _update("assets_node", f"kind = '{kind}'", "B")
        for kind in ("pump", "valve", "regulator", "hydrant", "bulk_meter")
    ],
    "device_keeps_details": [
        "DELETE FROM assets_bulkmeterdetail",
        f"UPDATE assets_bulkmeterdetail SET node_id = {_NODE.format('B')} WHERE node_id = {_NODE.format('M1')}; "
        + _update("assets_node", "kind = 'bulk_meter'", "B"),
        *(
            f"{_made(kind)}; SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED; "
            f"DELETE FROM assets_{kind}detail"
            for kind in _DETAIL_OF
        ),
    ],
    "node_is_removed_with_its_pipes": [
        _update("assets_node", "lifecycle = 'removed'", "B"),
        "UPDATE assets_node SET lifecycle = 'removed'",
        _update("assets_pipe", "lifecycle = 'removed'", "P4")
        + "; "
        + _update("assets_node", "lifecycle = 'removed'", "A"),
    ],
    "pipe_ends_at_present_nodes": [
        f"UPDATE assets_pipe SET lifecycle = 'removed' WHERE {_NETWORK}; "
        f"UPDATE assets_node SET lifecycle = 'removed' WHERE {_NETWORK}; SET CONSTRAINTS ALL IMMEDIATE; "
        f"SET CONSTRAINTS ALL DEFERRED; {_update('assets_pipe', f'lifecycle = {state!r}', 'P2')}"
        for state in ("in_service", "planned")
    ],
    "new_pipe_ends_at_present_nodes": [
        f"{_ALONE}; {_line(*ends, lifecycle=state)}"
        for ends in (("A", "X"), ("X", "A"))
        for state in ("in_service", "planned", "out_of_service")
    ],
}
ELEMENT_WORDS = {
    "node_keeps_uid": "stays what it is",
    "pipe_keeps_uid": "stays what it is",
    "pipe_stays_pipe_or_connector": "stays what it is",
    "connector_ends_at_device": "neither of its ends is a device",
    "device_keeps_connectors": "no device any more",
    "device_has_details": "has no details",
    "device_keeps_details": "has no details",
    "node_is_removed_with_its_pipes": "is not removed and ends at node",
    "pipe_ends_at_present_nodes": "is not removed and ends at node",
    "new_pipe_ends_at_present_nodes": "is not removed and ends at node",
}
# What these guards let through: the same changes, made whole.
ELEMENT_CONTROLS = {
    "a junction made a device with its details": _made("hydrant"),
    "a connector from a device": _line("M1", "B", "true"),
    "a part of a network removed with its lines": (
        f"UPDATE assets_node SET lifecycle = 'removed' WHERE {_NETWORK}; "
        f"UPDATE assets_pipe SET lifecycle = 'removed' WHERE {_NETWORK}"
    ),
    "and brought back": (
        f"UPDATE assets_node SET lifecycle = 'removed' WHERE {_NETWORK}; "
        f"UPDATE assets_pipe SET lifecycle = 'removed' WHERE {_NETWORK}; SET CONSTRAINTS ALL IMMEDIATE; "
        f"SET CONSTRAINTS ALL DEFERRED; UPDATE assets_pipe SET lifecycle = 'in_service' WHERE {_NETWORK}; "
        f"UPDATE assets_node SET lifecycle = 'in_service' WHERE {_NETWORK}"
    ),
    "a removed line at a removed node": f"{_ALONE}; {_line('A', 'X', lifecycle='removed')}",
    "a code of letters, signs and blanks inside": _update("assets_node", "code = 'Ўзбек № 1-й'", "A"),
}
