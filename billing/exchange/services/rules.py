"""What all registers share: rows are understood, matched with what is stored, compared, checked and written as sets."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any, ClassVar

from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Model
from django.utils.translation import gettext_noop as _

from billing.exchange.services.ground import Ground
from billing.exchange.services.sheet import RowOutcome, RowRefused, Sheet, SheetRow
from gis_core.sentences import Sentence

BATCH = 2000
_ONE_DAY = timedelta(days=1)


def days(first_day: date, last_day: date | None) -> DateRange:
    """The days from the first to the last, itself included, as the database keeps them: [first, day after the last)."""
    return DateRange(first_day, None if last_day is None else last_day + _ONE_DAY)


def last_day_of(validity: DateRange) -> date | None:
    """The last day of a range, itself included; None without end."""
    return None if validity.upper is None else validity.upper - _ONE_DAY


class Rules:
    """How rows of a register become rows of `model`.

    `identity` are the model's fields that name a row; "validity" stands for its first day. `columns` tells from which
    column each field comes: what a file has no column for stays as it is. `defaults` are what blank cells of new
    rows mean; blank cells of stored ones leave such fields alone.
    """

    model: ClassVar[type[Model]]
    identity: ClassVar[tuple[str, ...]]
    columns: ClassVar[dict[str, str]]
    defaults: ClassVar[dict[str, Any]] = {}
    _end_column: ClassVar[str] = "last_day"

    def __init__(self, sheet: Sheet, ground: Ground) -> None:
        self.sheet, self.ground = sheet, ground
        self.candidates: list[Any] = []

    # --- what each register says for itself

    def understand(self, row: SheetRow) -> None:
        """Fill the row's fields (and parts); raises RowRefused."""
        raise NotImplementedError

    def stored_rows(self) -> Iterable[Any]:
        """What is stored that rows may name or collide with."""
        raise NotImplementedError

    def check(self) -> None:
        """Refuse rows that do not go together with others, or that the database would refuse."""

    def parts_of(self, _stored: Any) -> Any:
        """What hangs on a stored row, as `SheetRow.parts`."""
        return None

    def write_parts(self, _written: Sequence[SheetRow]) -> None:
        """Write what hangs on rows that were created or changed; `stored` is there now."""

    # --- the way of all

    def read(self) -> None:
        """Say of each row what becomes of it; nothing is written."""
        for row in self.sheet.taken():
            try:
                self.understand(row)
            except RowRefused as refusal:
                row.refuse(refusal.column, refusal.reason)
        self._refuse_twice()
        self.candidates = list(self.stored_rows())
        self._match()
        self._renew()
        for row in self.sheet.taken():
            self._compare(row)
        self.check()

    def _renew(self) -> None:
        """Lock the stored rows that the file names until all is written, and take what they say by now."""
        found: dict[int, list[Any]] = defaultdict(list)
        for row in self.sheet.taken():
            if row.stored is not None:
                found[row.stored.pk].append(row.stored)
        locked = self.model._default_manager.select_for_update(of=("self",), no_key=True).filter(pk__in=found)
        for now in locked.order_by("pk"):
            for stored in found[now.pk]:
                for column in self.model._meta.concrete_fields:
                    setattr(stored, column.attname, getattr(now, column.attname))

    def _refuse_twice(self) -> None:
        first: dict[tuple[Any, ...], int] = {}
        for row in self.sheet.taken():
            named = self._identity(row.fields.get)
            if named in first:
                row.refuse(
                    self.sheet.kind.key[0], Sentence(_("stands in row {row} already"), row=first[named])
                )
            else:
                first[named] = row.number

    def _identity(self, value_of: Callable[[str], Any]) -> tuple[Any, ...]:
        values = (value_of(name) for name in self.identity)
        return tuple(value.lower if isinstance(value, DateRange) else value for value in values)

    def _match(self) -> None:
        there: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
        for stored in self.candidates:
            there[self._identity(partial(getattr, stored))].append(stored)
        for row in self.sheet.taken():
            found = there.get(self._identity(row.fields.get), [])
            if found:
                # Of several that are named alike, the one that is as the row says.
                row.stored = min(found, key=partial(self._distance, row))
                self._keep_what_is_not_said(row)
            else:
                for name, value in self.defaults.items():
                    if row.fields.get(name) is None:
                        row.fields[name] = value

    def _keep_what_is_not_said(self, row: SheetRow) -> None:
        for name in list(row.fields):
            if not self._is_said(row, name):
                del row.fields[name]
        validity = row.fields.get("validity")
        if validity is not None and self._end_column not in row.values:
            row.fields["validity"] = DateRange(validity.lower, row.stored.validity.upper)

    def _is_said(self, row: SheetRow, name: str) -> bool:
        column = self.columns.get(name)
        is_in_file = column is None or column in row.values
        return is_in_file and not (name in self.defaults and row.fields[name] is None)

    def _differences(self, row: SheetRow, stored: Any) -> dict[str, tuple[str, str]]:
        found = {}
        for name, value in row.fields.items():
            before = getattr(stored, name)
            if self._is_said(row, name) and before != value:
                found[self.columns.get(name, name)] = (_shown(before), _shown(value))
        return found

    def _distance(self, row: SheetRow, stored: Any) -> int:
        return len(self._differences(row, stored))

    def _compare(self, row: SheetRow) -> None:
        if row.stored is None:
            row.outcome = RowOutcome.CREATED
            return
        row.changes = self._differences(row, row.stored)
        parts = self.parts_of(row.stored)
        if row.parts is not None and row.parts != parts:
            row.changes["services"] = (_shown(parts), _shown(row.parts))
        row.outcome = RowOutcome.CHANGED if row.changes else RowOutcome.UNCHANGED

    def write(self) -> None:
        """Write what is created or changed, all of one kind at once; changes first, since they may make room."""
        changed = [row for row in self.sheet.taken() if row.outcome == RowOutcome.CHANGED]
        created = [row for row in self.sheet.taken() if row.outcome == RowOutcome.CREATED]
        names = sorted({name for row in changed for name in row.fields})
        for row in changed:
            for name, value in row.fields.items():
                setattr(row.stored, name, value)
        if changed and names:
            self.model._default_manager.bulk_update(
                [row.stored for row in changed], _fields(self.model, names), BATCH
            )
        made = self.model._default_manager.bulk_create(
            [self.model(**row.fields) for row in created], batch_size=BATCH
        )
        for row, stored in zip(created, made, strict=True):
            row.stored = stored
        self.write_parts([*changed, *created])

    # --- pieces of the registers' own rules

    def validity(self, row: SheetRow, first: str = "first_day", last: str = "last_day") -> DateRange:
        """The days that a row names; RowRefused where the last lies before the first."""
        if row[last] is not None and row[last] < row[first]:
            raise RowRefused(
                last, Sentence(_("{last} lies before {first}"), last=row[last], first=row[first])
            )
        return days(row[first], row[last])

    def refuse_overlaps(
        self,
        group: Sequence[str],
        column: str = "first_day",
        apart: Callable[["Span", "Span"], bool] | None = None,
    ) -> None:
        """Refuse rows whose days overlap those of another row, stored or of the file, with the same `group` of fields.

        `apart` tells which of them may overlap all the same.
        """
        named = {row.stored.pk for row in self.sheet.taken() if row.stored is not None}
        spans: dict[tuple[Any, ...], list[Span]] = defaultdict(list)
        for stored in self.candidates:
            if stored.pk not in named:
                spans[tuple(getattr(stored, name) for name in group)].append(
                    Span(stored.validity, None, partial(getattr, stored))
                )
        for row in self.sheet.taken():
            span = Span(row.fields["validity"], row, row.fields.get)
            spans[tuple(row.fields[name] for name in group)].append(span)
        for found in spans.values():
            _refuse_overlapping(found, column, apart)


