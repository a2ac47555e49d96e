"""Editing through REST: versions, bulk, undo, history, the past; and what is refused, with what words."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from assets.models import Edit, Node, Pipe
from gis_core.models import Division, User
from tests.assets.editing.conftest import node, pipe, uid
from tests.assets.editing.state import broken_invariants, stored_state
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(engineer: User) -> Client:
    client = Client()
    client.force_login(engineer)
    return client


def send(
    client: Client, method: str, path: str, body: Any = None, match: str | None = "*"
) -> tuple[int, Any, Any]:
    """Status, body and headers of an answer."""
    response = client.generic(
        method,
        f"/api/v1/{path}",
        "" if body is None else body if isinstance(body, str) else json.dumps(body),
        content_type="application/json",
        headers={"If-Match": match} if match else {},
    )
    return response.status_code, response.json() if response.content else None, response.headers


def test_the_version_is_the_etag(world: World, client: Client) -> None:
    path = f"pipes/{uid(pipe('P2'))}/"
    _, _, headers = send(client, "GET", path)
    first = headers["ETag"]
    status, body, headers = send(client, "PATCH", path, {"material": "PE"}, match=first)
    assert (status, pipe("P2").material) == (200, "PE")
    assert headers["ETag"] != first
    assert body["elements"] == [
        {
            "element": "pipe",
            "uid": uid(pipe("P2")),
            "code": "P2",
            "version": pipe("P2").version,
            "change": "changed",
        }
    ]
    status, body, headers = send(client, "PATCH", path, {"material": "steel"}, match=first)
    assert (status, body["error"]["code"], body["current"]["material"]) == (412, "stale_version", "PE")
    assert headers["ETag"] == f'"{body["current"]["version"]}"'
    for match, expected in ((None, 428), ('"x"', 400), (f'W/{headers["ETag"]}, "9"', 200), ("*", 200)):
        assert send(client, "PATCH", path, {"year_installed": 1999}, match=match)[0] == expected


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("split/", {"position": 0.5}),
        ("devices/", {"kind": "valve", "position": 0.5}),
        ("lifecycle/", {"to": "out_of_service"}),
        ("disconnect/", {"end": "start"}),
    ],
)
def test_a_stale_version_stops_every_operation(
    world: World, client: Client, path: str, body: dict[str, Any]
) -> None:
    address = f"pipes/{uid(pipe('P2'))}/{path}"
    before = stored_state()
    status, answer, _ = send(client, "POST", address, body, match='"77"')
    assert (status, answer["current"]["code"]) == (412, "P2")
    assert stored_state() == before
    assert send(client, "POST", address, body, match=None)[0] == 428
    assert stored_state() == before
    status, answer, _ = send(client, "POST", address, body, match=f'"{pipe("P2").version}"')
    assert status == 201, answer
    assert broken_invariants() == {}
    status, answer, _ = send(client, "POST", "networks/N1/undo/")
    assert status == 201, answer
    assert stored_state() == before


def test_a_new_branch_in_one_request(world: World, client: Client) -> None:
    line = {"type": "LineString", "coordinates": [[69.403, 41.4], [69.403, 41.401]]}
    operations = [
        {"op": "split_pipe", "pipe": uid(pipe("P2")), "position": 0.5, "ref": "cut", "code": "K"},
        {"op": "add_node", "kind": "hydrant", "geometry": [69.403, 41.401], "ref": "h", "code": "H1"},
        {"op": "add_pipe", "geometry": line, "start_node": "#cut", "end_node": "#h", "code": "NEW"},
        {"op": "set_pipe_attributes", "pipe": "#cut.pipes.0", "values": {"code": "LEFT"}},
    ]
    assert send(client, "POST", "networks/N1/edits/", {"operations": operations})[0] == 201
    assert (pipe("NEW").start_node.code, pipe("NEW").end_node.code) == ("K", "H1")
    assert pipe("LEFT").end_node.code == "K"
    assert Edit.objects.count() == 1
    assert broken_invariants() == {}


def test_one_bad_operation_undoes_the_whole_request(world: World, client: Client) -> None:
    before = stored_state()
    operations = [
        {"op": "split_pipe", "pipe": uid(pipe("P2")), "position": 0.5},
        {"op": "delete_node", "node": uid(node("A"))},
    ]
    status, body, _ = send(client, "POST", "networks/N1/edits/", {"operations": operations})
    assert (status, body["error"]["code"]) == (400, "in_use")
    assert body["error"]["details"][0]["operation"] == 1
    assert {detail["reason"] for detail in body["error"]["details"]} >= {"3 pipes", "1 service points"}
    assert stored_state() == before
    assert Edit.objects.count() == 0


HOSTILE_LINES = [
    ("empty", {"type": "LineString", "coordinates": []}),
    ("empty", [[69.403, 41.4]]),
    ("not_a_line", {"type": "Polygon", "coordinates": []}),
    ("not_a_line", "LINESTRING (1 2, 3 4)"),
    ("not_a_line", 5),
    ("three_dimensional", [[69.403, 41.41, 5], [69.404, 41.42, 5]]),
    ("out_of_range", [[690.403, 41.41], [69.404, 41.42]]),
    ("out_of_range", [[10**400, 41.41], [69.404, 41.42]]),
    ("not_a_number", [["69", "41"], [69.404, 41.42]]),
    ("not_a_number", [[True, False], [69.404, 41.42]]),
    ("no_length", [[69.41, 41.41], [69.41, 41.41]]),
    ("self_crossing", [[69.41, 41.41], [69.42, 41.42], [69.42, 41.41], [69.41, 41.42]]),
    ("too_many_vertices", [[69.41 + index * 1e-7, 41.41] for index in range(100_001)]),
]


@pytest.mark.parametrize(("reason", "geometry"), HOSTILE_LINES, ids=range(len(HOSTILE_LINES)))
def test_hostile_lines_are_refused_with_their_reason(
    world: World, client: Client, reason: str, geometry: Any
) -> None:
    for method, path, body in (
        ("POST", "pipes/", {"network": "N1"}),
        ("POST", f"pipes/{uid(pipe('P2'))}/redraw/", {}),
    ):
        status, answer, _ = send(client, method, path, {**body, "geometry": geometry})
        assert (status, answer["error"]["code"]) == (400, "bad_geometry"), answer
        assert answer["error"]["details"][0]["reason"] == reason
    assert Edit.objects.count() == 0


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none(world: World, client: Client, number: str) -> None:
    body = f'{{"network": "N1", "geometry": [[69.41, 41.41], [{number}, 41.42]]}}'
    assert send(client, "POST", "pipes/", body)[0] == 400
    assert send(client, "PATCH", f"pipes/{uid(pipe('P2'))}/", f'{{"diameter_m": {number}}}')[0] == 400


def test_a_pipe_back_to_its_own_node_is_refused(world: World, client: Client) -> None:
    line = [[69.402, 41.4], [69.4025, 41.401], [69.4015, 41.401], [69.402, 41.4]]
    a = uid(node("A"))
    for body in (
        {"start_node": a, "end_node": a},
        {"start_node": a, "end_onto_pipe": uid(pipe("P2"))},
        {},
    ):
        status, answer, _ = send(client, "POST", "pipes/", {"network": "N1", "geometry": line, **body})
        assert status == 400
        assert answer["error"]["code"] in ("loop", "too_near_end", "node_here"), answer


@pytest.mark.parametrize(
    ("element", "body"),
    [
        ("pipe", {"diameter_m": -1}),
        ("pipe", {"diameter_m": "0.2"}),
        ("pipe", {"diameter_m": True}),
        ("pipe", {"year_installed": 1999.5}),
        ("pipe", {"year_installed": 10**30}),
        ("pipe", {"status": "ajar"}),
        ("pipe", {"code": ""}),
        ("pipe", {"code": "x" * 81}),
        ("pipe", {"code": "P1"}),
        ("pipe", {"code": "a\u0000b"}),
        ("pipe", {"code": "a\nb"}),
        ("node", {"code": "a\u2028b"}),
        ("node", {"code": "\u200b"}),
        ("pipe", {"roughness": -5}),
        ("pipe", {"minor_loss": -1}),
        ("pipe", {"material": None}),
        ("pipe", {"geom": "x"}),
        ("pipe", {"line": {"voltage_kv": 10}}),
        ("pipe", {"line": 5}),
        ("pipe", {}),
        ("node", {"zone": "nowhere"}),
        ("node", {"elevation_m": 1e9}),
        ("node", {"installed_on": "31.01.2026"}),
        ("node", {"kind": "tank"}),
        ("node", {"details": {"status": "open"}}),
        ("node", {"details": []}),
    ],
)
def test_bad_values_name_their_field(
    world: World, client: Client, element: str, body: dict[str, Any]
) -> None:
    address = f"pipes/{uid(pipe('P2'))}/" if element == "pipe" else f"nodes/{uid(node('A'))}/"
    before = stored_state()
    status, answer, _ = send(client, "PATCH", address, body)
    assert status == 400, answer
    assert stored_state() == before


@pytest.mark.parametrize(
    "operations",
    [
        None,
        [],
        5,
        [5],
        [{}],
        [{"op": "explode"}],
        [{"op": "split_pipe"}],
        [{"op": "split_pipe", "pipe": "#none", "position": 0.5}],
        [{"op": "split_pipe", "pipe": "x", "position": "0.5"}],
        [{"op": "split_pipe", "pipe": 7, "position": 0.5}],
        [{"op": ["split_pipe"]}],
        [{"op": "add_node", "kind": "dragon", "geometry": [69.41, 41.41]}],
        [{"op": "add_node", "kind": "outfall", "geometry": [69.41, 41.41]}],
        [{"op": "add_node", "kind": "tank", "geometry": [69.41, 41.41]}],
        [{"op": "add_node", "kind": "junction", "geometry": [69.41, 41.41], "ref": "a b"}],
        [{"op": "split_pipe", "pipe": "00000000-0000-0000-0000-000000000000", "position": 0.5}],
        [{"op": "delete_node", "node": "x"}] * 20_001,
    ],
)
def test_hostile_requests_are_400(world: World, client: Client, operations: Any) -> None:
    status, answer, _ = send(client, "POST", "networks/N1/edits/", {"operations": operations})
    assert status == 400, answer
    assert Edit.objects.count() == 0


def test_undo_and_redo(world: World, client: Client) -> None:
    before = stored_state()
    assert send(client, "POST", "networks/N1/undo/")[0] == 409
    path = f"pipes/{uid(pipe('P2'))}/"
    edit = send(client, "POST", f"{path}split/", {"position": 0.3})[1]["uid"]
    after = stored_state()
    status, body, _ = send(client, "POST", "networks/N1/undo/", {"edit": edit})
    assert (status, body["undoes"], stored_state()) == (201, edit, before)
    assert send(client, "POST", "networks/N1/undo/", {"edit": edit})[0] == 409
    assert send(client, "POST", "networks/N1/redo/")[0] == 201
    assert stored_state() == after
    assert send(client, "POST", "networks/N1/redo/")[0] == 409
    assert send(client, "GET", "edits/?network=N1")[1]["results"][0]["operation"] == "redo"


def test_history_lineage_and_the_past(world: World, client: Client) -> None:
    p2, moment = uid(pipe("P2")), timezone.now()
    old = send(client, "GET", f"pipes/{p2}/")[1]
    result = send(client, "POST", f"pipes/{p2}/split/", {"position": 0.3})[1]["results"][0]
    send(client, "PATCH", f"pipes/{p2}/", {"material": "PE"})
    send(client, "DELETE", f"pipes/{result['pipes'][0]}/?")
    past = moment.isoformat().replace("+", "%2B")
    status, body, headers = send(client, "GET", f"pipes/{p2}/?as_of={past}")
    assert (status, body) == (200, old)
    assert "ETag" not in headers
    assert {row["code"] for row in send(client, "GET", f"pipes/?as_of={past}")[1]["results"]} == {
        "P1",
        "P2",
        "P3",
        "P4",
    }
    assert send(client, "GET", f"nodes/{result['node']}/?as_of={past}")[0] == 404
    assert send(client, "GET", f"nodes/{result['node']}/")[0] == 200
    for bad in ("yesterday", "2026-13-01", "2026-01-01T00:00:00"):
        assert send(client, "GET", f"pipes/?as_of={bad}")[0] == 400
    history = send(client, "GET", f"pipes/{p2}/history/")[1]
    assert [state["version"] for state in history["states"]] == [2, 1]
    assert history["states"][0]["by"] == "engineer-qibray"
    assert [row["descendant_code"] for row in history["lineage"]] == ["P2/1", "P2"]
    edit = history["states"][1]["edit"]
    detail = send(client, "GET", f"edits/{edit}/")[1]
    assert {change["table"] for change in detail["changes"]} == {"node", "pipe"}
    assert len(detail["lineage"]) == 2


def test_who_may_edit(
    world: World, make_user: Callable[..., User], district: Division, other_district: Division
) -> None:
    crew, stranger = make_user("crew", district), make_user("engineer", other_district)
    before = stored_state()
    for user in (crew, stranger):
        client = Client()
        client.force_login(user)
        for method, path, body in (
            ("PATCH", f"pipes/{uid(pipe('P2'))}/", {"material": "PE"}),
            ("DELETE", f"pipes/{uid(pipe('P2'))}/", None),
            ("POST", f"pipes/{uid(pipe('P2'))}/split/", {"position": 0.5}),
            ("POST", f"nodes/{uid(node('A'))}/move/", {"geometry": [69.4021, 41.4]}),
            ("POST", "nodes/", {"network": "N1", "kind": "junction", "geometry": [69.41, 41.41]}),
            ("POST", "networks/N1/edits/", {"operations": [{"op": "delete_node", "node": uid(node("A"))}]}),
            ("POST", "networks/N1/undo/", {}),
        ):
            assert send(client, method, path, body)[0] == 404, (user, path)
    assert stored_state() == before


def test_an_element_of_another_network_is_unknown(world: World, client: Client) -> None:
    from tests.world import make_world

    region = world.district.parent
    assert region is not None
    other = make_world(region.children.create(**_second()), network_code="N2", enterprise_code="Z", first=9)
    body = {
        "operations": [
            {
                "op": "connect_pipe",
                "pipe": uid(pipe_of(world, "P4")),
                "end": "end",
                "node": str(other.nodes["B"].uid),
            }
        ]
    }
    status, answer, _ = send(client, "POST", "networks/N1/edits/", body)
    assert (status, answer["error"]["code"]) == (400, "unknown_element")


def _second() -> dict[str, Any]:
    from tests.conftest import under

    fields = under(Division.objects.get(code="UZ-TO"))
    fields.pop("parent")
    return {"code": "SECOND", "name": "Second", "level": Division.Level.DISTRICT, **fields}


def pipe_of(world: World, code: str) -> Pipe:
    return Pipe.objects.get(network=world.network, code=code)


def test_moves_keep_the_ends_on_the_node(world: World, client: Client) -> None:
    before = Node.objects.get(code="A", network=world.network)
    status, body, _ = send(client, "POST", f"nodes/{before.uid}/move/", {"geometry": [69.4021, 41.4002]})
    assert status == 201, body
    assert broken_invariants() == {}
    # onto another node, or within the tolerance of one
    status, body, _ = send(client, "POST", f"nodes/{before.uid}/move/", {"geometry": [69.404, 41.4000001]})
    assert body["error"]["code"] == "node_here"


def test_several_things_snapped_to_one_pipe_in_one_request(world: World, client: Client) -> None:
    """The client knows one uid for the pipe, whatever the request has made of it by then."""
    p2 = uid(pipe("P2"))
    bypass = [[69.4025, 41.4], [69.4025, 41.4005], [69.4035, 41.4005], [69.4035, 41.4]]
    operations = [
        {"op": "add_pipe", "geometry": bypass, "start_onto_pipe": p2, "end_onto_pipe": p2, "code": "BYPASS"},
        {"op": "add_node", "kind": "hydrant", "geometry": [69.4022, 41.4], "onto_pipe": p2, "code": "H1"},
        {"op": "place_device", "kind": "valve", "pipe": p2, "point": [69.403, 41.4], "code": "V1"},
    ]
    status, body, _ = send(client, "POST", "networks/N1/edits/", {"operations": operations})
    assert status == 201, body
    assert pipe("BYPASS").start_node.pipes_in.get().start_node.code == "H1"
    assert node("V1").pipes_in.get().start_node == pipe("BYPASS").start_node
    assert node("V1").pipes_out.get().end_node == pipe("BYPASS").end_node
    assert broken_invariants() == {}
