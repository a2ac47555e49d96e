"""The life of a node or pipe: planned, under construction, in service, out of service, removed."""

from typing import Any

from django.utils.translation import gettext_noop as _

from assets.editing.services.elements import (
    ends_of,
    locked_node,
    locked_pipe,
    pipes_at,
    refusal,
    require_fit_lifecycle,
)
from assets.editing.services.session import editing
from assets.models import Lifecycle, Network, Node, Pipe
from gis_core.models import User
from gis_core.sentences import Sentence, Word, Words

_L = Lifecycle
# What may follow what. Removed is final, except that an undo brings the earlier state back.
TRANSITIONS: dict[str, tuple[str, ...]] = {
    _L.PLANNED.value: (_L.UNDER_CONSTRUCTION.value, _L.REMOVED.value),
    _L.UNDER_CONSTRUCTION.value: (_L.PLANNED.value, _L.IN_SERVICE.value, _L.REMOVED.value),
    _L.IN_SERVICE.value: (_L.OUT_OF_SERVICE.value,),
    _L.OUT_OF_SERVICE.value: (_L.IN_SERVICE.value, _L.REMOVED.value),
    _L.REMOVED.value: (),
}


def change_lifecycle(
    network: Network,
    *,
    to: str,
    acting_user: User | None,
    node: Any = None,
    pipe: Any = None,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Bring a node or a pipe to the next state of its life. Return {"node"} or {"pipe"}.

    A pipe is in service only between nodes that are; a node leaves service only when no pipe in service ends at it, and
    is removed only when all its pipes are. A device's connectors follow it. Raises ReportedError: bad_transition,
    lifecycle_conflict.
    """
    with editing(network, operation="change_lifecycle", acting_user=acting_user) as session:
        if (node is None) == (pipe is None):
            raise refusal("bad_values", Sentence(_("Name either a node or a pipe.")), "node")
        row: Node | Pipe
        if node is not None:
            row = locked_node(network, node, expected_version)
            connectors = _require_node_may(row, to)
        else:
            row = locked_pipe(network, pipe, expected_version)
            connectors = []
            _require_transition(row, to)
            require_fit_lifecycle(row.code, to, ends_of(row))
        session.summarise(
            Sentence(
                _("{kind} {row}: from {lifecycle} to {to}"),
                kind=row._meta.verbose_name,
                row=row.code,
                lifecycle=row.lifecycle,
                to=to,
            )
        )
        row.lifecycle = to
        row.save(update_fields=["lifecycle"])
        for connector in connectors:
            connector.lifecycle = to
            connector.save(update_fields=["lifecycle"])
        return {"node" if node is not None else "pipe": str(row.uid)}


def _require_transition(row: Node | Pipe, to: str) -> None:
    possible = TRANSITIONS[row.lifecycle]
    if to not in possible:
        listed = (
            Words(Lifecycle(state).label for state in possible) if possible else Word("nothing, it is final")
        )
        raise refusal(
            "bad_transition",
            Sentence(
                _("{row} is {lifecycle}; after that comes {listed}, not {to}."),
                row=row,
                lifecycle=Word(row.get_lifecycle_display()),
                listed=listed,
                to=Word(to[:30].replace("_", " ")),
            ),
            "to",
            Sentence(_("no such step")),
        )


def _require_node_may(node: Node, to: str) -> list[Pipe]:
    """The device's own connectors, which follow it; raises ReportedError when a pipe at the node forbids the step."""
    _require_transition(node, to)
    pipes = pipes_at(node)
    connectors = [pipe for pipe in pipes if pipe.is_connector] if node.code_class == "device" else []
    following = {pipe.pk for pipe in connectors}
    for pipe in pipes:
        if pipe.pk in following:
            if to == _L.IN_SERVICE:
                others = [end for end in ends_of(pipe) if end.pk != node.pk]
                require_fit_lifecycle(pipe.code, to, others)
            continue
        if pipe.lifecycle == _L.IN_SERVICE and to != _L.IN_SERVICE:
            raise refusal(
                "lifecycle_conflict",
                Sentence(
                    _("Pipe {pipe} is in service and ends at node {node}."), pipe=pipe.code, node=node.code
                ),
                f"pipe {pipe.uid}",
            )
        if to == _L.REMOVED and pipe.lifecycle != _L.REMOVED:
            raise refusal(
                "lifecycle_conflict",
                Sentence(
                    _("Pipe {pipe} ends at node {node} and is not removed."), pipe=pipe.code, node=node.code
                ),
                f"pipe {pipe.uid}",
            )
    return connectors
