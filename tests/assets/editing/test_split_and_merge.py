"""Splits and merges: geometry, what is carried by position, lineage, refusals, undo.

A ------------- P2 ------------- B        a split at 0.25:  A -- P2/1 -- N -------- P2 -------- B
"""

from typing import Any, cast

import pytest
from django.contrib.gis.geos import LineString
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from assets.editing.selectors.edits import changes_of, elements_of
from assets.editing.services.session import editing
from assets.editing.services.splitting import split_pipe
from assets.editing.services.undoing import redo_last, undo_last
from assets.models import Attachment, Demand, Document, DocumentLink, Edit, Lineage, Node, Pipe
from gis_core.errors import ReportedError
from gis_core.models import AuditEvent, User
from tests.assets.editing.conftest import Apply, node, pipe, uid
from tests.assets.editing.state import stored_state
from tests.databases import as_owner
from tests.world import World

pytestmark = pytest.mark.django_db


def attach(world: World, code: str, position: float | None, at: str) -> Attachment:
    return Attachment.objects.create(
        network=world.network,
        division=world.district,
        node=node(at),
        pipe=None if position is None else pipe(code),
        position=position,
    )


def give_shape(code: str, *between: tuple[float, float]) -> None:
    row = pipe(code)
    line = row.geom.coords
    Pipe.objects.filter(pk=row.pk).update(geom=LineString([line[0], *between, line[-1]], srid=4326))


def test_the_longer_part_keeps_the_row_and_everything_lies_where_it_lay(world: World, apply: Apply) -> None:
    give_shape("P2", (69.4025, 41.4003), (69.4035, 41.3998))
    before = pipe("P2")
    old_line = list(before.geom.coords)
    low, high = attach(world, "P2", 0.1, "B"), attach(world, "P2", 0.9, "A")
    result = apply("split_pipe", pipe=uid(before), position=0.25)
    kept, new, middle = pipe("P2"), pipe("P2/1"), Node.objects.get(uid=result["node"])
    assert (kept.pk, kept.uid) == (before.pk, before.uid)
    assert result["pipes"] == [str(new.uid), str(kept.uid)]
    assert (new.start_node.code, new.end_node_id, kept.start_node_id, kept.end_node.code) == (
        "A",
        middle.pk,
        middle.pk,
        "B",
    )
    joined = [*new.geom.coords, *kept.geom.coords[1:]]
    assert joined == [*old_line[:1], middle.geom.coords, *old_line[1:]]
    total_m = new.geodesic_length_m + kept.geodesic_length_m
    assert total_m == pytest.approx(before.geodesic_length_m, rel=1e-6)
    assert new.geodesic_length_m == pytest.approx(total_m / 4, rel=1e-6)
    assert new.stated_length_m is not None
    assert kept.stated_length_m is not None
    assert new.stated_length_m + kept.stated_length_m == 100.0
    assert new.stated_length_m == pytest.approx(25.0, rel=1e-6)
    assert (new.diameter_m, new.lifecycle) == (before.diameter_m, before.lifecycle)
    assert (middle.zone, middle.elevation_m) == (world.zones["Z1"], 480.0)
    low.refresh_from_db()
    high.refresh_from_db()
    assert (low.pipe, high.pipe) == (new, kept)
    assert low.position == pytest.approx(0.4)
    assert high.position == pytest.approx((0.9 - 0.25) / 0.75)
    assert low.node in (new.start_node, new.end_node)
    assert result["edit"].remarks == []


def test_what_is_attached_stays_in_its_zone(world: World, apply: Apply) -> None:
    """B ends P3 in Z1, M2 has no zone: what hangs by B stays with B's zone where the part allows it."""
    by_b = attach(world, "P3", 0.95, "B")
    result = apply("split_pipe", pipe=uid(pipe("P3")), position=0.2)
    by_b.refresh_from_db()
    assert by_b.pipe == pipe("P3")
    # the far part lies between the new node (zone of the nearer end, B) and M2 (none)
    assert str(by_b.node.uid) == result["node"]
    assert by_b.node.zone == world.zones["Z1"]


