"""What would mend a finding, in the form of bulk edits; None where it is not safe to offer one.

Each takes what was found: {"nodes": [{"uid", "code"}], "pipes": […], "facts": {…}}. Safe means that nothing is lost
that somebody might have meant: what hangs on an element, an attribute, a connection.
"""

import re
from typing import Any

Found = dict[str, Any]
Repair = dict[str, Any]


def _operations(*operations: dict[str, Any]) -> Repair:
    return {"operations": list(operations)}


def delete_lonely_node(found: Found) -> Repair | None:
    """Delete an orphan junction on which nothing hangs."""
    if not found["facts"].get("is_free"):
        return None
    return _operations({"op": "delete_node", "node": found["nodes"][0]["uid"]})


def merge_nodes(found: Found) -> Repair | None:
    """Bring the lines of the later of two nodes to the earlier one. Only where nothing else hangs on the later one."""
    ends = found["facts"].get("ends")
    if not ends:
        return None
    kept, gone = found["nodes"]
    connections = [
        {"op": "connect_pipe", "pipe": pipe, "end": end, "node": kept["uid"]} for pipe, end in ends
    ]
    return _operations(*connections, {"op": "delete_node", "node": gone["uid"]})


def split_at_node(found: Found) -> Repair | None:
    """Put the node exactly onto the line, which is split there."""
    if found["facts"].get("is_line_connector"):
        return None
    node, line = found["nodes"][0]["uid"], found["pipes"][0]["uid"]
    return _operations({"op": "move_node", "node": node, "onto_pipe": line})


def delete_duplicate_pipe(found: Found) -> Repair | None:
    """Delete the later of two lines that are alike in every attribute, when nothing is attached to it."""
    if not found["facts"].get("alike"):
        return None
    return _operations({"op": "delete_pipe", "pipe": found["pipes"][1]["uid"]})


def redraw_without_repeats(found: Found) -> Repair | None:
    """Draw the line anew; repeated vertices are left out of every new drawing."""
    line = found["facts"].get("line")
    if not line:
        return None
    return _operations({"op": "redraw_pipe", "pipe": found["pipes"][0]["uid"], "geometry": line})


def divide_diameter(found: Found) -> Repair | None:
    """Take a diameter that is only plausible as millimetres for millimetres."""
    divided = found["facts"].get("divided")
    if divided is None:
        return None
    return _operations(
        {"op": "set_pipe_attributes", "pipe": found["pipes"][0]["uid"], "values": {"diameter_m": divided}}
    )


def strip_code(found: Found) -> Repair | None:
    """Replace what the hydraulic engine cannot read in a code; codes that are too long need a person."""
    code = re.sub(r'[\s";]+', "_", str(found["facts"]["code"]).strip(" \t\r\n\"';"))
    if not code or len(code.encode()) > 31:
        return None
    kind = "node" if found["nodes"] else "pipe"
    element = found["nodes"] or found["pipes"]
    return _operations({"op": f"set_{kind}_attributes", kind: element[0]["uid"], "values": {"code": code}})


def clamp_tank_level(found: Found) -> Repair | None:
    """Start at the nearest level that the tank allows."""
    facts = found["facts"]
    level = min(max(facts["level_m"], facts["minimum_m"]), facts["maximum_m"])
    return _operations(
        {
            "op": "set_node_attributes",
            "node": found["nodes"][0]["uid"],
            "values": {"details": {"initial_level_m": level}},
        }
    )


def join_zone(found: Found) -> Repair | None:
    """Put a junction into the zone of all its neighbours."""
    return _operations(
        {
            "op": "set_node_attributes",
            "node": found["nodes"][0]["uid"],
            "values": {"zone": found["facts"]["zone_uid"]},
        }
    )
