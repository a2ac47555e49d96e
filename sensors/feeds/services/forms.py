"""How a logger file is written: the settings of a profile, checked, and completed from the file's first lines.

    {"layout": "long" | "wide",        one value a row, or one column a datastream
     "encoding", "separator", "decimal", "thousands", "comment", "skip_lines", "header": true | false,
     "columns": {"datastream": ref, "time": ref or [date, time], "value": ref, "unit": ref},     (long)
     "series": {ref: "CODE" or {"datastream": "CODE", "unit": "bar"}}, "ignore": [ref],           (wide)
     "template": "{column}" or "N1:{column}", {file} being the file's name without its ending,
     "datastream": "CODE",             for files of one datastream
     "unit": the values' unit where it is not the datastream's,
     "time": {"format": "iso" | "excel" | "unix" | "unix_ms" | strptime's letters, or several; "zone", "fold"},
     "missing": ["", "NaN"]}           marks that stand for no value

What is left out, or "auto", is found in the file. A ref is a column's name in the header or its number, from 1.
"""

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.sentences import Sentence
from sensors.feeds.services.stamps import NAMED_FORMATS, format_pattern, zone_of

Ref = str | int

AUTO = "auto"
SEPARATORS = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
MISSING_MARKS = ("", "na", "n/a", "#n/a", "nan", "null", "none", "-", "--", "---", "*")
LONG, WIDE = "long", "wide"
FOLDS = ("order", "first", "second")


@dataclass(frozen=True)
class SeriesName:
    """The datastream of a column, and the unit of its values where it is not the datastream's."""

    datastream: str
    unit: str = ""


@dataclass(frozen=True)
class Form:
    """How a file is written; None is what has still to be found in it."""

    layout: str | None = None
    encoding: str | None = None
    separator: str | None = None
    decimal: str | None = None
    thousands: str = ""
    comment: str = "#"
    skip_lines: int | None = None
    header: bool | None = None
    datastream_column: Ref | None = None
    time_columns: tuple[Ref, ...] = ()
    value_column: Ref | None = None
    unit_column: Ref | None = None
    series: Mapping[Ref, SeriesName] = field(default_factory=dict)
    ignore: tuple[Ref, ...] = ()
    template: str = ""
    datastream: str = ""
    unit: str = ""
    time_formats: tuple[str, ...] = ()
    zone: str = ""
    fold: str = "order"
    missing: tuple[str, ...] = MISSING_MARKS
    # Found in the file: the names of its columns, the number of its columns and the line of its first row, from 0.
    names: tuple[str, ...] = ()
    width: int = 0
    first_row: int = 0

    def as_settings(self) -> dict[str, Any]:
        """The settings from which `read_form` makes this form again."""
        columns = {
            "datastream": self.datastream_column,
            "time": list(self.time_columns) or None,
            "value": self.value_column,
            "unit": self.unit_column,
        }
        time = {"format": list(self.time_formats) or None, "zone": self.zone or None, "fold": self.fold}
        settings: dict[str, Any] = {
            "layout": self.layout,
            "encoding": self.encoding,
            "separator": self.separator,
            "decimal": self.decimal,
            "thousands": self.thousands,
            "comment": self.comment,
            "skip_lines": self.skip_lines,
            "header": self.header,
            "columns": {name: value for name, value in columns.items() if value is not None},
            "series": {
                str(ref): {"datastream": series.datastream, "unit": series.unit}
                for ref, series in self.series.items()
            },
            "ignore": list(self.ignore),
            "template": self.template,
            "datastream": self.datastream,
            "unit": self.unit,
            "time": {name: value for name, value in time.items() if value is not None},
            "missing": list(self.missing),
        }
        return {name: value for name, value in settings.items() if value not in (None, "", {}, [])} | {
            "missing": list(self.missing)
        }


def read_form(settings: Any) -> Form:
    """The form that a profile's settings describe; raises ReportedError (`bad_profile`) naming everything wrong."""
    if not isinstance(settings, dict):
        raise ReportedError(Sentence(_("A profile's settings are a JSON object.")), code="bad_profile")
    reader = _Reader(settings)
    form = reader.form()
    if reader.wrong:
        details = [{"element": name, "reason": reason} for name, reason in reader.wrong]
        listed = "; ".join(f"{name}: {reason}" for name, reason in reader.wrong[:5])
        raise ReportedError(
            Sentence(_("The profile's settings are wrong. {listed}"), listed=listed),
            code="bad_profile",
            details=details,
        )
    return form


