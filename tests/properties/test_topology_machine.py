"""T7: random edits of a small network, with the invariants checked after each; undo and redo restore to the last bit.

`make test` makes a few hundred edits, `make prove` 10,000.
"""

import os
from collections import Counter
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from assets.editing.services.bulk import apply_operations
from assets.editing.services.devices import CONNECTOR_LENGTH_M
from assets.editing.services.elements import line_of
from assets.editing.services.lines import distance_m, place_at_share
from assets.editing.services.undoing import redo_last, undo_last
from assets.models import Attachment, Document, DocumentLink, Edit, Lineage, NetworkState, Node, Pipe
from assets.plans.services.plans import add_planned_edits, approve_plan, create_plan, difference_of
from assets.topology.services.rebuilding import ensure_topology, partition_from_nothing, stored_partition
from gis_core.errors import ReportedError
from gis_core.models import Division, User
from tests.assets.editing.state import broken_invariants, stored_state
from tests.conftest import make_district
from tests.world import World, make_world

EXAMPLES, STEPS = (125, 100) if os.environ.get("TARMOQ_PROVE") else (6, 40)
TALLY: Counter[str] = Counter()

picks = st.integers(0, 10_000)
shares = st.sampled_from([0.0, 0.001, 0.1, 0.25, 0.5, 0.5000001, 0.9, 0.999, 1.0])
places = st.tuples(
    st.integers(0, 24).map(lambda step: 69.399 + step * 0.0004),
    st.integers(0, 12).map(lambda step: 41.399 + step * 0.0004),
)
ends = st.sampled_from(["start", "end"])
kinds = st.sampled_from(["junction", "hydrant", "valve", "bulk_meter"])
lives = st.sampled_from(["planned", "under_construction", "in_service", "out_of_service", "removed"])


def _place_of(attachment: Attachment) -> Any:
    """Where what is attached stands on the ground."""
    if attachment.pipe:
        assert attachment.position is not None
        return place_at_share(line_of(attachment.pipe), attachment.position).point
    return (attachment.node.geom.x, attachment.node.geom.y)


