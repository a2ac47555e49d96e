"""What the REST API refuses: every list with parameters and cursors that it cannot read, every write with bodies.

The addresses come from the URL map, so a new list is tried without being named here.
"""

import os
from base64 import b64encode
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote
from zlib import crc32

import django_filters
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import resolve, reverse

from assets.models import Zone
from gis_core.api.filters import FilterBackend
from gis_core.models import Division, Job, User
from sensors.models import Datastream
from sensors.series.services.ingestion import load_observations
from tests.security.test_access_matrix import Sample, endpoints, make_sample
from tests.security.test_query_counts import fill
from tests.world import World, local_midnight, make_world

DETAILS = sorted(name for name, route in endpoints() if route.startswith("api/v1/") and "-detail" in name)
LISTS = sorted(name for name, route in endpoints() if route.startswith("api/v1/") and name.endswith("-list"))
FLAT_WRITES = ("reading-list", "payment-list", "billing-run-list", "balance-run")
# Its rows have no key of their own: its cursor is made of a class and a key.
WITHOUT_KEY = {"verification-status-list"}
# Lists that are no pages of a register have what they require in their address.
PLAIN = {"search": "/api/v1/search/?q=A&", "nearest": "/api/v1/nearest/?lon=69.4&lat=41.4&"}
BAD_LIMITS = ["abc", "-1", "0", "1001", "99999999", "9" * 5000, "1.5", "٣", "%203", "", "%00"]
BAD_POSITIONS = [
    "p=abc",
    "p=",
    "p=%00",
    "p=-1",
    "p=1.5",
    "p=9223372036854775808",
    "p=" + "9" * 30,
    "p=%D9%A3",
    "p=1&p=2",
    "p=1&r=2",
    "p=1&o=1",
    "p=1&x=1",
    "r=1",
    "nonsense",
    "",
]
BAD_TIMES = [
    "p=1",
    "p=abc",
    "p=",
    "p=%00",
    "p=2025-12-01",
    "p=2025-12-01T00%3A00%3A00",
    "p=2025-13-01T00%3A00%3A00%2B00%3A00",
    "p=0001-01-01T00%3A00%3A00%2B14%3A00",
    "p=9999-12-31T23%3A59%3A59-14%3A00",
    "p=99999-01-01T00%3A00%3A00%2B00%3A00",
]
BAD_CURSORS = ["!!!!", "%00", "%20", "cD0x!", "cD1hYmM", "%D9%A3", "cD1", "=" * 4]


def cursor(tokens: str) -> str:
    """The cursor that holds `tokens`, for use in an address."""
    return quote(b64encode(tokens.encode()).decode())


@pytest.fixture
def sample(district: Division) -> Sample:
    return make_sample(district, "N1", "SUV", 0)


@pytest.fixture
def client(district: Division) -> Client:
    User.objects.create_user(username="administrator", password="a-long-password")
    user = User.objects.create_superuser(username="root", password="a-long-password")
    found = Client()
    found.force_login(user)
    return found


def refusal(response: Any) -> str:
    """Empty when the answer is 400 and says why."""
    if response.status_code == 400 and len(response.content) > 20:
        return ""
    return f"{response.status_code} {response.content[:120]!r}"


def address_of(name: str) -> str:
    return reverse(name) + "?"


def bad_queries(path: str) -> Iterator[str]:
    """Queries that a list of the address must refuse: those of any list, then those of its own filters.

    What is read in one place for all lists is tried in full at every fourth of them, else by some of each kind.
    """
    every = 1 if os.environ.get("TARMOQ_PROVE") or crc32(path.encode()) % 4 == 0 else 4
    yield from (f"limit={limit}" for limit in BAD_LIMITS[::every])
    strange = ("colour=red", "format=json", "format=xml", "language=uz", "colour", "%00=1", "ordering=pk")
    yield from strange[::every]
    yield from (f"cursor={text}" for text in BAD_CURSORS[::every])
    view = resolve(path.partition("?")[0]).func.cls()  # type: ignore[attr-defined]
    if hasattr(view, "select"):
        # Where rows stand in the order of a text, every text is a position.
        if getattr(view.pagination_class, "ordering", "") not in ("code", ("code",), ["code"]):
            yield from (f"cursor={cursor(tokens)}" for tokens in BAD_POSITIONS[::every])
        model = view.serializer_class.Meta.model
        filters = FilterBackend().get_filterset_class(view, model.objects.all())
        for name, one in filters.base_filters.items() if filters else ():
            yield from (f"{name}=%00", f"{name}=a%00b", f"{name}=", f"{name}=%20")
            if type(one) is not django_filters.CharFilter:
                yield from (f"{name}=x", f"{name}=2026-13-01", f"{name}=99999-01-01")
                if not isinstance(one, django_filters.NumberFilter) and name != "grade":
                    yield f"{name}=2"
                yield from (f"{name}=31.01.2026", f"{name}=01/02/2026", f"{name}=null", f"{name}={'9' * 400}")