def test_what_changes_its_zone_is_reported(world: World, apply: Apply) -> None:
    by_b = attach(world, "P3", 0.95, "B")
    result = apply("split_pipe", pipe=uid(pipe("P3")), position=0.8)
    by_b.refresh_from_db()
    assert by_b.node.code in ("M2", Node.objects.get(uid=result["node"]).code)
    assert [remark["reason"] for remark in result["edit"].remarks] == [
        f"now belongs to the zone of node {by_b.node.code}, no longer to that of node B"
    ]


def test_documents_facts_and_single_things(world: World, apply: Apply) -> None:
    document = Document.objects.create(division=world.district, title="As built", kind="as_built")
    DocumentLink.objects.create(
        division=world.district, network=world.network, document=document, pipe=pipe("P2")
    )
    Pipe.objects.filter(code="P2").update(minor_loss=3, has_check_valve=True)
    result = apply("split_pipe", pipe=uid(pipe("P2")), position=0.4)
    assert {link.pipe and link.pipe.code for link in document.links.all()} == {"P2", "P2/1"}
    assert (pipe("P2").minor_loss, pipe("P2/1").minor_loss) == (3, 0)
    assert (pipe("P2").has_check_valve, pipe("P2/1").has_check_valve) == (True, False)
    assert len(result["edit"].remarks) == 2


def test_documents_of_the_node_between_go_to_the_merged_pipe(
    world: World, apply: Apply, engineer: User
) -> None:
    result = apply("split_pipe", pipe=uid(pipe("P2")), position=0.4)
    middle = Node.objects.get(uid=result["node"])
    both, own = (
        Document.objects.create(division=world.district, title=title, kind="as_built")
        for title in ("Of both", "Of the joint")
    )
    of_network = {"division": world.district, "network": world.network}
    DocumentLink.objects.create(**of_network, document=both, node=middle)
    DocumentLink.objects.create(**of_network, document=both, pipe=pipe("P2"))
    DocumentLink.objects.create(**of_network, document=own, node=middle)
    before = stored_state()
    merged = apply("merge_pipes", pipe=result["pipes"][0], other=result["pipes"][1])
    assert [document.links.get().pipe for document in (both, own)] == [pipe("P2")] * 2
    assert [remark["reason"] for remark in merged["edit"].remarks] == [
        "its documents (1) now belong to pipe P2"
    ]
    undo_last(world.network, acting_user=engineer)
    assert stored_state() == before
    assert own.links.get().node == middle


def test_lineage_and_audit(world: World, apply: Apply, engineer: User) -> None:
    result = apply("split_pipe", pipe=uid(pipe("P2")), position=0.25)
    rows = Lineage.objects.filter(edit=result["edit"]).values_list(
        "ancestor_code", "descendant_code", "relation", "from_share", "to_share"
    )
    # A split says both shares of each of its rows; a missing one could not be rounded.
    assert [(*row[:3], *(round(cast("float", share), 9) for share in row[3:])) for row in rows] == [
        ("P2", "P2/1", "split", 0.0, 0.25),
        ("P2", "P2", "split", 0.25, 1.0),
    ]
    event = AuditEvent.objects.get(action="split_pipe")
    assert (event.user, event.object_id, event.division) == (
        engineer,
        str(result["edit"].uid),
        world.district,
    )


@pytest.mark.parametrize("position", [0.0, 1.0, 1e-4, 1 - 1e-4, -0.1, 1.1])
def test_a_split_at_an_end_is_refused_and_changes_nothing(
    world: World, apply: Apply, position: float
) -> None:
    before = stored_state()
    with pytest.raises(ReportedError, match=r"connect to it instead|expected 0 to 1"):
        apply("split_pipe", pipe=uid(pipe("P2")), position=position)
    assert stored_state() == before


def test_a_point_off_the_pipe_is_not_snapped(world: World, apply: Apply) -> None:
    far, near = [69.403, 41.40001], [69.403, 41.4000005]
    with pytest.raises(ReportedError, match=r"tolerance is 0\.1 m") as caught:
        apply("split_pipe", pipe=uid(pipe("P2")), point=far)
    assert caught.value.code == "not_snapped"
    apply("split_pipe", pipe=uid(pipe("P2")), point=near)


