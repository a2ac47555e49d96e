"""For whom this thread works: what the policies of the tables show it (`gis_core/database/wall.py`, ADR 26).

A process shows nothing until it says that it is trusted (commands, workers), or a block says for whom it works. A
request's is that of its user (`gis_core/second_wall.py`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class SessionScope:
    """What makes a session's scope. Each is another: roles may have changed since the last request of the same user."""

    statement: tuple[str, list[Any]]


# These work in a database that has no functions yet.
_SET = (
    "SELECT set_config('tarmoq.scope', %s, false), set_config('tarmoq.scope_above', '', false), "
    "set_config('tarmoq.acting_user', '', false)"
)
EVERYTHING = SessionScope((_SET, ["all"]))
NOTHING = SessionScope((_SET, [""]))


def of_user(user_id: int) -> SessionScope:
    """The divisions in which an active user holds a role, and those below; everything for a superuser."""
    return SessionScope(("SELECT act_as(%s)", [user_id]))


def of_division(division_id: int) -> SessionScope:
    """A division and those below: for devices, whose credentials are a division's and no user's."""
    return SessionScope(("SELECT act_within(%s)", [division_id]))


_of_process: list[SessionScope] = [NOTHING]
_of_block: ContextVar[SessionScope | None] = ContextVar("scope", default=None)
_is_left: ContextVar[bool] = ContextVar("scope is left as it is", default=False)


def trust_process() -> None:
    """Show everything to this process where no block says otherwise: an operator began it, or a worker that he runs."""
    _of_process[:] = [EVERYTHING]


def scope_of_the_moment() -> SessionScope | None:
    """What a session must have now; None when it may have any."""
    if _is_left.get():
        return None
    return _of_block.get() or _of_process[0]


def enter(scope: SessionScope) -> None:
    """Work in this scope from here to the end of the block of `working_in` around it."""
    if _of_block.get() is None:
        raise RuntimeError("a scope is entered within a block that ends it")
    _of_block.set(scope)


@contextmanager
def working_in(scope: SessionScope) -> Iterator[None]:
    """Work in this scope for the block, and in the former one after it."""
    token = _of_block.set(scope)
    try:
        yield
    finally:
        _of_block.reset(token)


@contextmanager
def whatever_scope() -> Iterator[None]:
    """For a statement that itself sees to what it shows, and is asked so often that setting a scope would be felt."""
    token = _is_left.set(True)
    try:
        yield
    finally:
        _is_left.reset(token)
