"""Alarms in templates."""

from django import template

from frontend_map.alarm_words import rule_words
from sensors.models import Alarm

register = template.Library()


@register.filter
def alarm_words(alarm: Alarm) -> str:
    """What is wrong, in the reader's language."""
    return rule_words(alarm.rule, alarm.datastream)
