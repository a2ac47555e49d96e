"""Edits of many operations: each costs the same, additions in sets are as one by one, and long ones are jobs."""

import json
import re
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

import pytest
from django.contrib.gis.geos import Point
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from assets.editing.services import additions, edit_jobs
from assets.editing.services.bulk import apply_operations
from assets.editing.services.undoing import undo
from assets.models import Edit, Network, Node, Pipe, RowChange
from gis_core.errors import ReportedError
from gis_core.models import AuditEvent, Division, Job, User
from gis_core.services import jobs
from tests.assets.editing.conftest import node, pipe, uid
from tests.assets.editing.state import broken_invariants, stored_state
from tests.conftest import make_district
from tests.databases import as_owner
from tests.world import World, make_world

EAST, NORTH = 69.6, 41.6


def place(number: int, side: int = 0) -> list[float]:
    """Places some 45 m apart, far from the small world."""
    return [EAST + number % 40 * 0.0005 + side * 0.0002, NORTH + number // 40 * 0.0005]


def new_pipes(count: int) -> list[dict[str, Any]]:
    return [{"op": "add_pipe", "geometry": [place(k), place(k, 1)]} for k in range(count)]


def mixed(count: int) -> list[dict[str, Any]]:
    """Nodes, pipes between them, and a change, a split or a deletion of each in turn."""
    operations: list[dict[str, Any]] = []
    for k in range(count):
        turns: list[dict[str, Any]] = [
            {"op": "split_pipe", "pipe": f"#p{k}", "position": 0.4},
            {"op": "set_pipe_attributes", "pipe": f"#p{k}", "values": {"material": "PE"}},
            {"op": "move_node", "node": f"#a{k}", "geometry": [place(k)[0], place(k)[1] + 0.0001]},
            {"op": "delete_pipe", "pipe": f"#p{k}"},
        ]
        operations += [
            {"op": "add_node", "kind": "junction", "geometry": place(k), "ref": f"a{k}"},
            {"op": "add_node", "kind": "junction", "geometry": place(k, 1), "ref": f"b{k}"},
            {
                "op": "add_pipe",
                "geometry": [place(k), place(k, 1)],
                "start_node": f"#a{k}",
                "end_node": f"#b{k}",
                "ref": f"p{k}",
            },
            turns[k % 4],
        ]
    return operations


def cost(network: Network, operations: list[dict[str, Any]], by: User) -> tuple[int, Counter[str], int]:
    """Statements, rows read, and versions written of the network's state, of one edit that is taken back."""
    reads = (
        "SELECT relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables "
        "WHERE relname LIKE 'assets%'"
    )
    states = "SELECT n_tup_upd FROM pg_stat_xact_user_tables WHERE relname = 'assets_networkstate'"
    with transaction.atomic(), connection.cursor() as cursor:
        # A table of a few pages is read whole, whatever its indexes; here it is to show which question has one.
        cursor.execute("SET LOCAL enable_seqscan = off")
        # Which index is taken must not hang on when autovacuum last looked, and at which rolled back rows.
        with as_owner():
            cursor.execute("ANALYZE assets_node, assets_pipe, assets_edit, assets_featurecount")
        cursor.execute(reads)
        before = Counter(dict(cursor.fetchall()))
        cursor.execute(states)
        states_before = cursor.fetchone()[0]
        with CaptureQueriesContext(connection) as queries:
            apply_operations(network, operations, acting_user=by)
        cursor.execute(reads)
        rows = Counter(dict(cursor.fetchall())) - before
        cursor.execute(states)
        written = cursor.fetchone()[0] - states_before
        transaction.set_rollback(True)
    return len(queries), rows, written


@pytest.mark.django_db
@pytest.mark.parametrize("make", [new_pipes, lambda count: mixed(count // 4)], ids=["additions", "mixed"])
def test_an_operation_costs_the_same_among_fifty_and_five_hundred(
    world: World, engineer: User, make: Callable[[int], list[dict[str, Any]]]
) -> None:
    few = cost(world.network, make(48), engineer)
    many = cost(world.network, make(480), engineer)
    assert_linear(few, many, times=10)


def assert_linear(
    few: tuple[int, Counter[str], int], many: tuple[int, Counter[str], int], times: int
) -> None:
    """No more statements, and hardly more rows of any table, for each operation; the state is written once."""
    print(f"statements: {few[0]} and {many[0]}; rows read: {dict(few[1])} and {dict(many[1])}")
    assert many[0] <= times * few[0]
    square = {
        name: (few[1][name], rows) for name, rows in many[1].items() if rows > 2 * times * few[1][name] + 2000
    }
    assert square == {}
    assert few[2] <= 3 >= many[2]


@pytest.mark.django_db
def test_a_pipe_cut_by_one_uid_costs_the_same_each_time(world: World, engineer: User) -> None:
    network, step = world.network, 0.00002

    def cuts(count: int) -> list[dict[str, Any]]:
        line = [[EAST, NORTH], [EAST + step * 500, NORTH]]
        places = [[EAST + step * (k + 1), NORTH] for k in range(count)]
        cut = [{"op": "split_pipe", "pipe": "#p", "point": point} for point in places]
        return [{"op": "add_pipe", "geometry": line, "ref": "p"}, *cut]

    few, many = cost(network, cuts(40), engineer), cost(network, cuts(400), engineer)
    assert_linear(few, many, times=11)


def outcome(network: Network, operations: list[Any], by: User) -> Any:
    """What an edit did, in words that do not depend on uids and the edit's number; then it is taken back."""
    with transaction.atomic():
        try:
            with transaction.atomic():
                done = apply_operations(network, operations, acting_user=by)
        except ReportedError as error:
            found: Any = error.as_dict()
            number = ""
        else:
            number = str(done.edit.pk)
            audit = AuditEvent.objects.latest("pk").new_values
            rows = [
                list(
                    model.objects.filter(network=network)
                    .order_by("code")
                    .values_list("code", "lifecycle", "version", "geom", *more)
                )
                for model, more in (
                    (Node, ("kind", "elevation_m", "zone__code", "hydrant__outlet_diameter_m")),
                    (Pipe, ("start_node__code", "end_node__code", "diameter_m", "material")),
                )
            ]
            changes = RowChange.objects.filter(edit=done.edit).values_list("table_name", "operation")
            found = [
                [sorted(result) for result in done.results],
                # By the codes without the edit's number: P9-1 and P10-1 stand on different sides of P2.
                sorted(
                    re.sub(
                        rf"(?<=[A-Z]){number}-",
                        "N-",
                        json.dumps((*row[:3], row[3].wkt, *row[4:]), default=str),
                    )
                    for part in rows
                    for row in part
                ),
                sorted(changes),
                done.edit.remarks,
                done.edit.summary,
                audit,
            ]
        transaction.set_rollback(True)
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "UID", json.dumps(found, default=str))
    return re.sub(rf"(?<=[A-Z]){number or '[0-9]+'}-", "N-", text)


NODE = {"op": "add_node", "kind": "junction"}
USUAL: dict[str, list[Any]] = {
    "mixed": mixed(12),
    "own codes": [{**NODE, "geometry": place(k), "code": code} for k, code in enumerate(("X", "J1-1", "Y"))],
    "details": [
        {"op": "add_node", "kind": "hydrant", "geometry": place(0), "details": {"outlet_diameter_m": 0.1}},
        {"op": "add_node", "kind": "hydrant", "geometry": place(1), "ref": "h", "elevation_m": 400},
        {
            "op": "add_pipe",
            "geometry": [place(1), place(2)],
            "start_node": "#h",
            "values": {"material": "PE"},
        },
    ],
    "doubled vertices": [{"op": "add_pipe", "geometry": [place(k), place(k), place(k, 1)]} for k in range(3)],
    "a chain": [
        {"op": "add_pipe", "geometry": [place(0), place(1)], "ref": "p0"},
        *(
            {
                "op": "add_pipe",
                "geometry": [place(k), place(k + 1)],
                "start_node": f"#p{k - 1}.end_node",
                "ref": f"p{k}",
            }
            for k in range(1, 20)
        ),
    ],
    "on a pipe just added": [*new_pipes(3), {**NODE, "geometry": [place(1)[0] + 0.0001, place(1)[1]]}],
    "on a node just added": [*new_pipes(3), {**NODE, "geometry": place(2)}],
    "on the network": [*new_pipes(3), {**NODE, "geometry": "of A"}],
    "a taken code": [*new_pipes(2), {**NODE, "geometry": place(9), "code": "A"}],
    "a code twice": [{**NODE, "geometry": place(k), "code": "X"} for k in range(3)],
    "a pipe's code twice": [{**item, "code": "X"} for item in new_pipes(3)],
    "a ref twice": [{**NODE, "geometry": place(k), "ref": "x"} for k in range(3)],
    "an unknown ref": [
        *new_pipes(2),
        {"op": "add_pipe", "geometry": [place(7), place(8)], "start_node": "#x"},
    ],
    "an unknown node": [
        *new_pipes(2),
        {
            "op": "add_pipe",
            "geometry": [place(7), place(8)],
            "end_node": "00000000-0000-0000-0000-000000000000",
        },
    ],
    "too far from its node": [
        {**NODE, "geometry": place(0), "ref": "a"},
        {"op": "add_pipe", "geometry": [place(1), place(2)], "start_node": "#a"},
    ],
    "a loop": [
        {**NODE, "geometry": place(0), "ref": "a"},
        {"op": "add_pipe", "geometry": [place(0), place(1), place(0)], "start_node": "#a", "end_node": "#a"},
    ],
    "too short": [
        *new_pipes(2),
        {"op": "add_pipe", "geometry": [place(5), [place(5)[0] + 1e-7, place(5)[1]]]},
    ],
    "a wrong kind": [*new_pipes(2), {"op": "add_node", "kind": "switch", "geometry": place(9)}],
    "a wrong value": [*new_pipes(2), {**new_pipes(9)[8], "values": {"diameter_m": -1}}],
    "missing details": [*new_pipes(2), {"op": "add_node", "kind": "pump", "geometry": place(9)}],
    "a code too long": [*new_pipes(2), {**NODE, "geometry": place(9), "code": "x" * 70}, *new_pipes(9)[7:]],
    "removed ends": [
        {**NODE, "geometry": place(0), "lifecycle": "removed", "ref": "a"},
        {"op": "add_pipe", "geometry": [place(0), place(1)], "start_node": "#a"},
    ],
    "planned ends": [
        {**NODE, "geometry": place(0), "lifecycle": "planned", "ref": "a"},
        {"op": "add_pipe", "geometry": [place(0), place(1)], "start_node": "#a", "lifecycle": "planned"},
        {"op": "add_pipe", "geometry": [place(0), place(2)], "start_node": "#a"},
    ],
    "no object": [*new_pipes(2), 7],
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", USUAL)
def test_additions_in_sets_are_what_they_are_one_by_one(
    world: World, engineer: User, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    at_a = [node("A").geom.x, node("A").geom.y]
    operations = [
        {**item, "geometry": at_a} if isinstance(item, dict) and item.get("geometry") == "of A" else item
        for item in USUAL[name]
    ]
    in_sets = outcome(world.network, operations, engineer)
    with monkeypatch.context() as patched:
        patched.setattr(additions.Additions, "take", lambda *_: [])
        one_by_one = outcome(world.network, operations, engineer)
    assert in_sets == one_by_one


@pytest.mark.django_db
def test_an_edit_of_many_additions_is_undone_whole(world: World, engineer: User) -> None:
    before = stored_state()
    done = apply_operations(world.network, mixed(60), acting_user=engineer)
    assert broken_invariants() == {}
    undo(Edit.objects.get(pk=done.edit.pk), acting_user=engineer)
    assert stored_state() == before


@pytest.mark.django_db
def test_a_freed_number_is_found_again(world: World, engineer: User) -> None:
    operations = [
        {"op": "split_pipe", "pipe": uid(pipe("P2")), "position": 0.5, "ref": "s"},
        {"op": "split_pipe", "pipe": uid(pipe("P2")), "position": 0.5},
        {"op": "merge_pipes", "pipe": "#s.pipes.0", "other": "#s.pipes.1", "force": True},
        {"op": "split_pipe", "pipe": uid(pipe("P2")), "position": 0.5},
    ]
    with pytest.MonkeyPatch.context() as patched:
        found = outcome(world.network, operations, engineer)
        patched.setattr(
            "assets.editing.services.codes.FreeCodes.remembered_number", lambda *_: 1, raising=True
        )
        assert outcome(world.network, operations, engineer) == found


# --- as jobs --------------------------------------------------------------------------------------------


@pytest.fixture
def committed(committing_database: None, settings: Any, tmp_path: Any) -> tuple[World, User]:
    """The small world for real, with an engineer of its district."""
    from gis_core.models import RoleAssignment

    settings.MEDIA_ROOT = tmp_path
    district: Division = make_district("QIBRAY", "Qibray")
    world = make_world(district)
    engineer = User.objects.create_user(username="engineer", password="a-long-password")
    RoleAssignment.objects.create(user=engineer, role="engineer", division=district)
    return world, engineer


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def post(client: Client, operations: Any, network: str = "N1") -> Any:
    body = {"operations": operations, "summary": "many"}
    return client.post(f"/api/v1/networks/{network}/edits/", body, "application/json")


def test_an_edit_above_the_bound_is_a_job_with_the_same_answer(committed: tuple[World, User]) -> None:
    world, engineer = committed
    client = client_of(engineer)
    few = post(client, new_pipes(1))
    assert few.status_code == 201
    many = post(
        client, [{**item, "geometry": [[x, y + 0.1] for x, y in item["geometry"]]} for item in new_pipes(501)]
    )
    assert many.status_code == 202
    address = many.headers["Location"]
    job = client.get(address).json()
    assert (job["state"], job["progress_done"], job["progress_total"]) == ("succeeded", 501, 501)
    # The answer streams, which the stubs of the test client know nothing of.
    file = cast(Any, client.get(f"{address}file/"))
    answer = json.loads(b"".join(file.streaming_content))
    assert answer.keys() == few.json().keys()
    assert len(answer["results"]) == 501
    assert answer["uid"] == job["result"]["edit"]
    assert client.get(job["result"]["address"]).json()["summary"] == "many"
    assert Pipe.objects.filter(network=world.network, uid=answer["results"][-1]["pipe"]).exists()
    assert broken_invariants() == {}


def test_a_wrong_operation_fails_the_job_and_leaves_nothing(committed: tuple[World, User]) -> None:
    _world, engineer = committed
    before = stored_state()
    operations = [*new_pipes(501), {"op": "delete_node", "node": uid(node("A"))}]
    address = post(client_of(engineer), operations).headers["Location"]
    job = client_of(engineer).get(address).json()
    assert job["state"] == "failed"
    assert job["error"].startswith("Operation 501: ")
    assert job["result"]["error"]["details"][0]["operation"] == 501
    assert stored_state() == before
    assert client_of(engineer).get(f"{address}file/").status_code == 404


def test_more_than_one_edit_takes_is_refused_at_once(committed: tuple[World, User]) -> None:
    answer = post(client_of(committed[1]), [{"op": "add_node"}] * 20_001)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "too_many_operations")
    assert not Job.objects.exists()


def elsewhere(work: Callable[[], Any]) -> None:
    """Run on a connection of its own, as another request would."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


@pytest.mark.parametrize("moment", ["in the middle", "at the end"])
def test_a_cancelled_edit_leaves_nothing(committed: tuple[World, User], moment: str) -> None:
    world, engineer = committed
    before = stored_state()
    job = edit_jobs.request_edit(
        world.network, new_pipes(600), acting_user=engineer, summary="", enqueue=lambda _uid: None
    )
    answers = []
    # Logged in before the edit begins: a login within its transaction would hold the user's row.
    looking, cancelling_client = client_of(engineer), client_of(engineer)

    def cancel() -> None:
        answers.append(cancelling_client.post(f"/api/v1/jobs/{job.uid}/cancel/"))

    def work(taken: Job, report: jobs.ProgressReport) -> dict[str, Any]:
        def cancelling(message: str, done: int, total: int) -> None:
            report(message, done, total)
            if done >= 100 and not answers and moment == "in the middle":
                assert looking.get(f"/api/v1/jobs/{job.uid}/").json()["progress_done"] == done
                elsewhere(cancel)

        result = edit_jobs.do_edit(taken, cancelling)
        if moment == "at the end":
            elsewhere(cancel)
        return result

    jobs.run_job(str(job.uid), work, as_one_transaction=True)
    assert [(answer.status_code, answer.json()["state"]) for answer in answers] == [(200, "cancelled")]
    job.refresh_from_db()
    assert (job.state, job.result, job.lease_until) == ("cancelled", None, None)
    assert stored_state() == before
    again = client_of(engineer).post(f"/api/v1/jobs/{job.uid}/cancel/")
    assert (again.status_code, again.json()["state"]) == (200, "cancelled")
    jobs.run_job(str(job.uid), edit_jobs.do_edit, as_one_transaction=True)
    assert stored_state() == before


def test_an_edit_whose_worker_died_is_done_once(committed: tuple[World, User]) -> None:
    world, engineer = committed
    job = edit_jobs.request_edit(
        world.network, new_pipes(501), acting_user=engineer, summary="", enqueue=lambda _uid: None
    )

    class Died(BaseException):
        pass

    def dies(message: str, done: int, total: int) -> None:
        if done > 200:
            raise Died

    before = stored_state()
    with pytest.raises(Died):
        jobs.run_job(str(job.uid), lambda taken, _: edit_jobs.do_edit(taken, dies), as_one_transaction=True)
    assert stored_state() == before
    Job.objects.filter(pk=job.pk).update(lease_until="2020-01-01T00:00:00Z")
    for _ in range(2):
        jobs.run_job(str(job.uid), edit_jobs.do_edit, as_one_transaction=True)
    assert Edit.objects.filter(network=world.network).count() == 1
    assert (
        Pipe.objects.filter(
            network=world.network, geom__bboverlaps=Point(place(0), srid=4326).buffer(0.1)
        ).count()
        == 501
    )


def test_who_may_cancel(committed: tuple[World, User]) -> None:
    from gis_core.models import RoleAssignment

    world, engineer = committed
    job = edit_jobs.request_edit(
        world.network, new_pipes(501), acting_user=engineer, summary="", enqueue=lambda _uid: None
    )
    address = f"/api/v1/jobs/{job.uid}/cancel/"
    other = make_district("CHIRCHIQ", "Chirchiq")
    for role, division, status in (
        ("engineer", world.district, 404),
        ("administrator", other, 404),
        ("administrator", world.district, 200),
    ):
        user = User.objects.create_user(username=f"{role}-{division.code}-{status}")
        RoleAssignment.objects.create(user=user, role=role, division=division)
        assert client_of(user).post(address).status_code == status
        assert Job.objects.get(pk=job.pk).state == ("cancelled" if status == 200 else "queued")


def test_a_job_that_has_ended_is_not_cancelled(committed: tuple[World, User]) -> None:
    world, engineer = committed
    job = Job.objects.create(
        kind=edit_jobs.EDIT_NETWORK,
        division=world.district,
        created_by=engineer,
        state="succeeded",
        parameters={},
    )
    answer = client_of(engineer).post(f"/api/v1/jobs/{job.uid}/cancel/")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "job_ended")
    assert Job.objects.get(pk=job.pk).state == "succeeded"
