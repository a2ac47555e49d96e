"""A file as blocks of whole lines in UTF-8, packed or not, whatever its size; and its SHA-256."""

import codecs
import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.sentences import Sentence

BLOCK_BYTES = 16 * 1024 * 1024
# No logger writes a longer line: what is longer is cut, and marked so that no reader takes it for whole.
LONGEST_LINE_BYTES = 1024 * 1024
_CUT_BYTES = 4000
_CUT_MARK = b"\x00(cut)"


@dataclass(frozen=True)
class Block:
    """Whole lines, each closed by a line feed; `first_line` is the number of the first, from 0 in the file."""

    first_line: int
    data: bytes


def sha256_of(path: Path, name: str = "") -> str:
    """The SHA-256 of a file as it lies there, hexadecimal; raises ReportedError (`file_unreadable`).

    `name` is what the file is called where `path` is but a way to it.
    """
    with _readable(name or path.name), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sample_of(path: Path, size: int, name: str = "") -> bytes:
    """The first bytes of the (unpacked) file; raises ReportedError (`file_unreadable`)."""
    with _readable(name or path.name), _opened(path) as stream:
        sample = stream.read(size)
    if sample.startswith(b"PK\x03\x04"):
        raise ReportedError(
            Sentence(
                _("{path} is a ZIP archive or a workbook; unpack it, or save its sheet as CSV."),
                path=name or path.name,
            ),
            code="file_unreadable",
        )
    return sample


def blocks_of(path: Path, encoding: str, block_bytes: int = BLOCK_BYTES, name: str = "") -> Iterator[Block]:
    """The lines of the (unpacked) file in UTF-8; raises ReportedError (`file_unreadable`)."""
    with _readable(name or path.name), _opened(path) as stream:
        yield from _lines(_utf8(stream, encoding, block_bytes))


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        # What an OSError says of itself names the path on this server.
        reason = getattr(error, "strerror", None) or error
        raise ReportedError(
            Sentence(_("{path} cannot be read: {error}."), path=name, error=reason),
            code="file_unreadable",
        ) from error


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as stream:
        if stream.read(2) == b"\x1f\x8b":
            stream.seek(0)
            with gzip.open(stream, "rb") as unpacked:
                yield unpacked  # type: ignore[misc]
            return
        stream.seek(0)
        yield stream


def _utf8(stream: IO[bytes], encoding: str, block_bytes: int) -> Iterator[bytes]:
    first = stream.read(block_bytes)
    if encoding in ("utf-8", "ascii", "utf-8-sig"):
        yield first.removeprefix(codecs.BOM_UTF8)
        while chunk := stream.read(block_bytes):
            yield chunk
        return
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    yield decoder.decode(first).encode()
    while chunk := stream.read(block_bytes):
        yield decoder.decode(chunk).encode()
    yield decoder.decode(b"", True).encode()


def _lines(chunks: Iterator[bytes]) -> Iterator[Block]:
    number, rest, is_skipping = 0, b"", False
    is_first, has_only_returns = True, False
    for chunk in chunks:
        if is_first:
            has_only_returns = b"\r" in chunk and b"\n" not in chunk
            is_first = False
        piece = chunk.replace(b"\r", b"\n") if has_only_returns else chunk
        if is_skipping:
            end = piece.find(b"\n")
            if end < 0:
                continue
            piece, is_skipping = piece[end:], False
        piece = rest + piece
        end = piece.rfind(b"\n") + 1
        whole, rest = piece[:end], piece[end:]
        if len(rest) > LONGEST_LINE_BYTES:
            rest, is_skipping = rest[:_CUT_BYTES] + _CUT_MARK, True
        if whole:
            yield Block(number, whole)
            number += whole.count(b"\n")
    if rest:
        yield Block(number, rest + b"\n")