def test_split_and_merge_give_the_pipe_back(world: World, apply: Apply) -> None:
    give_shape("P2", (69.4025, 41.4003), (69.4035, 41.3998))
    before = pipe("P2")
    low, high = attach(world, "P2", 0.1, "A"), attach(world, "P2", 0.9, "B")
    result = apply("split_pipe", pipe=uid(before), position=0.25)
    merged = apply("merge_pipes", pipe=result["pipes"][0], other=result["pipes"][1])
    after = pipe("P2")
    assert merged["pipe"] == str(before.uid) == str(after.uid)
    assert after.geom.coords == before.geom.coords
    assert after.stated_length_m == pytest.approx(100.0)
    assert not Pipe.objects.filter(code="P2/1").exists()
    for attachment, position, code in ((low, 0.1, "A"), (high, 0.9, "B")):
        attachment.refresh_from_db()
        assert (attachment.pipe, attachment.node.code) == (after, code)
        assert attachment.position == pytest.approx(position)


def test_merge_carries_what_hangs_on_the_node_and_its_demands(world: World, apply: Apply) -> None:
    result = apply("split_pipe", pipe=uid(pipe("P2")), position=0.25)
    middle = Node.objects.get(uid=result["node"])
    loose = attach(world, "", None, middle.code)
    Demand.objects.create(node=middle, base_demand_m3s=0.001)
    merged = apply("merge_pipes", pipe=result["pipes"][1], other=result["pipes"][0])
    loose.refresh_from_db()
    assert loose.pipe is not None
    assert (loose.pipe.code, loose.node.code) == ("P2", "A")
    assert loose.position == pytest.approx(0.25)
    assert node("A").demands.get().base_demand_m3s == 0.001
    assert len(merged["edit"].remarks) == 2
    assert merged["deleted"][1] == str(middle.uid)


def test_merge_of_opposite_drawings(world: World, apply: Apply) -> None:
    result = apply("split_pipe", pipe=uid(pipe("P2")), position=0.25)
    small = Pipe.objects.get(uid=result["pipes"][0])
    Pipe.objects.filter(pk=small.pk).update(
        geom=LineString(small.geom.coords[::-1], srid=4326),
        start_node=small.end_node_id,
        end_node=small.start_node_id,
    )
    on = Attachment.objects.create(
        network=world.network, division=world.district, node=node("A"), pipe=small, position=0.8
    )
    apply("merge_pipes", pipe=result["pipes"][0], other=result["pipes"][1])
    on.refresh_from_db()
    assert (pipe("P2").start_node.code, pipe("P2").end_node.code) == ("A", "B")
    assert on.position == pytest.approx(0.25 * 0.2)


def test_merge_refusals_change_nothing(world: World, apply: Apply) -> None:
    before = stored_state()
    for one, two, reason in (
        ("P1", "P2", "no common node"),
        ("P2", "P2", "with itself"),
        ("P2", "P4", "also the end of"),
    ):
        with pytest.raises(ReportedError, match=reason):
            apply("merge_pipes", pipe=uid(pipe(one)), other=uid(pipe(two)))
    assert stored_state() == before


def test_pipes_that_differ_merge_only_by_force(world: World, apply: Apply) -> None:
    result = apply("split_pipe", pipe=uid(pipe("P2")), position=0.25)
    Pipe.objects.filter(uid=result["pipes"][0]).update(diameter_m=0.1, material="PE")
    with pytest.raises(ReportedError, match="differ in diameter_m, material"):
        apply("merge_pipes", pipe=result["pipes"][0], other=result["pipes"][1])
    merged = apply("merge_pipes", pipe=result["pipes"][0], other=result["pipes"][1], force=True)
    assert pipe("P2").diameter_m == 0.2
    assert len(merged["edit"].remarks) == 2


def test_undo_and_redo_to_the_last_bit(world: World, apply: Apply, engineer: User) -> None:
    give_shape("P2", (69.4025, 41.4003))
    attach(world, "P2", 0.1, "B")
    states = [stored_state()]
    result: dict[str, Any] = apply("split_pipe", pipe=uid(pipe("P2")), position=0.25)
    states.append(stored_state())
    apply("merge_pipes", pipe=result["pipes"][0], other=result["pipes"][1])
    states.append(stored_state())
    for expected in (states[1], states[0]):
        undo_last(world.network, acting_user=engineer)
        assert stored_state() == expected
    for expected in (states[1], states[2]):
        redo_last(world.network, acting_user=engineer)
        assert stored_state() == expected


