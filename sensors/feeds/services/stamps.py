"""Times as loggers write them: many at once, strictly, and local ones on days when the clock changes.

texts --read_stamps--> local or UTC microseconds --LocalClock--> UTC microseconds, or ambiguous, or never there
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sensors.series.services.observation_arrays import instant_of, microseconds

Microseconds = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]

_SECOND_US = 1_000_000
_DAY_US = 86_400 * _SECOND_US
# Serial day 0 of spreadsheets, so that days after February 1900 are right.
_EXCEL_ZERO_US = -25_569 * _DAY_US
_EXCEL_DAYS = (18_264.0, 109_575.0)  # 1950 to 2199
ISO = (
    r"^(?P<Y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})"
    r"(?:[T ](?P<H>\d{1,2})(?::?(?P<M>\d{2})(?::?(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?)?"
    r"(?P<z> ?(?:[Zz]|[+-]\d{2}(?::?\d{2})?))?)?$"
)
_DIRECTIVES = {
    "%Y": r"(?P<Y>\d{4})",
    "%y": r"(?P<y>\d{2})",
    "%m": r"(?P<m>\d{1,2})",
    "%d": r"(?P<d>\d{1,2})",
    "%H": r"(?P<H>\d{1,2})",
    "%I": r"(?P<I>\d{1,2})",
    "%M": r"(?P<M>\d{1,2})",
    "%S": r"(?P<S>\d{1,2})",
    "%f": r"(?P<f>\d{1,9})",
    "%p": r"(?P<p>[AaPp]\.?[Mm]\.?)",
    "%z": r"(?P<z>[Zz]|[+-]\d{2}:?\d{2})",
    "%b": r"(?P<b>[A-Za-zЀ-ӿ]{3,12})\.?",
    "%%": "%",
}
# How months begin in English, Russian and Uzbek.
_MONTHS = (
    ("jan", "янв", "yan"),
    ("feb", "фев", "fev"),
    ("mar", "мар"),
    ("apr", "апр"),
    ("may", "май", "мая"),
    ("jun", "июн", "iyun"),
    ("jul", "июл", "iyul"),
    ("aug", "авг", "avg"),
    ("sep", "сен", "sen"),
    ("oct", "окт", "okt"),
    ("nov", "ноя", "noy"),
    ("dec", "дек", "dek"),
)
_BLANKS = r"[\s\x{00a0}\x{2009}\x{202f}]"
NAMED_FORMATS = ("iso", "excel", "unix", "unix_ms")


@dataclass(frozen=True)
class Stamps:
    """Times read from texts: microseconds since 1970-01-01 as written, and whether that is UTC; `is_read`
    where it worked."""

    times_us: Microseconds
    is_utc: Mask
    is_read: Mask

    def at(self, positions: Any) -> "Stamps":
        return Stamps(self.times_us[positions], self.is_utc[positions], self.is_read[positions])


@cache
def format_pattern(format_: str) -> str:
    """The regular expression of a format in strptime's letters; raises ValueError for letters that are not
    understood."""
    if format_ == "iso":
        return ISO
    tokens = re.split(r"(%.)", format_)
    unknown = [token for token in tokens if re.fullmatch(r"%.", token) and token not in _DIRECTIVES]
    if unknown or format_.count("%") != sum(token.startswith("%") for token in tokens):
        raise ValueError(f"{format_!r}: {unknown[0] if unknown else '%'} is not understood")
    pattern = "".join(_DIRECTIVES.get(token) or re.escape(token).replace(r"\ ", " ") for token in tokens)
    if not (re.search(r"\(\?P<[Yy]>", pattern) and "<d>" in pattern and re.search(r"<[mb]>", pattern)):
        raise ValueError(f"{format_!r} names no day of a year")
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{format_!r} names something twice") from error
    return f"^{pattern}$"


def read_stamps(texts: pa.Array, formats: Sequence[str]) -> Stamps:
    """Read texts by the first of the formats that fits each.

    Formats: `iso` (ISO 8601, with offset or without), `excel` (days since 1899-12-30), `unix`, `unix_ms`, or strptime's
    letters. 31 February, 25:00 and the like are not read; 24:00 is the midnight that ends a day.
    """
    texts = _single_blanks(texts)
    size = len(texts)
    result = Stamps(np.zeros(size, np.int64), np.zeros(size, bool), np.zeros(size, bool))
    for format_ in formats:
        left = np.flatnonzero(~result.is_read)
        if not len(left):
            break
        some = texts if len(left) == size else texts.take(pa.array(left))
        times, is_utc, is_read = (
            _numeric(some, format_) if format_ in NAMED_FORMATS[1:] else _matched(some, format_)
        )
        chosen = left[is_read]
        result.times_us[chosen] = times[is_read]
        result.is_utc[chosen] = is_utc[is_read]
        result.is_read[chosen] = True
    return result


def _single_blanks(texts: pa.Array) -> pa.Array:
    """Times whose parts are apart by one blank each, whatever stood between them: blanks, tabs, a comma and a blank."""
    is_odd = pc.match_substring_regex(
        texts, f"{_BLANKS}{{2}}|^{_BLANKS}|{_BLANKS}$|,{_BLANKS}|[^\\x00-\\x7f]|[\\t\\r\\n]"
    )
    if not pc.any(is_odd).as_py():
        return texts
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(texts, f",?{_BLANKS}+", " "))


def _numeric(texts: pa.Array, format_: str) -> tuple[Microseconds, Mask, Mask]:
    is_number = to_numpy(pc.match_substring_regex(texts, r"^-?\d{1,15}(\.\d{1,15})?$")).astype(bool)
    numbers = np.zeros(len(texts))
    if is_number.any():
        numbers[is_number] = to_numpy(texts.filter(pa.array(is_number)).cast(pa.float64()))
    if format_ == "excel":
        is_read = is_number & (numbers >= _EXCEL_DAYS[0]) & (numbers <= _EXCEL_DAYS[1])
        # Loggers round the fraction of the day; whole seconds are what they meant.
        seconds = np.rint(np.where(is_read, numbers, 0) * 86_400).astype(np.int64)
        return _EXCEL_ZERO_US + seconds * _SECOND_US, np.zeros(len(texts), bool), is_read
    unit_us = _SECOND_US if format_ == "unix" else 1000
    is_read = is_number & (np.abs(numbers) < 1e14)
    times = np.rint(np.where(is_read, numbers, 0) * unit_us).astype(np.int64)
    return times, np.ones(len(texts), bool), is_read


def _matched(texts: pa.Array, format_: str) -> tuple[Microseconds, Mask, Mask]:
    fields = pc.extract_regex(texts, format_pattern(format_))
    is_read = to_numpy(fields.is_valid()).astype(bool)
    fields = fields.filter(pa.array(is_read))
    names = {field.name for field in fields.type}

    def number(name: str, default: int = 0) -> Microseconds:
        if name not in names:
            return np.full(len(fields), default, np.int64)
        column = fields.field(name)
        filled = pc.if_else(pc.equal(column, ""), str(default), column)
        return to_numpy(filled.cast(pa.int64())).astype(np.int64)

    years = number("Y") if "Y" in names else 2000 + number("y")
    months = number("m") if "m" in names else _month_numbers(fields.field("b"))
    hours = (
        number("H")
        if "I" not in names
        else _twelve_hours(number("I"), fields.field("p") if "p" in names else None)
    )
    times, is_sane = _civil_us(years, months, number("d"), hours, number("M"), number("S"))
    if "f" in names:
        times = times + to_numpy(
            pc.utf8_slice_codeunits(pc.utf8_rpad(fields.field("f"), 6, "0"), 0, 6).cast(pa.int64())
        )
    all_times, is_utc, is_whole = np.zeros(len(texts), np.int64), np.zeros(len(texts), bool), is_read.copy()
    if "z" in names:
        offsets, has_offset = _offsets_us(fields.field("z"))
        times = times - offsets
        is_utc[is_read] = has_offset
    all_times[is_read] = times
    is_whole[is_read] = is_sane
    return all_times, is_utc, is_whole


def _civil_us(*parts: Microseconds) -> tuple[Microseconds, Mask]:
    """Microseconds of year, month, day, hour, minute, second, and which of them exist."""
    years, months, days, hours, minutes, seconds = parts
    is_sane = (months >= 1) & (months <= 12) & (years >= 1) & (days >= 1) & (minutes < 60) & (seconds < 60)
    is_sane &= (hours < 24) | ((hours == 24) & (minutes == 0) & (seconds == 0))
    month_numbers = np.where(is_sane, (years - 1970) * 12 + months - 1, 0).astype("datetime64[M]")
    day_numbers = month_numbers.astype("datetime64[D]") + (np.where(is_sane, days, 1) - 1)
    is_sane &= day_numbers.astype("datetime64[M]") == month_numbers
    in_day = (hours * 3600 + minutes * 60 + seconds) * _SECOND_US
    return day_numbers.astype(np.int64) * _DAY_US + in_day, is_sane


def _month_numbers(names: pa.Array) -> Microseconds:
    encoded = pc.fill_null(names, "").dictionary_encode()
    months = [_month_of(name.lower()) for name in encoded.dictionary.to_pylist()]
    return np.array(months, np.int64)[to_numpy(encoded.indices)]


def _month_of(name: str) -> int:
    return next((number for number, starts in enumerate(_MONTHS, start=1) if name.startswith(starts)), 0)


def _twelve_hours(hours: Microseconds, halves: pa.Array | None) -> Microseconds:
    if halves is None:
        return hours
    is_afternoon = to_numpy(pc.starts_with(pc.utf8_lower(halves), "p")).astype(bool)
    # 12 AM is midnight; an hour beyond 12 becomes one that does not exist.
    return np.where((hours < 1) | (hours > 12), 99, hours % 12 + np.where(is_afternoon, 12, 0))


def _offsets_us(texts: pa.Array) -> tuple[Microseconds, Mask]:
    """The offsets of `Z`, `+05`, `+0500`, `+05:00`, and where there is one; few different ones, so one by one."""
    encoded = pc.fill_null(texts, "").dictionary_encode()
    offsets, given = [], []
    for text in encoded.dictionary.to_pylist():
        digits = text.strip().replace(":", "")
        given.append(bool(digits))
        if digits in ("", "Z", "z"):
            offsets.append(0)
            continue
        minutes = int(digits[1:3]) * 60 + int(digits[3:5] or 0)
        offsets.append((-1 if digits[0] == "-" else 1) * minutes * 60 * _SECOND_US)
    places = to_numpy(encoded.indices)
    return np.array(offsets, np.int64)[places], np.array(given, bool)[places]


def to_numpy(array: Any) -> npt.NDArray[Any]:
    """An Arrow array as numpy's, copying where it must."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    converted: npt.NDArray[Any] = array.to_numpy(zero_copy_only=False)
    return converted


