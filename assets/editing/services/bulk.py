"""Edits in the form in which they are posted, planned and repeated: {"op": name, parameters}.

Operations of one request may name what earlier ones made: an operation with `"ref": "a"` makes "#a" (its node or pipe),
"#a.node", "#a.pipe", "#a.start_node", "#a.end_node" and "#a.pipes.0", "#a.pipes.1" known to those after it.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import DataError, IntegrityError, connection
from django.utils.translation import gettext_noop as _

from assets.editing.services.additions import Additions
from assets.editing.services.attributes import set_node_attributes, set_pipe_attributes
from assets.editing.services.devices import place_device
from assets.editing.services.lifecycles import change_lifecycle
from assets.editing.services.merging import merge_pipes
from assets.editing.services.nodes import add_node, delete_node, move_node
from assets.editing.services.pipes import (
    add_pipe,
    connect_pipe,
    delete_pipe,
    disconnect_pipe,
    redraw_pipe,
)
from assets.editing.services.session import EditSession, editing
from assets.editing.services.splitting import split_pipe
from assets.models import Edit, Network
from gis_core.database.refusals import refusal_of
from gis_core.database.statistics import gather_statistics
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Figure, Sentence
from gis_core.services.jobs import ProgressReport

MAXIMUM_OPERATIONS = 20_000
# Plans are made anew after so many operations, and then whenever their number has doubled.
_FIRST_REPLANNING = 64
_REPORTED_EACH = 50
# Of a table that has fewer rows for each operation done so far, the edit's own are a good part.
_FEW_ROWS_EACH = 5

_REFERENCE = re.compile(r"#([A-Za-z0-9_-]{1,40})(?:\.([a-z_]+)(?:\.(\d))?)?\Z")


@dataclass(frozen=True)
class OperationParameter:
    """One parameter of an operation: its type, and whether it must be there.

    Types: element (uid or reference), geometry, number, text, truth, object, choice (of `choices`).
    """

    type: str
    is_required: bool = False
    choices: tuple[str, ...] = ()
    help: str = ""


@dataclass(frozen=True)
class Operation:
    """An operation by name: the service that does it, and its parameters.

    `target` is the parameter whose version If-Match is about.
    """

    name: str
    run: Callable[..., dict[str, Any]]
    target: str | None
    parameters: dict[str, OperationParameter] = field(default_factory=dict)


def _element(help: str = "", *, is_required: bool = False) -> OperationParameter:
    return OperationParameter("element", is_required, help=help)


_NODE, _PIPE = _element("uid of the node", is_required=True), _element("uid of the pipe", is_required=True)
_TEXT, _NUMBER, _TRUTH, _OBJECT = (
    OperationParameter("text"),
    OperationParameter("number"),
    OperationParameter("truth"),
    OperationParameter("object"),
)
_POINT = OperationParameter("geometry", help="GeoJSON Point or [longitude, latitude]")
_POSITION = OperationParameter("number", help="Share of the pipe's length from its start, 0 to 1")
_END = OperationParameter("choice", is_required=True, choices=("start", "end"))
_LINE = OperationParameter("geometry", is_required=True, help="GeoJSON LineString")

OPERATIONS: dict[str, Operation] = {
    operation.name: operation
    for operation in (
        Operation(
            "add_node",
            add_node,
            "onto_pipe",
            {
                "kind": OperationParameter("text", is_required=True),
                "geometry": OperationParameter("geometry", is_required=True, help=_POINT.help),
                "code": _TEXT,
                "lifecycle": _TEXT,
                "elevation_m": _NUMBER,
                "installed_on": _TEXT,
                "zone": OperationParameter("element", help="uid of the zone"),
                "details": _OBJECT,
                "onto_pipe": _element("uid of the pipe it was snapped to, which is split"),
            },
        ),
        Operation(
            "move_node",
            move_node,
            "node",
            {
                "node": _NODE,
                "geometry": _POINT,
                "onto_pipe": _element("uid of the pipe onto which it is moved, which is split"),
            },
        ),
        Operation("delete_node", delete_node, "node", {"node": _NODE}),
        Operation("set_node_attributes", set_node_attributes, "node", {"node": _NODE, "values": _OBJECT}),
        Operation(
            "add_pipe",
            add_pipe,
            None,
            {
                "geometry": _LINE,
                "start_node": _element("uid of the node the start was snapped to"),
                "end_node": _element("uid of the node the end was snapped to"),
                "start_onto_pipe": _element("uid of the pipe the start was snapped to, which is split"),
                "end_onto_pipe": _element("uid of the pipe the end was snapped to, which is split"),
                "code": _TEXT,
                "lifecycle": _TEXT,
                "values": _OBJECT,
            },
        ),
        Operation("redraw_pipe", redraw_pipe, "pipe", {"pipe": _PIPE, "geometry": _LINE}),
        Operation("delete_pipe", delete_pipe, "pipe", {"pipe": _PIPE, "reattach": _TRUTH}),
        Operation("set_pipe_attributes", set_pipe_attributes, "pipe", {"pipe": _PIPE, "values": _OBJECT}),
        Operation(
            "split_pipe",
            split_pipe,
            "pipe",
            {
                "pipe": _PIPE,
                "position": _POSITION,
                "point": _POINT,
                "code": _TEXT,
                "elevation_m": _NUMBER,
            },
        ),
        Operation(
            "merge_pipes",
            merge_pipes,
            "pipe",
            {
                "pipe": _PIPE,
                "other": _element("uid of the pipe it is merged with", is_required=True),
                "force": _TRUTH,
                "remove_device": _TRUTH,
            },
        ),
        Operation(
            "connect_pipe",
            connect_pipe,
            "pipe",
            {
                "pipe": _PIPE,
                "end": _END,
                "node": _element("uid of the node it is connected to"),
                "onto_pipe": _element("uid of the pipe it is connected to, which is split"),
                "point": _POINT,
            },
        ),
        Operation("disconnect_pipe", disconnect_pipe, "pipe", {"pipe": _PIPE, "end": _END, "code": _TEXT}),
        Operation(
            "change_lifecycle",
            change_lifecycle,
            None,
            {
                "node": _element("uid of the node"),
                "pipe": _element("uid of the pipe"),
                "to": OperationParameter("text", is_required=True),
            },
        ),
        Operation(
            "place_device",
            place_device,
            "pipe",
            {
                "pipe": _PIPE,
                "kind": OperationParameter("text", is_required=True),
                "position": _POSITION,
                "point": _POINT,
                "code": _TEXT,
                "details": _OBJECT,
            },
        ),
    )
}


@dataclass(frozen=True)
class BulkResult:
    """What a request of several operations did: its edit, and what each operation returned."""

    edit: Edit
    results: list[dict[str, Any]]


def apply_operations(
    network: Network,
    operations: Sequence[Any],
    *,
    acting_user: User | None,
    summary: str = "",
    as_operation: str = "",
    report_progress: ProgressReport | None = None,
) -> BulkResult:
    """Apply operations in their order as one edit: all of them, or none and a report of the first that fails.

    Raises ReportedError, whose details begin with the number of the operation (from 0), or StaleVersion.
    """
    if not isinstance(operations, list | tuple) or not operations:
        raise ReportedError(
            Sentence(_("operations is a list of at least one operation.")), code="bad_operation"
        )
    refuse_too_many(operations)
    is_single = len(operations) == 1
    name = operations[0].get("op") if is_single and isinstance(operations[0], Mapping) else None
    with editing(
        network,
        operation=as_operation or (name if isinstance(name, str) and name in OPERATIONS else "bulk"),
        acting_user=acting_user,
        summary=summary,
    ) as session:
        results = _run_all(session, operations, report_progress)
        session.edit.parameters = _kept_parameters(operations)
        if not is_single and not summary:
            session.edit.summary = f"{len(operations)} operations: {session.edit.summary}"[:400]
    return BulkResult(session.edit, results)


def refuse_too_many(operations: Sequence[Any]) -> None:
    """Raise ReportedError (too_many_operations) for more than one edit takes."""
    if len(operations) > MAXIMUM_OPERATIONS:
        raise ReportedError(
            Sentence(
                _("{count} operations are too many for one request; at most {maximum_operations} are taken."),
                count=Figure(len(operations), ","),
                maximum_operations=Figure(MAXIMUM_OPERATIONS, ","),
            ),
            code="too_many_operations",
        )


def _run_all(
    session: EditSession, operations: Sequence[Any], report_progress: ProgressReport | None
) -> list[dict[str, Any]]:
    """Run operations in their order; those that are plain additions many at a time."""
    references: dict[str, dict[str, Any]] = {}
    additions = Additions(session, references, read=read_operation, resolve=_resolved)
    is_single, total = len(operations) == 1, len(operations)
    results: list[dict[str, Any]] = []
    replanned_at, reported_at = _FIRST_REPLANNING, 0
    while len(results) < total:
        index = len(results)
        results += additions.take(operations[index : index + additions.size])
        if len(results) == index:
            with _counted(index, is_single):
                results.append(
                    run_operation(
                        session.network, operations[index], references, acting_user=session.acting_user
                    )
                )
        if len(results) >= replanned_at:
            _plan_anew(len(results))
            replanned_at = 2 * len(results)
        if report_progress is not None and (
            len(results) - reported_at >= _REPORTED_EACH or len(results) == total
        ):
            report_progress("operations", len(results), total)
            reported_at = len(results)
    if total >= _FIRST_REPLANNING:
        _plan_anew(total)
    return results


def _plan_anew(operations: int) -> None:
    """Forget the plans of triggers and foreign keys: made when there were few rows, they would read all of many.

    Where the edit brings more rows than the statistics know of, those are taken anew (not waiting for whoever does so
    already): they take any index of an unknown table for as good as the right one.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE oid = ANY (ARRAY['assets_node', 'assets_pipe', 'assets_rowchange', "
            "'assets_lineage']::regclass[]) AND reltuples < %s",
            [_FEW_ROWS_EACH * operations],
        )
        gather_statistics(*(table for (table,) in cursor.fetchall()), waits=False)
        cursor.execute("DISCARD PLANS")


def _kept_parameters(operations: Sequence[Any]) -> dict[str, Any]:
    """What the edit remembers of its request: the operation, or how many there were of each; no long drawings."""
    if len(operations) == 1:
        is_long = len(str(operations[0].get("geometry", ""))) > 2000
        return {key: value for key, value in operations[0].items() if not (is_long and key == "geometry")}
    return {"operations": dict(Counter(operation["op"] for operation in operations))}


class _counted:  # noqa: N801 -- a context manager reads as a word
    """Errors inside name the operation's number."""

    def __init__(self, index: int, is_single: bool) -> None:
        self.index, self.is_single = index, is_single

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, IntegrityError | DataError):
            raise self._named(refusal_of(error)) from error
        if isinstance(error, ReportedError):
            self._named(error)

    def _named(self, error: ReportedError) -> ReportedError:
        if not self.is_single:
            error.message = Sentence(
                _("Operation {index}: {message}"), index=self.index, message=error.message
            )
            error.details = [{"operation": self.index, **detail} for detail in error.details] or [
                {"operation": self.index, "reason": error.message}
            ]
        return error