@pytest.mark.parametrize("path", [*(address_of(name) for name in LISTS), *PLAIN.values()])
def test_every_list_refuses_what_it_cannot_read(client: Client, path: str) -> None:
    answers = {query: refusal(client.get(path + query)) for query in bad_queries(path)}
    assert len(answers) >= 7
    assert not {query: answer for query, answer in answers.items() if answer}


@pytest.mark.parametrize(
    "query", ["lat=x", "lon=%00", "lon=1e999", "kind=castle", "kind=%00", "kind=", "q=%00", "network=%00"]
)
def test_search_and_nearest_refuse_their_own_parameters(client: Client, query: str) -> None:
    for path in PLAIN.values():
        assert not refusal(client.get(path + query)), path


def test_a_refusal_names_the_parameter(client: Client) -> None:
    for query, name in (
        ("is_priority=x", "is_priority"),
        ("colour=red", "colour"),
        ("limit=0", "limit"),
        ("cursor=cD1hYmM=", "cursor"),
    ):
        assert list(client.get(f"/api/v1/subscribers/?{query}").json()) == [name]


def test_observations_refuse_what_they_cannot_read(client: Client, sample: Sample) -> None:
    path = reverse("datastream-observations", kwargs=sample.details["datastream-observations"])
    assert client.get(path).status_code == 200
    instants = ["x", "", "%00", "2026-01-31", "2026-01-31T00:00:00", "99999-01-01T00:00:00Z"]
    queries = [
        *(f"cursor={cursor(tokens)}" for tokens in BAD_TIMES),
        *(f"cursor={text}" for text in BAD_CURSORS),
        *(f"limit={limit}" for limit in BAD_LIMITS),
        *(f"{name}={text}" for name in ("since", "until") for text in instants),
        "since=0001-01-01T00:00:00%2B14:00",
        "until=9999-12-31T23:59:59-14:00",
        "code=x",
        "colour=red",
    ]
    answers = {query: refusal(client.get(f"{path}?{query}")) for query in queries}
    assert not {query: answer for query, answer in answers.items() if answer}


@pytest.mark.parametrize(
    "query",
    [
        "?since=0001-01-01T00:00:00Z&until=9999-12-31T23:59:59Z",
        "?cursor=" + cursor("p=0001-01-01+00%3A00%3A00%2B00%3A00"),
        "?cursor=" + cursor("r=1&p=9999-12-31+23%3A59%3A59.999999%2B00%3A00"),
    ],
)
def test_the_first_and_last_instants_are_instants(client: Client, sample: Sample, query: str) -> None:
    path = reverse("datastream-observations", kwargs=sample.details["datastream-observations"])
    assert len(client.get(path + query).json()["results"]) == 5


def test_the_largest_key_is_a_key(client: Client) -> None:
    for name in set(LISTS) - WITHOUT_KEY:
        for position in ("0", str(2**63 - 1)):
            response = client.get(f"{reverse(name)}?limit=1&cursor={cursor(f'p={position}')}")
            assert response.status_code == 200, name


def test_details_take_no_parameters(client: Client, sample: Sample) -> None:
    assert {name for name in DETAILS if name not in sample.details} <= {"material-life-detail"}
    for name in (name for name in DETAILS if name in sample.details):
        path = reverse(name, kwargs=sample.details[name])
        assert client.get(path).status_code == 200, path
        for query in ("limit=3", "format=json", "colour=red", "code=%00", "cursor=cD0x"):
            assert not refusal(client.get(f"{path}?{query}")), (path, query)
    assert not refusal(client.get("/api/v1/viewer/?limit=3"))


@pytest.mark.parametrize("key", ["%00", "A%00", "%FF", "9" * 40, "-1", "%D9%A3%00", "%ED%A0%80", "x" * 3000])
def test_a_key_that_no_row_can_have_is_404(client: Client, key: str) -> None:
    for name in LISTS:
        assert client.get(f"{reverse(name)}{key}/").status_code == 404, name
    assert client.get(f"/api/v1/datastreams/{key}/observations/").status_code == 404


def test_truth_filters_tell_true_from_false(client: Client, sample: Sample) -> None:
    assert client.get("/api/v1/subscribers/?is_priority=true").json()["results"] == []
    assert len(client.get("/api/v1/subscribers/?is_priority=false").json()["results"]) == 5


# --- bodies ---

BAD_VALUES: list[Any] = [
    "\x00",
    "a\x00b",
    "\ud800",
    [],
    {},
    ["a"],
    None,
    True,
    5,
    -1,
    10**40,
    1.5,
    "99999-01-01",
    "2026-02-30",
    "9" * 2000,
    "1e999999",
    "NaN",
    "",
]


def writes(sample: Sample) -> Iterator[tuple[str, dict[str, Any]]]:
    """(address, good body) of what takes flat JSON; edits and registers have tests of their own bodies."""
    yield from ((reverse(name), sample.writes[name]) for name in FLAT_WRITES)


