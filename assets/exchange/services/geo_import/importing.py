"""The import of a file of a GIS as one change: read, check, join, compare, write."""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import DataError, IntegrityError, transaction
from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext_lazy

from assets.editing.services.bulk_rows import importing
from assets.exchange.services.epanet_import.importing import (
    lock_network,
    refuse_bad_names,
    summary_of,
)
from assets.exchange.services.geo_import.mapping import Mapping
from assets.exchange.services.geo_import.reading import read_source
from assets.exchange.services.geo_import.rows import GeoRows, Refusals, to_rows
from assets.exchange.services.geo_import.touching import Touches
from assets.exchange.services.geo_import.writing import GeoWriter
from assets.models import Network
from gis_core.database.constraints import check_constraints_now
from gis_core.errors import ReportedError
from gis_core.models import Division, User
from gis_core.sentences import COUNT, Sentence
from gis_core.services.audit import record_change

ProgressReport = Callable[[str, int, int], None]
_STEPS = ("Reading the file", "Checking the rows", "Building the topology", "Writing")
LARGEST_TOLERANCE_M = 100.0


@dataclass(frozen=True)
class GeoOptions:
    """How a file is to be taken. `tolerance_m` None: the network's own."""

    mapping: Mapping = field(default_factory=Mapping)
    srid: int | None = None
    tolerance_m: float | None = None
    split: bool = True
    skip_bad_rows: bool = False
    dry_run: bool = False


@dataclass
class GeoImportResult:
    """What an import did, or with `dry_run` would do. Each entry of `refused` names layer, row and reason.

    `edit` is the uid of the edit by which it is undone; None when nothing was written.
    """

    network: str
    created: dict[str, int]
    unchanged: int
    refused: list[dict[str, Any]]
    adjusted: list[dict[str, Any]]
    warnings: list[dict[str, Any]]
    dry_run: bool
    tolerance_m: float
    file_sha256: str
    edit: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "network": self.network,
            "created": self.created,
            "unchanged": self.unchanged,
            "adjusted": self.adjusted,
            "refused": self.refused,
            "warnings": self.warnings,
            "dry_run": self.dry_run,
            "tolerance_m": self.tolerance_m,
            "file_sha256": self.file_sha256,
            "edit": self.edit,
        }


class _DryRun(Exception):
    """Takes back what a dry run wrote."""


class _NothingNew(Exception):
    """Takes back the edit of an import whose rows are all stored already."""


def import_geo_file(
    *,
    path: Path,
    file_format: str,
    network_code: str,
    division: Division,
    commodity: str,
    options: GeoOptions,
    acting_user: User | None,
    name: str = "",
    report_progress: ProgressReport | None = None,
) -> GeoImportResult:
    """Bring a GeoPackage, zipped Shapefile, GeoJSON, CSV or DXF file into a network, made if it does not exist.

    Ends of lines within the tolerance (metres) become one node, lines are cut where an end or point lies on them.
    What is already stored with the same values counts as unchanged. Everything is stored in SI units and WGS 84.
    All rows or none: raises ReportedError with every refused row in `details` (layer, row, element, reason),
    unless `skip_bad_rows`, which leaves those rows out and lists them, or `dry_run`, which only lists.
    """
    report = report_progress or (lambda _message, _done, _total: None)
    refuse_bad_names(network_code, commodity)
    _refuse_bad_tolerance(options.tolerance_m)
    report(_STEPS[0], 0, len(_STEPS))
    if not path.is_file():
        raise ReportedError(
            Sentence(_("The file {path} does not exist or is not a file."), path=path.name),
            code="file_unreadable",
        )
    sha256 = _sha256(path)
    stated_crs = f"EPSG:{options.srid}" if options.srid is not None else options.mapping.crs
    layers = read_source(
        path,
        file_format,
        encoding=options.mapping.encoding,
        crs=stated_crs,
        decimal=options.mapping.decimal,
    )
    report(_STEPS[1], 1, len(_STEPS))
    refusals = Refusals()
    rows = to_rows(layers, options.mapping, srid=options.srid, refusals=refusals)
    result = _store(
        rows,
        refusals,
        path=path,
        sha256=sha256,
        options=options,
        acting_user=acting_user,
        lock=lambda: lock_network(network_code, division, commodity, name or network_code),
        report=report,
    )
    assumed = [
        {"element": f"layer {layer.name}", "reason": layer.assumed} for layer in layers if layer.assumed
    ]
    result.warnings = [*assumed, *result.warnings]
    report(_STEPS[3], 4, len(_STEPS))
    return result