def run_operation(
    network: Network,
    item: Any,
    references: dict[str, dict[str, Any]],
    *,
    acting_user: User | None,
) -> dict[str, Any]:
    """Run one operation inside the edit in progress; keeps what it made under its `ref`."""
    operation, values = read_operation(item)
    keywords = {
        name: _resolved(value, references) if _names_element(operation, name) else value
        for name, value in values.items()
        if value is not None
    }
    expected = keywords.pop("if_match", None)
    if expected is not None and operation.target is None and operation.name != "change_lifecycle":
        raise ReportedError(
            Sentence(_("{operation} has no if_match."), operation=operation.name), code="bad_operation"
        )
    if expected is not None:
        keywords["expected_version"] = expected
    ref = keywords.pop("ref", None)
    if ref is not None and ref in references:
        raise ReportedError(Sentence(_("The ref {ref} is given twice."), ref=repr(ref)), code="bad_operation")
    result = {"op": operation.name, **operation.run(network, acting_user=acting_user, **keywords)}
    if ref is not None:
        references[ref] = result
        result["ref"] = ref
    return result


def read_operation(item: Any) -> tuple[Operation, dict[str, Any]]:
    """The operation that an entry names and its parameters, checked; raises ReportedError (bad_operation)."""
    if not isinstance(item, Mapping):
        raise ReportedError(Sentence(_("An operation is an object.")), code="bad_operation")
    name = item.get("op")
    operation = OPERATIONS.get(name) if isinstance(name, str) else None
    if operation is None:
        raise ReportedError(
            Sentence(
                _("op must be one of {operations}; it is {name}."),
                operations=", ".join(OPERATIONS),
                name=repr(str(name)[:40]),
            ),
            code="bad_operation",
            details=[{"element": "op", "reason": Sentence(_("unknown operation"))}],
        )
    values = {key: value for key, value in item.items() if key != "op"}
    wrong = list(_faults(operation, values))
    if wrong:
        raise ReportedError(
            Sentence(
                _("{operation}: {element} {reason}."),
                operation=operation.name,
                element=wrong[0]["element"],
                reason=wrong[0]["reason"],
            ),
            code="bad_operation",
            details=wrong,
        )
    return operation, values


