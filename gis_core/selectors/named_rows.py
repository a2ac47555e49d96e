"""Rows that an operator names at a command by what is one in its division only."""

from typing import TypeVar

from django.db.models import Model, QuerySet
from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.sentences import Sentence

Row = TypeVar("Row", bound=Model)


def named_in_division(rows: QuerySet[Row], field: str, name: str) -> QuerySet[Row]:
    """The row called `name`, or `DIVISION/name`; none when there is none.

    `rows` have a division. ReportedError (`ambiguous`) where several divisions have one of the name.
    """
    division, slash, own = name.rpartition("/")
    found = rows.filter(**{field: own, "division__code": division}) if slash else rows.filter(**{field: name})
    if len(divisions := list(found.values_list("division__code", flat=True)[:2])) > 1:
        raise ReportedError(
            Sentence(
                _("Several divisions have one of the name {name}: write {example}."),
                name=name,
                example=f"{divisions[0]}/{name}",
            ),
            code="ambiguous",
        )
    return found
