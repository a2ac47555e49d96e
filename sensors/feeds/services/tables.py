"""Rows of a logger file into series, times and values: whole columns at once, and every row that is wrong by itself.

block of lines --TableReader.read--> Rows (good), BadRow (with reason), AmbiguousRows (local times that come twice)
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.sentences import Sentence
from gis_core.written_numbers import MINUS_SIGNS, THOUSANDS_SIGNS
from sensors.feeds.services.blocks import Block
from sensors.feeds.services.forms import LONG, Form, Ref, SeriesName, column_of
from sensors.feeds.services.stamps import (
    AMBIGUOUS,
    MISSING,
    LocalClock,
    Mask,
    Microseconds,
    Places,
    Stamps,
    read_stamps,
    to_numpy,
    zone_of,
)

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"


@dataclass(frozen=True)
class TableRows:
    """Values side by side: `series` counts into TableReader.series, lines count from 0 in the file."""

    lines: Places
    series: Places
    times_us: Microseconds
    values: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.lines)

    def at(self, chosen: Any) -> "TableRows":
        return TableRows(self.lines[chosen], self.series[chosen], self.times_us[chosen], self.values[chosen])

    @classmethod
    def joined(cls, parts: Sequence["TableRows"]) -> "TableRows":
        if len(parts) == 1:
            return parts[0]
        if not parts:
            empty = np.zeros(0, np.int64)
            return cls(empty, empty, empty, np.zeros(0))
        return cls(
            np.concatenate([part.lines for part in parts]),
            np.concatenate([part.series for part in parts]),
            np.concatenate([part.times_us for part in parts]),
            np.concatenate([part.values for part in parts]),
        )


@dataclass(frozen=True)
class BadRow:
    """A row, or one column of it, that cannot be taken; `raw` is the line without its end."""

    line: int
    raw: bytes
    code: str
    reason: str
    column: str = ""


@dataclass
class BlockReading:
    """What a block gave. `rows_read` are its data lines, `missing` values marked as missing."""

    rows: TableRows
    bad: list[BadRow] = field(default_factory=list)
    # Their times are still local.
    ambiguous: TableRows = field(default_factory=lambda: TableRows.joined([]))
    ambiguous_raws: list[bytes] = field(default_factory=list)
    rows_read: int = 0
    missing: int = 0
    # How many steps in time from one row of a series to the next went forward, less those that went back.
    direction: int = 0


class TableReader:
    """Reads the blocks of one file, whose form is complete. Series are numbered as they turn up."""

    def __init__(self, form: Form, file_stem: str = "") -> None:
        self.form = form
        self.series: list[SeriesName] = []
        self._places: dict[tuple[str, str], int] = {}
        self._stem = file_stem
        self._clock = LocalClock(zone_of(form.zone)) if form.zone else None
        self._times = [column_of(form, ref) for ref in form.time_columns]
        if form.layout == LONG:
            assert form.value_column is not None
            self._value = column_of(form, form.value_column)
            self._datastream = _optional_column(form, form.datastream_column)
            self._unit = _optional_column(form, form.unit_column)
            self._columns: list[tuple[int, int]] = []
        else:
            self._columns = self._wide_columns()
            if not self._columns:
                raise ReportedError(
                    Sentence(_("No column of the file is a datastream's.")), code="form_not_found"
                )

    @property
    def values_in_row(self) -> int:
        return max(1, len(self._columns))

    def _series_number(self, datastream: str, unit: str) -> int:
        key = (datastream, unit)
        if key not in self._places:
            self._places[key] = len(self.series)
            self.series.append(SeriesName(datastream, unit))
        return self._places[key]

    def _wide_columns(self) -> list[tuple[int, int]]:
        """(column, series) of every column that is a datastream's."""
        form = self.form
        passed_over = {*self._times, *(column_of(form, ref) for ref in form.ignore)}
        named = {column_of(form, ref): series for ref, series in form.series.items()}
        columns = []
        for place in range(form.width):
            name = form.names[place] if place < len(form.names) else ""
            if place in passed_over or (form.series and place not in named and not form.template):
                continue
            if place in named:
                series = named[place]
            elif name or "{column}" not in (form.template or "{column}"):
                series = SeriesName(self._code(column=name))
            else:
                # A separator at the end of every line makes a column without a name.
                continue
            columns.append((place, self._series_number(series.datastream, series.unit or form.unit)))
        return columns

    def _code(self, *, column: str = "", datastream: str = "") -> str:
        template = self.form.template or (self.form.datastream or "{datastream}{column}")
        code = template.replace("{column}", column).replace("{datastream}", datastream)
        return code.replace("{file}", self._stem).strip()

    def read(self, block: Block) -> BlockReading:
        """The rows of a block of lines."""
        lines = _Lines(block, self.form)
        table = self._typed(lines)
        if table is not None:
            return table
        return self._read_texts(lines)

    # -- the fast way: everything well-formed -------------------------------------------------------------------------

    def _typed(self, lines: "_Lines") -> BlockReading | None:
        """The block read into types at once; None where a single cell does not fit."""
        form = self.form
        if len(self._times) > 1 or form.thousands or form.time_formats != ("iso",) or lines.is_odd:
            return None
        is_long = form.layout == LONG
        keys = [place for place in (self._datastream, self._unit) if place is not None] if is_long else []
        values = [self._value] if is_long else [place for place, _series in self._columns]
        try:
            table = lines.parse(self._types(keys, values), null_values=[] if is_long else list(form.missing))
        except pa.ArrowInvalid:
            return None
        if table is None or table[f"f{self._times[0]}"].null_count:
            return None
        numbers = [to_numpy(pc.fill_null(table[f"f{place}"], np.nan)) for place in values]
        is_missing = [to_numpy(table[f"f{place}"].is_null()).astype(bool) for place in values]
        if not all(
            (np.isfinite(number) | missing).all() for number, missing in zip(numbers, is_missing, strict=True)
        ):
            return None
        times = to_numpy(table[f"f{self._times[0]}"].cast(pa.timestamp("us")).cast(pa.int64()))
        stamps = Stamps(times, np.full(len(times), not form.zone), np.ones(len(times), bool))
        series = None
        if is_long:
            series = self._long_series([table[f"f{place}"].combine_chunks() for place in keys], len(times))
        reading = BlockReading(TableRows.joined([]), rows_read=len(times))
        self._place_values(reading, lines, stamps, series, numbers, is_missing)
        return reading

    def _types(self, keys: Sequence[int], values: Sequence[int]) -> dict[str, pa.DataType]:
        """The type of each column when every cell is well-formed; what is not wanted stays as it is."""
        types: dict[str, pa.DataType] = {f"f{place}": pa.binary() for place in range(self.form.width)}
        types[f"f{self._times[0]}"] = pa.timestamp("us") if self.form.zone else pa.timestamp("us", "UTC")
        types |= {f"f{place}": pa.dictionary(pa.int32(), pa.binary()) for place in keys}
        return types | {f"f{place}": pa.float64() for place in values}

    def _long_series(self, keys: Sequence[pa.DictionaryArray], count: int) -> Places:
        """The series of each row of a long table."""
        form = self.form
        if not keys:
            return np.full(count, self._series_number(self._code(), form.unit), np.int64)
        codes = keys[0].dictionary.to_pylist()
        names = (
            [self._code(datastream=_text(code)) for code in codes]
            if self._datastream is not None
            else [self._code()]
        )
        code_places = to_numpy(keys[0].indices) if self._datastream is not None else np.zeros(count, np.int64)
        if self._unit is None:
            numbers = np.array([self._series_number(name, form.unit) for name in names], np.int64)
            return numbers[code_places]
        units = [_text(unit) for unit in keys[-1].dictionary.to_pylist()]
        both = code_places.astype(np.int64) * len(units) + to_numpy(keys[-1].indices)
        different, inverse = np.unique(both, return_inverse=True)
        numbers = np.array(
            [
                self._series_number(names[pair // len(units)], units[pair % len(units)] or form.unit)
                for pair in different
            ],
            np.int64,
        )
        return numbers[inverse]

    # -- the patient way: as texts ------------------------------------------------------------------------------------

    def _read_texts(self, lines: "_Lines") -> BlockReading:
        form = self.form
        reading = BlockReading(TableRows.joined([]))
        lines.set_odd_aside(reading)
        table = lines.parse(
            {f"f{place}": pa.binary() for place in range(form.width)}, null_values=[], bad=reading.bad
        )
        if table is None or table.num_rows == 0:
            reading.rows_read = len(reading.bad)
            return reading
        texts = {place: _texts(table[f"f{place}"]) for place in self._wanted_columns()}
        stamps = self._read_times([texts[place] for place in self._times])
        reading.rows_read = table.num_rows + len(reading.bad)
        for place in np.flatnonzero(~stamps.is_read).tolist():
            shown = " ".join(texts[column][place].as_py() for column in self._times)
            reading.bad.append(
                lines.bad(place, "bad_time", f"{shown[:60]!r} is not a time in {_listed(form.time_formats)}")
            )
        values = [self._value] if form.layout == LONG else [place for place, _series in self._columns]
        series = None
        if form.layout == LONG:
            keys = [
                texts[place].dictionary_encode()
                for place in (self._datastream, self._unit)
                if place is not None
            ]
            series = self._long_series(keys, table.num_rows)
        numbers, missing = [], []
        for column in values:
            number, is_missing, is_bad = self._numbers(texts[column])
            name = "" if form.layout == LONG else self._column_name(column)
            for place in np.flatnonzero(is_bad & stamps.is_read).tolist():
                shown = texts[column][place].as_py()
                reason = (
                    Sentence(_("{shown} is not a number"), shown=repr(shown[:60]))
                    if shown
                    else Sentence(_("there is no value"))
                )
                reading.bad.append(lines.bad(place, "bad_value" if shown else "no_value", reason, name))
            numbers.append(np.where(is_bad, np.nan, number))
            missing.append(is_missing)
        self._place_values(reading, lines, stamps, series, numbers, missing)
        return reading

    def _wanted_columns(self) -> set[int]:
        if self.form.layout == LONG:
            optional = (self._datastream, self._unit)
            return {*self._times, self._value, *(place for place in optional if place is not None)}
        return {*self._times, *(place for place, _series in self._columns)}

    def _column_name(self, place: int) -> str:
        return self.form.names[place] if place < len(self.form.names) else f"column {place + 1}"

    def _read_times(self, parts: Sequence[pa.Array]) -> Stamps:
        joined = parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, " ")
        if self.form.time_formats == ("excel",) and self.form.decimal == ",":
            joined = pc.replace_substring(joined, ",", ".")
        encoded = joined.dictionary_encode()
        return read_stamps(encoded.dictionary, self.form.time_formats).at(to_numpy(encoded.indices))

    def _numbers(self, texts: pa.Array) -> tuple[npt.NDArray[np.float64], Mask, Mask]:
        """Values, where they are marked as missing, and where they are no numbers."""
        form = self.form
        marks = pa.array([mark.casefold() for mark in form.missing], pa.string())
        is_missing = to_numpy(pc.is_in(pc.utf8_lower(texts), value_set=marks)).astype(bool)
        texts = _plain(texts)
        if form.thousands:
            texts = _ungrouped(texts, form.thousands)
        else:
            texts = _without_groups(texts, "." if form.decimal == "," else ",", form.decimal or ".")
        if form.decimal == ",":
            texts = pc.replace_substring(texts, ",", ".")
        is_number = to_numpy(pc.match_substring_regex(texts, _NUMBER)).astype(bool) & ~is_missing
        numbers = np.full(len(texts), np.nan)
        if is_number.any():
            numbers[is_number] = to_numpy(texts.filter(pa.array(is_number)).cast(pa.float64()))
        is_bad = ~is_missing & ~np.isfinite(numbers)
        return numbers, is_missing, is_bad

    # -- both ---------------------------------------------------------------------------------------------------------

    def _place_values(
        self,
        reading: BlockReading,
        lines: "_Lines",
        stamps: Stamps,
        series: Places | None,
        numbers: Sequence[npt.NDArray[np.float64]],
        missing: Sequence[Mask],
    ) -> None:
        """Turn local times into instants, and put the values of all columns one after the other."""
        times, is_good, is_twice = self._instants(reading, lines, stamps)
        columns = [(0, -1)] if series is not None else self._columns
        good, ambiguous = [], []
        line_numbers = lines.numbers()
        for (_place, number), values, is_missing in zip(columns, numbers, missing, strict=True):
            of_series = series if series is not None else np.full(len(values), number, np.int64)
            reading.missing += int((is_missing & stamps.is_read).sum())
            is_value = ~is_missing & np.isfinite(values)
            whole = TableRows(line_numbers, of_series, times, values)
            everything = bool((is_good & is_value).all())
            good.append(whole if everything else whole.at(is_good & is_value))
            if is_twice.any():
                # Rows without a value count too: they tell the first time of the hour from the second.
                valued = TableRows(line_numbers, of_series, times, np.where(is_value, values, np.nan))
                ambiguous.append(valued.at(is_twice))
        reading.rows = TableRows.joined(good)
        if ambiguous:
            reading.ambiguous = TableRows.joined(ambiguous)
            reading.ambiguous_raws = [lines.raw_of_line(line) for line in reading.ambiguous.lines.tolist()]
        if self._clock is not None:
            reading.direction = _direction(reading.rows)

    def _instants(
        self, reading: BlockReading, lines: "_Lines", stamps: Stamps
    ) -> tuple[Microseconds, Mask, Mask]:
        is_local = stamps.is_read & ~stamps.is_utc
        never = np.zeros(len(is_local), bool)
        if not is_local.any():
            return stamps.times_us, stamps.is_read, never
        if self._clock is None:
            for place in np.flatnonzero(is_local).tolist():
                reading.bad.append(lines.bad(place, "no_offset", "the time has no offset from UTC"))
            return stamps.times_us, stamps.is_read & stamps.is_utc, never
        first, later, kinds = self._clock.instants(np.where(is_local, stamps.times_us, 0))
        if self.form.fold == "order":
            is_twice = is_local & (kinds == AMBIGUOUS)
        else:
            is_twice = never
            first = later if self.form.fold == "second" else first
        is_never = is_local & (kinds == MISSING)
        for place in np.flatnonzero(is_never).tolist():
            reading.bad.append(
                lines.bad(place, "nonexistent_time", f"the clocks of {self.form.zone} skipped this time")
            )
        times = np.where(is_local & ~is_twice, first, stamps.times_us)
        return times, stamps.is_read & ~is_twice & ~is_never, is_twice


class _Lines:
    """The lines of a block that hold rows: without preamble, comments and blank lines."""

    def __init__(self, block: Block, form: Form) -> None:
        self._block = block
        self._form = form
        self._split: list[bytes] | None = None
        data = block.data
        self._kept: Places | None = None
        comment = form.comment.encode()
        skipped = max(0, form.first_row - block.first_line)
        has_comment = bool(comment) and (data.startswith(comment) or b"\n" + comment in data)
        if skipped or has_comment:
            self._keep(lambda number, line: number >= skipped and not (comment and line.startswith(comment)))
        # An odd number of quotes would swallow the lines that follow, and a return within a line makes two of it.
        self.is_odd = data.count(b"\r") != data.count(b"\r\n") or (
            b'"' in data and any(_oddness(line, form) is not None for line in self._all())
        )

    def _all(self) -> list[bytes]:
        if self._split is None:
            self._split = self._block.data.split(b"\n")[:-1]
        return self._split

    def _keep(self, wanted: Any) -> None:
        lines = self._all()
        numbers = range(len(lines)) if self._kept is None else self._kept.tolist()
        self._kept = np.array([number for number in numbers if wanted(number, lines[number])], np.int64)

    def set_odd_aside(self, reading: BlockReading) -> None:
        """Report lines that would be taken for others as bad, and drop blank lines."""
        lines = self._all()
        if self.is_odd:
            kept = range(len(lines)) if self._kept is None else self._kept.tolist()
            for number in kept:
                problem = _oddness(lines[number], self._form)
                if problem is not None and lines[number].strip():
                    line = lines[number].rstrip(b"\r")
                    reading.bad.append(BadRow(self._block.first_line + number, line, *problem))
        blank = set(self._form.separator or ",")
        strip = b" \t\r\x1a" + "".join(blank).encode()
        self._keep(lambda _number, line: bool(line.strip(strip)) and _oddness(line, self._form) is None)

    def parse(
        self, types: dict[str, pa.DataType], *, null_values: list[str], bad: list[BadRow] | None = None
    ) -> pa.Table | None:
        """The cells by column; lines of another width go to `bad`, or make the whole None without it."""
        data = self._block.data
        if self._kept is not None:
            lines = self._all()
            data = b"\n".join([lines[number] for number in self._kept.tolist()]) + b"\n"
        if not data.strip():
            self._kept = np.zeros(0, np.int64)
            return None
        if not data.isascii():
            # Damaged bytes must not stop the parser; the line is kept as it came for whoever looks at it.
            data = data.decode("utf-8", "replace").encode()
        other_widths: list[tuple[int, int]] = []

        def note(row: Any) -> str:
            other_widths.append((row.number - 1, row.actual_columns))
            return "skip"

        table = pa_csv.read_csv(
            pa.BufferReader(data),
            read_options=pa_csv.ReadOptions(
                use_threads=False,
                column_names=[f"f{place}" for place in range(self._form.width)],
                block_size=len(data) + 1024,
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=self._form.separator, ignore_empty_lines=False, invalid_row_handler=note
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=types,
                null_values=null_values,
                strings_can_be_null=False,
                decimal_point=self._form.decimal or ".",
            ),
        )
        if other_widths:
            if bad is None:
                return None
            for place, width in other_widths:
                bad.append(
                    self.bad(place, "bad_width", f"the row has {width} columns instead of {self._form.width}")
                )
            kept = self._kept if self._kept is not None else np.arange(table.num_rows + len(other_widths))
            self._kept = np.delete(kept, [place for place, _width in other_widths])
        self._count = table.num_rows
        return table

    def numbers(self) -> Places:
        """The line number in the file of each row."""
        kept = self._kept if self._kept is not None else np.arange(self._count, dtype=np.int64)
        return kept + self._block.first_line

    def bad(self, place: int, code: str, reason: str, column: str = "") -> BadRow:
        number = place if self._kept is None else int(self._kept[place])
        return BadRow(
            self._block.first_line + number, self._all()[number].rstrip(b"\r"), code, reason, column
        )

    def raw_of_line(self, line: int) -> bytes:
        return self._all()[line - self._block.first_line].rstrip(b"\r")


@cache
def _quoted_line(separator: str) -> re.Pattern[bytes]:
    """Lines in which every quote opens or closes a whole cell, or is doubled within one."""
    cell = rb'(?:[^"%b]*|"(?:[^"]|"")*")'
    cell = cell.replace(b"%b", re.escape(separator.encode()))
    return re.compile(cell + b"(?:" + re.escape(separator.encode()) + cell + rb")*\r?")


def _oddness(line: bytes, form: Form) -> tuple[str, str] | None:
    """(code, reason) of a line that the parser would take for part of another, or for two."""
    if b'"' in line and not _quoted_line(form.separator or ",").fullmatch(line):
        return "bad_quotes", "a quote is not closed"
    if b"\r" in line.rstrip(b"\r"):
        return "bad_line_end", "there is a carriage return within the line"
    return None


def _optional_column(form: Form, ref: Ref | None) -> int | None:
    return None if ref is None else column_of(form, ref)


def _text(raw: bytes | str) -> str:
    return raw.strip() if isinstance(raw, str) else raw.decode("utf-8", "replace").strip()


def _texts(column: pa.ChunkedArray) -> pa.Array:
    """Cells as texts without blanks around them; what is no UTF-8 is replaced."""
    cells = column.combine_chunks()
    try:
        texts = cells.cast(pa.string())
    except pa.ArrowInvalid:
        texts = pa.array([cell.decode("utf-8", "replace") for cell in cells.to_pylist()], pa.string())
    return pc.utf8_trim_whitespace(texts)


def _plain(texts: pa.Array) -> pa.Array:
    """Numbers with plain digits and signs, and no blank behind the sign: `+ 0.081`, `−0.5`."""
    if pc.any(pc.invert(pc.string_is_ascii(texts))).as_py():
        texts = pc.replace_substring_regex(pc.utf8_normalize(texts, form="NFKC"), f"[{MINUS_SIGNS}]", "-")
        texts = pc.utf8_trim_whitespace(texts)
    return pc.replace_substring_regex(texts, r"^([+-])\s+", r"\1")


def _without_groups(texts: pa.Array, mark: str, decimal: str) -> pa.Array:
    """Numbers without the blanks and ticks that part their thousands; nor the mark, where a decimal mark follows it."""
    for part, ending in ((f"[{THOUSANDS_SIGNS}]", rf"(\{decimal}\d*)?"), (rf"\{mark}", rf"\{decimal}\d+")):
        is_grouped = pc.match_substring_regex(texts, rf"^[+-]?\d{{1,3}}({part}\d{{3}})+{ending}$")
        if pc.any(is_grouped).as_py():
            texts = pc.if_else(is_grouped, pc.replace_substring_regex(texts, part, ""), texts)
    return texts


_SPACES = (" ", "\u00a0", "\u202f")


def _ungrouped(texts: pa.Array, mark: str) -> pa.Array:
    """Numbers without their marks between thousands; one with a mark elsewhere is made no number.

    Otherwise 1.5 in a file whose thousands are written with points would be taken for 15.
    """
    if mark in _SPACES:
        for space in _SPACES[1:]:
            texts = pc.replace_substring(texts, space, " ")
        mark = " "
    is_grouped = pc.match_substring_regex(texts, rf"^[+-]?\d{{1,3}}([{mark}]\d{{3}})+($|[^\d{mark}])")
    is_wrong = pc.and_not(pc.match_substring(texts, mark), is_grouped)
    plain = pc.replace_substring(texts, mark, "")
    return pc.if_else(is_wrong, pc.binary_join_element_wise("?", plain, ""), plain)


def _listed(formats: Sequence[str]) -> str:
    return " or ".join(formats[:4])


def _direction(rows: TableRows) -> int:
    """Steps forward in time less steps back, from one row of a series to its next."""
    order = np.argsort(rows.series, kind="stable")
    steps = np.diff(rows.times_us[order])[np.diff(rows.series[order]) == 0]
    return int((steps > 0).sum() - (steps < 0).sum())


def resolve_twice(ambiguous: TableRows, form: Form, *, is_forward: bool) -> tuple[TableRows, Places]:
    """Instants of local times that come twice, by their order in the file; and the places of those that stay unknown.

    A series' rows of such an hour that run through it two times, and no more, are the first and the second
    time. Rows that run through it once could be either. Rows without a value (NaN) help to tell, and are left out then.
    """
    clock = LocalClock(zone_of(form.zone))
    first, later, _kinds = clock.instants(ambiguous.times_us)
    groups = np.stack([ambiguous.series, clock.change_numbers(first)])
    order = np.lexsort((np.arange(len(ambiguous)), ambiguous.lines, groups[1], groups[0]))
    if not is_forward:
        order = order[::-1]
    sorted_groups, local = groups[:, order], ambiguous.times_us[order]
    starts = np.append(True, (np.diff(sorted_groups, axis=1) != 0).any(axis=0))
    goes_back = np.append(False, np.diff(local) <= 0) & ~starts
    group_number = np.cumsum(starts) - 1
    passages = np.bincount(group_number, weights=goes_back).astype(np.int64)
    backs = np.cumsum(goes_back)
    passage = backs - backs[np.flatnonzero(starts)][group_number]
    times = np.where(passage == 0, first[order], later[order])
    is_known = passages[group_number] == 1
    resolved = ambiguous.at(order)
    resolved = TableRows(resolved.lines, resolved.series, times, resolved.values)
    has_value = np.isfinite(resolved.values)
    return resolved.at(is_known & has_value), order[~is_known & has_value]