def zone_of(name: str) -> tzinfo:
    """A time zone by its IANA name or as a fixed offset (`+05:00`); raises ValueError."""
    fixed = re.fullmatch(r"(?:UTC)?([+-])(\d{2}):?(\d{2})", name)
    if fixed:
        minutes = int(fixed[2]) * 60 + int(fixed[3])
        return timezone(timedelta(minutes=-minutes if fixed[1] == "-" else minutes))
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise ValueError(f"{name!r} is not a time zone; write it as Asia/Tashkent or +05:00") from None


OK, AMBIGUOUS, MISSING = 0, 1, 2


class LocalClock:
    """What the clocks of a zone show, as instants.

    On the day that clocks go forward some local times do not exist; on the day that they go back some come twice.
    """

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone
        self._years: set[int] = set()
        # (instant, offset before, offset after), microseconds, in order of time.
        self._changes: list[tuple[int, int, int]] = []

    def instants(self, local_us: Microseconds) -> tuple[Microseconds, Microseconds, npt.NDArray[np.int8]]:
        """For local microseconds: the instant, the later instant where it comes twice, and OK, AMBIGUOUS or MISSING."""
        if not len(local_us):
            return local_us, local_us, np.zeros(0, np.int8)
        self._look_at_years(int(local_us.min()), int(local_us.max()))
        if not self._changes:
            utc = local_us - self._offset_us(int(local_us[0]))
            return utc, utc, np.zeros(len(local_us), np.int8)
        moments, before, after = (np.array(column, np.int64) for column in zip(*self._changes, strict=True))
        # From these local times on the clock shows the new offset only.
        settled = moments + np.maximum(before, after)
        place = np.searchsorted(settled, local_us, side="right")
        offsets = np.concatenate([before[:1], after])[place]
        first = later = local_us - offsets
        kinds = np.zeros(len(local_us), np.int8)
        following = np.minimum(place, len(moments) - 1)
        in_change = (place < len(moments)) & (
            local_us >= moments[following] + np.minimum(before, after)[following]
        )
        kinds[in_change & (before[following] > after[following])] = AMBIGUOUS
        kinds[in_change & (before[following] < after[following])] = MISSING
        later = np.where(kinds == AMBIGUOUS, local_us - after[following], later)
        return first, later, kinds

    def change_numbers(self, utc_us: Microseconds) -> Places:
        """Which change of the clock comes next after each instant; call `instants` first."""
        return np.searchsorted(
            np.array([moment for moment, _, _ in self._changes], np.int64), utc_us, side="right"
        )

    def _offset_us(self, utc_us: int) -> int:
        moment = instant_of(min(max(utc_us, microseconds(_FIRST)), microseconds(_LAST)))
        offset = moment.astimezone(self.zone).utcoffset() or timedelta(0)
        return int(offset / timedelta(microseconds=1))

    def _look_at_years(self, first_us: int, last_us: int) -> None:
        first = instant_of(max(first_us, microseconds(_FIRST))).year - 1
        last = instant_of(min(last_us, microseconds(_LAST))).year + 1
        if set(range(first, last + 1)) <= self._years:
            return
        first, last = min({first, *self._years}), max({last, *self._years})
        self._years = set(range(first, last + 1))
        self._changes = []
        start = microseconds(datetime(first, 1, 1, tzinfo=UTC))
        end = microseconds(datetime(last + 1, 1, 1, tzinfo=UTC))
        for since in range(start, end, 7 * _DAY_US):
            self._find_changes(since, since + 7 * _DAY_US)

    def _find_changes(self, since: int, until: int) -> None:
        """The change of offset within a week, to the second."""
        before, after = self._offset_us(since), self._offset_us(until)
        if before == after:
            return
        while until - since > _SECOND_US:
            middle = (since + until) // 2 // _SECOND_US * _SECOND_US
            if self._offset_us(middle) == before:
                since = middle
            else:
                until = middle
        self._changes.append((until, before, after))


_FIRST = datetime(1951, 1, 1, tzinfo=UTC)
_LAST = datetime(2190, 1, 1, tzinfo=UTC)
