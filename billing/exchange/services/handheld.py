"""What a controller's handheld brings back: each row is judged like a reading entered by hand, and reported on.

    file --sheet_of--> rows --_installation_of--> the meter as it hung on that day --_judge--> taken, queued, ...

A row that cannot be taken holds up no other: the controller has walked past all of them.
"""

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from billing.exchange.selectors.handheld import HANDHELD
from billing.exchange.services.sheet import Sheet, SheetRow, sheet_of
from billing.models import ContractServicePoint, MeterInstallation, MeterRemark, Reading
from billing.services.readings import ImportedReading, reason_among, require_fitting
from gis_core.access import NotVisible, holds, visible
from gis_core.database.constraints import check_constraints_now
from gis_core.database.refusals import saying_refusals
from gis_core.errors import ReportedError
from gis_core.models import Division, User
from gis_core.sentences import Sentence, Word
from gis_core.services.audit import record_change
from gis_core.table_reading import read_table

_BATCH = 2000


class HandheldOutcome(StrEnum):
    """What becomes of a row."""

    TAKEN = "taken"
    QUEUED = "queued"
    REMARKED = "remarked"
    DUPLICATE = "duplicate"
    NOT_READ = "not_read"
    UNKNOWN_METER = "unknown_meter"
    EXCHANGED = "exchanged"
    OTHER_POINT = "other_point"
    UNREADABLE = "unreadable"


class _NotTaken(Exception):
    """Why a row is not taken, and by which column."""

    def __init__(self, outcome: HandheldOutcome, column: str, reason: Sentence) -> None:
        super().__init__(reason)
        self.outcome, self.column, self.reason = outcome, column, reason


@dataclass
class HandheldReport:
    """What became of each row. `is_written` is False for a trial, and where the file says nothing new."""

    file: str
    sha256: str
    encoding: str
    is_trial: bool
    warnings: list[Sentence]
    is_written: bool = False
    lines: list[dict[str, Any]] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        counted = Counter(line["outcome"] for line in self.lines)
        return {outcome.value: counted[outcome.value] for outcome in HandheldOutcome}

    @property
    def says_something(self) -> bool:
        """Whether there is anything in it to be written."""
        counts = self.counts
        new = (HandheldOutcome.TAKEN, HandheldOutcome.QUEUED, HandheldOutcome.REMARKED)
        return any(counts[outcome] for outcome in new)

    @property
    def summary(self) -> Sentence:
        """What happened, in one sentence."""
        if self.is_written:
            return Sentence(_("The handheld’s file was taken in."))
        if self.says_something:
            return Sentence(_("A trial: nothing was written. The import would do what stands here."))
        return Sentence(_("The file says nothing new; nothing was written."))

    def as_dict(self) -> dict[str, Any]:
        """Texts are sentences that the reader's language can be put on."""
        return {
            "kind": HANDHELD.name,
            "file": self.file,
            "sha256": self.sha256,
            "encoding": self.encoding,
            "dry_run": self.is_trial,
            "written": self.is_written,
            "rows": len(self.lines),
            "counts": self.counts,
            "message": self.summary,
            "warnings": self.warnings,
            "lines": self.lines,
        }


def take_handheld_file(
    *, data: bytes, file: str, is_trial: bool, acting_user: User | None, most_rows: int
) -> HandheldReport:
    """Enter the readings and remarks of a handheld's file, CSV or XLSX; a trial does the same and takes all of it back.

    The same file twice adds nothing. Only meters of divisions in which the user enters readings are known; None knows
    all. Raises NotVisible where he enters none, ReportedError where the file is not a handheld's.
    """
    if acting_user is not None and not holds(acting_user, HANDHELD.capability):
        raise NotVisible("the user enters no readings")
    table = read_table(data, file, most_rows=most_rows)
    sheet = sheet_of(HANDHELD, table, file)
    report = HandheldReport(file, hashlib.sha256(data).hexdigest(), table.encoding, is_trial, sheet.warnings)
    with saying_refusals({}), transaction.atomic():
        walk = _Walk(sheet, acting_user)
        report.lines = [walk.take(row) for row in sheet.rows]
        if report.says_something:
            walk.write()
            _record(walk, report, acting_user)
        if is_trial:
            check_constraints_now()
            transaction.set_rollback(True)
    report.is_written = report.says_something and not is_trial
    return report


