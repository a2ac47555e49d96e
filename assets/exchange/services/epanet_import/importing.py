"""The import of an EPANET model as one change: all of it or nothing, twice the same as once."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_noop as _

from assets.editing.services.bulk_rows import importing
from assets.exchange.services.epanet_import.comparison import Comparison, compare
from assets.exchange.services.epanet_import.inp_model import ModelReader
from assets.exchange.services.epanet_import.inp_options import read_options
from assets.exchange.services.epanet_import.inp_text import Findings, read_inp
from assets.exchange.services.epanet_import.placement import ModelPlacement, PlacedModel, place_model
from assets.exchange.services.epanet_import.si_conversion import to_si
from assets.exchange.services.epanet_import.si_model import SiModel
from assets.exchange.services.epanet_import.stored_model import read_stored_model
from assets.exchange.services.epanet_import.writing import ModelWriter
from assets.models import Network
from gis_core.database.constraints import check_constraints_now
from gis_core.database.locks import AdvisoryLock, hold
from gis_core.database.scope import EVERYTHING, working_in
from gis_core.errors import ReportedError
from gis_core.models import Division, User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change

ProgressReport = Callable[[str, int, int], None]

ELEMENT_KINDS = ("junction", "tank", "reservoir", "pipe", "pump", "valve")
_STEPS = ("Reading the file", "Converting to SI units", "Placing on the ground", "Comparing", "Writing")


@dataclass
class ImportResult:
    """What an import did. `created` counts by kind; `refused` is empty: an import that refuses fails.

    `edit` is the uid of the edit by which it is undone; None when there was nothing to write.
    """

    network: str
    created: dict[str, int]
    unchanged: int
    placement: dict[str, Any]
    adjusted: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    file_sha256: str = ""
    edit: str | None = None
    dry_run: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {
            "network": self.network,
            "created": self.created,
            "unchanged": self.unchanged,
            "adjusted": self.adjusted,
            "refused": [],
            "placement": self.placement,
            "warnings": self.warnings,
            "file_sha256": self.file_sha256,
            "edit": self.edit,
            "dry_run": self.dry_run,
        }


def import_epanet_model(
    *,
    path: Path,
    network_code: str,
    division: Division,
    commodity: str,
    placement: ModelPlacement,
    acting_user: User | None,
    name: str = "",
    dry_run: bool = False,
    report_progress: ProgressReport | None = None,
) -> ImportResult:
    """Bring an EPANET 2.2 model into a network, which is made if it does not exist.

    Elements already stored with the same values count as unchanged; new ones are added. Everything is stored
    in SI units and WGS 84. `dry_run` tries all of it and keeps nothing. Raises ReportedError, and changes nothing, when
    the file is no EPANET model or has errors (`details`: line, element, reason), when it cannot be placed, when the
    network belongs to another division or commodity, or when an element differs from the stored one.
    """
    report = _step_reporter(report_progress)
    refuse_bad_names(network_code, commodity)
    findings = Findings()
    report(0)
    text = read_inp(path, maximum_bytes=settings.NETWORK_UPLOAD_MAX_BYTES, findings=findings)
    options = read_options(text, findings)
    entries = ModelReader(text, options, findings).read()
    findings.raise_if_any()
    report(1)
    model = to_si(entries, options, findings)
    with _taken_back_if(dry_run), transaction.atomic():
        network, is_new = lock_network(network_code, division, commodity, name or model.title or network_code)
        report(2)
        placed = place_model(model, placement, network.placement)
        report(3)
        stored = read_stored_model(network)
        comparison = compare(model, placed, network, stored)
        _refuse_differences(comparison, network, placement)
        report(4)
        writer = ModelWriter(network, model, placed, stored)
        result = ImportResult(
            network=network.code,
            created=_counts(comparison),
            unchanged=comparison.unchanged,
            placement=placed.placement,
            warnings=[*findings.warnings, *placed.warnings],
            file_sha256=text.sha256,
            dry_run=dry_run,
        )
        if comparison.creates_anything or is_new:
            with importing(
                network,
                acting_user=acting_user,
                summary=summary_of(path, result.created),
                parameters={"file": path.name, "file_sha256": result.file_sha256},
            ) as edit:
                if stored.is_empty:
                    _save_settings(network, model, placed)
                writer.write(comparison)
                # Whatever the database would refuse at the commit it refuses here, where it can still be reported.
                check_constraints_now()
            result.adjusted = [entry for entry in writer.adjusted if _is_of_new(entry, comparison)]
            if dry_run:
                raise _DryRunEnds
            result.edit = str(edit.uid)
            _record(network, path, result, acting_user)
        if dry_run:
            raise _DryRunEnds
    report(5)
    return result


class _DryRunEnds(Exception):
    """Takes back what a dry run of a model wrote."""


@contextmanager
def _taken_back_if(is_dry_run: bool) -> Iterator[None]:
    """Around a transaction whose work is only tried: its rollback is no failure."""
    try:
        yield
    except _DryRunEnds:
        if not is_dry_run:
            raise


def summary_of(path: Path, created: dict[str, int]) -> str:
    """What an import's edit is called in the history."""
    counts = ", ".join(f"{count} {kind}" for kind, count in created.items() if count)
    return Sentence(
        _("import of {file}: {counts}"),
        file=path.name[:200],
        counts=counts or Sentence(_("settings only")),
    )