class _Reader:
    """Takes settings apart, collecting what is wrong."""

    _KNOWN = (
        "layout encoding separator decimal thousands comment skip_lines header columns series ignore "
        "template datastream "
        "unit time missing"
    ).split()

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.wrong: list[tuple[str, str]] = [
            (name, f"not known; known are {', '.join(self._KNOWN)}")
            for name in settings
            if name not in self._KNOWN
        ]

    def form(self) -> Form:
        columns = self._mapping("columns", ("datastream", "time", "value", "unit"))
        time = self._mapping("time", ("format", "zone", "fold"))
        times = columns.get("time")
        return Form(
            layout=self._choice("layout", (LONG, WIDE)),
            encoding=self._encoding(),
            separator=self._separator(),
            decimal=self._choice("decimal", (".", ",")),
            thousands=self._choice("thousands", (".", ",", " ", "'", "\u00a0")) or "",
            comment=self._text("comment", "#", 5),
            skip_lines=self._skip_lines(),
            header=self._header(),
            datastream_column=self._ref("columns.datastream", columns.get("datastream")),
            time_columns=tuple(
                ref
                for item in (times if isinstance(times, list) else [times])
                if (ref := self._ref("columns.time", item)) is not None
            ),
            value_column=self._ref("columns.value", columns.get("value")),
            unit_column=self._ref("columns.unit", columns.get("unit")),
            series=self._series(),
            ignore=tuple(
                ref for item in self._list("ignore") if (ref := self._ref("ignore", item)) is not None
            ),
            template=self._template(),
            datastream=self._text("datastream", "", 100),
            unit=self._text("unit", "", 60),
            time_formats=self._formats(time.get("format")),
            zone=self._zone(time.get("zone")),
            fold=self._fold(time.get("fold")),
            missing=self._missing(),
        )

    def _say(self, name: str, reason: str) -> None:
        self.wrong.append((name, reason))

    def _given(self, name: str) -> Any:
        value = self.settings.get(name)
        return None if value == AUTO else value

    def _choice(self, name: str, choices: tuple[str, ...]) -> str | None:
        value = self._given(name)
        if value is None or value == "":
            return None
        if value not in choices:
            self._say(name, Sentence(_("is one of {choices} or auto"), choices=", ".join(map(repr, choices))))
            return None
        return str(value)

    def _text(self, name: str, default: str, longest: int) -> str:
        value = self.settings.get(name, default)
        if not isinstance(value, str) or len(value) > longest or "\x00" in value:
            self._say(name, Sentence(_("is a text of at most {longest} characters"), longest=longest))
            return default
        return value

    def _encoding(self) -> str | None:
        value = self._given("encoding")
        if value is None:
            return None
        try:
            return codecs.lookup(value).name
        except (LookupError, TypeError, ValueError):
            self._say("encoding", Sentence(_("is not an encoding; write it as utf-8, cp1251 or auto")))
            return None

    def _separator(self) -> str | None:
        value = self._given("separator")
        if value is None:
            return None
        value = SEPARATORS.get(value, value) if isinstance(value, str) else value
        if not isinstance(value, str) or len(value) != 1 or value in '"\r\n\x00' or ord(value) > 126:
            self._say(
                "separator", Sentence(_("is one character, tab, comma, semicolon, pipe, space or auto"))
            )
            return None
        return value

    def _skip_lines(self) -> int | None:
        value = self._given("skip_lines")
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10_000:
            self._say("skip_lines", Sentence(_("is a whole number from 0 to 10,000, or auto")))
            return None
        return value

    def _header(self) -> bool | None:
        value = self._given("header")
        if value is not None and not isinstance(value, bool):
            self._say("header", Sentence(_("is true, false or auto")))
            return None
        return value

    def _mapping(self, name: str, known: tuple[str, ...]) -> dict[str, Any]:
        value = self.settings.get(name) or {}
        if not isinstance(value, dict) or not set(value) <= set(known):
            self._say(name, Sentence(_("is an object with any of {known}"), known=", ".join(known)))
            return {}
        return value

    def _list(self, name: str) -> list[Any]:
        value = self.settings.get(name) or []
        if not isinstance(value, list):
            self._say(name, Sentence(_("is a list")))
            return []
        return value

    def _ref(self, name: str, value: Any) -> Ref | None:
        if value is None or value == AUTO:
            return None
        if isinstance(value, str) and value.strip():
            return value.strip()
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 10_000:
            return value
        self._say(name, Sentence(_("is a column's name or its number, from 1")))
        return None

    def _series(self) -> dict[Ref, SeriesName]:
        value = self.settings.get("series") or {}
        if not isinstance(value, dict):
            self._say("series", Sentence(_("is an object from columns to datastreams")))
            return {}
        found: dict[Ref, SeriesName] = {}
        for ref, item in value.items():
            given = {"datastream": item} if isinstance(item, str) else item
            if (
                not isinstance(given, dict)
                or not set(given) <= {"datastream", "unit"}
                or not all(isinstance(text, str) for text in given.values())
                or not given.get("datastream")
            ):
                self._say(
                    f"series.{ref}",
                    Sentence(
                        _("is a datastream's code or {example}"), example='{"datastream": ..., "unit": ...}'
                    ),
                )
                continue
            found[ref.strip()] = SeriesName(given["datastream"], given.get("unit", ""))
        return found

    def _template(self) -> str:
        text = self._text("template", "", 200)
        if set(re.findall(r"\{(.*?)\}", text)) - {"column", "datastream", "file"}:
            self._say("template", Sentence(_("may hold these in braces: column, datastream, file")))
            return ""
        return text

    def _formats(self, value: Any) -> tuple[str, ...]:
        formats = [] if value is None or value == AUTO else value if isinstance(value, list) else [value]
        for format_ in formats:
            try:
                if not isinstance(format_, str):
                    raise ValueError(f"{format_!r} is not text")
                if format_ not in NAMED_FORMATS:
                    format_pattern(format_)
            except ValueError as error:
                self._say("time.format", str(error))
                return ()
        return tuple(formats)

    def _zone(self, value: Any) -> str:
        if value is None or value == "":
            return ""
        try:
            if not isinstance(value, str):
                raise ValueError("is a time zone such as Asia/Tashkent or +05:00")
            zone_of(value)
        except ValueError as error:
            self._say("time.zone", str(error))
            return ""
        return value

    def _fold(self, value: Any) -> str:
        if value is None:
            return "order"
        if value not in FOLDS:
            self._say("time.fold", Sentence(_("is one of {folds}"), folds=", ".join(FOLDS)))
            return "order"
        return str(value)

    def _missing(self) -> tuple[str, ...]:
        value = self.settings.get("missing")
        if value is None:
            return MISSING_MARKS
        if not isinstance(value, list) or not all(isinstance(mark, str | int | float) for mark in value):
            self._say("missing", Sentence(_("is a list of marks")))
            return MISSING_MARKS
        return tuple(str(mark) for mark in value)


