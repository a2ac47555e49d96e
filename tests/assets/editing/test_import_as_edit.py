"""An import is an edit: in the history, read as of a date, undone as a whole, brought back, refused when built upon."""

import os
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from assets.editing.services.bulk import apply_operations
from assets.editing.services.undoing import ROWS_UNDONE_AT_ONCE, undo
from assets.editing.tasks import undo_edit
from assets.exchange.services.epanet_import import ModelPlacement, import_epanet_model
from assets.exchange.services.geo_import import GeoOptions, import_geo_file
from assets.models import Edit, Network, NetworkState, Node, Pipe, RowChange, Zone
from assets.networks.selectors.as_of import reading_as_of, tracked_tables
from assets.topology.services.rebuilding import rebuild_topology
from gis_core.errors import ReportedError
from gis_core.models import AuditEvent, Division, Job, User
from tests.assets.editing.state import broken_invariants, stored_state
from tests.assets.importing import library_model


@pytest.fixture
def engineer_user(make_user: Callable[..., User], district: Division) -> User:
    return make_user("engineer", district)


def grid_model(path: Path, side: int) -> Path:
    """An EPANET model of side x side junctions, 100 m apart, and a reservoir at one corner."""
    lines = ["[JUNCTIONS]"]
    lines += [f"J{x}-{y} 400 0.1" for x in range(side) for y in range(side)]
    lines += ["[RESERVOIRS]", "R1 450", "[PIPES]", "PR R1 J0-0 100 300 120 0 Open"]
    for x in range(side):
        for y in range(side):
            if x + 1 < side:
                lines.append(f"H{x}-{y} J{x}-{y} J{x + 1}-{y} 100 150 120 0 Open")
            if y + 1 < side:
                lines.append(f"V{x}-{y} J{x}-{y} J{x}-{y + 1} 100 150 120 0 Open")
    lines += ["[COORDINATES]", "R1 -100 0"]
    lines += [f"J{x}-{y} {x * 100} {y * 100}" for x in range(side) for y in range(side)]
    lines += ["[OPTIONS]", "Units LPS", "Headloss H-W", "[END]"]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def import_model(path: Path, division: Division, user: User | None, network: str = "NEW") -> Edit:
    result = import_epanet_model(
        path=path,
        network_code=network,
        division=division,
        commodity="water",
        placement=ModelPlacement(place=(69.45, 41.38), coordinate_unit="m"),
        acting_user=user,
    )
    assert result.edit is not None
    return Edit.objects.select_related("network__division").get(uid=result.edit)


def tracked_rows() -> int:
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT count(*) FROM {table}" for table in tracked_tables()))
        return sum(count for (count,) in cursor.fetchall())


@pytest.mark.django_db
def test_an_import_is_one_edit_with_every_row_it_made(
    engineer_user: User, district: Division, tmp_path: Path
) -> None:
    before = tracked_rows()
    edit = import_model(library_model("Net3"), district, engineer_user)
    assert edit.operation == "import_network"
    assert "Net3.inp" in edit.summary
    assert "117 pipe" in edit.summary
    assert RowChange.objects.filter(edit=edit).count() == tracked_rows() - before
    assert set(RowChange.objects.filter(edit=edit).values_list("operation", flat=True)) == {"I"}
    assert set(Node.objects.filter(network=edit.network).values_list("change_id", flat=True)) == {edit.pk}
    audit = AuditEvent.objects.get(action="import network", object_id="NEW")
    assert audit.new_values is not None
    assert audit.new_values["edit"] == str(edit.uid)
    assert not NetworkState.objects.get(network=edit.network).topology_is_current


@pytest.mark.django_db
def test_bulk_logs_as_the_triggers_would(engineer_user: User, district: Division) -> None:
    """The same rows, made one by one within an edit, leave the same log."""
    edit = import_model(library_model("Net3"), district, engineer_user)
    undoing = undo(edit, acting_user=engineer_user)
    redone = undo(undoing, acting_user=engineer_user)

    def log(of: Edit) -> set[tuple[Any, ...]]:
        rows = RowChange.objects.filter(edit=of)
        return set(rows.values_list("table_name", "row_id", "operation", "after_change_id", "network_id"))

    assert log(redone) == log(edit)


@pytest.mark.django_db
def test_an_import_is_undone_and_brought_back_to_the_last_bit(
    engineer_user: User, district: Division
) -> None:
    empty = stored_state()
    edit = import_model(library_model("Net3"), district, engineer_user)
    full = stored_state()
    undoing = undo(edit, acting_user=engineer_user)
    assert stored_state() == empty
    assert Network.objects.filter(code="NEW").exists()
    assert [undoing.operation, undoing.undoes_id] == ["undo", edit.pk]
    redoing = undo(undoing, acting_user=engineer_user)
    assert stored_state() == full
    assert not broken_invariants()
    edit.refresh_from_db()
    assert edit.undone_by_id is None
    assert redoing.operation == "redo"


@pytest.mark.django_db
def test_history_and_reading_as_of_agree(engineer_user: User, district: Division) -> None:
    edit = import_model(library_model("Net3"), district, engineer_user)
    undoing = undo(edit, acting_user=engineer_user)
    redoing = undo(undoing, acting_user=engineer_user)

    def pipes_at(moment: Any) -> int:
        with reading_as_of(moment):
            return Pipe.objects.filter(network__code="NEW", is_connector=False).count()

    instant = timedelta(microseconds=1)
    assert pipes_at(edit.made_at - instant) == 0
    assert pipes_at(edit.made_at) == pipes_at(undoing.made_at - instant) == 117
    assert pipes_at(undoing.made_at) == pipes_at(redoing.made_at - instant) == 0
    assert pipes_at(redoing.made_at) == 117


