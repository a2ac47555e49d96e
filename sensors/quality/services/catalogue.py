"""What each quality rule takes: its parameters, their bounds, and which parameters count for which datastream."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.sentences import Figure, Sentence
from sensors.models import QualityRule, Rule

LARGEST = 1e100


@dataclass(frozen=True)
class RuleParameter:
    """One parameter: what it says, its bounds, and whether it is a value of the series (and so in its unit)."""

    help: str
    minimum: float = -LARGEST
    maximum: float = LARGEST
    is_in_unit: bool = False
    is_whole: bool = False
    choices: tuple[str, ...] = ()
    is_above_minimum: bool = False


def _limit(help_text: str, *, is_positive: bool = False) -> RuleParameter:
    return RuleParameter(
        help_text, minimum=0.0 if is_positive else -LARGEST, is_in_unit=True, is_above_minimum=is_positive
    )


def _seconds(help_text: str) -> RuleParameter:
    return RuleParameter(help_text, minimum=0.0, maximum=366 * 86400.0, is_above_minimum=True)


@dataclass(frozen=True)
class RuleForm:
    """A rule's parameters; `ordered` lists those that must ascend where both are given, `one_of` where one must be."""

    parameters: Mapping[str, RuleParameter]
    ordered: tuple[tuple[str, str], ...] = ()
    one_of: tuple[str, ...] = ()


CATALOGUE: dict[str, RuleForm] = {
    Rule.RANGE: RuleForm(
        {
            "fail_minimum": _limit("least value that can be measured"),
            "fail_maximum": _limit("greatest value that can be measured"),
            "suspect_minimum": _limit("least usual value"),
            "suspect_maximum": _limit("greatest usual value"),
        },
        ordered=(
            ("fail_minimum", "suspect_minimum"),
            ("fail_minimum", "suspect_maximum"),
            ("fail_minimum", "fail_maximum"),
            ("suspect_minimum", "suspect_maximum"),
            ("suspect_minimum", "fail_maximum"),
            ("suspect_maximum", "fail_maximum"),
        ),
        one_of=("fail_minimum", "fail_maximum", "suspect_minimum", "suspect_maximum"),
    ),
    Rule.RATE_OF_CHANGE: RuleForm(
        {
            "suspect_per_s": _limit("units per second", is_positive=True),
            "fail_per_s": _limit("units per second", is_positive=True),
        },
        ordered=(("suspect_per_s", "fail_per_s"),),
        one_of=("suspect_per_s", "fail_per_s"),
    ),
    Rule.SPIKE: RuleForm(
        {
            "method": RuleParameter("how a spike is measured", choices=("average", "differential")),
            "suspect": _limit("distance from the neighbours", is_positive=True),
            "fail": _limit("distance from the neighbours", is_positive=True),
        },
        ordered=(("suspect", "fail"),),
        one_of=("suspect", "fail"),
    ),
    Rule.FLAT_LINE: RuleForm(
        {
            "suspect_s": _seconds("how long the values may stay within the tolerance"),
            "fail_s": _seconds("how long the values may stay within the tolerance"),
            "tolerance": _limit("values of a flat line differ by less than this", is_positive=True),
        },
        ordered=(("suspect_s", "fail_s"),),
        one_of=("suspect_s", "fail_s"),
    ),
    Rule.GAP: RuleForm(
        {
            "suspect_steps": RuleParameter(
                "longest step, in expected intervals", 1.0, 1e6, is_above_minimum=True
            ),
            "fail_steps": RuleParameter(
                "longest step, in expected intervals", 1.0, 1e6, is_above_minimum=True
            ),
        },
        ordered=(("suspect_steps", "fail_steps"),),
        one_of=("suspect_steps", "fail_steps"),
    ),
    Rule.NEGATIVE: RuleForm(
        {
            "tolerance": RuleParameter("how far below zero a value may be", minimum=0.0, is_in_unit=True),
            "severity": RuleParameter("what a negative value is", choices=("suspect", "fail")),
        },
    ),
    Rule.ROLLOVER: RuleForm(
        {
            "digits": RuleParameter(
                "digits of the counter before the decimal mark; as shown without it", 1, 15, is_whole=True
            ),
            "maximum_per_hour": _limit("largest plausible consumption an hour", is_positive=True),
        },
    ),
    Rule.DUPLICATE: RuleForm(
        {
            "step_share": RuleParameter(
                "share of the expected interval below which a value comes twice", 0.0, 1.0
            )
        },
    ),
    Rule.FUTURE_STAMP: RuleForm(
        {
            "suspect_s": _seconds("how far a stamp may lie after its arrival"),
            "fail_s": _seconds("how far a stamp may lie after its arrival"),
        },
        ordered=(("suspect_s", "fail_s"),),
        one_of=("suspect_s", "fail_s"),
    ),
    Rule.CLOCK_DRIFT: RuleForm(
        {
            "tolerance_s": _seconds("how far a day's median lag may leave that of the days before"),
            "days": RuleParameter("how many days before are looked at", 2, 60, is_whole=True),
        },
        one_of=("tolerance_s",),
    ),
    Rule.NEIGHBOURS: RuleForm(
        {
            "count": RuleParameter("how many neighbours", 1, 10, is_whole=True),
            "distance_m": RuleParameter("how far a neighbour is at most", 1.0, 100_000.0),
            "factor": RuleParameter(
                "how many usual spreads a difference may leave its usual value", 1.0, 1000.0
            ),
            "minimum_difference": _limit("smaller differences are not looked at", is_positive=True),
            "minimum_correlation": RuleParameter("least correlation of the hourly means", -1.0, 1.0),
        },
        one_of=("minimum_difference", "minimum_correlation"),
    ),
}


