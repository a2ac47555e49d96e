"""A network as a file, for EPANET or for a GIS."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_noop as _

from assets.exchange.services.export.epanet_file import element_counts, write_epanet
from assets.exchange.services.export.geo_files import GEO_WRITERS
from assets.exchange.services.export.geo_schema import FORMAT_OF_SUFFIX
from assets.exchange.services.export.results import ExportResult
from assets.models import Network
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence
from gis_core.services.jobs import ProgressReport

# EPANET computes water under pressure.
_PRESSURISED_WATER = frozenset({"water", "heat"})

EXPORT_SUFFIXES = {
    "epanet": ".inp",
    "geopackage": ".gpkg",
    "geojson": ".geojson",
    "dxf": ".dxf",
    "csv": ".csv",
}
# What readers, ours too, take a file for by the end of its name.
_TAKEN_FOR = {**FORMAT_OF_SUFFIX, ".inp": "epanet", ".shp": "shapefile"}


def export_network(
    network: Network,
    path: Path,
    file_format: str,
    *,
    overwrite: bool = False,
    report_progress: ProgressReport | None = None,
) -> ExportResult:
    """Write the network to `path`, whole or not at all: a file made beside it takes its place at the end.

    The network is read as it is at one moment. Raises ReportedError for an unknown format, a name that ends like
    another format's, a file that exists (unless `overwrite`), a place that cannot be written, or a network that the
    format cannot hold. A job that is cancelled stops at the next report, after reading, writing or summing.
    """
    report = report_progress or (lambda *_: None)
    write = _writer_of(file_format)
    taken_for = _TAKEN_FOR.get(path.suffix.lower(), file_format)
    if taken_for != file_format:
        raise ReportedError(
            Sentence(
                _("{path} would be taken for {taken_for}, not {file_format}: name it {export_suffixes}."),
                path=path.name,
                taken_for=taken_for,
                file_format=file_format,
                export_suffixes=path.with_suffix(EXPORT_SUFFIXES[file_format]).name,
            ),
            code="bad_suffix",
        )
    if path.is_dir():
        raise _unwritable(path, Sentence(_("is a directory")))
    if path.exists() and not overwrite:
        raise ReportedError(
            Sentence(_("{path} exists; export with --force to replace it."), path=path), code="file_exists"
        )
    try:
        with tempfile.TemporaryDirectory(prefix=".tarmoq-export-", dir=path.parent) as directory:
            draft = Path(directory) / path.name
            report("reading and writing", 0, 2)
            with snapshot():
                result = write(network, draft)
            report("checksum", 1, 2)
            data_sha256 = _sha256(draft)
            result.file, result.size_bytes = str(path), draft.stat().st_size
            result.file_sha256 = data_sha256
            _put(draft, path, overwrite)
            report("file", 2, 2)
    except OSError as error:
        raise _unwritable(path, Sentence(_("cannot be written: {error}"), error=error.strerror)) from error
    return result


def snapshot() -> Any:
    """A transaction that sees one moment of the database, if it is the outermost."""
    return _Snapshot()


class _Snapshot:
    def __enter__(self) -> None:
        is_outermost = not connection.in_atomic_block
        self._atomic = transaction.atomic()
        self._atomic.__enter__()
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")

    def __exit__(self, *exception: Any) -> None:
        self._atomic.__exit__(*exception)


def _writer_of(file_format: str) -> Callable[[Network, Path], ExportResult]:
    writers: dict[str, Callable[[Network, Path], ExportResult]] = {"epanet": _write_epanet, **GEO_WRITERS}
    if file_format not in writers:
        raise ReportedError(
            Sentence(
                _("{file_format} is not a format; they are {writers}."),
                file_format=repr(file_format),
                writers=", ".join(sorted(writers)),
            ),
            code="bad_format",
        )
    return writers[file_format]


def _write_epanet(network: Network, path: Path) -> ExportResult:
    refuse_other_commodities(network)
    exported = write_epanet(network)
    path.write_text(exported.text, encoding="utf-8")
    return ExportResult(
        network=network.code,
        file_format="epanet",
        counts=element_counts(exported.model),
        crs=exported.drawing.name,
        not_kept=exported.not_kept,
        adjusted=exported.adjusted,
        renamed=exported.renamed,
    )


def refuse_other_commodities(network: Network) -> None:
    """Raise ReportedError unless EPANET can compute what the network carries."""
    if network.commodity not in _PRESSURISED_WATER:
        raise ReportedError(
            Sentence(
                _("Network {network} carries {commodity}; EPANET computes water under pressure."),
                network=network.code,
                commodity=network.commodity,
            ),
            code="not_hydraulic",
        )


def _put(draft: Path, path: Path, overwrite: bool) -> None:
    draft.chmod(0o644)
    if overwrite:
        draft.replace(path)
        return
    try:
        os.link(draft, path)  # fails, unlike a rename, when somebody has made the file meanwhile
    except FileExistsError:
        raise ReportedError(
            Sentence(_("{path} exists; export with --force to replace it."), path=path), code="file_exists"
        ) from None
    except OSError:
        shutil.move(draft, path)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unwritable(path: Path, reason: str) -> ReportedError:
    return ReportedError(
        Sentence(_("The file {path} {reason}."), path=path, reason=reason), code="file_unwritable"
    )