@pytest.mark.django_db
def test_an_import_that_was_built_upon_is_not_undone_and_says_by_whom(
    engineer_user: User, district: Division, make_user: Callable[..., User]
) -> None:
    edit = import_model(library_model("Net3"), district, engineer_user)
    colleague = make_user("engineer", district, username="zafar")
    pipe = Pipe.objects.filter(network=edit.network, is_connector=False).earliest("pk")
    values = {"material": "PE"}
    apply_operations(
        edit.network,
        [{"op": "set_pipe_attributes", "pipe": str(pipe.uid), "values": values}],
        acting_user=colleague,
    )
    state = stored_state()
    with pytest.raises(ReportedError, match="later changes depend on it") as refused:
        undo(edit, acting_user=engineer_user)
    assert refused.value.code == "later_edits_depend"
    assert f"pipe {pipe.code}" in refused.value.message
    assert "zafar" in refused.value.message
    assert stored_state() == state


@pytest.mark.django_db
def test_what_hangs_on_an_import_keeps_it(engineer_user: User, district: Division) -> None:
    edit = import_model(library_model("Net3"), district, engineer_user)
    node = Node.objects.filter(network=edit.network, kind="junction").earliest("pk")
    place = [node.geom.x + 0.001, node.geom.y]
    operations = [
        {"op": "add_pipe", "geometry": [[node.geom.x, node.geom.y], place], "start_node": str(node.uid)}
    ]
    apply_operations(edit.network, operations, acting_user=engineer_user)
    state = stored_state()
    with pytest.raises(ReportedError) as refused:
        undo(edit, acting_user=engineer_user)
    assert refused.value.code == "later_edits_depend"
    assert stored_state() == state


@pytest.mark.django_db
def test_what_a_command_imported_any_engineer_of_the_division_may_undo(
    engineer_user: User, district: Division
) -> None:
    edit = import_model(library_model("Net3"), district, None)
    undo(edit, acting_user=engineer_user)
    assert not Node.objects.filter(network=edit.network).exists()


def import_lines(path: Path, division: Division, user: User, text: str, **options: Any) -> Any:
    path.write_text(text, encoding="utf-8")
    return import_geo_file(
        path=path,
        file_format="csv",
        network_code="GEO",
        division=division,
        commodity="water",
        options=GeoOptions(srid=4326, **options),
        acting_user=user,
    )


@pytest.mark.django_db
def test_a_geo_file_is_one_edit_and_a_repetition_none(
    engineer_user: User, district: Division, tmp_path: Path
) -> None:
    first = "code;wkt\nP1;LINESTRING (69.3 41.3, 69.31 41.3)\n"
    second = first + "P2;LINESTRING (69.31 41.3, 69.32 41.3)\n"
    path = tmp_path / "pipe.csv"
    assert import_lines(path, district, engineer_user, first, dry_run=True).edit is None
    assert not Edit.objects.exists()
    one = import_lines(path, district, engineer_user, first)
    assert import_lines(path, district, engineer_user, first).edit is None
    two = import_lines(path, district, engineer_user, second)
    assert list(Edit.objects.order_by("pk").values_list("uid", flat=True).distinct()) == [
        edit.uid for edit in Edit.objects.filter(uid__in=[one.edit, two.edit]).order_by("pk")
    ]
    # The second rests on a node of the first: in turn they are undone, the other way round they are not.
    with pytest.raises(ReportedError):
        undo(Edit.objects.select_related("network__division").get(uid=one.edit), acting_user=engineer_user)
    for uid in (two.edit, one.edit):
        undo(Edit.objects.select_related("network__division").get(uid=uid), acting_user=engineer_user)
    assert not Pipe.objects.exists()
    assert not Zone.objects.exists()


@pytest.mark.django_db
def test_thousands_of_elements_are_undone_by_a_job_in_one_step(
    engineer_user: User,
    district: Division,
    tmp_path: Path,
    client: Client,
    django_capture_on_commit_callbacks: Any,
) -> None:
    side, least = (60, 10_000) if os.environ.get("TARMOQ_PROVE") else (40, 3_000)
    edit = import_model(grid_model(tmp_path / "grid.inp", side), district, engineer_user)
    elements = (
        Node.objects.filter(network=edit.network).count() + Pipe.objects.filter(network=edit.network).count()
    )
    assert elements > least
    assert RowChange.objects.filter(edit=edit).count() > ROWS_UNDONE_AT_ONCE
    # Also with its topology current: segments and supply numbers go with it.
    rebuild_topology(edit.network)
    client.force_login(engineer_user)
    answer = client.post(
        "/api/v1/networks/NEW/undo/", {"edit": str(edit.uid)}, content_type="application/json"
    )
    assert answer.status_code == 202, answer.content
    job = Job.objects.get(uid=answer.json()["uid"])
    started = time.monotonic()
    undo_edit(str(job.uid))
    print(f"undo of {elements} elements: {time.monotonic() - started:.1f} s")
    job.refresh_from_db()
    assert job.state == "succeeded", job.error
    assert job.result is not None
    assert job.result["undoes"] == str(edit.uid)
    with connection.cursor() as cursor:
        for table in ("node", "pipe", "nodetopology", "pipetopology", "segment"):
            cursor.execute(f"SELECT count(*) FROM assets_{table}")
            assert cursor.fetchone() == (0,), table
    redone = Edit.objects.select_related("network__division").get(uid=job.result["edit"])
    started = time.monotonic()
    undo(redone, acting_user=engineer_user)
    print(f"redo of {elements} elements: {time.monotonic() - started:.1f} s")
    assert Node.objects.count() + Pipe.objects.count() == elements
