"""What an alarm's rule asks for, in the reader's words: made from its kind and limits when it is shown."""

from django.utils.text import capfirst
from django.utils.translation import gettext

from frontend_map.templatetags.figures import figure, measured, translated, unit
from sensors.models import AlarmKind, AlarmRule, Datastream
from sensors.series.units import FACTORS


def rule_words(rule: AlarmRule, stream: Datastream) -> str:
    """'Pressure: below 20.00 m'. Limits of one datastream's rule are in its unit, of others in the canonical one."""
    if rule.kind == AlarmKind.MISSING:
        return gettext("No data for %(hours)s h") % {"hours": figure((rule.silent_after_s or 0) / 3600, 1)}
    quantity = stream.observed_property
    symbol = stream.unit if rule.datastream_id else next(iter(FACTORS.get(quantity, {stream.unit: 1.0})))
    said = {
        "quantity": capfirst(translated(stream.get_observed_property_display())),
        "low": measured(rule.low, quantity),
        "high": measured(rule.high, quantity),
        "unit": unit(symbol),
    }
    return _form(rule) % said


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
