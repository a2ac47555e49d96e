"""Finding out how a file is written, as far as its profile leaves it open."""

import csv
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.sentences import Sentence
from gis_core.written_numbers import MINUS_SIGNS, THOUSANDS_SIGNS
from sensors.feeds.services.forms import LONG, WIDE, Form, Ref, column_of, with_names
from sensors.feeds.services.stamps import Stamps, read_stamps
from sensors.series.services.observation_arrays import instant_of, microseconds

_YEAR_US = 366 * 86_400 * 1_000_000
# Loggers write of what is; a newest value so old is rather a year that was taken for a day.
LONG_AGO_US = 10 * _YEAR_US
OF_LATE_US = 2 * _YEAR_US
SAMPLE_BYTES = 256 * 1024
_SAMPLE_LINES = 10_000
# Which columns a row has is seen on fewer.
_SEPARATOR_LINES = 200
_NUMBER = re.compile(r"^[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?$")
_BLANKS = re.compile(f"[{THOUSANDS_SIGNS}]")
_MINUS = str.maketrans(dict.fromkeys(MINUS_SIGNS, "-"))
_TIME_ONLY = re.compile(r"^\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp]\.?[Mm]\.?)?$")
_DATES = (
    ("iso",),
    ("%d.%m.%Y", "%d.%m.%y"),
    ("%d/%m/%Y", "%d/%m/%y"),
    ("%m/%d/%Y", "%m/%d/%y"),
    ("%d-%m-%Y", "%d-%m-%y"),
    ("%Y/%m/%d", "%Y.%m.%d"),
    ("%Y%m%d",),
    ("%d-%b-%Y", "%d %b %Y", "%d-%b-%y", "%d.%b.%Y", "%b %d %Y", "%d/%b/%Y"),
)
_CLOCKS = ("%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%I:%M:%S %p", "%I:%M %p", "%H%M%S", "%H%M")
# A header stands among the first lines.
_MOST_PREAMBLE = 200
_DATASTREAM_NAMES = {
    "datastream",
    "stream",
    "sensor",
    "sensorid",
    "sensor_id",
    "tag",
    "tagname",
    "channel",
    "point",
    "series",
    "id",
    "name",
    "code",
    "signal",
}
_VALUE_NAMES = {"value", "val", "reading", "result", "measurement", "data"}
_UNIT_NAMES = {"unit", "units", "uom"}


def complete(form: Form, sample: str) -> Form:
    """The form with everything found that was left open, from the first lines of a file.

    Raises ReportedError (`form_not_found`, `no_column`) when the file does not fit the form, or has none.
    """
    lines = sample.splitlines()[:_SAMPLE_LINES]
    start = form.skip_lines or 0
    rows = [
        (number, line)
        for number, line in enumerate(lines)
        if number >= start and line.strip() and not (form.comment and line.startswith(form.comment))
    ]
    if not rows:
        raise ReportedError(Sentence(_("The file has no rows.")), code="form_not_found")
    form = replace(form, separator=form.separator or _separator(rows))
    cells = [(number, _split(line, form.separator or ",")) for number, line in rows]
    form = _find_rows(form, cells)
    data = [row for number, row in cells if number >= form.first_row and len(row) == form.width]
    form = _find_times(form, data)
    form = replace(form, decimal=form.decimal or _decimal(form, data))
    return _find_columns(form, data)


def _split(line: str, separator: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=separator))]
    except (csv.Error, StopIteration):
        return [line]


def _separator(rows: Sequence[tuple[int, str]]) -> str:
    """The separator that cuts most lines into the same number of cells; a semicolon before a comma, which may
    be decimal."""
    lines = [line for _number, line in rows][-_SEPARATOR_LINES:]
    for candidate in (";", "\t", "|", ","):
        counts = Counter(len(_split(line, candidate)) for line in lines)
        width, share = counts.most_common(1)[0]
        if width > 1 and share >= 0.6 * len(lines):
            return candidate
    raise ReportedError(
        Sentence(_("No separator cuts the file into columns; name it in the profile.")), code="form_not_found"
    )


def _looks_like_number(text: str) -> bool:
    return bool(_NUMBER.match(_BLANKS.sub("", text).translate(_MINUS)))