def _step_reporter(report_progress: ProgressReport | None) -> Callable[[int], None]:
    def report(step: int) -> None:
        if report_progress is not None:
            report_progress(_STEPS[min(step, len(_STEPS) - 1)], step, len(_STEPS))

    return report


def refuse_bad_names(network_code: str, commodity: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}", network_code):
        raise ReportedError(
            Sentence(
                _(
                    "{network_code} cannot be a network's code: it is made of Latin letters, "
                    "digits, '.', '_' and '-', begins with a letter or digit and has at most 60 characters."
                ),
                network_code=repr(network_code),
            ),
            code="bad_network_code",
        )
    if commodity not in Network.Commodity.values:
        raise ReportedError(
            Sentence(
                _("{commodity} is not a commodity; they are {known}."),
                commodity=repr(commodity),
                known=", ".join(Network.Commodity.values),
            ),
            code="bad_commodity",
        )


def lock_network(code: str, division: Division, commodity: str, name: str) -> tuple[Network, bool]:
    """The network, locked against another import of it, and whether it is new.

    The lock is on the code, since a network that does not exist yet has no row to lock.
    """
    hold(AdvisoryLock.NETWORK_IMPORT, code)
    # A code is one in the whole installation: another division's counts, which nobody is shown.
    with working_in(EVERYTHING):
        network = (
            Network.objects.select_for_update(of=("self",))
            .select_related("division")
            .filter(code=code)
            .first()
        )
    if network is None:
        network = Network.objects.create(code=code, name=name[:200], commodity=commodity, division=division)
        return network, True
    if network.division_id != division.pk:
        raise ReportedError(
            # Whose it is stays unsaid: whoever imports may not see that division.
            Sentence(
                _("Network {code} does not belong to division {division}; choose another code."),
                code=code,
                division=division.code,
            ),
            code="other_division",
            details=[
                {
                    "element": f"network {code}",
                    "reason": Sentence(_("not of division {division}"), division=division.code),
                }
            ],
        )
    if network.commodity != commodity:
        raise ReportedError(
            Sentence(
                _("Network {code} carries {commodity}, not {commodity_2}."),
                code=code,
                commodity=network.commodity,
                commodity_2=commodity,
            ),
            code="other_commodity",
            details=[
                {
                    "element": f"network {code}",
                    "reason": Sentence(_("commodity {commodity}"), commodity=network.commodity),
                }
            ],
        )
    return network, False


def _refuse_differences(comparison: Comparison, network: Network, placement: ModelPlacement) -> None:
    if not comparison.refused:
        return
    count = len(comparison.refused)
    if comparison.moved > 1 and not _same_choice(network.placement, placement):
        message = Sentence(
            _(
                "Network {network} lies elsewhere: {moved} of its nodes would move. It was placed with "
                "{placement}; import with the same, or as another network."
            ),
            network=network.code,
            moved=comparison.moved,
            placement=_in_words(network.placement),
        )
    else:
        first = comparison.refused[0]
        message = Sentence(
            _("The model is not imported: {element} {reason}. {count} elements differ in all.")
            if count > 1
            else _("The model is not imported: {element} {reason}."),
            element=first["element"],
            reason=first["reason"],
            count=count,
        )
    raise ReportedError(message, code="differs_from_stored", details=comparison.refused)


def _same_choice(stored: dict[str, Any], placement: ModelPlacement) -> bool:
    return all(stored.get(key) == value for key, value in placement.as_dict().items())


def _in_words(placement: dict[str, Any]) -> str:
    if placement.get("mode") == "srid":
        return f"--srid {placement['srid']}"
    if placement.get("mode") == "place":
        longitude, latitude = placement["centre"]
        return f"--place {longitude},{latitude} --coordinate-unit {placement['coordinate_unit']}"
    return "no import"


def _counts(comparison: Comparison) -> dict[str, int]:
    kinds = Counter(node.kind for node in (*comparison.new_nodes, *comparison.new_devices))
    kinds["pipe"] = len(comparison.new_pipes)
    return {kind: kinds[kind] for kind in ELEMENT_KINDS}


def _save_settings(network: Network, model: SiModel, placed: PlacedModel) -> None:
    for field_name, value in model.settings.items():
        setattr(network, field_name, value)
    network.engine_options = model.engine_options
    network.placement = placed.placement
    network.save(update_fields=[*model.settings, "engine_options", "placement"])


def _record(network: Network, path: Path, result: ImportResult, acting_user: User | None) -> None:
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
            "placement": result.placement,
            "edit": result.edit,
        },
    )


def _is_of_new(entry: dict[str, Any], comparison: Comparison) -> bool:
    new = {node.label for node in (*comparison.new_nodes, *comparison.new_devices)}
    return entry["element"] in new
