"""The [OPTIONS] and [TIMES] of an EPANET file, read as EPANET 2.2 reads them (`input3.c`)."""

import re
from dataclasses import dataclass, field

from django.utils.translation import gettext_noop as _

from assets.exchange.services.epanet_import.inp_text import Findings, InpLine, InpText
from gis_core.sentences import Sentence

FLOW_UNITS = ("CFS", "GPM", "MGD", "IMGD", "AFD", "LPS", "LPM", "MLD", "CMH", "CMD", "CMS")
US_FLOW_UNITS = frozenset({"CFS", "GPM", "MGD", "IMGD", "AFD"})
HEADLOSS_FORMULAS = ("H-W", "D-W", "C-M")

# Options with one number that wntr knows too: the letters by which they are known, wntr's keyword.
_NUMBER_OPTIONS = (
    ("SPEC", "SPECIFIC GRAVITY"),
    ("VISC", "VISCOSITY"),
    ("DIFF", "DIFFUSIVITY"),
    ("TRIA", "TRIALS"),
    ("ACCU", "ACCURACY"),
    ("HEADE", "HEADERROR"),
    ("FLOWC", "FLOWCHANGE"),
    ("CHECK", "CHECKFREQ"),
    ("MAXC", "MAXCHECK"),
    ("DAMP", "DAMPLIMIT"),
    ("TOLE", "TOLERANCE"),
    ("MIN", "MINIMUM PRESSURE"),
    ("REQ", "REQUIRED PRESSURE"),
)
_TIME_KEYS = {
    ("DURA", ""): "DURATION",
    ("HYDR", ""): "HYDRAULIC TIMESTEP",
    ("QUAL", ""): "QUALITY TIMESTEP",
    ("RULE", ""): "RULE TIMESTEP",
    ("PATT", "TIME"): "PATTERN TIMESTEP",
    ("PATT", "STAR"): "PATTERN START",
    ("REPO", "TIME"): "REPORT TIMESTEP",
    ("REPO", "STAR"): "REPORT START",
    ("STAR", ""): "START CLOCKTIME",
}
_SECONDS_BY_UNIT = {"SEC": 1.0, "MIN": 60.0, "HOU": 3600.0, "DAY": 86400.0}
_CLOCK = re.compile(r"^(\d+(?:\.\d*)?)(?::(\d+(?:\.\d*)?))?(?::(\d+(?:\.\d*)?))?$")


@dataclass
class EpanetOptions:
    """What the import needs of the options, and the lines that wntr is given for the rest."""

    flow_units: str = "GPM"
    headloss: str = "H-W"
    pressure_unit: str = ""
    specific_gravity: float = 1.0
    demand_multiplier: float = 1.0
    default_pattern: str = "1"
    canonical_lines: list[str] = field(default_factory=list)
    quality: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    times_s: dict[str, int] = field(default_factory=dict)
    statistic: str = ""

    @property
    def is_metric(self) -> bool:
        return self.flow_units not in US_FLOW_UNITS

    def pressure_setting(self, value: float) -> float:
        """A valve's pressure setting as wntr expects it: psi or metres of the liquid itself.

        EPANET divides pressures by the specific gravity, and reads kPa when a metric model asks for it; wntr
        knows neither. Its constants (units.h): 0.4333 psi/ft, 6.895 kPa/psi, 0.3048 m/ft.
        """
        head = value / self.specific_gravity
        if self.is_metric and self.pressure_unit.startswith("KPA"):
            head = head / (6.895 * 0.4333) * 0.3048
        return head


def parse_number(token: str) -> float | None:
    """A number as C's strtod would take the whole token; None for anything else. May be infinite or NaN."""
    try:
        # float() also takes 1_000, which no other program does.
        return None if "_" in token else float(token)
    except ValueError:
        return None


def read_options(text: InpText, findings: Findings) -> EpanetOptions:
    """Read [OPTIONS] and [TIMES]; what EPANET rejects is an error, what we do not know is kept as text."""
    options = EpanetOptions()
    for line in text.lines("OPTIONS"):
        if line.tokens:
            _read_option(line, options, findings)
    for line in text.lines("TIMES"):
        if line.tokens:
            _read_time(line, options, findings)
    return options


def _read_option(line: InpLine, options: EpanetOptions, findings: Findings) -> None:
    words = [token.upper() for token in line.tokens]
    key, value = words[0], words[1] if len(words) > 1 else ""
    if not value:
        # EPANET itself lets some keywords stand alone; nothing is set by them.
        findings.warning(
            line.number, f"option {line.tokens[0]}", Sentence(_("it has no value and is passed over"))
        )
    elif key.startswith("UNIT"):
        _read_flow_units(line, value, options, findings)
    elif key.startswith("HEADL"):
        _read_headloss(line, value, options, findings)
    elif not _is_word_option(line, words, options):
        _read_number_option(line, words, options, findings)