def _find_rows(form: Form, cells: Sequence[tuple[int, list[str]]]) -> Form:
    """Where the rows begin, how wide they are, and what the header says."""
    header = _header_by_names(form, cells)
    if header is not None:
        # Whatever the other lines are, these are the columns that the profile speaks of.
        return _below_header(form, header, cells, len(header[1]))
    widths = Counter(len(row) for _number, row in cells[len(cells) // 4 :])
    width = widths.most_common(1)[0][0]
    wide_rows = [(number, row) for number, row in cells if len(row) == width]
    if form.header is True:
        return _below_header(form, wide_rows[0], wide_rows[1:], width)
    if form.header is False:
        return replace(form, width=width, first_row=wide_rows[0][0])
    first = next((place for place, (_number, row) in enumerate(wide_rows) if _has_time_cell(row)), 0)
    names_rows = [row for _number, row in wide_rows[:first]]
    if not names_rows and _has_empty_end(wide_rows):
        # Each row is closed by a separator, and the header is not.
        above = [row for number, row in cells if number < wide_rows[first][0] and len(row) == width - 1]
        names_rows = [[*row, ""] for row in above[-1:] if not _has_time_cell(row)]
    form = replace(form, width=width, first_row=wide_rows[first][0], header=bool(names_rows))
    return with_names(form, tuple(names_rows[0])) if names_rows else form


def _header_by_names(form: Form, cells: Sequence[tuple[int, list[str]]]) -> tuple[int, list[str]] | None:
    """The line that has all the columns which the profile calls by their names."""
    refs = [form.datastream_column, form.value_column, form.unit_column, *form.time_columns, *form.series]
    wanted = {ref.casefold() for ref in refs if isinstance(ref, str) and not ref.isdecimal()}
    if not wanted or form.header is False:
        return None
    for number, row in cells[:_MOST_PREAMBLE]:
        if wanted <= {cell.casefold() for cell in row}:
            return number, row
    return None


def _below_header(
    form: Form, header: tuple[int, list[str]], cells: Sequence[tuple[int, list[str]]], width: int
) -> Form:
    """The form of a file with this header, which other lines (units) may follow before its rows.

    Raises ReportedError (`form_not_found`) where nothing follows.
    """
    below = [(number, row) for number, row in cells if number > header[0]]
    if not below:
        raise ReportedError(
            Sentence(_("The file has a header, and no rows below it.")), code="form_not_found"
        )
    names = header[1]
    ended = [(number, row) for number, row in below if len(row) == width + 1]
    if len(ended) > len(below) / 2 and _has_empty_end(ended):
        names, width = [*names, ""], width + 1
    first = next(
        (number for number, row in below if len(row) == width and _has_time_cell(row)), header[0] + 1
    )
    return with_names(replace(form, width=width, first_row=first, header=True), tuple(names))


def _has_empty_end(rows: Sequence[tuple[int, list[str]]]) -> bool:
    return all(not row[-1] for _number, row in rows)


def _has_time_cell(row: Sequence[str]) -> bool:
    has_time = any(_time_formats_of([cell]) or (cell.isdigit() and len(cell) in (10, 13)) for cell in row)
    # Days since 1899 look like any number: then a row is one that has a number.
    return has_time or (
        any(_looks_like_number(cell) for cell in row) and not any(re.search(r"[^\W\d_]{2}", c) for c in row)
    )


def _time_formats_of(texts: Sequence[str]) -> tuple[str, ...]:
    """The formats that read all the texts as a day, with a time of day or without."""
    texts = [text for text in texts if text]
    if not texts or all(_looks_like_number(text) and len(text) not in (8, 12, 14) for text in texts):
        return ()
    array = pa.array(texts)
    best: tuple[str, ...] = ()
    best_share, best_leap = 0.0, 0
    for dates in _DATES:
        used = tuple(form for form in _formats_of(dates) if read_stamps(array, [form]).is_read.any())
        if not used:
            continue
        stamps = read_stamps(array, used)
        share = float(stamps.is_read.mean())
        # 01/02 can be either's; the loggers' rows follow each other, and do not leap from month to month.
        leap = _longest_step_us(stamps) if share else 0
        if share > best_share or (share == best_share and leap < best_leap):
            best, best_share, best_leap = used, share, leap
        if share == 1.0 and not dates[0].startswith("%d/"):
            break
    return best if best_share >= 0.5 else ()


def _formats_of(dates: Sequence[str]) -> tuple[str, ...]:
    """Formats of days of one family, each alone and with a time of day."""
    formats: list[str] = []
    for date in dates:
        formats += ["iso"] if date == "iso" else [date, *(f"{date} {clock}" for clock in _CLOCKS)]
    if dates[0].startswith("%Y%m%d"):
        formats = [format_.replace(" ", "") for format_ in formats] + formats
    return tuple(formats)


def _longest_step_us(stamps: Stamps) -> int:
    """The longest step from one time to the next, either way; 0 where there is none."""
    times_us = stamps.times_us[stamps.is_read]
    return int(np.abs(np.diff(times_us)).max()) if len(times_us) > 1 else 0


def _find_times(form: Form, data: Sequence[Sequence[str]]) -> Form:
    """Which columns hold the time, and in which formats."""
    if not data:
        raise ReportedError(Sentence(_("No row of the file fits its header.")), code="form_not_found")
    columns = list(zip(*data, strict=True))
    places = [column_of(form, ref) for ref in form.time_columns] or _time_places(form, columns)
    texts = [" ".join(parts).strip() for parts in zip(*(columns[place] for place in places), strict=True)]
    formats = form.time_formats or _time_formats_of(texts) or _number_formats(texts)
    if not form.time_formats:
        _refuse_two_readings(texts, formats)
    if not formats:
        raise ReportedError(
            Sentence(
                _(
                    "The times are in no form that is known, e.g. {text}; name it in the profile as "
                    "time.format."
                ),
                text=repr(texts[0][:40]),
            ),
            code="form_not_found",
        )
    return replace(form, time_columns=tuple(place + 1 for place in places), time_formats=formats)


def _refuse_two_readings(texts: Sequence[str], formats: Sequence[str]) -> None:
    """Ask for the format of days such as 02/03/2026, where no row of the file says which number is the month.

    Rows that follow each other say it: they do not leap from month to month. Raises ReportedError (`form_not_found`).
    """
    array = pa.array([text for text in texts if text])
    _refuse_year_first(array, formats)
    other = tuple(_swapped(format_) for format_ in formats)
    if other == tuple(formats) or not len(array):
        return
    one, two = read_stamps(array, formats), read_stamps(array, other)
    is_read = one.is_read & two.is_read
    fits_both = bool((is_read == one.is_read).all()) and bool((one.times_us != two.times_us)[is_read].any())
    if fits_both and _longest_step_us(one) == _longest_step_us(two):
        place = int(np.flatnonzero(is_read & (one.times_us != two.times_us))[0])
        days = [instant_of(int(stamps.times_us[place])).strftime("%Y-%m-%d") for stamps in (one, two)]
        shown = next(
            (
                at
                for at, format_ in enumerate(formats)
                if read_stamps(array[place : place + 1], [format_]).is_read[0]
            ),
            0,
        )
        raise ReportedError(
            Sentence(
                _(
                    "{text} may be {days} or {days_2}; name the format in the profile as time.format: "
                    "{formats} or {other}."
                ),
                text=repr(array[place].as_py()[:40]),
                days=days[0],
                days_2=days[1],
                formats=repr(formats[shown]),
                other=repr(other[shown]),
            ),
            code="form_not_found",
        )


def _refuse_year_first(array: pa.Array, formats: Sequence[str]) -> None:
    """Ask about days such as 26/03/02 that are long ago when the day comes first, and of late when the year does."""
    other = tuple(re.sub(r"^%d([./-])%m\1%y", r"%y\1%m\1%d", format_) for format_ in formats)
    if other == tuple(formats) or not len(array):
        return
    one, two = read_stamps(array, formats), read_stamps(array, other)
    if not (one.is_read.any() and (two.is_read | ~one.is_read).all()):
        return
    newest = [int(stamps.times_us[one.is_read].max()) for stamps in (one, two)]
    now_us = microseconds(timezone.now())
    if now_us - newest[0] > LONG_AGO_US and abs(now_us - newest[1]) < OF_LATE_US:
        days = [instant_of(time_us).strftime("%Y-%m-%d") for time_us in newest]
        raise ReportedError(
            Sentence(
                _(
                    "{text} may have the day first or the year: its newest day is {days} or {days_2}; "
                    "name the format in the profile as time.format: {formats} or {other}."
                ),
                text=repr(array[0].as_py()[:40]),
                days=days[0],
                days_2=days[1],
                formats=repr(formats[0]),
                other=repr(other[0]),
            ),
            code="form_not_found",
        )


def _swapped(format_: str) -> str:
    """A format with day and month in each other's place, where numbers stand for both and slashes or dashes between."""
    if not re.match(r"%[dm][/-]%[dm][/-]", format_):
        return format_
    return format_.translate(str.maketrans("dm", "md"))


def _time_places(form: Form, columns: Sequence[Sequence[str]]) -> list[int]:
    for place, column in enumerate(columns):
        if _time_formats_of(column):
            has_clock = any(":" in text for text in column)
            following = columns[place + 1] if place + 1 < len(columns) else ()
            if not has_clock and following and all(_TIME_ONLY.match(text) for text in following if text):
                return [place, place + 1]
            return [place]
    named = [
        place
        for place, name in enumerate(form.names)
        if re.search(r"time|date|stamp|дата|время|vaqt|sana|zeit|data", name.casefold())
    ]
    if named:
        return named[:1]
    numbers = [place for place, column in enumerate(columns) if _number_formats(column)]
    if numbers:
        return numbers[:1]
    raise ReportedError(
        Sentence(_("No column of the file holds times; name it in the profile.")), code="form_not_found"
    )


def _number_formats(texts: Sequence[str]) -> tuple[str, ...]:
    texts = [text.replace(",", ".") for text in texts if text]
    if not texts or not all(re.fullmatch(r"\d+(\.\d+)?", text) for text in texts):
        return ()
    numbers = [float(text) for text in texts]
    for format_, first, last in (("unix", 6e8, 7e9), ("unix_ms", 6e11, 7e12), ("excel", 30_000, 80_000)):
        if all(first <= number <= last for number in numbers):
            return (format_,)
    return ()


def _decimal(form: Form, data: Sequence[Sequence[str]]) -> str:
    times = {column_of(form, ref) for ref in form.time_columns}
    if form.time_formats == ("excel",):
        times = set()
    if form.thousands in (".", ","):
        return "," if form.thousands == "." else "."
    spaces = re.compile(r"(?<=\d)[ \u00a0\u202f](?=\d{3})")
    texts = [spaces.sub("", text) for row in data for place, text in enumerate(row) if place not in times]
    commas = [text for text in texts if re.fullmatch(r"[+-]?\d*,\d+", text)]
    has_comma = bool(commas)
    # In a file of commas a quoted 1,234 is rather a thousand: a guess may be wrong a thousandfold.
    if (
        form.separator == ","
        and has_comma
        and all(re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", t) for t in commas)
    ):
        raise ReportedError(
            Sentence(
                _("{commas} may have a decimal comma or a thousands mark; name `decimal` in the profile."),
                commas=repr(commas[0]),
            ),
            code="form_not_found",
        )
    return "," if has_comma and not any(re.fullmatch(r"[+-]?\d*\.\d+", text) for text in texts) else "."


@dataclass(frozen=True)
class _Columns:
    """What the columns of a table may be, by their names and their cells. Columns count from 0."""

    folded: list[str]
    rest: list[int]
    named: list[int]
    texts: list[int]
    values: list[int]

    def called(self, names: Collection[str]) -> list[int]:
        """The columns that bear one of the names."""
        return [place for place in self.rest if self.folded[place] in names]


def _columns_of(form: Form, data: Sequence[Sequence[str]]) -> _Columns:
    folded = [re.sub(r"[\s_]", "", name.casefold()) for name in form.names] or [""] * form.width
    columns = list(zip(*data, strict=True))
    passed_over = {column_of(form, ref) for ref in (*form.time_columns, *form.ignore)}
    rest = [place for place in range(form.width) if place not in passed_over]
    values = [place for place in rest if _holds_numbers(columns[place])]
    return _Columns(
        folded,
        rest,
        named=[place for place in rest if folded[place] in _DATASTREAM_NAMES],
        texts=[place for place in rest if place not in values and any(columns[place])],
        values=values,
    )


def _holds_numbers(cells: Sequence[str]) -> bool:
    """Whether more than half of the cells that hold something hold numbers."""
    return sum(map(_looks_like_number, cells)) > 0.5 * max(1, sum(bool(cell) for cell in cells))


def _find_columns(form: Form, data: Sequence[Sequence[str]]) -> Form:
    """Whether a row holds one value or many, and in which columns."""
    columns = _columns_of(form, data)
    form = replace(form, layout=form.layout or (LONG if _is_long(form, columns) else WIDE))
    if form.layout == WIDE:
        return form
    value = form.value_column or _value_column(columns)
    return replace(
        form,
        value_column=value,
        datastream_column=form.datastream_column or _datastream_column(form, columns, value),
        unit_column=form.unit_column or _unit_column(form, columns),
    )


def _is_long(form: Form, columns: _Columns) -> bool:
    """Whether each row names its datastream and holds one value."""
    if form.value_column is not None or form.datastream_column is not None or form.datastream:
        return True
    if columns.named and columns.called(_VALUE_NAMES):
        return True
    has_one_value = len(columns.values) == 1 and len(columns.texts) >= 1
    return has_one_value and not form.series and not form.template


def _value_column(columns: _Columns) -> int:
    candidates = columns.called(_VALUE_NAMES) or [
        place for place in columns.values if place not in columns.named
    ]
    if not candidates:
        raise ReportedError(
            Sentence(_("No column of the file holds values; name it in the profile.")), code="form_not_found"
        )
    return candidates[0] + 1


def _datastream_column(form: Form, columns: _Columns, value: Ref) -> int | None:
    """The column that names the datastreams; None where the profile or the file's name does."""
    if form.datastream or "{file}" in form.template:
        return None
    others = [place for place in (columns.named or columns.texts) if place != column_of(form, value)]
    if not others:
        raise ReportedError(
            Sentence(
                _("No column of the file names datastreams; name it, or the datastream, in the profile.")
            ),
            code="form_not_found",
        )
    return others[0] + 1


def _unit_column(form: Form, columns: _Columns) -> int | None:
    found = [] if form.unit else columns.called(_UNIT_NAMES)
    return found[0] + 1 if found else None
