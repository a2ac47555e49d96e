"""Records follow a pipe that is split and merged again: nothing is lost, nothing is twice.

before    A ---- P2 ---- B          split    A -- P2 -- X -- P2b -- B          merged   A ---- P2 ---- B
          1 inspection                       original     copy                          the original
"""

from datetime import date

import pytest
from django.contrib.gis.geos import LineString, Point
from django.db import IntegrityError, transaction

from assets.editing.services.carrying import carry_on_merge, carry_on_split
from assets.models import DocumentLink, Inspection, Node, Pipe, Verification
from assets.registers.services.cadastre import link_document
from assets.registers.services.condition import record_inspection, record_verification
from tests.assets.registers.conftest import Registers


def new_part(registers: Registers, code: str = "P2b") -> Pipe:
    """Another pipe of the network, standing for the new part of P2."""
    network = registers.world.network
    end = registers.world.nodes["B"]
    start = Node.objects.create(
        network=network,
        division=network.division,
        code=f"X-{code}",
        kind="junction",
        geom=Point(69.403, 41.4, srid=4326),
    )
    return Pipe.objects.create(
        network=network,
        division=network.division,
        code=code,
        start_node=start,
        end_node=end,
        geom=LineString(start.geom.coords, end.geom.coords, srid=4326),
    )


def record(registers: Registers, pipe: Pipe, grade: int = 3) -> Inspection:
    return record_inspection(
        asset=pipe,
        inspected_on=date(2025, 1, 1),
        inspector="O. K.",
        method="acoustic",
        grade=grade,
        acting_user=registers.crew_user,
    )


def test_a_split_copies_and_a_merge_puts_together(registers: Registers) -> None:
    kept = registers.world.pipes["P2"]
    inspection = record(registers, kept)
    verification = record_verification(
        asset=kept,
        verified_on=date(2025, 2, 2),
        verified_by=registers.crew_user,
        method="gnss",
        acting_user=registers.crew_user,
    )
    link_document(document=registers.document, target=kept, acting_user=None)
    part = new_part(registers)
    assert carry_on_split(kept_pipe_id=kept.pk, new_pipe_id=part.pk) == []
    copy = Inspection.objects.get(pipe=part)
    assert (copy.copied_from, copy.grade, copy.recorded_at) == (inspection, 3, inspection.recorded_at)
    assert Verification.objects.get(pipe=part).verified_by == registers.crew_user
    assert DocumentLink.objects.filter(document=registers.document).count() == 2
    # What is found on the new part alone comes along when the two are one again.
    own = record(registers, part, grade=5)
    assert carry_on_merge(kept_pipe_id=kept.pk, absorbed_pipe_id=part.pk) == []
    assert set(Inspection.objects.filter(pipe=kept)) == {inspection, own}
    assert list(Verification.objects.filter(pipe=kept)) == [verification]
    assert DocumentLink.objects.get(document=registers.document).pipe == kept
    part.delete()


def test_the_original_stays_when_it_comes_from_the_absorbed_pipe(registers: Registers) -> None:
    whole = registers.world.pipes["P2"]
    inspection = record(registers, whole)
    part, third = new_part(registers), new_part(registers, "P2c")
    carry_on_split(kept_pipe_id=whole.pk, new_pipe_id=part.pk)
    carry_on_split(kept_pipe_id=part.pk, new_pipe_id=third.pk)
    assert Inspection.objects.get(pipe=third).copied_from == inspection
    carry_on_merge(kept_pipe_id=third.pk, absorbed_pipe_id=part.pk)
    assert Inspection.objects.filter(pipe=third).count() == 1
    carry_on_merge(kept_pipe_id=third.pk, absorbed_pipe_id=whole.pk)
    assert list(Inspection.objects.all()) == [inspection]


def test_a_recorded_fact_is_neither_changed_nor_deleted(registers: Registers) -> None:
    inspection = record(registers, registers.world.pipes["P2"])
    for change in ({"grade": 1}, {"inspected_on": date(2020, 1, 1)}, {"findings": "none"}):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            Inspection.objects.filter(pk=inspection.pk).update(**change)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Inspection.objects.filter(pk=inspection.pk).delete()
