"""What the tests of exchange share: running commands, and EPANET itself on a file, beside our own way of running it."""

import ctypes
import io
import json
from collections import Counter
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management import call_command
from wntr.epanet.toolkit import ENepanet
from wntr.epanet.util import EN

MODELS = Path(__file__).parent / "models"


def run(command: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run a command in this process; return exit code and JSON document."""
    stdout, stderr = io.StringIO(), io.StringIO()
    code = 0
    try:
        with redirect_stderr(stderr):
            call_command(command, *map(str, arguments), "--json", stdout=stdout, stderr=stderr)
    except SystemExit as error:
        code = int(error.code or 0)
    return code, json.loads(stdout.getvalue())


def done(command: str, *arguments: Any) -> dict[str, Any]:
    """Run what has to succeed."""
    code, document = run(command, *arguments)
    assert code == 0, document
    return document


def import_file(path: Path, *arguments: str, network: str = "N") -> tuple[int, dict[str, Any]]:
    """Import into the division QIBRAY."""
    return run(
        "import_network",
        str(path),
        "--network",
        network,
        "--division",
        "QIBRAY",
        "--commodity",
        "water",
        *arguments,
    )


@dataclass
class EngineRun:
    """What EPANET computed step by step; heads in metres, flows in the file's unit."""

    kinds: Counter[str]
    times_s: list[int]
    heads: dict[str, Any]
    flows: dict[str, Any]


def run_engine(path: Path, directory: Path) -> EngineRun:
    """EPANET 2.2 through its toolkit, every hydraulic step of it."""
    engine = ENepanet(version=2.2)
    engine.ENopen(str(path), str(directory / "engine.rpt"), str(directory / "engine.out"))
    try:
        nodes = range(1, engine.ENgetcount(EN.NODECOUNT) + 1)
        links = range(1, engine.ENgetcount(EN.LINKCOUNT) + 1)
        kinds = Counter(f"node {engine.ENgetnodetype(node)}" for node in nodes)
        kinds.update(f"link {engine.ENgetlinktype(link)}" for link in links)
        metres = 0.3048 if engine.ENgetflowunits() < 5 else 1.0
        times, heads, flows = [], [], []
        engine.ENopenH()
        engine.ENinitH(0)
        while True:
            times.append(engine.ENrunH())
            heads.append([engine.ENgetnodevalue(node, EN.HEAD) * metres for node in nodes])
            flows.append([engine.ENgetlinkvalue(link, EN.FLOW) for link in links])
            if engine.ENnextH() <= 0:
                break
        engine.ENcloseH()
        node_names = [engine.ENgetnodeid(node) for node in nodes]
        link_names = [_link_name(engine, link) for link in links]
    finally:
        engine.ENclose()
    return EngineRun(
        kinds,
        times,
        dict(zip(node_names, np.array(heads).T, strict=True)),
        dict(zip(link_names, np.array(flows).T, strict=True)),
    )


def _link_name(engine: Any, index: int) -> str:
    text = ctypes.create_string_buffer(64)
    engine.ENlib.EN_getlinkid(engine._project, index, text)
    return text.value.decode()
