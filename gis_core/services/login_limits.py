"""How many passwords are looked at: by address, in all, and how many at the same instant.

A password's hash takes a tenth of a second and 100 MB by intention, so whoever sends wrong passwords spends our time.
Each process keeps its own counts in memory, since they are asked for before the database is; several processes allow
several times as much. What one name from one address may guess is counted by django-axes, in the database.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock

MOST_ADDRESSES = 20_000


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


@dataclass
class Allowance:
    """What may still fail: `left` of `most`, one more each `refill_s` seconds."""

    most: float
    refill_s: float
    left: float
    at: float

    def take(self, now: float) -> bool:
        """Take one if there is one."""
        if self.is_used_up(now):
            return False
        self.left -= 1
        return True

    def is_used_up(self, now: float) -> bool:
        """Whether there is none."""
        self._refill(now)
        return self.left < 1

    def give_back(self) -> None:
        """It was none that failed."""
        self.left = min(self.most, self.left + 1)

    def wait_s(self, now: float) -> int:
        """Seconds until one is there, rounded up."""
        self._refill(now)
        return max(1, math.ceil((1 - self.left) * self.refill_s))

    def _refill(self, now: float) -> None:
        self.left = min(self.most, self.left + max(0.0, now - self.at) / self.refill_s)
        self.at = now


@dataclass(frozen=True)
class Limits:
    """`per_address` wrong passwords at once and one more each `address_refill_s`; the same in all; and places.

    In all counts only against addresses from which nobody has logged in lately: those who work go on while
    strangers are many.
    """

    per_address: int = 20
    address_refill_s: float = 15.0
    in_all: int = 200
    in_all_refill_s: float = 0.5
    places: int = 2
    waiting: int = 4
    wait_s: float = 1.0
    known_for_s: float = 12 * 3600.0


class LoginLimits:
    """The counts of this process."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self._clock = clock
        self._lock = Lock()
        self._addresses: OrderedDict[str, Allowance] = OrderedDict()
        self._known: OrderedDict[str, float] = OrderedDict()
        self._all = Allowance(limits.in_all, limits.in_all_refill_s, limits.in_all, clock())
        self._places = BoundedSemaphore(limits.places)
        self._queue = BoundedSemaphore(limits.places + limits.waiting)

    def require_allowance(self, address: str) -> None:
        """Raise TooManyFailures when no password of this address would be looked at; takes nothing."""
        with self._lock:
            allowance = self._addresses.get(address)
            if allowance is not None and allowance.is_used_up(self._clock()):
                raise self._refusal(allowance)

    @contextmanager
    def attempt(self, address: str) -> Iterator["Attempt"]:
        """Look at one password of an address: it counts as a failure unless `succeed` is called.

        Raises TooManyFailures and NoPlace; what raised within counts for nothing.
        """
        self._take(address)
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
            self._give_back(address)
            raise
        if attempt.has_succeeded:
            self._give_back(address, is_known=True)

    def _take(self, address: str) -> None:
        with self._lock:
            now = self._clock()
            own = self._addresses.get(address)
            if own is None:
                most = self.limits.per_address
                own = self._addresses[address] = Allowance(most, self.limits.address_refill_s, most, now)
                if len(self._addresses) > MOST_ADDRESSES:
                    self._addresses.popitem(last=False)
            self._addresses.move_to_end(address)
            if not own.take(now):
                raise self._refusal(own)
            if not self._is_known(address, now) and not self._all.take(now):
                own.give_back()
                raise self._refusal(self._all)

    def _give_back(self, address: str, *, is_known: bool = False) -> None:
        with self._lock:
            now = self._clock()
            if address in self._addresses:
                self._addresses[address].give_back()
            if not self._is_known(address, now):
                self._all.give_back()
            if is_known:
                self._known[address] = now
                self._known.move_to_end(address)
                if len(self._known) > MOST_ADDRESSES:
                    self._known.popitem(last=False)

    def _is_known(self, address: str, now: float) -> bool:
        at = self._known.get(address)
        return at is not None and now - at <= self.limits.known_for_s

    def _refusal(self, allowance: Allowance) -> TooManyFailures:
        wait_s = allowance.wait_s(self._clock())
        return TooManyFailures("Too many wrong passwords; wait before trying again.", retry_after_s=wait_s)


class Attempt:
    """One look at a password."""

    def __init__(self) -> None:
        self.has_succeeded = False

    def succeed(self) -> None:
        """It was right: nothing is counted."""
        self.has_succeeded = True
