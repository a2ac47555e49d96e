"""EPANET 2.2 on a file: its results as arrays, its warnings as text, its errors as ours."""

import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.sentences import Sentence

FloatArray = np.ndarray[Any, np.dtype[np.float64]]

LONGEST_RUN_S = 3600
MAXIMUM_WARNINGS = 500
_MAGIC = 516114521
_ID_BYTES = 32
_PROLOG_WORDS = 15
# Title (3 lines of 80), names of the input and report file, name and unit of the chemical.
_PROLOG_TEXT_BYTES = 3 * 80 + 2 * 260 + 2 * 32
_ENERGY_BYTES_PER_PUMP = 28
_NODE_VARIABLES, _LINK_VARIABLES = 4, 8
_ANSI_LINE = re.compile(r"\s+")


@dataclass
class EpanetResults:
    """Results at `times_s`; the first axis is time, the second the names' order. In the units of the file."""

    times_s: list[int]
    node_names: list[str]
    link_names: list[str]
    demand: FloatArray
    head: FloatArray
    flow: FloatArray
    status: FloatArray
    engine: str
    warnings: list[str]


def run_epanet(text: str) -> EpanetResults:
    """Run a model to its end. Raises ReportedError with EPANET's own words when it cannot be run."""
    with tempfile.TemporaryDirectory(prefix="tarmoq-epanet-") as directory:
        model, report, results = (
            Path(directory) / name for name in ("model.inp", "report.txt", "results.out")
        )
        model.write_text(text, encoding="utf-8")
        answer = _run_engine(directory, model, report, results)
        said = report.read_text(encoding="utf-8", errors="replace") if report.exists() else ""
        if answer["code"] > 100:
            raise _error(answer, said)
        found = _read_results(results, int(answer["version"]))
        found.warnings = _warnings(said)
        if answer["code"] and not found.warnings:
            found.warnings = [answer["message"]]
        return found


def _library() -> str:
    """EPANET's library as wntr brings it, found without importing wntr (which takes seconds)."""
    spec = find_spec("wntr")
    if spec is None or spec.origin is None:
        raise ReportedError(Sentence(_("EPANET is not installed.")), code="no_engine")
    folder = Path(spec.origin).parent / "epanet" / "libepanet" / "linux-x64"
    return str(folder / "libepanet22.so")


def _run_engine(directory: str, model: Path, report: Path, results: Path) -> dict[str, Any]:
    program = Path(__file__).with_name("engine.py")
    command = [sys.executable, "-I", str(program), _library(), str(model), str(report), str(results)]
    try:
        done = subprocess.run(  # noqa: S603
            command, cwd=directory, capture_output=True, timeout=LONGEST_RUN_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise ReportedError(
            Sentence(
                _("EPANET did not end within {longest_run_s} minutes."), longest_run_s=LONGEST_RUN_S // 60
            ),
            code="engine_too_slow",
        ) from None
    try:
        return dict(json.loads(done.stdout))
    except ValueError:
        raise ReportedError(
            Sentence(_("EPANET broke off (exit code {returncode})."), returncode=done.returncode),
            code="engine_broke_off",
        ) from None


def _error(answer: dict[str, Any], said: str) -> ReportedError:
    """EPANET's report says which line or element is wrong; its code alone only that something is."""
    lines = [_ANSI_LINE.sub(" ", line).strip() for line in said.splitlines()]
    findings = []
    for position, line in enumerate(lines):
        if line.startswith("Error ") and not line.startswith("Error 200"):
            context = lines[position + 1] if position + 1 < len(lines) and line.endswith(":") else ""
            findings.append({"element": context[:200], "reason": line.rstrip(":")})
    first = f"{findings[0]['reason']} {findings[0]['element']}".strip() if findings else answer["message"]
    return ReportedError(
        Sentence(_("EPANET cannot run the network: {first}"), first=first),
        code="epanet_error",
        details=findings[:1000],
    )


def _warnings(said: str) -> list[str]:
    found = [
        _ANSI_LINE.sub(" ", line).strip().removeprefix("WARNING: ")
        for line in said.splitlines()
        if "WARNING:" in line
    ]
    more = len(found) - MAXIMUM_WARNINGS
    return found if more <= 0 else [*found[:MAXIMUM_WARNINGS], f"and {more} more warnings"]


def _read_results(path: Path, version: int) -> EpanetResults:
    """EPANET's results file (toolkit manual, "Output file format"); everything in 4-byte words."""
    data = path.read_bytes()
    if len(data) < 4 * _PROLOG_WORDS:
        raise ReportedError(Sentence(_("EPANET wrote no results.")), code="engine_broke_off")
    words = np.frombuffer(data, dtype="<i4", count=_PROLOG_WORDS)
    nodes, tanks, links, pumps = (int(words[position]) for position in (2, 3, 4, 5))
    report_start_s, report_step_s = int(words[12]), int(words[13])
    period_count = int(np.frombuffer(data, dtype="<i4", offset=len(data) - 12, count=1)[0])
    if int(words[0]) != _MAGIC or period_count <= 0:
        raise ReportedError(Sentence(_("EPANET wrote no results.")), code="engine_broke_off")
    offset = 4 * _PROLOG_WORDS + _PROLOG_TEXT_BYTES
    node_names = _names(data, offset, nodes)
    link_names = _names(data, offset + _ID_BYTES * nodes, links)
    offset += _ID_BYTES * (nodes + links)
    offset += 4 * (3 * links + 2 * tanks + nodes + 2 * links)  # ends and types; tanks; elevations; pipes
    offset += _ENERGY_BYTES_PER_PUMP * pumps + 4
    row = _NODE_VARIABLES * nodes + _LINK_VARIABLES * links
    values = np.frombuffer(data, dtype="<f4", offset=offset, count=period_count * row)
    table = values.reshape(period_count, row).astype(np.float64)
    first_link = _NODE_VARIABLES * nodes
    return EpanetResults(
        times_s=[report_start_s + period * report_step_s for period in range(period_count)],
        node_names=node_names,
        link_names=link_names,
        demand=table[:, :nodes],
        head=table[:, nodes : 2 * nodes],
        flow=table[:, first_link : first_link + links],
        status=table[:, first_link + 4 * links : first_link + 5 * links],
        engine=f"EPANET {version // 10000}.{version // 100 % 100}",
        warnings=[],
    )


def _names(data: bytes, offset: int, count: int) -> list[str]:
    found = []
    for position in range(offset, offset + count * _ID_BYTES, _ID_BYTES):
        found.append(data[position : position + _ID_BYTES].split(b"\x00")[0].decode("utf-8", "replace"))
    return found