def with_names(form: Form, names: tuple[str, ...]) -> Form:
    """The form with the names of a header row, stripped of quotes and blanks."""
    # A name is kept with the file, and the database knows no NUL.
    return replace(form, names=tuple(name.replace("\x00", "").strip().strip('"').strip() for name in names))


def column_of(form: Form, ref: Ref) -> int:
    """The place of a column, from 0; raises ReportedError (`no_column`)."""
    if isinstance(ref, int) or (ref.isdecimal() and ref not in form.names):
        place = int(ref) - 1
        if 0 <= place < form.width:
            return place
        raise ReportedError(
            Sentence(_("The file has {width} columns, none is number {ref}."), width=form.width, ref=ref),
            code="no_column",
        )
    folded = [name.casefold() for name in form.names]
    if folded.count(ref.casefold()) == 1:
        return folded.index(ref.casefold())
    if ref in form.names and form.names.count(ref) == 1:
        return form.names.index(ref)
    shown = ", ".join(form.names[:20]) or Sentence(_("no names, but numbers 1 to {width}"), width=form.width)
    raise ReportedError(
        Sentence(
            _("The file has several columns {ref}; it has {shown}.")
            if ref.casefold() in folded
            else _("The file has no columns {ref}; it has {shown}."),
            ref=repr(ref),
            shown=shown,
        ),
        code="no_column",
    )
