"""Shapefiles in a zip: names in any code page, and tables that say theirs in many spellings, or wrongly."""

import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from django.utils.translation import gettext_noop as _

from gis_core.code_pages import LANGUAGE_DRIVERS, REGION, codec_of_name, likely_code_page
from gis_core.sentences import Figure, Sentence

MAXIMUM_UNPACKED_BYTES = 2_000_000_000
# Real shapefiles shrink to a tenth; bombs to a thousandth.
MAXIMUM_RATIO = 100
_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_UTF8_NAME = 0x800
_UNICODE_PATH = 0x7075
_DBF_HEADER_BYTES = 32
# The byte of a .dbf that names its code page.
_CODE_PAGE_BYTE = 29
# Texts cut to a column's width may end within a letter; more broken letters than this share are another code page.
_BROKEN_SHARE = 0.05
_LOOKED_AT_BYTES = 50_000_000


class UnfitFile(Exception):
    """Why a file cannot be taken, in words that follow the file's name."""


@dataclass
class UnpackedShapefile:
    """A shapefile's parts under a name of our own: `stem` without an ending, `name` as it was in the zip."""

    name: str
    stem: Path
    encoding: str = ""
    assumed: list[str] = field(default_factory=list)


def unpack_shapefiles(
    archive: zipfile.ZipFile, directory: Path, encoding: str = ""
) -> list[UnpackedShapefile]:
    """Unpack the parts of shapefiles, each with the encoding of its texts. Raises UnfitFile.

    What a Macintosh and other programs put beside them (`__MACOSX`, `._pipe.shp`, `.DS_Store`) is passed over.
    """
    names, page = member_names(archive)
    members = {
        name: member
        for name, member in zip(names, archive.infolist(), strict=True)
        if not member.is_dir() and PurePosixPath(name).suffix.lower() in _PARTS and not _is_aside(name)
    }
    _refuse_bombs(members)
    shapes = [name for name in members if name.lower().endswith(".shp")]
    if not shapes:
        raise UnfitFile(Sentence(_("holds no shapefile (.shp)")))
    found = []
    for number, shape in enumerate(shapes):
        unpacked = UnpackedShapefile(PurePosixPath(shape).stem, directory / f"layer{number}")
        for name, member in members.items():
            if PurePosixPath(name).with_suffix("") == PurePosixPath(shape).with_suffix(""):
                suffix = PurePosixPath(name).suffix.lower()
                _unpack_one(archive, member, unpacked.stem.with_suffix(suffix), name)
        if not unpacked.stem.with_suffix(".dbf").exists() or not unpacked.stem.with_suffix(".shx").exists():
            raise UnfitFile(Sentence(_("lacks the .dbf or .shx of {shape}"), shape=PurePosixPath(shape).name))
        if unpacked.stem.with_suffix(".dbf").stat().st_size < _DBF_HEADER_BYTES:
            raise UnfitFile(
                Sentence(_("holds a .dbf of {shape} that is not a table"), shape=PurePosixPath(shape).name)
            )
        unpacked.encoding, unpacked.assumed = (
            (encoding, []) if encoding else encoding_of_table(unpacked.stem.with_suffix(".dbf"))
        )
        if page and not unpacked.name.isascii():
            unpacked.assumed.append(
                Sentence(
                    _("the zip does not say the encoding of its names; {upper} is assumed"),
                    upper=page.upper(),
                )
            )
        found.append(unpacked)
    return found


def _is_aside(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return parts[-1].startswith(".") or "__MACOSX" in parts


def member_names(archive: zipfile.ZipFile) -> tuple[list[str], str]:
    """The names in a zip, with plain slashes and composed letters, and the code page that was guessed for them.

    A name is UTF-8 where its flag says so, else what the field 0x7075 of Info-ZIP says, else UTF-8 where it is that;
    what is left is in the code page of whoever packed it (all of them in one).
    """
    names: list[str | None] = []
    raws: list[bytes] = []
    for member in archive.infolist():
        # Python has read bytes without a flag as CP437, which gives each byte a letter of its own.
        raw = member.orig_filename.encode("utf-8" if member.flag_bits & _UTF8_NAME else "cp437", "replace")
        raws.append(raw)
        stated = member.orig_filename if member.flag_bits & _UTF8_NAME else _unicode_path(member.extra, raw)
        names.append(_as_utf8(raw) if stated is None else stated)
    unknown = [raw for name, raw in zip(names, raws, strict=True) if name is None]
    page = likely_code_page(b"/".join(unknown), (*REGION, "cp437")) if unknown else ""
    read = [
        name if name is not None else raw.decode(page, "replace")
        for name, raw in zip(names, raws, strict=True)
    ]
    return [unicodedata.normalize("NFC", name.replace("\\", "/")) for name in read], page


def _as_utf8(raw: bytes) -> str | None:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """The name that Info-ZIP's Unicode Path field states, where it belongs to the name beside it (APPNOTE 4.6.9)."""
    place = 0
    while place + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, place)
        content = extra[place + 4 : place + 4 + size]
        if kind == _UNICODE_PATH and len(content) > 5 and content[0] == 1:
            (checksum,) = struct.unpack_from("<I", content, 1)
            return _as_utf8(content[5:]) if checksum == zlib.crc32(raw) else None
        place += 4 + size
    return None


