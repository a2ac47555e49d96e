"""What an alarm's rule asks for, in the reader's words: made from its kind and limits when it is shown."""

from django.utils.text import capfirst
from django.utils.translation import gettext

from frontend_map.templatetags.figures import figure, measured, translated, unit
from sensors.models import AlarmKind, AlarmRule, Datastream, Quantity
from sensors.series.units import FACTORS


def rule_words(rule: AlarmRule, stream: Datastream) -> str:
    """'Pressure: below 20.00 m'. Limits of one datastream's rule are in its unit, of others in the canonical one."""
    if rule.kind == AlarmKind.MISSING:
        return gettext("No data for %(hours)s h") % {"hours": figure((rule.silent_after_s or 0) / 3600, 1)}
    quantity = stream.observed_property
    symbol = stream.unit if rule.datastream_id else canonical_unit(quantity, stream.unit)
    said = {
        "quantity": capfirst(translated(stream.get_observed_property_display())),
        "low": measured(rule.low, quantity),
        "high": measured(rule.high, quantity),
        "unit": unit(symbol),
    }
    return _form(rule) % said


def canonical_unit(quantity: str, otherwise: str = "") -> str:
    """The unit that a quantity is kept in; `otherwise` where it has none of its own."""
    return next(iter(FACTORS.get(quantity, {otherwise: 1.0})))


def limit_unit(rule: AlarmRule) -> str:
    """The unit that a rule's limits are in."""
    return rule.datastream.unit if rule.datastream else canonical_unit(rule.observed_property)


def stated_rule(rule: AlarmRule) -> str:
    """A rule by itself, in the unit that its limits are in."""
    stream = rule.datastream or Datastream(observed_property=rule.observed_property, unit=limit_unit(rule))
    return rule_words(rule, stream)


def scope_words(rule: AlarmRule) -> str:
    """What a rule watches: one datastream, or a quantity within a division and network."""
    if rule.datastream is not None:
        return rule.datastream.code
    quantity = capfirst(translated(Quantity(rule.observed_property).label))
    return " · ".join([quantity, rule.division.name, *([rule.network.code] if rule.network else [])])


def _form(rule: AlarmRule) -> str:
    forms = {
        AlarmKind.LIMIT: (
            gettext("%(quantity)s: above %(high)s %(unit)s"),
            gettext("%(quantity)s: below %(low)s %(unit)s"),
            gettext("%(quantity)s: outside %(low)s … %(high)s %(unit)s"),
        ),
        AlarmKind.RATE: (
            gettext("%(quantity)s: rises faster than %(high)s %(unit)s/h"),
            gettext("%(quantity)s: changes by less than %(low)s %(unit)s/h"),
            gettext("%(quantity)s: changes outside %(low)s … %(high)s %(unit)s/h"),
        ),
        AlarmKind.NIGHT_MINIMUM: (
            gettext("%(quantity)s: least of the night above %(high)s %(unit)s"),
            gettext("%(quantity)s: least of the night below %(low)s %(unit)s"),
            gettext("%(quantity)s: least of the night outside %(low)s … %(high)s %(unit)s"),
        ),
    }
    above, below, outside = forms[AlarmKind(rule.kind)]
    return above if rule.low is None else below if rule.high is None else outside