def test_undo_is_refused_when_later_edits_depend(
    world: World, apply: Apply, engineer: User, make_user: Any
) -> None:
    other = make_user("engineer", world.district, username="second")
    apply("split_pipe", pipe=uid(pipe("P2")), position=0.25)
    apply("set_pipe_attributes", by=other, pipe=uid(pipe("P2")), values={"material": "PE"})
    before = stored_state()
    with pytest.raises(ReportedError, match="later changes depend on it") as caught:
        undo_last(world.network, acting_user=engineer)
    assert caught.value.code == "later_edits_depend"
    assert "by second" in caught.value.details[0]["reason"]
    assert stored_state() == before


def read_of_history() -> int:
    """How many rows of the history this transaction has read so far."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'assets_rowchange'"
        )
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize("others", [1, 40])
def test_an_edit_reads_what_it_changed_and_not_all_history(world: World, engineer: User, others: int) -> None:
    """A valve layer is one edit of thousands of rows: every edit after it read them all, several times."""
    many = [
        Edit.objects.create(
            network=world.network, division=world.district, operation="bulk", made_at=timezone.now()
        )
        for _ in range(others)
    ]
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO assets_rowchange (edit_id, network_id, table_name, row_id, operation, valid_to) "
            "SELECT (%s::bigint[])[1 + number %% %s], %s, "
            "       (ARRAY['assets_pipe', 'assets_node', 'assets_valvedetail'])[1 + number / %s %% 3], "
            "       number, 'I', now() "
            "  FROM generate_series(1, 6000) number",
            [[edit.pk for edit in many], others, world.network.pk, others],
        )
        cursor.execute("ANALYZE assets_rowchange")
    before = read_of_history()
    edited = split_pipe(world.network, pipe=str(uid(pipe("P2"))), position=0.25, acting_user=engineer)
    edit = Edit.objects.get(lineage__descendant_uid=edited["pipes"][0])
    assert len(elements_of(edit)) == 3
    assert len(changes_of(edit)) == 3
    assert read_of_history() - before < 100
    undo_last(world.network, acting_user=engineer)
    assert read_of_history() - before < 300


def test_a_bulk_edit_looks_each_row_up_by_its_whole_key(world: World, engineer: User) -> None:
    """A name has another collation than the index, so each row went through all that the edit had changed so far."""
    count = 3000
    with editing(world.network, operation="bulk", acting_user=engineer), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO assets_node (uid, network_id, division_id, kind, code, geom, lifecycle, version, valid_from) "
            "SELECT gen_random_uuid(), network_id, division_id, 'junction', 'B' || number, geom, lifecycle, 1, now() "
            "  FROM assets_node, generate_series(1, %s) number WHERE code = 'A'",
            [count],
        )
        before = pages_of_index(cursor)
        cursor.execute("UPDATE assets_node SET elevation_m = 400 WHERE code LIKE 'B%%' AND kind = 'junction'")
        # A lookup and a change, each with a handful of pages; all of the edit would be some twenty on average.
        assert (pages_of_index(cursor) - before) / count < 12


def pages_of_index(cursor: CursorWrapper) -> int:
    """How many pages of the index of edits this transaction has looked at so far."""
    cursor.execute("SELECT pg_stat_get_xact_blocks_fetched('row_change_once_in_edit'::regclass)")
    return int(cursor.fetchone()[0])


@pytest.mark.parametrize("name", ["topological_changes", "mark_dirty_areas"])
def test_what_one_edit_changed_is_looked_up_by_key(world: World, name: str) -> None:
    """Where few edits had changed many rows, the planner took each edit for as large and read whole indexes: a
    split of a network of a million pipes took 1.2 s instead of 0.03 s."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT proconfig FROM pg_proc WHERE proname = %s", [name])
        (settings,) = cursor.fetchone()
    assert {"enable_seqscan=off", "enable_hashjoin=off", "enable_mergejoin=off"} <= set(settings)
