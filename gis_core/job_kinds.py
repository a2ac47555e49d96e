"""Which task does which kind of job. Apps register theirs at start-up, so that the core imports none of them."""

from collections.abc import Callable

from celery import current_app

_enqueue_by_kind: dict[str, Callable[[str], object]] = {}


def register_job_kind(kind: str, enqueue: Callable[[str], object]) -> None:
    """Declare that `enqueue(uid)` sends a job of this kind to a worker.

    Its work must leave nothing behind when it is ended in the middle: a job can be cancelled at any moment.
    """
    _enqueue_by_kind[kind] = enqueue


def known_kinds() -> frozenset[str]:
    """The kinds that some app does."""
    return frozenset(_enqueue_by_kind)


def task_named(name: str) -> Callable[[str], object]:
    """What sends a job's uid to the task of this name.

    By name, since whoever only asks for the work need not load what does it.
    """

    def send(uid: str) -> object:
        return current_app.signature(name).apply_async((uid,))

    return send


def enqueue(kind: str, uid: str) -> None:
    """Send a job to a worker; unknown kinds (of an app since removed) are left alone."""
    send = _enqueue_by_kind.get(kind)
    if send is not None:
        send(uid)
