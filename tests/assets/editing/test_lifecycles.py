"""What is removed carries nothing: nodes leave after their pipes, and nothing new is joined to them."""

import pytest

from assets.editing.services.bulk import apply_operations
from assets.editing.services.undoing import redo_last, undo_last
from assets.models import Node, Pipe
from gis_core.errors import ReportedError
from gis_core.models import User
from tests.assets.editing.conftest import Apply, node, uid
from tests.assets.editing.state import broken_invariants, stored_state
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def branch(world: World, apply: Apply) -> tuple[Node, Pipe]:
    """A planned node X and a planned pipe to it from C."""
    made = apply(
        "add_node", kind="junction", geometry=[69.408, 41.402], code="X", lifecycle="planned", elevation_m=1.0
    )
    x = Node.objects.get(uid=made["node"])
    line = [[69.406, 41.4], [69.408, 41.402]]
    ends = {"start_node": uid(node("C")), "end_node": uid(x)}
    apply("add_pipe", geometry=line, code="PX", lifecycle="planned", **ends)
    return x, Pipe.objects.get(code="PX")


def test_no_pipe_is_drawn_to_a_removed_node(world: World, apply: Apply, branch: tuple[Node, Pipe]) -> None:
    x, pipe = branch
    with pytest.raises(ReportedError) as caught:
        apply("change_lifecycle", node=uid(x), to="removed")
    assert caught.value.code == "lifecycle_conflict"
    apply("change_lifecycle", pipe=uid(pipe), to="removed")
    apply("change_lifecycle", node=uid(x), to="removed")
    before = stored_state()
    for lifecycle in ("planned", "in_service"):
        with pytest.raises(ReportedError) as caught:
            apply(
                "add_pipe",
                geometry=[[69.404, 41.4], [69.408, 41.402]],
                start_node=uid(node("B")),
                end_node=uid(x),
                lifecycle=lifecycle,
            )
        assert caught.value.code == "lifecycle_conflict"
    assert stored_state() == before


def test_a_pipe_and_its_removed_node_come_back_together(
    world: World, engineer: User, branch: tuple[Node, Pipe]
) -> None:
    x, pipe = branch
    before = stored_state()
    operations = [
        {"op": "delete_pipe", "pipe": uid(pipe)},
        {"op": "change_lifecycle", "node": uid(x), "to": "removed"},
    ]
    apply_operations(world.network, operations, acting_user=engineer)
    after = stored_state()
    undo_last(world.network, acting_user=engineer)
    assert stored_state() == before
    assert broken_invariants() == {}
    redo_last(world.network, acting_user=engineer)
    assert stored_state() == after