def _store(
    rows: GeoRows,
    refusals: Refusals,
    *,
    path: Path,
    sha256: str,
    options: GeoOptions,
    acting_user: User | None,
    lock: Callable[[], tuple[Network, bool]],
    report: ProgressReport,
) -> GeoImportResult:
    """Write the rows as one edit; nothing stays of a dry run, of refused rows, or where nothing is new."""
    result: GeoImportResult | None = None
    try:
        with transaction.atomic():
            network, is_new = lock()
            report(_STEPS[2], 2, len(_STEPS))
            try:
                with (
                    transaction.atomic(),
                    importing(
                        network,
                        acting_user=acting_user,
                        summary=summary_of(path, {}),
                        parameters={"file": path.name, "file_sha256": sha256},
                    ) as edit,
                ):
                    result = _write(network, is_new, rows, options, refusals, sha256)
                    report(_STEPS[3], 3, len(_STEPS))
                    if options.dry_run:
                        raise _DryRun
                    _refuse_bad_rows(refusals, options)
                    if not (is_new or any(result.created.values())):
                        raise _NothingNew
                    edit.summary = summary_of(path, result.created)
                    edit.save(update_fields=["summary"])
                result.edit = str(edit.uid)
                _record(network, path, result, acting_user)
            except _NothingNew:
                pass
    except _DryRun:
        pass
    except (IntegrityError, DataError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ReportedError(
            Sentence(_("The database refuses the file: {reason}."), reason=reason), code="refused_by_database"
        ) from error
    if result is None:
        raise RuntimeError("an import ends with a result")
    return result


def _refuse_bad_tolerance(tolerance_m: float | None) -> None:
    if tolerance_m is not None and not 0 < tolerance_m <= LARGEST_TOLERANCE_M:
        raise ReportedError(
            Sentence(
                _("The tolerance is above 0 and at most {largest_tolerance_m} m."),
                largest_tolerance_m=f"{LARGEST_TOLERANCE_M:g}",
            ),
            code="bad_tolerance",
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(
    network: Network, is_new: bool, rows: GeoRows, options: GeoOptions, refusals: Refusals, sha256: str
) -> GeoImportResult:
    tolerance_m = options.tolerance_m or network.snap_tolerance_m
    writer = GeoWriter(network, rows, refusals, tolerance_m=tolerance_m, split=options.split, is_new=is_new)
    may_write = options.dry_run or options.skip_bad_rows
    writer.prepare()
    touching: list[dict[str, Any]] = []
    if not refusals.rows or may_write:
        touches = Touches(network)
        writer.write()
        touching = touches.warnings(tolerance_m)
        check_constraints_now()
    created: Counter[str] = writer.created
    return GeoImportResult(
        network=network.code,
        created=dict(sorted(created.items())),
        unchanged=writer.unchanged,
        refused=refusals.rows,
        adjusted=[*rows.adjusted, *writer.adjusted],
        warnings=[*writer.warnings, *touching],
        dry_run=options.dry_run,
        tolerance_m=tolerance_m,
        file_sha256=sha256,
    )


def _refuse_bad_rows(refusals: Refusals, options: GeoOptions) -> None:
    if not refusals.rows or options.skip_bad_rows:
        return
    first = refusals.rows[0]
    where = Sentence(_("{layer}, row {row}"), layer=first["layer"], row=first["row"])
    if first["element"]:
        where = Sentence(_("{where} {element}"), where=where, element=first["element"])
    raise ReportedError(
        Sentence(
            ngettext_lazy(
                "The file is not imported: {where}: {first}. {count} row is refused in all; --skip-bad-rows "
                "(skip_bad_rows) imports the others.",
                "The file is not imported: {where}: {first}. {count} rows are refused in all; --skip-bad-rows "
                "(skip_bad_rows) imports the others.",
                COUNT,
            ),
            where=where,
            first=first["reason"],
            count=len(refusals.rows),
        ),
        code="rows_refused",
        details=refusals.rows,
    )


def _record(network: Network, path: Path, result: GeoImportResult, acting_user: User | None) -> None:
    record_change(
        acting_user=acting_user,
        action="import network",
        subject=network,
        division=network.division,
        subject_id=network.code,
        new_values={
            "file": path.name,
            "file_sha256": result.file_sha256,
            "created": result.created,
            "unchanged": result.unchanged,
            "refused": len(result.refused),
            "edit": result.edit,
        },
    )
