"""Which task does which kind of job. Apps register theirs at start-up, so that the core imports none of them."""

from collections.abc import Callable

_enqueue_by_kind: dict[str, Callable[[str], object]] = {}


def register_job_kind(kind: str, enqueue: Callable[[str], object]) -> None:
    """Declare that `enqueue(uid)` sends a job of this kind to a worker."""
    _enqueue_by_kind[kind] = enqueue


def enqueue(kind: str, uid: str) -> None:
    """Send a job to a worker; unknown kinds (of an app since removed) are left alone."""
    send = _enqueue_by_kind.get(kind)
    if send is not None:
        send(uid)
