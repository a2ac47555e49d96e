"""From bytes to the numbered lines of an EPANET input file: what kind of file it is, and its sections.

The grammar is that of EPANET 2.2 (`input2.c` of the OWA-EPANET sources), taken a little more widely: a
section is known by the first four letters of its name in either case, a semicolon starts a comment, double
quotes hold a token together, `[END]` ends.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_noop

from gis_core.code_pages import decoded
from gis_core.errors import ReportedError
from gis_core.sentences import Figure, Sentence, Word

MAXIMUM_LINE_LENGTH = 65_536
# A model of 12,500 nodes has some 60,000 lines.
MAXIMUM_LINES = 1_000_000
MAXIMUM_FINDINGS = 1_000

# The letters by which a section is known, and its full name.
_SECTIONS = (
    "TITLE",
    "JUNCTIONS",
    "RESERVOIRS",
    "TANKS",
    "PIPES",
    "PUMPS",
    "VALVES",
    "CONTROLS",
    "RULES",
    "DEMANDS",
    "SOURCES",
    "EMITTERS",
    "PATTERNS",
    "CURVES",
    "QUALITY",
    "STATUS",
    "ROUGHNESS",
    "ENERGY",
    "REACTIONS",
    "MIXING",
    "REPORT",
    "TIMES",
    "OPTIONS",
    "COORDINATES",
    "VERTICES",
    "LABELS",
    "BACKDROP",
    "TAGS",
    "LEAKAGE",
)
_SECTION_BY_PREFIX = {name[:4]: name for name in _SECTIONS}

# How other files that people pick by mistake begin.
_OTHER_KINDS = (
    (b"PK\x03\x04", Word(gettext_noop("a ZIP archive (also .xlsx, .kmz and .docx are)"))),
    (b"%PDF", Word(gettext_noop("a PDF document"))),
    (b"\x00\x00\x27\x0a", Word(gettext_noop("a shapefile"))),
    (b"SQLite format 3", Word(gettext_noop("an SQLite database or GeoPackage"))),
    (b"\x1f\x8b", Word(gettext_noop("a gzip archive"))),
    (b"<", Word(gettext_noop("an XML or HTML document"))),
    (b"{", Word(gettext_noop("a JSON document (GeoJSON, perhaps)"))),
    (b"AC10", Word(gettext_noop("an AutoCAD drawing"))),
    (b"\xff\xfe", Word(gettext_noop("text in UTF-16; save it as UTF-8"))),
    (b"\xfe\xff", Word(gettext_noop("text in UTF-16; save it as UTF-8"))),
)


@dataclass(frozen=True, slots=True)
class InpLine:
    """One line that holds data: its number in the file from 1, its tokens, the text after the semicolon."""

    number: int
    tokens: list[str]
    comment: str
    text: str


@dataclass
class Findings:
    """What is wrong in a file (it will be refused) and what is odd in it (it will be mentioned)."""

    errors: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    error_count: int = 0

    def error(self, line: int | None, element: str, reason: str) -> None:
        self.error_count += 1
        if len(self.errors) < MAXIMUM_FINDINGS:
            self.errors.append({"line": line, "element": element, "reason": reason})

    def warning(self, line: int | None, element: str, reason: str) -> None:
        if len(self.warnings) < MAXIMUM_FINDINGS:
            self.warnings.append({"line": line, "element": element, "reason": reason})

    def raise_if_any(self) -> None:
        """Raise ReportedError naming the first error and how many there are."""
        if not self.errors:
            return
        first = self.errors[0]
        place = "" if first["line"] is None else Sentence(gettext_noop("line {line}, "), line=first["line"])
        raise ReportedError(
            Sentence(
                gettext_noop(
                    "The model is not imported: {place}{element}: {reason}. There are {count} such errors in all."
                )
                if self.error_count > 1
                else gettext_noop("The model is not imported: {place}{element}: {reason}."),
                place=place,
                element=first["element"],
                reason=first["reason"],
                count=self.error_count,
            ),
            code="model_invalid",
            details=self.errors,
        )


@dataclass
class InpText:
    """The lines of each section, in the order in which they were opened, and how the file ended."""

    sections: dict[str, list[InpLine]]
    sha256: str
    line_count: int
    has_end: bool
    last_section: str
    ends_with_newline: bool

    def lines(self, section: str) -> list[InpLine]:
        return self.sections.get(section, [])


def read_inp(path: Path, *, maximum_bytes: int, findings: Findings) -> InpText:
    """Read an EPANET file into sections; raise ReportedError when it is no such file at all."""
    data = _read_bytes(path, maximum_bytes)
    _refuse_other_kinds(path, data)
    digest = hashlib.sha256(data).hexdigest()
    ends_with_newline = data.endswith((b"\n", b"\r"))
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if data.count(b"\n") > MAXIMUM_LINES:
        raise _unreadable(
            path,
            Sentence(
                gettext_noop("has more than {maximum_lines} lines"), maximum_lines=Figure(MAXIMUM_LINES, ",")
            ),
        )
    lines = decoded(data)[0].split("\n")
    del data
    if not any(_opens_section(line) for line in lines):
        raise ReportedError(
            Sentence(
                gettext_noop("{path} is not an EPANET input file: it has no section such as [JUNCTIONS]."),
                path=path.name,
            ),
            code="not_epanet",
            details=[
                {
                    "line": None,
                    "element": path.name,
                    "reason": Sentence(gettext_noop("no section of EPANET's in it")),
                }
            ],
        )
    sections, last_section = _split_sections(lines, findings)
    has_end = last_section == "END"
    return InpText(sections, digest, len(lines), has_end, last_section, ends_with_newline)


def section_name(header: str) -> str | None:
    """The full name of the section that a line such as "[PIPES]" opens; "END" ends; None if unknown."""
    if header[1:4].upper() == "END":
        return "END"
    return _SECTION_BY_PREFIX.get(header[1:5].upper())


def _opens_section(line: str) -> bool:
    start = line[:200].lstrip()
    return start.startswith("[") and section_name(start) is not None


def _read_bytes(path: Path, maximum_bytes: int) -> bytes:
    try:
        if path.is_dir():
            raise _unreadable(path, Sentence(gettext_noop("is a directory, not a file")))
        if not path.exists():
            raise _unreadable(path, Sentence(gettext_noop("does not exist")))
        if not path.is_file():
            raise _unreadable(path, Sentence(gettext_noop("is not a regular file")))
        size = path.stat().st_size
        if size == 0:
            raise _unreadable(path, Sentence(gettext_noop("is empty")))
        if size > maximum_bytes:
            raise _unreadable(
                path,
                Sentence(
                    gettext_noop("is {size} MB; a model file may have {maximum_bytes} MB at most"),
                    size=Figure(size / 1000000.0, ".0f"),
                    maximum_bytes=Figure(maximum_bytes / 1000000.0, ".0f"),
                ),
            )
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise _unreadable(path, Sentence(gettext_noop("cannot be read: {reason}"), reason=reason)) from error


def _unreadable(path: Path, reason: str) -> ReportedError:
    return ReportedError(
        Sentence(gettext_noop("The file {path} {reason}."), path=path.name, reason=reason),
        code="file_unreadable",
        details=[{"line": None, "element": path.name, "reason": reason}],
    )


def _refuse_other_kinds(path: Path, data: bytes) -> None:
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    kind: str | None = next((kind for magic, kind in _OTHER_KINDS if start.startswith(magic)), None)
    nul = data.find(b"\x00")
    if kind is None and nul >= 0:
        line = data.count(b"\n", 0, nul) + 1
        kind = Sentence(gettext_noop("a binary file (a NUL byte in line {line})"), line=line)
    if kind is None and not start:
        raise _unreadable(path, Sentence(gettext_noop("holds nothing but blanks")))
    if kind is not None:
        raise ReportedError(
            Sentence(
                gettext_noop("{path} is not an EPANET input file: it is {kind}."),
                path=path.name,
                kind=Word(kind),
            ),
            code="not_epanet",
            details=[
                {
                    "line": None,
                    "element": path.name,
                    "reason": Sentence(gettext_noop("it is {kind}"), kind=Word(kind)),
                }
            ],
        )


def _split_sections(lines: Iterable[str], findings: Findings) -> tuple[dict[str, list[InpLine]], str]:
    """Sort the lines into sections until [END]; also return the name of the section that came last."""
    sections: dict[str, list[InpLine]] = {}
    last_section = ""
    append: Callable[[InpLine], None] | None = None
    in_unknown_section = False
    for number, line in enumerate(lines, start=1):
        if len(line) > MAXIMUM_LINE_LENGTH:
            findings.error(
                number,
                "line",
                Sentence(gettext_noop("it is {count} characters long"), count=Figure(len(line), ",")),
            )
            continue
        text, _, comment = line.partition(";")
        tokens = _quoted_tokens(text) if '"' in text else text.split()
        if not tokens:
            # A comment of its own may say what the curve below it is for.
            if comment and append is not None and comment.strip():
                append(InpLine(number, [], comment.strip(), ""))
            continue
        if tokens[0].startswith("["):
            name = section_name(tokens[0])
            last_section = name or ""
            if name == "END":
                break
            in_unknown_section = name is None
            append = None if name is None else sections.setdefault(name, []).append
            if name is None:
                findings.error(
                    number, tokens[0][:60], Sentence(gettext_noop("there is no such section in EPANET 2.2"))
                )
        elif append is not None:
            append(InpLine(number, tokens, comment.strip(), text.strip()))
        elif not in_unknown_section:
            findings.error(number, "line", Sentence(gettext_noop("there is data before the first section")))
    return sections, last_section


def _quoted_tokens(text: str) -> list[str]:
    """Tokens of a line in which double quotes hold words together; an open quote runs to the line's end."""
    tokens: list[str] = []
    for index, part in enumerate(text.split('"')):
        tokens.extend([part] if index % 2 else part.split())
    return tokens
