"""Profiles: how kinds of logger files are written, kept as data and tried on a sample."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop as _

from gis_core.code_pages import encoding_of
from gis_core.errors import ReportedError
from gis_core.models import Division, User
from gis_core.selectors.named_rows import named_in_division
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change
from sensors.feeds.services.blocks import Block, sample_of
from sensors.feeds.services.forms import Form, read_form
from sensors.feeds.services.sniffing import SAMPLE_BYTES, complete
from sensors.feeds.services.tables import TableReader, TableRows, resolve_twice
from sensors.feeds.services.targets import NoTarget, Target, Targets
from sensors.models import FeedProfile
from sensors.series.services.observation_arrays import instant_of

_SHOWN = 20
# That of the republic, whatever others call theirs.
PLAIN = "UZ/plain"


def profile_by_name(name: str) -> FeedProfile:
    """The profile of this name, or of DIVISION/NAME where several divisions have one.

    ReportedError: `unknown_profile`, naming those there are, when there is none; `ambiguous`.
    """
    profile = named_in_division(FeedProfile.objects.select_related("division"), "name", name).first()
    if profile is None:
        known = ", ".join(FeedProfile.objects.order_by("name").values_list("name", flat=True)[:50])
        raise ReportedError(
            Sentence(_("There is no profile {name}; known are {known}."), name=name, known=known),
            code="unknown_profile",
        )
    return profile


@transaction.atomic
def save_profile(
    *, name: str, settings: Any, division: Division, description: str = "", acting_user: User | None
) -> FeedProfile:
    """Make a profile or change one of the same division. Raises ReportedError (`bad_profile`)."""
    read_form(settings)
    # A name is one in its division; what others call theirs is theirs.
    old = FeedProfile.objects.select_for_update().filter(division=division, name=name).first()
    profile = old or FeedProfile(name=name, division=division)
    old_values = {"settings": profile.settings, "description": profile.description} if old else None
    profile.settings = settings
    profile.description = description or profile.description
    profile.full_clean(validate_constraints=False, validate_unique=False, exclude=["settings", "division"])
    if not _is_name(name):
        raise ReportedError(
            Sentence(_("A profile's name is letters, digits, points, dashes.")), code="bad_profile"
        )
    profile.save()
    record_change(
        acting_user=acting_user,
        action="change feed profile" if old else "add feed profile",
        subject=profile,
        subject_id=name,
        division=division,
        old_values=old_values,
        new_values={"settings": settings, "description": profile.description},
    )
    return profile


def _is_name(name: str) -> bool:
    return (
        0 < len(name) <= 60
        and name.isascii()
        and name[0].isalnum()
        and all(character.isalnum() or character in "_.-" for character in name)
    )


def complete_form(form: Form, sample: bytes) -> Form:
    """The form with what it leaves open found in the file's beginning; raises ReportedError as `sniffing.complete`."""
    encoding = form.encoding or encoding_of(sample)
    if encoding == "utf-8" and encoding_of(sample) == "utf-8-sig":
        encoding = "utf-8-sig"
    try:
        text = sample.decode(encoding, "replace")
    except LookupError as error:
        raise ReportedError(
            Sentence(_("The encoding {encoding} is not known."), encoding=encoding), code="bad_profile"
        ) from error
    return complete(replace(form, encoding=encoding), text.lstrip("\ufeff"))


def try_profile(settings: Any, path: Path, *, division: Division | None = None) -> dict[str, Any]:
    """What a profile makes of the beginning of a file; nothing is stored."""
    sample = sample_of(path, SAMPLE_BYTES)
    return try_profile_on(settings, sample, path.name, division=division)


def try_profile_on(
    settings: Any, sample: bytes, file_name: str, *, division: Division | None = None
) -> dict[str, Any]:
    """What a profile makes of a sample of a file: the form that was found, values with their datastreams, bad rows."""
    form = complete_form(read_form(settings), sample)
    text = sample.decode(form.encoding or "utf-8", "replace").lstrip("\ufeff")
    if len(sample) >= SAMPLE_BYTES:
        text = text[: text.rfind("\n") + 1]
    reader = TableReader(form, stem_of(file_name))
    reading = reader.read(Block(0, text.replace("\r\n", "\n").rstrip("\n").encode() + b"\n"))
    rows = reading.rows
    if len(reading.ambiguous):
        resolved, _unknown = resolve_twice(reading.ambiguous, form, is_forward=reading.direction >= 0)
        rows = TableRows.joined([rows, resolved])
    targets = Targets(division).find(reader.series)
    return {
        "form": form.as_settings(),
        "names": list(form.names),
        "first_row": form.first_row + 1,
        "rows": reading.rows_read,
        "values": len(rows),
        "missing": reading.missing,
        "bad": len(reading.bad),
        "series": [
            {
                "datastream": series.datastream,
                "unit": series.unit,
                "is_known": isinstance(target, Target),
                "reason": target.reason if isinstance(target, NoTarget) else "",
            }
            for series, target in list(zip(reader.series, targets, strict=True))[:200]
        ],
        "sample": [
            {
                "line": int(rows.lines[place]) + 1,
                "datastream": reader.series[int(rows.series[place])].datastream,
                "time": instant_of(int(rows.times_us[place])).isoformat(),
                "value": float(rows.values[place]),
            }
            for place in range(min(len(rows), _SHOWN))
        ],
        "bad_rows": [
            {"line": row.line + 1, "code": row.code, "reason": row.reason, "column": row.column}
            for row in reading.bad[:_SHOWN]
        ],
    }


def stem_of(file_name: str) -> str:
    """The file's name without its endings: `LOGGER-7.csv.gz` is LOGGER-7."""
    name = Path(file_name).name
    for ending in (".gz", ".csv", ".txt", ".tsv", ".dat"):
        if name.casefold().endswith(ending):
            name = name[: -len(ending)]
    return name