def validated_parameters(rule: str, given: Any) -> dict[str, Any]:
    """The parameters as they are stored; raises ReportedError (`unknown_rule`, `bad_parameters`) with each fault."""
    form = CATALOGUE.get(rule)
    if form is None:
        raise ReportedError(
            Sentence(
                _("{rule} is not a quality rule; known are {catalogue}."),
                rule=repr(rule),
                catalogue=", ".join(CATALOGUE),
            ),
            code="unknown_rule",
        )
    if not isinstance(given, dict):
        raise _faulty([{"parameter": "parameters", "reason": Sentence(_("must be an object"))}])
    faults = [
        {
            "parameter": name,
            "reason": Sentence(
                _("is unknown; {rule} takes {parameters}"), rule=rule, parameters=", ".join(form.parameters)
            ),
        }
        for name in given
        if name not in form.parameters
    ]
    kept = {name: given[name] for name in form.parameters if given.get(name) is not None}
    for name, value in kept.items():
        reason = _fault_of(form.parameters[name], value)
        if reason:
            faults.append({"parameter": name, "reason": reason})
    if not faults:
        faults += [
            {"parameter": lower, "reason": Sentence(_("must not be above {upper}"), upper=upper)}
            for lower, upper in form.ordered
            if lower in kept and upper in kept and kept[lower] > kept[upper]
        ]
        if form.one_of and not any(name in kept for name in form.one_of):
            faults.append(
                {
                    "parameter": form.one_of[0],
                    "reason": Sentence(_("give one of {one_of}"), one_of=", ".join(form.one_of)),
                }
            )
    if faults:
        raise _faulty(faults)
    return kept


def _faulty(faults: list[dict[str, Any]]) -> ReportedError:
    told = "; ".join(f"{fault['parameter']} {fault['reason']}" for fault in faults)
    return ReportedError(
        Sentence(_("The parameters cannot be used: {told}."), told=told),
        code="bad_parameters",
        details=faults,
    )


def _fault_of(parameter: RuleParameter, value: Any) -> str:
    if parameter.choices:
        return (
            ""
            if value in parameter.choices
            else Sentence(_("must be one of {choices}"), choices=", ".join(parameter.choices))
        )
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return Sentence(_("must be a number"))
    if parameter.is_whole and value != int(value):
        return Sentence(_("must be a whole number"))
    if not parameter.minimum <= value <= parameter.maximum:
        return Sentence(
            _("must be from {minimum} to {maximum}"),
            minimum=Figure(parameter.minimum, "g"),
            maximum=Figure(parameter.maximum, "g"),
        )
    if parameter.is_above_minimum and value == parameter.minimum:
        return Sentence(_("must be above {minimum}"), minimum=Figure(parameter.minimum, "g"))
    return ""


@dataclass(frozen=True)
class StreamKey:
    """What the choice of rules depends on: datastreams that agree in it have the same rules, but for their own rows."""

    division_path: str
    observed_property: str
    kind: str
    unit_factor: float


Parameters = Mapping[str, Any]


@dataclass
class RuleBook:
    """All rules, read once, to tell which parameters count for a datastream."""

    own: dict[int, dict[str, QualityRule]] = field(default_factory=dict)
    general: list[tuple[str, QualityRule]] = field(default_factory=list)

    @classmethod
    def of_rows(cls, rows: Iterable[QualityRule]) -> "RuleBook":
        """From rows whose division is at hand."""
        book = cls()
        for row in rows:
            if row.datastream_id is not None:
                book.own.setdefault(row.datastream_id, {})[row.rule] = row
            else:
                book.general.append((row.division.path if row.division else "", row))
        # The most particular last, so that it overwrites the others.
        book.general.sort(
            key=lambda entry: (len(entry[0]), bool(entry[1].observed_property), bool(entry[1].kind))
        )
        return book

    def general_for(self, key: StreamKey) -> dict[str, Parameters]:
        """The rules of a datastream without rows of its own, parameters in its unit."""
        chosen: dict[str, QualityRule] = {}
        for path, row in self.general:
            if (
                key.division_path.startswith(path)
                and row.observed_property in ("", key.observed_property)
                and row.kind in ("", key.kind)
            ):
                chosen[row.rule] = row
        return {
            rule: _in_unit(rule, row.parameters, key.unit_factor)
            for rule, row in chosen.items()
            if row.is_enabled
        }

    def with_own(self, datastream_id: int, general: dict[str, Parameters]) -> dict[str, Parameters]:
        """The rules of a datastream: its own rows over the general ones."""
        rules = dict(general)
        for rule, row in self.own.get(datastream_id, {}).items():
            rules.pop(rule, None)
            if row.is_enabled:
                rules[rule] = row.parameters
        return rules


def _in_unit(rule: str, parameters: Parameters, unit_factor: float) -> Parameters:
    if unit_factor == 1.0:
        return parameters
    form = CATALOGUE[rule].parameters
    return {
        name: value / unit_factor if name in form and form[name].is_in_unit else value
        for name, value in parameters.items()
    }


def read_rule_book() -> RuleBook:
    """The rules as they are now."""
    return RuleBook.of_rows(QualityRule.objects.select_related("division").order_by("pk"))