def _is_word_option(line: InpLine, words: list[str], options: EpanetOptions) -> bool:
    """Take an option that is no number; whether it was one."""
    key, value = words[0], words[1]
    third = words[2] if len(words) > 2 else ""
    if key.startswith("PATT"):
        options.default_pattern = line.tokens[1]
    elif key.startswith("QUAL"):
        options.quality = line.tokens[1:]
    elif key.startswith("UNBA"):
        action = "CONTINUE" if value.startswith("CONT") else "STOP"
        options.canonical_lines.append(f"UNBALANCED {action} {_whole(third or '0')}")
    elif key.startswith("PRES") and not value.startswith("EXP"):
        options.pressure_unit = value
    elif key.startswith("DEMA") and value.startswith("MODE") and third:
        options.canonical_lines.append(f"DEMAND MODEL {'PDA' if third.startswith('PDA') else 'DDA'}")
    else:
        return False
    return True


def _read_headloss(line: InpLine, value: str, options: EpanetOptions, findings: Findings) -> None:
    formula = next((name for name in HEADLOSS_FORMULAS if value.startswith(name)), None)
    if formula is None:
        findings.error(
            line.number,
            "option HEADLOSS",
            Sentence(_("{token} is not one of H-W, D-W and C-M"), token=line.tokens[1]),
        )
    options.headloss = formula or options.headloss


def _read_flow_units(line: InpLine, value: str, options: EpanetOptions, findings: Findings) -> None:
    units = (
        "LPS"
        if value.startswith("SI")
        else next((name for name in FLOW_UNITS if value.startswith(name)), None)
    )
    if units is None:
        findings.error(
            line.number,
            "option UNITS",
            Sentence(
                _("{token} is not one of EPANET's flow units {flow_units}"),
                token=line.tokens[1],
                flow_units=", ".join(FLOW_UNITS),
            ),
        )
    else:
        options.flow_units = units


def _read_number_option(line: InpLine, words: list[str], options: EpanetOptions, findings: Findings) -> None:
    """Options of one number. EPANET takes the last token for it, whatever stands between."""
    key, value = words[0], words[1]
    number = parse_number(words[-1])
    if key.startswith("DEMA") and value.startswith("MULT"):
        name = "DEMAND MULTIPLIER"
    elif key.startswith("EMIT") and not value.startswith("BACK"):
        name = "EMITTER EXPONENT"
    elif key.startswith("PRES"):
        name = "PRESSURE EXPONENT"
    else:
        name = next((name for prefix, name in _NUMBER_OPTIONS if key.startswith(prefix)), "")
    if not name:
        options.unread.append(line.text)
        return
    if number is None or not abs(number) < 1e12:
        findings.error(
            line.number, f"option {name}", Sentence(_("{token} is not a number"), token=line.tokens[-1])
        )
    elif name == "DEMAND MULTIPLIER":
        options.demand_multiplier = number
    elif name == "SPECIFIC GRAVITY" and number <= 0:
        findings.error(
            line.number,
            "option SPECIFIC GRAVITY",
            Sentence(_("{token} is not above 0"), token=line.tokens[-1]),
        )
    else:
        if name == "SPECIFIC GRAVITY":
            options.specific_gravity = number
        options.canonical_lines.append(f"{name} {number!r}")


def _whole(token: str) -> int:
    number = parse_number(token)
    return int(number) if number is not None and abs(number) < 1e9 else 0


def _read_time(line: InpLine, options: EpanetOptions, findings: Findings) -> None:
    words = [token.upper() for token in line.tokens]
    if words[0].startswith("STAT"):
        options.statistic = words[-1]
        return
    if words[0].startswith("MIN"):
        return
    second = words[1] if len(words) > 1 else ""
    key = _TIME_KEYS.get((words[0][:4], "")) or _TIME_KEYS.get((words[0][:4], second[:4]))
    seconds = _seconds(words)
    if key is None or len(words) < 2:
        findings.error(
            line.number, f"time {line.tokens[0]}", Sentence(_("EPANET knows no such time setting"))
        )
    elif seconds is None:
        findings.error(
            line.number, f"time {key}", Sentence(_("{token} is not a time"), token=" ".join(line.tokens[1:]))
        )
    else:
        options.times_s[key] = seconds


def _seconds(words: list[str]) -> int | None:
    """The time at the end of a line: decimal hours, h:m:s, either with a unit or AM or PM behind it."""
    hours = parse_number(words[-1])
    if hours is None:
        hours = _hours(words[-1], "")
        if hours is None and len(words) > 1:
            hours = _hours(words[-2], words[-1])
    if hours is None or not 0 <= hours < 1e9:
        return None
    return int(3600.0 * hours + 0.5)


def _hours(time: str, unit: str) -> float | None:
    match = _CLOCK.match(time)
    if match is None:
        return None
    first, second, third = (float(part) if part else 0.0 for part in match.groups())
    hours = first + second / 60 + third / 3600
    if not unit:
        return hours
    if unit[:3] in _SECONDS_BY_UNIT and ":" not in time:
        return first * _SECONDS_BY_UNIT[unit[:3]] / 3600
    if unit.startswith("AM"):
        return None if hours >= 13 else hours - 12 if hours >= 12 else hours
    if unit.startswith("PM"):
        return None if hours >= 13 else hours if hours >= 12 else hours + 12
    return None