def _refuse_bombs(members: dict[str, zipfile.ZipInfo]) -> None:
    unpacked = sum(member.file_size for member in members.values())
    packed = sum(member.compress_size for member in members.values()) or 1
    if len(members) > 500 or unpacked > MAXIMUM_UNPACKED_BYTES:
        raise UnfitFile(
            Sentence(
                _("unpacks to {unpacked} MB in {count} files, which is too much"),
                unpacked=Figure(unpacked / 1000000.0, ",.0f"),
                count=len(members),
            )
        )
    if unpacked > 10_000_000 and unpacked / packed > MAXIMUM_RATIO:
        raise UnfitFile(
            Sentence(
                _("unpacks to {unpacked} times its size, as no shapefile does"),
                unpacked=Figure(unpacked / packed, ",.0f"),
            )
        )


def _unpack_one(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, name: str) -> None:
    """Unpack what the archive said it holds and no more: the directory of a bomb lies."""
    remaining = member.file_size
    with archive.open(member) as source, target.open("wb") as file:
        while block := source.read(1_000_000):
            remaining -= len(block)
            if remaining < 0:
                raise UnfitFile(Sentence(_("holds more than it states in {name}"), name=name[:100]))
            file.write(block)


# --- the encoding of a table


def encoding_of_table(table: Path) -> tuple[str, list[str]]:
    """The encoding of a .dbf's texts, and what was assumed: by the .cpg, else by the table itself, else by its bytes.

    What is stated is not taken where the texts cannot be in it.
    """
    header, texts = _texts_of(table)
    letters = len(texts) - len(texts.translate(None, bytes(range(0x80, 0x100))))
    code_page_file = table.with_suffix(".cpg")
    written = code_page_file.read_bytes()[:200].decode("latin-1") if code_page_file.exists() else ""
    written = written.removeprefix("ï»¿").replace("\x00", "").strip()
    stated = codec_of_name(written) if written else LANGUAGE_DRIVERS.get(_language_driver(header))
    if not letters:
        return stated or "utf-8", []
    if stated and _fits(texts, stated, letters):
        return stated, []
    guessed = "utf-8" if _fits(texts, "utf-8", letters) else likely_code_page(texts, (*REGION, "iso8859_1"))
    shown = {"utf-8": "UTF-8", "iso8859_1": "ISO-8859-1"}.get(guessed, guessed.upper())
    if stated:
        return guessed, [
            Sentence(
                _("its texts are not in {stated} as it states; {shown} is assumed"),
                stated=stated,
                shown=shown,
            )
        ]
    if written:
        return guessed, [
            Sentence(
                _("its .cpg names an encoding that is not known, {written}; {shown} is assumed"),
                written=repr(written[:40]),
                shown=shown,
            )
        ]
    return guessed, [
        Sentence(_("its .dbf does not say the encoding of its texts; {shown} is assumed"), shown=shown)
    ]


def _language_driver(header: bytes) -> int:
    return header[_CODE_PAGE_BYTE] if len(header) >= 32 else 0


def _texts_of(table: Path) -> tuple[bytes, bytes]:
    """The header of a .dbf, and the bytes that are texts: names of columns, then what columns of texts hold."""
    with table.open("rb") as file:
        data = file.read(_LOOKED_AT_BYTES)
    if len(data) < 32:
        return data, b""
    header_length = int.from_bytes(data[8:10], "little")
    names = b" ".join(data[at : at + 11] for at in range(32, header_length - 1, 32))
    return data[:header_length], names + b" " + data[header_length:]


def _fits(texts: bytes, encoding: str, letters: int) -> bool:
    try:
        return texts.decode(encoding, "replace").count("\ufffd") <= letters * _BROKEN_SHARE
    except LookupError:
        return False


# --- whole numbers


def whole_numbers(
    table: Path, records: Sequence[int], columns: Collection[int]
) -> dict[int, list[int | None]]:
    """By their places, those of the columns that are of whole numbers, as they are written in these records.

    GDAL makes floats of whole numbers that are too wide for 64 bits, and pandas of those beside an empty cell; both
    keep 15 digits of a cadastral or metering code.
    """
    if not columns:
        return {}
    with table.open("rb") as file:
        start = file.read(32)
        header_length, record_length = struct.unpack_from("<HH", start, 8)
        descriptions = file.read(header_length - 32)
    count = max(0, (table.stat().st_size - header_length) // record_length) if record_length else 0
    rows: Any = np.memmap(table, np.uint8, "r", header_length, (count, record_length)) if count else []
    found: dict[int, list[int | None]] = {}
    offset = 1
    for place, at in enumerate(range(0, len(descriptions) - 31, 32)):
        kind, width, decimals = chr(descriptions[at + 11]), descriptions[at + 16], descriptions[at + 17]
        if place in columns and kind in "NF" and decimals == 0:
            cells = (rows[record, offset : offset + width] if record < count else b"" for record in records)
            texts = (bytes(cell).strip(b" \x00") for cell in cells)
            found[place] = [_whole_number(text) for text in texts]
        offset += width
    return found


def _whole_number(text: bytes) -> int | None:
    return int(text) if text.lstrip(b"+-").isdigit() else None