class _Walk:
    """The rows of a file against what is stored; meters' installations are locked before their readings are read."""

    def __init__(self, sheet: Sheet, user: User | None) -> None:
        self._today = timezone.localdate()
        self._hanging: dict[tuple[str, str], list[MeterInstallation]] = defaultdict(list)
        self._serials: set[str] = set()
        self._read_meters(sheet, user)
        found = [one for there in self._hanging.values() for one in there]
        points = {one.service_point_id for one in found}
        self._now_there = self._meters_now_at(points)
        self._accounts = self._accounts_of(points)
        ids = [one.pk for one in found]
        self._known: dict[int, dict[date, Decimal]] = defaultdict(dict)
        self._entered: set[tuple[int, date, Decimal]] = set()
        for pk, day, index, state in Reading.objects.filter(installation__in=ids).values_list(
            "installation", "read_on", "index_m3", "state"
        ):
            self._entered.add((pk, day, index))
            if state == Reading.State.ACCEPTED:
                self._known[pk][day] = index
        self._remarks = set(
            MeterRemark.objects.filter(installation__in=ids).values_list("installation", "noted_on", "text")
        )
        self._user = user
        self._new_readings: list[Reading] = []
        self._new_remarks: list[MeterRemark] = []

    def _read_meters(self, sheet: Sheet, user: User | None) -> None:
        serials = {row["meter"] for row in sheet.rows if row["meter"] is not None}
        rows: QuerySet[MeterInstallation] = (
            MeterInstallation.objects.select_for_update(of=("self",))
            .select_related("meter", "service_point__division")
            .defer("service_point__division__boundary")
            .filter(meter__serial__in=serials)
            .order_by("pk")
        )
        if user is not None:
            rows = visible(rows, user, HANDHELD.capability, division="service_point__division")
        for one in rows:
            self._hanging[one.meter.serial, one.register].append(one)
            self._serials.add(one.meter.serial)

    def _meters_now_at(self, points: set[int]) -> dict[int, str]:
        rows = MeterInstallation.objects.filter(service_point__in=points, validity__contains=self._today)
        return dict(rows.values_list("service_point", "meter__serial"))

    def _accounts_of(self, points: set[int]) -> dict[int, set[str]]:
        found: dict[int, set[str]] = defaultdict(set)
        rows = ContractServicePoint.objects.filter(service_point__in=points)
        for point, number in rows.values_list("service_point", "contract__account__number"):
            found[point].add(number)
        return found

    def take(self, row: SheetRow) -> dict[str, Any]:
        """The line of the report that says what becomes of a row."""
        named = " ".join(str(row[name]) for name in HANDHELD.key if row[name] is not None)[:200]
        line: dict[str, Any] = {"row": row.number, "key": named}
        try:
            outcome, reason = self._judge(row)
        except _NotTaken as refusal:
            return line | {
                "outcome": refusal.outcome.value,
                "column": refusal.column,
                "reason": refusal.reason,
            }
        return line | {"outcome": outcome.value, "column": "", "reason": reason}

    def _judge(self, row: SheetRow) -> tuple[HandheldOutcome, Sentence | str]:
        for column, wrong in row.refusals:
            raise _NotTaken(HandheldOutcome.UNREADABLE, column, wrong)
        if row["index_m3"] is None and row["remark"] is None:
            return HandheldOutcome.NOT_READ, ""
        day: date | None = row["read_on"]
        if day is None:
            raise _NotTaken(HandheldOutcome.UNREADABLE, "read_on", Sentence(_("is required")))
        if day > self._today:
            raise _NotTaken(HandheldOutcome.UNREADABLE, "read_on", Sentence(_("{day} lies ahead"), day=day))
        installation = self._installation_of(row, day)
        is_new_remark = self._note(row, installation, day)
        outcome = HandheldOutcome.DUPLICATE
        reason: Sentence | str = ""
        if row["index_m3"] is not None:
            outcome, reason = self._enter(installation, day, row["index_m3"])
        if outcome == HandheldOutcome.DUPLICATE and is_new_remark:
            outcome = HandheldOutcome.REMARKED
        return outcome, reason

    def _installation_of(self, row: SheetRow, day: date) -> MeterInstallation:
        """The meter's register as it hung on the day at the point that the row names."""
        serial, register, code = row["meter"], row["register"] or "", row["service_point"]
        there = self._hanging.get((serial, register), [])
        if not there and serial in self._serials:
            reason = Sentence(
                _("the meter {serial} has no register {register}"), serial=serial, register=register or "–"
            )
            raise _NotTaken(HandheldOutcome.UNKNOWN_METER, "register", reason)
        if not there:
            reason = Sentence(_("there is no meter {serial} here"), serial=serial)
            raise _NotTaken(HandheldOutcome.UNKNOWN_METER, "meter", reason)
        at_point = [one for one in there if one.service_point.code == code]
        if not at_point:
            reason = Sentence(
                _("the meter {serial} hangs at {point}, not at {code}"),
                serial=serial,
                point=there[-1].service_point.code,
                code=code,
            )
            raise _NotTaken(HandheldOutcome.OTHER_POINT, "service_point", reason)
        self._require_account(row, at_point[0])
        # On the day of an exchange a meter is read once more where it hung.
        hung = [one for one in at_point if one.validity.lower <= day]
        hung = [one for one in hung if one.validity.upper is None or day <= one.validity.upper]
        if not hung:
            raise self._exchanged(at_point, serial, day)
        return max(hung, key=lambda one: one.validity.lower)

    def _require_account(self, row: SheetRow, installation: MeterInstallation) -> None:
        known = self._accounts.get(installation.service_point_id, set())
        if row["account"] is not None and row["account"] not in known:
            reason = Sentence(
                _("the account {number} is none of the service point {code}"),
                number=row["account"],
                code=row["service_point"],
            )
            raise _NotTaken(HandheldOutcome.OTHER_POINT, "account", reason)

    def _exchanged(self, at_point: list[MeterInstallation], serial: str, day: date) -> _NotTaken:
        removed = max(
            (one.validity.upper for one in at_point if one.validity.upper is not None), default=None
        )
        if removed is None or removed > day:
            first = min(one.validity.lower for one in at_point)
            reason = Sentence(_("the meter {serial} hangs there since {day} only"), serial=serial, day=first)
        else:
            reason = Sentence(
                _("the meter {serial} was taken down on {day}; {other} hangs there now"),
                serial=serial,
                day=removed,
                other=self._now_there.get(at_point[0].service_point_id, "–"),
            )
        return _NotTaken(HandheldOutcome.EXCHANGED, "meter", reason)

    def _note(self, row: SheetRow, installation: MeterInstallation, day: date) -> bool:
        """Keep the row's remark; whether it is a new one."""
        text = row["remark"]
        if text is None or (installation.pk, day, text) in self._remarks:
            return False
        if row["index_m3"] is not None:
            _require_fitting(installation, day, row["index_m3"])
        self._remarks.add((installation.pk, day, text))
        self._new_remarks.append(
            MeterRemark(
                installation=installation,
                division_id=installation.service_point.division_id,
                noted_on=day,
                text=text,
                entered_by=self._user,
            )
        )
        return True

    def _enter(
        self, installation: MeterInstallation, day: date, index_m3: Decimal
    ) -> tuple[HandheldOutcome, Sentence | str]:
        _require_fitting(installation, day, index_m3)
        if (installation.pk, day, index_m3) in self._entered:
            return HandheldOutcome.DUPLICATE, ""
        known = self._known[installation.pk]
        why = reason_among(installation, known, ImportedReading(installation.pk, day, index_m3))
        self._entered.add((installation.pk, day, index_m3))
        self._new_readings.append(
            Reading(
                installation=installation,
                division_id=installation.service_point.division_id,
                read_on=day,
                index_m3=index_m3,
                source=Reading.Source.HANDHELD,
                state=Reading.State.QUEUED if why else Reading.State.ACCEPTED,
                queue_reason=why,
            )
        )
        if why:
            return HandheldOutcome.QUEUED, Sentence(_("waits for a decision: {reason}"), reason=Word(why))
        known[day] = index_m3
        return HandheldOutcome.TAKEN, ""

    def write(self) -> None:
        Reading.objects.bulk_create(self._new_readings, batch_size=_BATCH)
        MeterRemark.objects.bulk_create(self._new_remarks, batch_size=_BATCH)

    def written_by_division(self) -> dict[Division, Counter[str]]:
        """How much of each is new, by the division of the service points."""
        found: dict[Division, Counter[str]] = defaultdict(Counter)
        for reading in self._new_readings:
            found[reading.installation.service_point.division][f"readings {reading.state}"] += 1
        for remark in self._new_remarks:
            found[remark.installation.service_point.division]["remarks"] += 1
        return found


def _require_fitting(installation: MeterInstallation, day: date, index_m3: Decimal) -> None:
    try:
        require_fitting(installation, day, index_m3)
    except ReportedError as error:
        column = "read_on" if error.code == "day" else "index_m3"
        raise _NotTaken(HandheldOutcome.UNREADABLE, column, error.message) from error  # type: ignore[arg-type]


def _record(walk: _Walk, report: HandheldReport, acting_user: User | None) -> None:
    for division, counts in walk.written_by_division().items():
        record_change(
            acting_user=acting_user,
            action="take handheld file",
            subject=division,
            subject_id=division.code,
            division=division,
            new_values={"file": report.file, "sha256": report.sha256, **counts},
        )