@dataclass(frozen=True)
class Span:
    """Days of a row of the file, or of a stored one (`row` None), and its other fields by name."""

    validity: DateRange
    row: SheetRow | None
    value_of: Callable[[str], Any]


def _refuse_overlapping(spans: list[Span], column: str, apart: Callable[[Span, Span], bool] | None) -> None:
    """Of two that overlap, refuse what the file says; the later row, where it says both."""
    spans.sort(key=lambda span: span.validity.lower)
    reaching: list[Span] = []
    for span in spans:
        begins = span.validity.lower
        reaching = [one for one in reaching if one.validity.upper is None or one.validity.upper > begins]
        for other in reaching:
            if apart is None or not apart(span, other):
                refused, known = (span, other) if span.row is not None else (other, span)
                if refused.row is not None and refused.row.is_taken:
                    refused.row.refuse(column, _overlap_in_words(known))
        reaching.append(span)


def _overlap_in_words(other: Span) -> Sentence:
    if other.row is not None:
        return Sentence(_("overlaps the days of row {row}"), row=other.row.number)
    first, last = other.validity.lower, last_day_of(other.validity)
    if last is None:
        return Sentence(_("overlaps what is stored from {first} on"), first=first)
    return Sentence(_("overlaps what is stored from {first} to {last}"), first=first, last=last)


def _fields(model: type[Model], names: Iterable[str]) -> list[str]:
    by_column = {column.attname: column.name for column in model._meta.concrete_fields}
    return [by_column[name] for name in names]


def _shown(value: Any) -> str:
    if isinstance(value, DateRange):
        return f"{value.lower} – {last_day_of(value) or '…'}"
    if isinstance(value, frozenset | set | list | tuple):
        return " | ".join(sorted(map(str, value)) if isinstance(value, frozenset | set) else map(str, value))
    return "" if value is None else str(value)
