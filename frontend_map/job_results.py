"""What a job brought, in words and figures: each kind's result as facts and lists, not as it is kept."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from frontend_map.templatetags.figures import figure
from gis_core.models import Job
from gis_core.sentences import told

# Work that keeps each of its parts as it goes: what is said when it failed, and when it was cancelled.
KEPT_BY_PARTS = {
    "detect leaks": (
        gettext_noop("It ended before its end; the zones that were searched before keep what was found."),
        gettext_noop("It was cancelled; the zones that were searched before keep what was found."),
    ),
    "run billing": (
        gettext_noop(
            "It ended before its end; bills that were posted before stay. Start it again: it goes on behind them."
        ),
        gettext_noop(
            "It was cancelled; bills that were posted before stay. Start it again: it goes on behind them."
        ),
    ),
}
# Of long lists as many are shown; how many there are is said.
_SHOWN = 100

# The keys that results use, in words; figures without a unit of their own are counts.
_LABELS = {
    "network": gettext_noop("Network"),
    "name": gettext_noop("Name"),
    "enterprise": gettext_noop("Enterprise"),
    "month": gettext_noop("Month"),
    "months": gettext_noop("Months"),
    "invoices": gettext_noop("Invoices"),
    "lines": gettext_noop("Lines"),
    "total_net": gettext_noop("Without VAT, UZS"),
    "total_vat": gettext_noop("VAT, UZS"),
    "total": gettext_noop("In all, UZS"),
    "hours": gettext_noop("Hours simulated"),
    "zones": gettext_noop("Zones"),
    "not_searched": gettext_noop("Zones not searched"),
    "events": gettext_noop("New leak events"),
    "rows": gettext_noop("Rows"),
    "created": gettext_noop("Created"),
    "unchanged": gettext_noop("Unchanged"),
    "checked": gettext_noop("Checked"),
    "found": gettext_noop("Found"),
    "new": gettext_noop("New"),
    "gone": gettext_noop("No longer there"),
    "accepted": gettext_noop("Accepted"),
    "by_severity": gettext_noop("By severity"),
    "by_check": gettext_noop("By check"),
    "tolerance_m": gettext_noop("Tolerance, m"),
    "size_bytes": gettext_noop("Size, bytes"),
    "operations": gettext_noop("Operations"),
}
_LISTS = {
    "warnings": gettext_noop("Warnings"),
    "adjusted": gettext_noop("Changed to fit"),
    "refused": gettext_noop("Refused"),
    "not_kept": gettext_noop("Not kept"),
    "exceptions": gettext_noop("Could not be billed"),
    "remarks": gettext_noop("Remarks"),
}
# What only programs need.
_HIDDEN = {
    "file_sha256",
    "run",
    "edit",
    "file",
    "placement",
    "engine",
    "refs",
    "uid",
    "version",
    "trial",
    "dry_run",
}


# Of a month that stands in a parameter the day says nothing.
_MONTH_PARAMETERS = ("month", "first_month", "last_month")


def subject_of(job: Job) -> str:
    """What a job is about, by what it was asked: network or enterprise, file, months, summary; or "" for nothing."""
    asked = job.parameters
    named = [
        str(asked[key])
        for key in ("network", "enterprise", "file_name", "format", "summary")
        if asked.get(key)
    ]
    months = [_month_said(str(asked[key])) for key in _MONTH_PARAMETERS if asked.get(key)]
    return " · ".join([*named, " – ".join(dict.fromkeys(months))] if months else named)


def _month_said(text: str) -> str:
    try:
        return str(date_format(date.fromisoformat(text if len(text) > 7 else f"{text}-01"), "F Y"))
    except ValueError:
        return text


@dataclass(frozen=True)
class ResultList:
    """A list of a result: sentences, of which `count` there are in all."""

    title: str
    count: int
    rows: list[str]


@dataclass
class JobResult:
    """A result for people: one sentence, facts, lists, and where to go next."""

    sentence: str = ""
    facts: list[tuple[str, str]] = field(default_factory=list)
    lists: list[ResultList] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)


def result_of(job: Job) -> JobResult | None:
    """The result of a job that ended with one, in the reader's language."""
    if not isinstance(job.result, dict):
        return None
    shown = JobResult()
    for key, value in job.result.items():
        if key not in _HIDDEN:
            _put(shown, key, value)
    tell = _SENTENCES.get(job.kind)
    if tell is not None and job.state == Job.State.SUCCEEDED:
        tell(shown, job.result)
    return shown


def _put(shown: JobResult, key: str, value: Any) -> None:
    if isinstance(value, list) or (key in _LISTS and isinstance(value, dict)):
        rows = (
            value
            if isinstance(value, list)
            else [f"{_word(name)}: {_said(part)}" for name, part in value.items()]
        )
        if rows:
            shown.lists.append(ResultList(_title(key), len(rows), [_said(row) for row in rows[:_SHOWN]]))
    elif isinstance(value, dict):
        shown.facts += [(f"{_title(key)}: {_word(name)}", _said(part)) for name, part in value.items()]
    elif value is not None and value != "":
        shown.facts.append((_title(key), _said(value, key)))


