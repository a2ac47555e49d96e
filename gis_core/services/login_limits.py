"""How many passwords are looked at: by address, in all, and how many at the same instant.

A password's hash takes a tenth of a second and 100 MB by intention, so whoever sends wrong passwords spends our time.
By address and in all is counted by all processes together where they share a Redis (`login_counts.py`), and asked for
before the database is; places are each process's own. What one name from one address may guess is counted by
django-axes, in the database.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from gis_core.services.login_counts import Counts, Limits


class LoginRefused(Exception):
    """No password is looked at now; `retry_after_s` says when one will be."""

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s


class TooManyFailures(LoginRefused):
    """From this address, or in all, came too many wrong passwords."""


class NoPlace(LoginRefused):
    """As many passwords as this process looks at are being looked at already."""


class LoginLimits:
    """What `counts` lets be looked at, in the places of this process."""

    def __init__(self, limits: Limits, counts: Counts) -> None:
        self.limits = limits
        self._counts = counts
        self._places = BoundedSemaphore(limits.places)
        self._queue = BoundedSemaphore(limits.places + limits.waiting)

    def require_allowance(self, address: str) -> None:
        """Raise TooManyFailures when no password of this address would be looked at; takes nothing."""
        _refuse(self._counts.wait_s(address))

    @contextmanager
    def attempt(self, address: str) -> Iterator["Attempt"]:
        """Look at one password of an address: it counts as a failure unless `succeed` is called.

        Raises TooManyFailures and NoPlace; what raised within counts for nothing.
        """
        _refuse(self._counts.take(address))
        try:
            if not self._queue.acquire(blocking=False):
                raise NoPlace("Many are logging in; try again at once.", retry_after_s=1)
            try:
                if not self._places.acquire(timeout=self.limits.wait_s):
                    raise NoPlace("Many are logging in; try again at once.", retry_after_s=1)
                try:
                    attempt = Attempt()
                    yield attempt
                finally:
                    self._places.release()
            finally:
                self._queue.release()
        except BaseException:
            self._counts.give_back(address)
            raise
        if attempt.has_succeeded:
            self._counts.give_back(address, is_known=True)


def _refuse(wait_s: int) -> None:
    if wait_s > 0:
        raise TooManyFailures("Too many wrong passwords; wait before trying again.", retry_after_s=wait_s)


class Attempt:
    """One look at a password."""

    def __init__(self) -> None:
        self.has_succeeded = False

    def succeed(self) -> None:
        """It was right: nothing is counted."""
        self.has_succeeded = True
