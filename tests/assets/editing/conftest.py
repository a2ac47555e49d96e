"""The small world, somebody who edits it, and operations in the form in which they are posted."""

from collections.abc import Callable
from typing import Any

import pytest

from assets.editing.services.bulk import apply_operations
from assets.models import Edit, Node, Pipe
from gis_core.models import Division, User
from tests.assets.editing.state import broken_invariants
from tests.world import World, make_world

Apply = Callable[..., dict[str, Any]]


@pytest.fixture
def world(district: Division) -> World:
    return make_world(district)


@pytest.fixture
def engineer(make_user: Callable[..., User], district: Division) -> User:
    return make_user("engineer", district)


@pytest.fixture
def apply(world: World, engineer: User) -> Apply:
    """Apply one operation; afterwards the invariants hold. Returns its result with its edit as "edit"."""

    def one(op: str, *, by: User | None = None, **parameters: Any) -> dict[str, Any]:
        done = apply_operations(world.network, [{"op": op, **parameters}], acting_user=by or engineer)
        assert broken_invariants() == {}
        return {**done.results[0], "edit": Edit.objects.get(pk=done.edit.pk)}

    return one


def node(code: str) -> Node:
    return Node.objects.get(code=code)


def pipe(code: str) -> Pipe:
    return Pipe.objects.get(code=code)


def uid(row: Node | Pipe) -> str:
    return str(row.uid)
