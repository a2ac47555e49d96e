"""How many wrong passwords are looked at, from where, and how many at once."""

import tempfile
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from gis_core import password_login
from gis_core.client_address import ClientAddressMiddleware, client_network
from gis_core.models import Division, User
from gis_core.services.login_counts import MOST_ADDRESSES, Limits, OwnCounts, SharedCounts
from gis_core.services.login_limits import LoginLimits, NoPlace, TooManyFailures
from gis_core.services.tokens import make_token
from tests.sensors.feeds.brokers import server_module

PASSWORD = "a-long-password"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Any]:
    # A socket's path has little room.
    with tempfile.TemporaryDirectory(prefix="tarmoq-") as short:
        (tmp_path / "data").mkdir(mode=0o700)
        server = server_module("redis_server").RedisServer(
            tmp_path / "data", Path(short) / "redis.sock", tmp_path / "redis.pid", tmp_path / "redis.log"
        )
        server.start()
        yield server
        server.stop()


def few(clock: Clock, **limits: Any) -> LoginLimits:
    given = limits_of(**limits)
    return LoginLimits(given, OwnCounts(given, clock))


def limits_of(**changed: Any) -> Limits:
    given = {"per_address": 3, "address_refill_s": 10.0, "in_all": 5, "in_all_refill_s": 2.0}
    return Limits(**{**given, **changed})


def fail(limits: LoginLimits, address: str = "a") -> bool:
    """Try a wrong password; whether it was looked at."""
    try:
        with limits.attempt(address):
            return True
    except TooManyFailures:
        return False


def test_an_address_may_fail_a_few_times_then_now_and_then(clock: Clock) -> None:
    limits = few(clock, in_all=1000)
    assert [fail(limits) for _ in range(5)] == [True] * 3 + [False] * 2
    assert fail(limits, "b")
    with pytest.raises(TooManyFailures) as refusal, limits.attempt("a"):
        pass
    assert refusal.value.retry_after_s == 10
    with pytest.raises(TooManyFailures):
        limits.require_allowance("a")
    clock.now += 10
    limits.require_allowance("a")
    assert [fail(limits) for _ in range(2)] == [True, False]


def test_a_right_password_and_a_fault_count_for_nothing(clock: Clock) -> None:
    limits = few(clock)
    for _ in range(20):
        with limits.attempt("a") as attempt:
            attempt.succeed()
    for _ in range(20):
        with pytest.raises(ZeroDivisionError), limits.attempt("b"):
            raise ZeroDivisionError
    assert [fail(limits) for _ in range(4)] == [True] * 3 + [False]


def test_all_addresses_together_are_limited_but_not_those_that_work(clock: Clock) -> None:
    limits = few(clock)
    with limits.attempt("office") as attempt:
        attempt.succeed()
    assert [fail(limits, f"bot {number}") for number in range(7)] == [True] * 5 + [False] * 2
    assert fail(limits, "office")
    with pytest.raises(TooManyFailures), limits.attempt("home"):
        pass
    clock.now += 2
    assert fail(limits, "home")
    assert not fail(limits, "another")


def test_addresses_that_are_remembered_are_bounded(clock: Clock) -> None:
    counts = OwnCounts(limits_of(in_all=10 * MOST_ADDRESSES), clock)
    for number in range(MOST_ADDRESSES + 50):
        counts.take(f"{number}")
    assert len(counts) == MOST_ADDRESSES


def test_processes_that_share_a_redis_count_together_and_go_on_without_it(
    clock: Clock, redis: Any, caplog: pytest.LogCaptureFixture
) -> None:
    limits = limits_of()
    first, second = (
        LoginLimits(
            limits,
            SharedCounts(
                f"redis+socket://{redis.socket_path}?virtual_host=1", limits, OwnCounts(limits, clock), clock
            ),
        )
        for _process in range(2)
    )
    assert [fail(process) for process in (first, second, first, second)] == [True, True, True, False]
    with pytest.raises(TooManyFailures) as refusal:
        first.require_allowance("a")
    assert refusal.value.retry_after_s == 10
    clock.now += 10
    second.require_allowance("a")
    assert [fail(process) for process in (second, first)] == [True, False]
    # A right password counts for nothing, and its address is known to all: the others are many by now.
    with second.attempt("b") as attempt:
        attempt.succeed()
    assert [fail(first, name) for name in ("c", "d", "e", "f", "g")] == [True] * 4 + [False]
    assert fail(first, "b")
    # Each goes on by its own counts, at once.
    redis.stop()
    assert [fail(first) for _ in range(4)] == [True] * 3 + [False]
    assert "Redis does not count log-ins" in caplog.text


def test_who_finds_no_place_is_told_at_once(clock: Clock) -> None:
    limits = few(clock, places=1, waiting=0)
    entered, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with limits.attempt("a") as attempt:
            attempt.succeed()
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=stay)
    thread.start()
    assert entered.wait(10)
    for _ in range(20):
        with pytest.raises(NoPlace) as refusal, limits.attempt("b"):
            pass
    leave.set()
    thread.join()
    assert refusal.value.retry_after_s == 1
    # They were not looked at, so they count for nothing.
    assert [fail(limits, "b") for _ in range(4)] == [True] * 3 + [False]