def test_bodies_that_cannot_be_read_are_400_and_write_nothing(client: Client, sample: Sample) -> None:
    before = Job.objects.count()
    wrong = []
    for path, good in writes(sample):
        for field in good:
            for bad in BAD_VALUES:
                if field in ("index_m3", "amount") and bad in (5, 1.5):
                    continue  # a decimal may be sent as a number
                response = client.post(path, {**good, field: bad}, "application/json")
                # A text in which nothing is wrong but that no row has it for its code is 404.
                accepted = (400, 404) if field in ("enterprise", "network") else (400,)
                if field == "reference" and bad in ("99999-01-01", "2026-02-30", "1e999999", "NaN"):
                    accepted = (201,)
                if response.status_code not in accepted:
                    wrong.append((path, field, str(bad)[:20], response.status_code))
    assert not wrong
    assert Job.objects.count() == before


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "5",
        '"x"',
        "{",
        "\x00",
        '{"amount": NaN}',
        "[" * 100_000,
        '{"amount": ' + "9" * 5000 + "}",
        b"\xff\xfe",
    ],
)
def test_bodies_that_are_no_object_are_400(client: Client, sample: Sample, body: Any) -> None:
    for path, _good in writes(sample):
        assert not refusal(client.post(path, body, "application/json")), path


def test_numbers_are_no_texts(client: Client, sample: Sample) -> None:
    for path, good in writes(sample):
        for field in ("reference", "enterprise", "network", "installation", "account", "channel"):
            if field in good:
                for number in (5, 1.5, True):
                    assert not refusal(client.post(path, {**good, field: number}, "application/json"))


def test_writes_take_no_query_parameters(client: Client, sample: Sample) -> None:
    for path, good in writes(sample):
        assert not refusal(client.post(f"{path}?trial=true", good, "application/json"))


def test_balances_are_asked_for_whole_months_in_order(client: Client, sample: Sample) -> None:
    good = sample.writes["balance-run"]
    for wrong in ({"first_month": "2025-12-02"}, {"last_month": "2025-11-01"}):
        assert not refusal(client.post(reverse("balance-run"), {**good, **wrong}, "application/json"))


@pytest.mark.parametrize("length", ["abc", "-5", "1.5", "²", "9" * 5000])
def test_an_upload_of_unreadable_length_is_400(client: Client, district: Division, length: str) -> None:
    upload = {"file": SimpleUploadedFile("town.inp", b"[TITLE]\n"), "network": "NEW", "division": "QIBRAY"}
    response = client.post("/api/v1/network-imports/", upload, CONTENT_LENGTH=length)
    assert not refusal(response)
    assert not Job.objects.exists()


# --- pages ---


def visit(client: Client, path: str) -> tuple[list[Any], list[Any]]:
    """The rows of a list forwards in pages of three, and those of the way back from the last page."""
    forwards: list[Any] = []
    page = client.get(path).json()
    while True:
        assert len(page["results"]) <= 3
        forwards += page["results"]
        if page["next"] is None:
            break
        page = client.get(page["next"]).json()
    backwards = list(page["results"])
    while page["previous"] is not None:
        page = client.get(page["previous"]).json()
        backwards = page["results"] + backwards
    return forwards, backwards


@pytest.fixture
def world(district: Division) -> World:
    world = make_world(district)
    fill(world, 0, 14)
    return world


def test_every_list_shows_each_row_once_forwards_and_back(client: Client, world: World) -> None:
    for name in LISTS:
        path = reverse(name)
        whole = client.get(f"{path}?limit=1000").json()["results"]
        if name in WITHOUT_KEY:
            continue  # pages that only go forwards, looked at below
        forwards, backwards = visit(client, f"{path}?limit=3")
        assert forwards == backwards == whole, name


def test_lists_without_a_key_go_forwards_to_the_end(client: Client, world: World) -> None:
    for name in WITHOUT_KEY:
        whole = client.get(f"{reverse(name)}?limit=1000").json()["results"]
        seen, address = [], f"{reverse(name)}?limit=3"
        while address:
            page = client.get(address).json()
            seen += page["results"]
            address = page["next"]
        assert seen == whole, name


def test_seven_rows_are_three_pages(client: Client, district: Division) -> None:
    world = make_world(district)
    for number in range(5):
        Zone.objects.create(network=world.network, division=district, code=f"SEVEN{number}", name="Seven")
    forwards, backwards = visit(client, "/api/v1/zones/?limit=3&network=N1")
    assert forwards == backwards
    assert len({row["uid"] for row in forwards}) == len(forwards) == 7


def test_observations_page_by_time(client: Client, sample: Sample) -> None:
    stream = Datastream.objects.get(uid=sample.details["datastream-observations"]["uid"])
    start = local_midnight(date(2025, 12, 1))
    load_observations(
        rows=[(stream.pk, start + timedelta(hours=5, microseconds=number), 1.0) for number in range(2)],
        acting_user=None,
        origin="test",
    )
    path = reverse("datastream-observations", kwargs={"uid": stream.uid})
    forwards, backwards = visit(client, f"{path}?limit=3")
    assert forwards == backwards
    assert len({row["time"] for row in forwards}) == len(forwards) == 7
