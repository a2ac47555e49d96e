"""T14 for imports: files made to harm. Each is refused in one line, in little memory, with nothing written.

The measure runs in a process of its own, so that its peak memory is the import's and not the test run's.
"""

import json
import os
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from gis_core.models import Division
from tests.assets.importing import row_counts, run_import

SMALL = (Path(settings.BASE_DIR) / "fixtures" / "networks" / "small.inp").read_text()
MEGABYTE = 1_000_000
# Ten times the largest file taken (64 MiB): its lines as objects, beside the interpreter and its libraries.
LARGEST_PEAK_MB = 1000


def zip_bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.inp", b"0" * (50 * MEGABYTE))


def entities(path: Path) -> None:
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n[JUNCTIONS]\n<a>&x;</a>'
    )


def noise(path: Path) -> None:
    path.write_bytes(os.urandom(MEGABYTE))


def noise_after_a_header(path: Path) -> None:
    path.write_bytes(b"[JUNCTIONS]\n" + os.urandom(MEGABYTE).replace(b"\x00", b"\x01"))


def sparse_and_huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10_000 * MEGABYTE)


def one_line_of_200_megabytes(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"[JUNCTIONS]\n")
        for _ in range(200):
            file.write(b"9" * MEGABYTE)


def one_line_within_the_limit(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"[JUNCTIONS]\nJ1 ")
        for _ in range(60):
            file.write(b"9" * MEGABYTE)


def millions_of_bad_lines(path: Path) -> None:
    path.write_bytes(b"[JUNCTIONS]\n" + b"J x\n" * 2_000_000)


def many_quotes(path: Path) -> None:
    path.write_text("[PIPES]\n" + '"' * 60_000 + "\n")


def recursion_bait(path: Path) -> None:
    path.write_text("[RULES]\n" + "RULE IF THEN " * 4_000 + "\n[[[[[[[[[[[[[\n")


def shapefile(path: Path) -> None:
    path.write_bytes(struct.pack(">i", 9994) + bytes(96))


def changed(old: str, new: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        assert old in SMALL
        path.write_text(SMALL.replace(old, new))

    return write


def spread_over_ten_million_kilometres(path: Path) -> None:
    text = SMALL
    for near, far in (
        ("J1  0    0", "J1  9e10  0"),
        ("J2  100  0", "J2  9e10  9"),
        ("R1  -40  0", "R1  9e10  5"),
    ):
        assert near in text
        text = text.replace(near, far)
    path.write_text(text)


def plain(path: Path) -> None:
    path.write_text(SMALL)


HOSTILE: dict[str, tuple[Callable[[Path], None], list[str]]] = {
    "zip bomb": (zip_bomb, []),
    "XML with an external entity": (entities, []),
    "binary noise": (noise, []),
    "binary noise after a header": (noise_after_a_header, []),
    "10 GB sparse file": (sparse_and_huge, []),
    "one line of 200 MB": (one_line_of_200_megabytes, []),
    "one line of 60 MB": (one_line_within_the_limit, []),
    "two million bad lines": (millions_of_bad_lines, []),
    "60,000 quotes": (many_quotes, []),
    "nested rules": (recursion_bait, []),
    "shapefile": (shapefile, []),
    "NaN coordinate": (changed("J1  0    0", "J1  nan  0"), []),
    "1e308 coordinate": (changed("J1  0    0", "J1  1e308  -1e308"), []),
    "infinite vertex": (changed("P4  50  40", "P4  inf  40"), []),
    "1e400 length": (changed("J2  120 ", "J2  1e400 "), []),
    # Half of the nodes: a single one would be a stray, put among its neighbours.
    "ten million kilometres": (spread_over_ten_million_kilometres, ["--coordinate-unit=m"]),
    "code of 50,000 letters": (changed(" J4   390", " " + "J" * 50_000 + "  390"), []),
    "code with control characters": (changed(" J4   390", " J\x1b[2J  390"), []),
    "wrong CRS": (plain, ["--srid=32642"]),
    "unknown CRS": (plain, ["--srid=2147483648"]),
    "SQL in a network code": (plain, ["--network=x'; DROP TABLE assets_node; --"]),
}

_MEASURE = """
import json, sys, time
import django
django.setup()
from pathlib import Path
from gis_core.errors import ReportedError
from assets.exchange.services.epanet_import.inp_model import ModelReader
from assets.exchange.services.epanet_import.inp_options import read_options
from assets.exchange.services.epanet_import.inp_text import Findings, read_inp
from django.conf import settings
def highest_kb():
    # Of this program alone: what getrusage says is carried over from whoever started it.
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])
base = highest_kb()
started = time.monotonic()
for path in sys.argv[1:]:
    findings = Findings()
    try:
        text = read_inp(Path(path), maximum_bytes=settings.NETWORK_UPLOAD_MAX_BYTES, findings=findings)
        ModelReader(text, read_options(text, findings), findings).read()
    except ReportedError:
        pass
peak = highest_kb()
print(json.dumps({"peak_mb": peak / 1000, "base_mb": base / 1000, "seconds": time.monotonic() - started}))
"""


@pytest.mark.figure
def test_hostile_files_are_rejected(
    tmp_path: Path, district: Division, capsys: pytest.CaptureFixture[str]
) -> None:
    before = row_counts()
    rejected, paths = 0, []
    for number, (name, (write, arguments)) in enumerate(HOSTILE.items()):
        path = tmp_path / f"{number}.inp"
        write(path)
        paths.append(str(path))
        code, document, errors = run_import(path, *arguments)
        assert code == 1, name
        assert document["error"]["message"], name
        assert len(document["error"]["message"]) < 1000, name
        assert "Traceback" not in errors, name
        assert "\x1b[2J" not in document["error"]["message"], name
        assert row_counts() == before, name
        rejected += 1
    measured = json.loads(
        subprocess.run(
            [sys.executable, "-c", _MEASURE, *paths], check=True, capture_output=True, text=True
        ).stdout
    )
    with capsys.disabled():
        print(f"\nT14 imports: rejected {rejected} of {len(HOSTILE)}; peak {measured['peak_mb']:.0f} MB")
    assert measured["peak_mb"] < LARGEST_PEAK_MB