def basic(username: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{username}:{password}".encode()).decode()}


@pytest.fixture
def engineer(make_user: Callable[..., User], district: Division) -> User:
    return make_user("engineer", district, username="engineer")


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> LoginLimits:
    """Four wrong passwords per address."""
    limits = few(clock, per_address=4, in_all=1000)
    monkeypatch.setattr(password_login, "login_limits", limits)
    return limits


@pytest.mark.parametrize("way", ["/login/", "basic"])
def test_many_names_from_one_address_are_slowed_on_every_way(
    engineer: User, strict: LoginLimits, way: str
) -> None:
    def attempt(name: str) -> Any:
        if way == "basic":
            return Client().get("/api/v1/viewer/", headers=basic(name, "Summer-2026!"))
        return Client().post(way, {"username": name, "password": "Summer-2026!"})

    answers = [attempt(f"name{number}") for number in range(6)]
    assert [answer.status_code for answer in answers[4:]] == [429, 429]
    assert {answer.status_code for answer in answers[:4]} == ({401} if way == "basic" else {200})
    assert int(answers[-1]["Retry-After"]) == 10
    assert answers[-1]["Cache-Control"] == "no-store"
    # The right password is not looked at either; that of another address is.
    assert Client().post("/login/", {"username": "engineer", "password": PASSWORD}).status_code == 429
    elsewhere = Client(REMOTE_ADDR="198.51.100.7")
    assert elsewhere.post("/login/", {"username": "engineer", "password": PASSWORD}).status_code == 302


def test_sessions_and_tokens_go_on_where_passwords_are_refused(engineer: User, strict: LoginLimits) -> None:
    secret = make_token(user=engineer, name="x", acting_user=None)[1]
    here = Client()
    here.force_login(engineer)
    for number in range(6):
        Client().post("/login/", {"username": "engineer", "password": f"wrong {number}"})
    assert here.get("/me/").status_code == 200
    assert Client().get("/api/v1/viewer/", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    assert Client().get("/api/v1/viewer/", headers=basic("engineer", secret)).status_code == 200


def test_a_wrong_password_beyond_the_limit_is_not_hashed(
    engineer: User, strict: LoginLimits, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    original = User.check_password

    def counted(self: User, raw: str) -> bool:
        hashed.append(raw)
        return original(self, raw)

    monkeypatch.setattr(User, "check_password", counted)
    for number in range(10):
        Client().get("/api/v1/viewer/", headers=basic("engineer", f"wrong {number}"))
    assert len(hashed) == 4


def test_a_locked_name_does_not_lock_its_user_elsewhere(engineer: User, settings: Any) -> None:
    settings.AXES_ENABLED = True
    for number in range(12):
        Client().post("/login/", {"username": "engineer", "password": f"wrong {number}"})
    form = {"username": "engineer", "password": PASSWORD}
    assert Client().post("/login/", form).status_code != 302
    assert Client(REMOTE_ADDR="198.51.100.7").post("/login/", form).status_code == 302


# --- where a request comes from ---


def seen(settings: Any, proxies: list[str], **sent: str) -> HttpRequest:
    settings.TRUSTED_PROXIES = proxies
    kept: list[HttpRequest] = []

    def answer(request: HttpRequest) -> HttpResponse:
        kept.append(request)
        return HttpResponse()

    ClientAddressMiddleware(answer)(RequestFactory().get("/", **sent))  # type: ignore[arg-type]
    return kept[0]


@pytest.mark.parametrize(
    ("proxies", "sender", "forwarded", "found"),
    [
        ([], "203.0.113.9", "198.51.100.1", "203.0.113.9"),
        (["10.0.0.0/8"], "203.0.113.9", "198.51.100.1", "203.0.113.9"),
        (["10.0.0.0/8"], "10.1.1.1", "198.51.100.1", "198.51.100.1"),
        # What the client wrote itself stands first; the proxy adds the address it saw.
        (["10.0.0.0/8"], "10.1.1.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),
        (["10.0.0.0/8"], "10.1.1.1", "198.51.100.1, 10.2.2.2", "198.51.100.1"),
        (["10.0.0.0/8"], "10.1.1.1", "nonsense", "10.1.1.1"),
        (["10.0.0.0/8"], "10.1.1.1", "", "10.1.1.1"),
        (["unix"], "", "198.51.100.1", "198.51.100.1"),
        ([], "", "198.51.100.1", ""),
    ],
)
def test_only_trusted_proxies_say_where_a_request_comes_from(
    settings: Any, proxies: list[str], sender: str, forwarded: str, found: str
) -> None:
    request = seen(
        settings, proxies, REMOTE_ADDR=sender, HTTP_X_FORWARDED_FOR=forwarded, HTTP_X_FORWARDED_PROTO="https"
    )
    assert request.META["REMOTE_ADDR"] == found
    is_trusted = (sender.startswith("10.") and bool(proxies)) or proxies == ["unix"]
    assert ("HTTP_X_FORWARDED_PROTO" in request.META) == is_trusted


def test_ipv6_addresses_count_by_their_network() -> None:
    def network(address: str) -> str:
        return client_network(RequestFactory().get("/", REMOTE_ADDR=address))

    assert network("2001:db8:1:2:3::4") == network("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert network("2001:db8:1:3::1") != network("2001:db8:1:2::1")
    assert network("::ffff:198.51.100.7") == "198.51.100.7"


def test_the_apis_description_is_made_once(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from gis_core.api import schema_view

    monkeypatch.setattr(schema_view, "_kept", {})
    made: list[int] = []
    original = schema_view.KeptSchemaView._made

    def counted(self: Any, *given: Any) -> HttpResponse:
        made.append(1)
        return original(self, *given)

    monkeypatch.setattr(schema_view.KeptSchemaView, "_made", counted)
    first = Client().get("/api/v1/schema/")
    for address in ("/api/v1/schema/", "/api/v1/schema/?lang=zz", "/api/v1/schema/?lang=en-x-1&version=7"):
        assert Client().get(address).content == first.content
    assert len(made) == 1
    assert first["Content-Type"].startswith("application/vnd.oai.openapi")
    as_json = Client().get("/api/v1/schema/", headers={"Accept": "application/json"})
    assert as_json.json()["info"]["title"] == "Tarmoq"