def _title(key: str) -> str:
    label = _LABELS.get(key) or _LISTS.get(key)
    return _(label) if label else _word(key)[:1].upper() + _word(key)[1:]


def _word(key: str) -> str:
    """A key that has no label of its own: kinds of assets have one word each, others are read as written."""
    return _(key.replace("_", " "))


def _said(value: Any, key: str = "") -> str:
    """A value as people read it."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int | float):
        return figure(value, 0 if float(value).is_integer() else 3)
    if isinstance(value, dict):
        return _said_of_row(value)
    text = ", ".join(_said(part) for part in value) if isinstance(value, list) else str(value)
    if key.startswith("total") and text.replace(".", "", 1).lstrip("-").isdigit():
        return figure(text, 2)
    if key == "month":
        return date_format(date.fromisoformat(f"{text[:7]}-01"), "F Y")
    return told(text)


def _said_of_row(value: dict[str, Any]) -> str:
    """What is said of one element or row: where, and what."""
    message = value.get("message") or value.get("reason")
    place = value.get("code") or value.get("element") or value.get("row") or value.get("account") or ""
    if message:
        return f"{_said(place)}: {told(str(message))}" if place else told(str(message))
    return ", ".join(f"{_word(name)} {_said(part)}" for name, part in value.items() if part not in (None, ""))


def _map_of(result: dict[str, Any]) -> list[tuple[str, str]]:
    network = result.get("network")
    return [(_("Open the map"), f"{reverse('map')}?network={network}")] if network else []


def _imported(shown: JobResult, result: dict[str, Any]) -> None:
    if result.get("dry_run"):
        shown.sentence = _(
            "This was a trial: nothing was kept. Import the file again without it to keep what is listed here."
        )
        return
    shown.sentence = _("The network was imported.")
    shown.links = _map_of(result)


def _validated(shown: JobResult, result: dict[str, Any]) -> None:
    shown.sentence = _("The checks have run; what they found waits for you to repair or accept it.")
    shown.links = [(_("Findings of validation"), f"{reverse('todo')}?list=findings"), *_map_of(result)]


def _simulated(shown: JobResult, result: dict[str, Any]) -> None:
    shown.sentence = _("The hydraulic engine has run; pressures and flows are kept with the network.")
    shown.links = _map_of(result)


def _billed(shown: JobResult, result: dict[str, Any]) -> None:
    if result.get("trial"):
        shown.sentence = _("This was a trial: no invoice was made. Start the run without it to make them.")
    elif result.get("invoices"):
        shown.sentence = _("The invoices are posted.")
    else:
        shown.sentence = _("Nothing was due: everything that can be billed for this month has been.")
    shown.links = [(_("Accounts that could not be billed"), f"{reverse('todo')}?list=exceptions")]


def _balanced(shown: JobResult, result: dict[str, Any]) -> None:
    shown.sentence = _("The balances are computed; the map and the zones' pages show them.")
    shown.links = _map_of(result)


def _searched(shown: JobResult, result: dict[str, Any]) -> None:
    if result.get("events"):
        shown.sentence = _("Leaks were found; they are on the board of leak events.")
    elif result.get("zones"):
        shown.sentence = _("The zones were searched; no new leak was found.")
    else:
        shown.sentence = _("No zone could be searched: none has meters at its edge that sent values.")
    board = f"{reverse('leak-events')}?{urlencode({'network': result.get('network', '')})}"
    shown.links = [(_("Leak events"), board), *_map_of(result)]


def _edited(shown: JobResult, result: dict[str, Any]) -> None:
    shown.sentence = _("The edit is done, all of it; it can be undone as a whole.")
    shown.links = _map_of(result)


def _exported(shown: JobResult, result: dict[str, Any]) -> None:
    shown.sentence = _("The file is ready.")


_SENTENCES: dict[str, Callable[[JobResult, dict[str, Any]], None]] = {
    "import network": _imported,
    "validate network": _validated,
    "simulate network": _simulated,
    "run billing": _billed,
    "compute balances": _balanced,
    "detect leaks": _searched,
    "edit network": _edited,
    "export network": _exported,
}


def advice_on(job: Job) -> str:
    """What to do about a job that failed, was cancelled, or waits."""
    if job.state in (Job.State.FAILED, Job.State.CANCELLED) and job.kind in KEPT_BY_PARTS:
        failed, cancelled = KEPT_BY_PARTS[job.kind]
        return _(failed if job.state == Job.State.FAILED else cancelled)
    if job.state == Job.State.FAILED:
        return _(
            "Nothing of it was kept. Put right what the message names and start it again; if it makes no sense to you, "
            "tell an administrator the address of this page."
        )
    if job.state == Job.State.CANCELLED:
        return _("It was cancelled; nothing of it was kept.")
    return ""
