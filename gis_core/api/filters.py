"""Filters of lists that refuse what they cannot read: the library's own ignore an unreadable truth value."""

from typing import Any

import django_filters
from django.db import models
from django_filters.rest_framework import DjangoFilterBackend
from django_filters.rest_framework import FilterSet as LenientFilterSet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field


@extend_schema_field(OpenApiTypes.BOOL)
class TruthFilter(django_filters.TypedChoiceFilter):
    """`true` or `false`."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        choices = [("true", "true"), ("false", "false")]
        super().__init__(*arguments, choices=choices, coerce=lambda text: text == "true", **keywords)


class DayFilter(django_filters.DateFilter):
    """A day as 2026-01-31 and in no other way, whatever the viewer's language."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, input_formats=["%Y-%m-%d"], **keywords)


class FilterSet(LenientFilterSet):
    """What the filters of our lists are made from."""

    FILTER_DEFAULTS = {
        **LenientFilterSet.FILTER_DEFAULTS,
        models.BooleanField: {"filter_class": TruthFilter},
        models.DateField: {"filter_class": DayFilter},
    }


class FilterBackend(DjangoFilterBackend):
    """Makes the filters that a view names as `filterset_fields` of the strict kind."""

    filterset_base = FilterSet
