"""What may still fail of passwords, by address and in all: counted by all web processes together where they share a
Redis, else by each.

A count is an allowance: so many at once, and one more each so many seconds.
"""

import logging
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

MOST_ADDRESSES = 20_000
# A log-in does not wait longer for Redis, and asks it no more for a while when it did not answer.
_PATIENCE_S = 0.3
_LEFT_ALONE_S = 10.0
_log = logging.getLogger(__name__)


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


class Counts(Protocol):
    """Seconds are rounded up; 0: there is one left."""

    def wait_s(self, address: str) -> int:
        """How long until a password of this address would be looked at; takes nothing."""

    def take(self, address: str) -> int:
        """Take one of the address and one of all, unless it is known; how long to wait where there is none."""

    def give_back(self, address: str, *, is_known: bool = False) -> None:
        """It was none that failed; `is_known`: somebody logged in."""


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


class OwnCounts:
    """Those of this process, in its memory."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._lock = Lock()
        self._addresses: OrderedDict[str, Allowance] = OrderedDict()
        self._known: OrderedDict[str, float] = OrderedDict()
        self._all = Allowance(limits.in_all, limits.in_all_refill_s, limits.in_all, clock())

    def __len__(self) -> int:
        """How many addresses are remembered."""
        return len(self._addresses)

    def wait_s(self, address: str) -> int:
        with self._lock:
            now, allowance = self._clock(), self._addresses.get(address)
            return allowance.wait_s(now) if allowance is not None and allowance.is_used_up(now) else 0

    def take(self, address: str) -> int:
        with self._lock:
            now = self._clock()
            own = self._addresses.get(address)
            if own is None:
                most = self._limits.per_address
                own = self._addresses[address] = Allowance(most, self._limits.address_refill_s, most, now)
                if len(self._addresses) > MOST_ADDRESSES:
                    self._addresses.popitem(last=False)
            self._addresses.move_to_end(address)
            if not own.take(now):
                return own.wait_s(now)
            if not self._is_known(address, now) and not self._all.take(now):
                own.give_back()
                return self._all.wait_s(now)
            return 0

    def give_back(self, address: str, *, is_known: bool = False) -> None:
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
        return at is not None and now - at <= self._limits.known_for_s


# An allowance is the moment (ms) at which all of it is there again: a key that is gone has all of it. One is left while
# that moment and the time of one more lie within the time of all.
# KEYS: the address's, all's, whether the address is known. ARGV: now, then most and ms for one more, of both.
_TAKE = """
local now = tonumber(ARGV[1])
local function used(key) return math.max(0, tonumber(redis.call('GET', key) or '0') - now) end
local function over(used_ms, most, refill) return used_ms + refill - most * refill end
local own, own_refill = used(KEYS[1]), tonumber(ARGV[3])
local wait = over(own, tonumber(ARGV[2]), own_refill)
if wait > 0 or ARGV[6] == 'look' then return math.max(0, math.ceil(wait)) end
if redis.call('EXISTS', KEYS[3]) == 0 then
    local all, all_refill = used(KEYS[2]), tonumber(ARGV[5])
    wait = over(all, tonumber(ARGV[4]), all_refill)
    if wait > 0 then return math.ceil(wait) end
    redis.call('SET', KEYS[2], string.format('%.0f', now + all + all_refill), 'PX', math.ceil(all + all_refill))
end
redis.call('SET', KEYS[1], string.format('%.0f', now + own + own_refill), 'PX', math.ceil(own + own_refill))
return 0
"""
# ARGV: ms for one more, of both; for how long (ms) the address is known, 0 where nobody logged in.
_GIVE_BACK = """
local function give_back(key, refill)
    local full = redis.call('GET', key)
    if full then redis.call('SET', key, string.format('%.0f', tonumber(full) - tonumber(refill)), 'KEEPTTL') end
end
give_back(KEYS[1], ARGV[1])
if redis.call('EXISTS', KEYS[3]) == 0 then give_back(KEYS[2], ARGV[2]) end
if tonumber(ARGV[3]) > 0 then redis.call('SET', KEYS[3], '1', 'PX', ARGV[3]) end
return 0
"""


class SharedCounts:
    """Those of all processes, in Redis; `otherwise` counts while it does not answer."""

    def __init__(
        self, url: str, limits: Limits, otherwise: Counts, clock: Callable[[], float] = time.time
    ) -> None:
        self._limits = limits
        self._otherwise = otherwise
        self._clock = clock
        self._asked_again_at = 0.0
        self._redis = Redis.from_url(
            _address_of(url),
            socket_timeout=_PATIENCE_S,
            socket_connect_timeout=_PATIENCE_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._take = self._redis.register_script(_TAKE)
        self._give_back = self._redis.register_script(_GIVE_BACK)

    def wait_s(self, address: str) -> int:
        wait_ms = self._asked(self._take, address, [*self._taken(), "look"])
        return self._otherwise.wait_s(address) if wait_ms is None else math.ceil(wait_ms / 1000)

    def take(self, address: str) -> int:
        wait_ms = self._asked(self._take, address, [*self._taken(), "take"])
        return self._otherwise.take(address) if wait_ms is None else math.ceil(wait_ms / 1000)

    def give_back(self, address: str, *, is_known: bool = False) -> None:
        limits = self._limits
        known_ms = limits.known_for_s * 1000 if is_known else 0
        given = [limits.address_refill_s * 1000, limits.in_all_refill_s * 1000, int(known_ms)]
        if self._asked(self._give_back, address, given) is None:
            self._otherwise.give_back(address, is_known=is_known)

    def _taken(self) -> list[Any]:
        limits = self._limits
        of_address = (limits.per_address, limits.address_refill_s * 1000)
        return [self._clock() * 1000, *of_address, limits.in_all, limits.in_all_refill_s * 1000]

    def _asked(self, script: Any, address: str, given: list[Any]) -> int | None:
        """What Redis answers; None where it does not."""
        if time.monotonic() < self._asked_again_at:
            return None
        keys = [f"tarmoq:login:{key}" for key in (f"address:{address}", "all", f"known:{address}")]
        try:
            return int(script(keys=keys, args=given))
        except (RedisError, OSError):
            self._asked_again_at = time.monotonic() + _LEFT_ALONE_S
            _log.warning("Redis does not count log-ins: each web process does, for %s s", _LEFT_ALONE_S)
            return None


def _address_of(broker_url: str) -> str:
    """The queue's address as Redis' own client reads it: what is the queue's alone is left out."""
    address, _, query = broker_url.partition("?")
    kept = [
        (name, value.removeprefix("CERT_").lower() if name == "ssl_cert_reqs" else value)
        for name, value in parse_qsl(query)
        if name.startswith("ssl_")
    ]
    return address.replace("redis+socket://", "unix://", 1) + (f"?{urlencode(kept)}" if kept else "")


def counts_of(limits: Limits, url: str) -> Counts:
    """Shared ones where `url` is a Redis, else those of this process."""
    own = OwnCounts(limits)
    is_redis = url.startswith(("redis://", "rediss://", "redis+socket://", "unix://"))
    return SharedCounts(url, limits, own) if is_redis else own
