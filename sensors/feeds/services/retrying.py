"""Trying quarantined rows again, after what stood in their way was put right."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from gis_core.models import User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change
from sensors.feeds.services.blocks import Block
from sensors.feeds.services.file_ingestion import FileTaker, form_of_file
from sensors.feeds.services.forms import SeriesName
from sensors.feeds.services.live import Batch, refuse_insane, store
from sensors.feeds.services.lorawan import NotAnUplink, uplink_of, values_of
from sensors.feeds.services.messages import BadMessage, TopicRoute, decode
from sensors.feeds.services.quarantine import by_division, raw_of
from sensors.feeds.services.tables import TableReader
from sensors.feeds.services.targets import NoTarget, Targets
from sensors.feeds.services.topic_prefixes import TopicOwners
from sensors.models import FeedFile, FeedKind, FeedPoint, FeedSource, QuarantinedRow
from sensors.series.services.ingestion import take_observations
from sensors.series.services.observation_arrays import microseconds

MOST_AT_ONCE = 10_000
State = QuarantinedRow.State


@dataclass
class RetryResult:
    """How many rows were tried, went in now, and still wait."""

    tried: int = 0
    taken: int = 0
    waiting: int = 0

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


@transaction.atomic
def retry(rows: Sequence[QuarantinedRow], *, acting_user: User | None) -> RetryResult:
    """Try waiting rows again, at most MOST_AT_ONCE; a row that fails again has its reason renewed."""
    pks = [row.pk for row in rows if row.state == State.WAITING][:MOST_AT_ONCE]
    waiting = list(
        QuarantinedRow.objects.select_for_update(of=("self",))
        .select_related("file__profile", "file__division", "source__division", "division")
        .filter(pk__in=pks, state=State.WAITING)
        .order_by("pk")
    )
    outcomes: dict[int, BadMessage | None] = {}
    files = {row.file_id: row.file for row in waiting if row.file is not None}
    for pk, file in files.items():
        outcomes.update(_retry_file(file, [row for row in waiting if row.file_id == pk], acting_user))
    for row in waiting:
        if row.source is not None:
            outcomes[row.pk] = _retry_message(row.source, row)
        elif row.file is None:
            # Nobody knows whose it is: it can only be looked at and dismissed.
            outcomes[row.pk] = BadMessage(row.code, row.reason)
    result = RetryResult(tried=len(waiting))
    for row in waiting:
        problem = outcomes[row.pk]
        if problem is None:
            row.state, row.settled_at, row.settled_by = State.TAKEN, timezone.now(), acting_user
            result.taken += 1
        else:
            row.code, row.reason = problem.code[:40], problem.reason[:300]
    QuarantinedRow.objects.bulk_update(
        waiting, ["state", "settled_at", "settled_by", "code", "reason"], batch_size=1000
    )
    result.waiting = result.tried - result.taken
    _record(waiting, acting_user)
    return result


def _retry_file(
    file: FeedFile, rows: Sequence[QuarantinedRow], acting_user: User | None
) -> dict[int, BadMessage | None]:
    """What still stands in the way of each row of a file; the rest of its line, taken before, does not change."""
    outcomes: dict[int, BadMessage | None] = {
        row.pk: BadMessage("cut", Sentence(_("the row was too long to be kept whole")))
        for row in rows
        if row.is_cut
    }
    whole = [row for row in rows if not row.is_cut]
    if not whole:
        return outcomes
    form, stem = form_of_file(file)
    raws = [raw_of(row).replace(b"\n", b" ") for row in whole]
    block = Block(0, b"\n".join(raws) + b"\n")
    reader = TableReader(form, stem)
    reading = reader.read(block)
    taker = FileTaker(Path(file.name), file, form, reader, acting_user)
    good, refused = taker.sorted_out(reading.rows, lambda line: raws[line])
    take_observations(good, acting_user=acting_user, origin=file.name)
    problems: dict[tuple[int, str], BadMessage] = {}
    for bad in [*reading.bad, *refused]:
        problems[bad.line, bad.column] = BadMessage(bad.code, bad.reason)
    for line in set(reading.ambiguous.lines.tolist()):
        problems[line, ""] = BadMessage("ambiguous_time", Sentence(_("the clock showed this time twice")))
    for line, row in enumerate(whole):
        column = row.context.get("column", "")
        outcomes[row.pk] = problems.get((line, column)) or problems.get((line, ""))
    return outcomes


def _retry_message(source: FeedSource, row: QuarantinedRow) -> BadMessage | None:  # noqa: PLR0911
    """Store what is in a message of a source; what still stands in its way, or None."""
    if row.is_cut:
        return BadMessage("cut", Sentence(_("the message was too long to be kept whole")))
    try:
        if source.kind == FeedKind.MQTT:
            values = _mqtt_values(source, row)
        elif source.kind in (FeedKind.CHIRPSTACK, FeedKind.TTN):
            values, problems = values_of(source, uplink_of(source.kind, raw_of(row)))
            if problems:
                return problems[0]
        else:
            return BadMessage(row.code, row.reason)
    except NotAnUplink:
        return BadMessage("bad_payload", Sentence(_("this is not an uplink")))
    except BadMessage as problem:
        return problem
    batch = Batch(source, values=values, origins=[(b"", {})] * len(values))
    refuse_insane(batch)
    # They wait already, and are not set aside a second time.
    refused, batch.refusals = batch.refusals[:1], []
    loaded = store(batch)
    if refused:
        return BadMessage(refused[0].code, refused[0].reason)
    return (
        BadMessage("unknown_datastream", Sentence(_("a datastream was deleted"))) if loaded.refused else None
    )


def _mqtt_values(source: FeedSource, row: QuarantinedRow) -> list[tuple[int, int, float]]:
    """The values of a kept message; where it says no time, it is when the message first came."""
    levels = str(row.context.get("topic", "")).split("/")
    points = FeedPoint.objects.filter(source=source).select_related("datastream").order_by("pk")
    owners = TopicOwners()
    own = [point for point in points if owners.allows(source.division, point.address)]
    routes = [route for point in own if (route := TopicRoute.of_point(point)).matches(levels)]
    if not routes:
        raise BadMessage("no_route", Sentence(_("no point of the source takes this topic")))
    targets = Targets(source.division)
    values = []
    for route in routes:
        decoded = decode(route, raw_of(row))
        if decoded.bad:
            raise decoded.bad[0]
        for item in decoded.items:
            (target,) = targets.find([SeriesName(item.datastream or route.code_of(levels), route.unit)])
            if isinstance(target, NoTarget):
                raise BadMessage(target.code, target.reason)
            if item.time_us is None and row.code == "retained_without_time":
                raise BadMessage(row.code, row.reason)
            time_us = microseconds(row.first_at) if item.time_us is None else item.time_us
            value = (item.value * route.scale + route.shift) * target.factor + target.offset
            values.append((target.datastream_id, time_us, value))
    return values


def _record(rows: Sequence[QuarantinedRow], acting_user: User | None) -> None:
    for group in by_division(rows):
        values: dict[str, Any] = {
            "tried": len(group),
            "taken": sum(row.state == State.TAKEN for row in group),
        }
        record_change(
            acting_user=acting_user,
            action="retry quarantined rows",
            subject=group[0],
            subject_id=f"{len(group)} rows",
            division=group[0].division,
            new_values=values,
        )