def _faults(operation: Operation, values: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    known = operation.parameters
    for name, value in values.items():
        if name == "ref":
            if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", value):
                yield {"element": "ref", "reason": Sentence(_("is 1 to 40 letters, digits, - and _"))}
        elif name == "if_match":
            if isinstance(value, bool) or not isinstance(value, int):
                yield {"element": "if_match", "reason": Sentence(_("is the version, a whole number"))}
        elif name not in known:
            yield {
                "element": str(name)[:60],
                "reason": Sentence(_("is unknown; known: {known}"), known=", ".join(known)),
            }
        elif value is not None:
            fault = _fault_of(known[name], value)
            if fault:
                yield {"element": name, "reason": fault}
    for name, parameter in known.items():
        if parameter.is_required and values.get(name) is None:
            yield {"element": name, "reason": Sentence(_("is missing"))}


def _fault_of(parameter: OperationParameter, value: Any) -> str:
    match parameter.type:
        case "element" | "text" | "choice":
            is_text = isinstance(value, str) and value.strip() and "\x00" not in value and len(value) <= 500
            if is_text and parameter.choices and value not in parameter.choices:
                return Sentence(_("must be one of {choices}"), choices=", ".join(parameter.choices))
            return "" if is_text else Sentence(_("must be a text"))
        case "number":
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            return "" if is_number and -1e15 < value < 1e15 else Sentence(_("must be a finite number"))
        case "truth":
            return "" if isinstance(value, bool) else Sentence(_("must be true or false"))
        case "object":
            return "" if isinstance(value, Mapping) else Sentence(_("must be an object"))
    return ""


def _names_element(operation: Operation, name: str) -> bool:
    parameter = operation.parameters.get(name)
    return parameter is not None and parameter.type == "element"


def _resolved(value: Any, references: Mapping[str, dict[str, Any]]) -> Any:
    """The uid that a reference stands for; a uid stands for itself."""
    if not isinstance(value, str) or not value.startswith("#"):
        return value
    match = _REFERENCE.match(value)
    made = references.get(match[1]) if match else None
    if match is None or made is None:
        raise ReportedError(
            Sentence(_("{value} names nothing that an earlier operation made."), value=value[:60]),
            code="bad_operation",
        )
    part = match[2] or ("pipe" if "pipe" in made else "node")
    found = made.get(part)
    if isinstance(found, list):
        position = int(match[3] or 0)
        found = found[position] if position < len(found) else None
    if not isinstance(found, str):
        raise ReportedError(
            Sentence(_("{value} names nothing: {part} was not made."), value=value[:60], part=part),
            code="bad_operation",
        )
    return found
