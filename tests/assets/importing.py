"""What the tests of the import share: running the command, the library's models, reading back."""

import io
import json
import os
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any, TypedDict

import wntr
from django.apps import apps
from django.core.management import call_command

from assets.models import Node, Pipe
from gis_core.models import AuditEvent

LIBRARY = Path(wntr.__file__).parent / "library" / "networks"
# Net6 has more nodes than the five others together, and takes longer than they: in full under `make prove`.
LIBRARY_MODELS = (
    *("Net1", "Net2", "Net3", "ky4", "ky10"),
    *(("Net6",) if os.environ.get("TARMOQ_PROVE") else ()),
)
PLACE = "69.45,41.38"


class Tolerance(TypedDict):
    """How far a number may be off, in the words of pytest.approx."""

    rel: float
    abs: float


def library_model(name: str) -> Path:
    return LIBRARY / f"{name}.inp"


def run_import(path: Path, *arguments: str, network: str = "N") -> tuple[int, dict[str, Any], str]:
    """Run the command in this process; return exit code, JSON document and what it wrote to stderr."""
    where = [] if any(word.startswith(("--srid", "--place")) for word in arguments) else [f"--place={PLACE}"]
    division = [] if any(word.startswith("--division") for word in arguments) else ["--division", "QIBRAY"]
    stdout, stderr = io.StringIO(), io.StringIO()
    code = 0
    try:
        with redirect_stderr(stderr):
            call_command(
                "import_network",
                str(path),
                "--network",
                network,
                *division,
                "--commodity",
                "water",
                *where,
                *arguments,
                "--json",
                stdout=stdout,
                stderr=stderr,
            )
    except SystemExit as error:
        code = int(error.code or 0)
    return code, json.loads(stdout.getvalue()), stderr.getvalue()


def imported(path: Path, *arguments: str, network: str = "N") -> dict[str, Any]:
    """Import what has to succeed."""
    code, document, errors = run_import(path, *arguments, network=network)
    assert code == 0, errors
    return document


def row_counts() -> dict[str, int]:
    """How many rows every table of the network graph has, and the audit trail."""
    counts = {
        model._meta.label: model._default_manager.count()
        for model in apps.get_app_config("assets").get_models()
    }
    return counts | {"audit": AuditEvent.objects.count()}


def all_rows() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of the network graph."""
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values_list())
        for model in apps.get_app_config("assets").get_models()
    }


def node(code: str, kind: str, network: str = "N") -> Node:
    return Node.objects.get(network__code=network, code=code, kind=kind)


def pipe(code: str, network: str = "N") -> Pipe:
    return Pipe.objects.get(network__code=network, code=code, is_connector=False)