class NetworkMachine(RuleBasedStateMachine):
    """Everything happens in one transaction, rolled back at the end of each run."""

    world: World
    user: User

    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        # (state before, state after) of the edits that undo would take back, and of those that redo would bring back.
        self.done: list[tuple[Any, Any]] = []
        self.undone: list[tuple[Any, Any]] = []
        self.plans = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    @initialize()
    def begin(self) -> None:
        self.world = make_world(make_district("QIBRAY", "Qibray"))
        self.user = User.objects.create_user(username="engineer", password="a-long-password")
        network = self.world.network
        document = Document.objects.create(division=self.world.district, title="As built", kind="as_built")
        for code, at, position in (("P2", "A", 0.2), ("P2", "B", 0.7), ("P4", "T", 0.5), ("P3", "B", 1.0)):
            pipe = Pipe.objects.get(code=code)
            Attachment.objects.create(
                network=network,
                division=self.world.district,
                node=Node.objects.get(code=at),
                pipe=pipe,
                position=position,
            )
            DocumentLink.objects.get_or_create(
                division=self.world.district, network=network, document=document, pipe=pipe
            )
        self.attached = Attachment.objects.count()
        ensure_topology(network)

    # -- what is edited

    def pipe(self, pick: int) -> str:
        uids = list(Pipe.objects.filter(is_connector=False).order_by("pk").values_list("uid", flat=True))
        return str(uids[pick % len(uids)]) if uids else "none"

    def node(self, pick: int) -> str:
        uids = list(Node.objects.order_by("pk").values_list("uid", flat=True))
        return str(uids[pick % len(uids)])

    def attempt(self, *operations: dict[str, Any]) -> bool:
        """Apply operations as one edit; refused, they leave everything as it was."""
        before = stored_state()
        name = operations[0]["op"]
        try:
            done = apply_operations(self.world.network, operations, acting_user=self.user)
        except ReportedError as error:
            if error.code == "refused_by_database":
                raise
            TALLY[f"{name}: {error.code}"] += 1
            assert stored_state() == before, f"a refused {name} left a trace"
            return False
        TALLY[name] += 1
        self.done.append((before, stored_state()))
        self.undone.clear()
        self._check_lineage(done.edit, done.results)
        return True

    def _check_lineage(self, edit: Edit, results: list[dict[str, Any]]) -> None:
        """A pipe is new because somebody drew it, or came from another; and gone likewise."""
        drawn = {result["pipe"] for result in results if result["op"] == "add_pipe"}
        deleted = {result["deleted"] for result in results if result["op"] == "delete_pipe"}
        descended = {
            str(uid) for uid in Lineage.objects.filter(edit=edit).values_list("descendant_uid", flat=True)
        }
        merged = {
            str(uid) for uid in Lineage.objects.filter(edit=edit).values_list("ancestor_uid", flat=True)
        }
        for change in edit.row_changes.filter(table_name="assets_pipe").exclude(operation="U"):
            if change.operation == "I":
                row = Pipe.objects.get(pk=change.row_id)
                assert row.is_connector or str(row.uid) in drawn | descended, f"{row} came from nowhere"
            else:
                assert change.before is not None
                assert change.before["uid"] in deleted | merged, f"{change.before['code']} went nowhere"

    def places_on_the_ground(self) -> dict[int, Any]:
        return {
            attachment.pk: _place_of(attachment)
            for attachment in Attachment.objects.select_related("pipe", "node")
        }

    def nothing_moves(self, *operations: dict[str, Any], by_m: float = 0.01) -> None:
        """What hangs on the network stays where it is on the ground, to a centimetre."""
        before = self.places_on_the_ground()
        if self.attempt(*operations):
            for key, place in self.places_on_the_ground().items():
                assert distance_m(place, before[key]) < by_m, f"attachment {key} moved"

    # -- operations

    @rule(kind=kinds, place=places)
    def add_node(self, kind: str, place: Any) -> None:
        self.attempt({"op": "add_node", "kind": kind, "geometry": place})

    @rule(pick=picks, share=shares, kind=kinds)
    def add_node_onto_pipe(self, pick: int, share: float, kind: str) -> None:
        uid = self.pipe(pick)
        row = Pipe.objects.filter(uid=uid).first() if uid != "none" else None
        if row is not None:
            point = place_at_share(line_of(row), share).point
            self.nothing_moves({"op": "add_node", "kind": kind, "geometry": point, "onto_pipe": uid})

    @rule(start=picks, end=picks, bend=places, is_bent=st.booleans())
    def add_pipe(self, start: int, end: int, bend: Any, is_bent: bool) -> None:
        one, two = Node.objects.get(uid=self.node(start)), Node.objects.get(uid=self.node(end))
        line = [one.geom.coords, *([bend] if is_bent else []), two.geom.coords]
        self.attempt(
            {"op": "add_pipe", "geometry": line, "start_node": str(one.uid), "end_node": str(two.uid)}
        )

    @rule(start=places, pick=picks, share=shares)
    def add_branch(self, start: Any, pick: int, share: float) -> None:
        uid = self.pipe(pick)
        if uid != "none":
            point = place_at_share(line_of(Pipe.objects.get(uid=uid)), share).point
            self.nothing_moves({"op": "add_pipe", "geometry": [start, point], "end_onto_pipe": uid})

    @rule(pick=picks, place=places)
    def move_node(self, pick: int, place: Any) -> None:
        self.attempt({"op": "move_node", "node": self.node(pick), "geometry": place})

    @rule(pick=picks, onto=picks, share=shares)
    def move_node_onto_pipe(self, pick: int, onto: int, share: float) -> None:
        uid = self.pipe(onto)
        if uid != "none":
            point = place_at_share(line_of(Pipe.objects.get(uid=uid)), share).point
            self.attempt({"op": "move_node", "node": self.node(pick), "geometry": point, "onto_pipe": uid})

    @rule(pick=picks, share=shares)
    def split(self, pick: int, share: float) -> None:
        self.nothing_moves({"op": "split_pipe", "pipe": self.pipe(pick), "position": share})

    @rule(pick=picks, force=st.booleans(), remove_device=st.booleans())
    def merge_neighbours(self, pick: int, force: bool, remove_device: bool) -> None:
        nodes = [
            sorted(
                {*node.pipes_in.values_list("uid", flat=True), *node.pipes_out.values_list("uid", flat=True)}
            )
            for node in Node.objects.order_by("pk")
        ]
        pairs = [pair for pair in nodes if len(pair) == 2]
        if pairs:
            one, two = pairs[pick % len(pairs)]
            self.nothing_moves(
                {
                    "op": "merge_pipes",
                    "pipe": str(one),
                    "other": str(two),
                    "force": force,
                    "remove_device": remove_device,
                }
            )

    @rule(one=picks, two=picks)
    def merge_any(self, one: int, two: int) -> None:
        self.attempt({"op": "merge_pipes", "pipe": self.pipe(one), "other": self.pipe(two)})

    @rule(pick=picks, end=ends, to=picks)
    def connect(self, pick: int, end: str, to: int) -> None:
        self.attempt({"op": "connect_pipe", "pipe": self.pipe(pick), "end": end, "node": self.node(to)})

    @rule(pick=picks, end=ends)
    def disconnect(self, pick: int, end: str) -> None:
        self.attempt({"op": "disconnect_pipe", "pipe": self.pipe(pick), "end": end})

    @rule(pick=picks, reattach=st.booleans())
    def delete_pipe(self, pick: int, reattach: bool) -> None:
        self.attempt({"op": "delete_pipe", "pipe": self.pipe(pick), "reattach": reattach})

    @rule(pick=picks)
    def delete_node(self, pick: int) -> None:
        self.attempt({"op": "delete_node", "node": self.node(pick)})

    @rule(pick=picks, status=st.sampled_from(["open", "closed"]), check=st.booleans())
    def set_pipe(self, pick: int, status: str, check: bool) -> None:
        values = {"status": status, "has_check_valve": check}
        self.attempt({"op": "set_pipe_attributes", "pipe": self.pipe(pick), "values": values})

    @rule(
        pick=picks,
        values=st.sampled_from(
            [
                {"elevation_m": 5},
                {"zone": None},
                {"details": {"status": "closed"}},
                {"details": {"valve_type": "TCV", "is_isolating": True}},
            ]
        ),
    )
    def set_node(self, pick: int, values: dict[str, Any]) -> None:
        self.attempt({"op": "set_node_attributes", "node": self.node(pick), "values": values})

    @rule(pick=picks, to=lives, is_pipe=st.booleans())
    def live(self, pick: int, to: str, is_pipe: bool) -> None:
        named = {"pipe": self.pipe(pick)} if is_pipe else {"node": self.node(pick)}
        self.attempt({"op": "change_lifecycle", "to": to, **named})

    @rule(pick=picks, share=shares, kind=st.sampled_from(["valve", "hydrant", "bulk_meter", "pump"]))
    def place_device(self, pick: int, share: float, kind: str) -> None:
        # By an end of a pipe, what hung on the 0.1 m that become the connector hangs at the device now.
        self.nothing_moves(
            {"op": "place_device", "pipe": self.pipe(pick), "kind": kind, "position": share},
            by_m=1.01 * CONNECTOR_LENGTH_M,
        )

    @rule(pick=picks, share=shares, other=picks)
    def several_at_once(self, pick: int, share: float, other: int) -> None:
        uid = self.pipe(pick)
        self.attempt(
            {"op": "split_pipe", "pipe": uid, "position": share, "ref": "cut"},
            {"op": "place_device", "pipe": "#cut.pipes.1", "kind": "valve", "position": 0.0},
            {"op": "set_node_attributes", "node": "#cut", "values": {"elevation_m": 7}},
            {"op": "delete_pipe", "pipe": self.pipe(other)},
        )

    @rule(pick=picks, share=shares)
    def plan(self, pick: int, share: float) -> None:
        self.plans += 1
        plan = create_plan(self.world.network, code=f"P{self.plans}", name="x", acting_user=self.user)
        before = stored_state()
        operation = {"op": "split_pipe", "pipe": self.pipe(pick), "position": share}
        try:
            add_planned_edits(plan, [operation], acting_user=self.user)
            difference_of(plan, acting_user=self.user)
            assert stored_state() == before, "the difference of a plan left a trace"
            approve_plan(plan, acting_user=self.user)
        except ReportedError as error:
            TALLY[f"plan: {error.code}"] += 1
            assert stored_state() == before
            return
        TALLY["plan"] += 1
        self.done.append((before, stored_state()))
        self.undone.clear()

    @rule()
    def undo(self) -> None:
        try:
            undo_last(self.world.network, acting_user=self.user)
        except ReportedError as error:
            if self.done or error.code != "nothing_to_undo":
                raise
            return
        TALLY["undo"] += 1
        before, after = self.done.pop()
        self.undone.append((before, after))
        assert stored_state() == before, "undo restores another state"

    @rule()
    def redo(self) -> None:
        try:
            redo_last(self.world.network, acting_user=self.user)
        except ReportedError as error:
            if self.undone or error.code != "nothing_to_redo":
                raise
            return
        TALLY["redo"] += 1
        before, after = self.undone.pop()
        self.done.append((before, after))
        assert stored_state() == after, "redo restores another state"

    # -- what always holds

    @invariant()
    def the_graph_is_whole(self) -> None:
        if not hasattr(self, "attached"):
            return
        TALLY["checks"] += 1
        assert broken_invariants() == {}
        assert Attachment.objects.count() == self.attached
        assert NetworkState.objects.get(network=self.world.network).topology_is_current
        assert stored_partition(self.world.network) == partition_from_nothing(self.world.network)


@pytest.mark.figure
@pytest.mark.django_db
def test_t7_random_edits_never_break_the_network() -> None:
    assert Division.objects.filter(code="UZ-TO").exists()
    TALLY.clear()
    run_state_machine_as_test(
        NetworkMachine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=not os.environ.get("TARMOQ_PROVE"),
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    refused = sum(number for name, number in TALLY.items() if ": " in name)
    made = sum(number for name, number in TALLY.items() if ": " not in name and name != "checks")
    print(
        f"T7: {made + refused} random edits, {made} made and {refused} refused with a reason; "
        f"invariants checked {TALLY['checks']} times, broken 0"
    )
    assert made > 20
