"""What the second wall costs: the same work of a district's user with the policies of the tables, and without them.

`ours` is behind the wall, the floor is the same code and database with the policies put aside; taken in turn. Requests
pass the whole of Django, so they carry the two settings of the scope, too. A job's scope is everything.
"""

import json
import math
import statistics
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.test import Client

from assets.editing.services.bulk import apply_operations
from assets.models import Network, Node
from billing.services.runs import run_billing
from fixtures.demonstration.plan import DOCUMENTED_UNTIL, DemonstrationPlan
from fixtures.demonstration.recipe import build_demonstration
from gis_core.database.scope import EVERYTHING, SessionScope, of_user, working_in
from gis_core.database.wall import policies_of, tables_of
from gis_core.models import Enterprise, RoleAssignment, User
from sensors.models import Datastream
from tests.bench.edit_bench import additions
from tests.bench.timing import seconds

ROUNDS, CALLS, RUNS = 4, 8, 2


def run() -> list[dict[str, Any]]:
    """Rows of the benchmark; see `python -m tests.bench`."""
    build_demonstration(DemonstrationPlan(until=DOCUMENTED_UNTIL), lambda message, done, total: None)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    enterprise = Enterprise.objects.get()
    network = Network.objects.filter(commodity="water").order_by("pk").first()
    assert network is not None
    user = User.objects.create_user(username="bench-wall")
    for division in {enterprise.division, network.division}:
        RoleAssignment.objects.create(user=user, role=RoleAssignment.Role.ADMINISTRATOR, division=division)
    client = Client()
    client.force_login(user)
    place = Node.objects.filter(network=network).order_by("pk").values_list("geom", flat=True)[100]
    stream = Datastream.objects.filter(latest__isnull=False).order_by("pk").first()
    assert stream is not None
    west, south = place.x, place.y
    box = f"{west - 0.004:.5f},{south - 0.004:.5f},{west + 0.004:.5f},{south + 0.004:.5f}"
    asked = {
        "a tile that is known": f"/tiles/pipes/{_tile(west, south, 14)}",
        "search of a code": "/api/v1/search/?q=P-10",
        "search of a name": "/api/v1/search/?q=Karimov",
        "a page of pipes": "/api/v1/pipes/",
        "a page of accounts": "/api/v1/accounts/",
        "a page of readings": "/api/v1/readings/",
        "a page of invoices": "/api/v1/invoices/",
        "OGC items in a box": f"/ogc/collections/pipes/items?bbox={box}&limit=100",
        "SensorThings: 100 datastreams with their things": "/sta/v1.1/Datastreams?$top=100&$expand=Thing",
        "SensorThings: 1,000 observations": f"/sta/v1.1/Datastreams({stream.pk})/Observations?$top=1000",
    }
    work: dict[str, tuple[int, Callable[[], object]]] = {
        what: (CALLS, _request(client, path)) for what, path in asked.items()
    }
    work["a tile that has to be made"] = (CALLS, _fresh_tile(client, asked["a tile that is known"]))
    work["an edit of one pipe"] = (
        CALLS // 2,
        _taken_back(of_user(user.pk), lambda: apply_operations(network, additions(1), acting_user=user)),
    )
    month = date(2025, 12, 1)
    work["a billing run, as a job"] = (
        RUNS,
        _taken_back(EVERYTHING, lambda: run_billing(enterprise=enterprise, month=month, acting_user=None)),
    )
    with _as_application():
        return _in_turn(work)


def _in_turn(work: dict[str, tuple[int, Callable[[], object]]]) -> list[dict[str, Any]]:
    """Every work a few times behind the wall and a few times without it, round by round."""
    behind: dict[str, list[float]] = {what: [] for what in work}
    without: dict[str, list[float]] = {what: [] for what in work}
    for number in range(ROUNDS):
        for figures in (behind, without) if number % 2 else (without, behind):
            with _policies_put_aside() if figures is without else ExitStack():
                for what, (times, call) in work.items():
                    if times > 1:
                        call()
                    figures[what] += [seconds(call) * 1000 for _ in range(times)]
    rows = []
    for what in work:
        ours, floor = statistics.median(behind[what]), statistics.median(without[what])
        rows.append(
            {
                "name": f"second wall: {what}",
                "ours": ours,
                "floor": floor,
                "ratio": ours / floor,
                "unit": "ms",
            }
        )
    return rows


def _request(client: Client, path: str) -> Callable[[], object]:
    def ask() -> None:
        response = client.get(path)
        content = b"".join(response) if response.streaming else response.content  # type: ignore[arg-type]
        if response.status_code != 200:
            raise RuntimeError(f"{path}: {response.status_code} {content[:200]!r}")
        if path.startswith(("/api", "/ogc", "/sta")):
            json.loads(content)

    return ask


def _fresh_tile(client: Client, path: str) -> Callable[[], object]:
    ask = _request(client, path)

    def forget_and_ask() -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM assets_tilecache")
        ask()

    return forget_and_ask


def _taken_back(scope: SessionScope, work: Callable[[], object]) -> Callable[[], object]:
    def do() -> None:
        with working_in(scope), transaction.atomic():
            work()
            transaction.set_rollback(True)

    return do


@contextmanager
def _as_application() -> Iterator[None]:
    """With the rights of the application, for which alone policies hold; the session is the owner's."""
    with connection.cursor() as cursor:
        cursor.execute(f'SET ROLE "{settings.APPLICATION_ROLE}"')
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")


@contextmanager
def _policies_put_aside() -> Iterator[None]:
    _alter("DISABLE")
    try:
        yield
    finally:
        _alter("ENABLE")


def _alter(how: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        for table in policies_of(tables_of(connection)):
            cursor.execute(f"ALTER TABLE {table} {how} ROW LEVEL SECURITY")
        cursor.execute(f'SET ROLE "{settings.APPLICATION_ROLE}"')


def _tile(longitude: float, latitude: float, zoom: int) -> str:
    """The address of the tile of a point, without its layer."""
    across = int((longitude + 180) / 360 * 2**zoom)
    down = int((1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2 * 2**zoom)
    return f"{zoom}/{across}/{down}.pbf"
