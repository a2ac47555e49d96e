"""Places of the books: the levels of the country down to the account, and what a viewer asks to look into."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop as _

from gis_core.access import Capability, NotVisible, Viewer
from gis_core.errors import ReportedError
from gis_core.models import Division, Street
from gis_core.selectors.organisation import (
    division_by_code,
    division_seen_into,
    divisions_down_to,
    seen_paths,
    sees_into,
)
from gis_core.sentences import Sentence

LEVELS = ("republic", "region", "district", "mahalla", "street", "account")
_CAPABILITY = Capability.VIEW_SUBSCRIBERS
_DIVISION_LEVELS = {
    "republic": Division.Level.REPUBLIC,
    "region": Division.Level.REGION,
    "district": Division.Level.DISTRICT,
    "mahalla": Division.Level.MAHALLA,
}


@dataclass(frozen=True)
class AskedPlace:
    """What is looked into: a division, a street, or, with neither, all that the viewer sees."""

    street: Street | None = None
    division: Division | None = None

    def bound(self, viewer: Viewer) -> dict[str, Any]:
        """What the queries by place take: `paths`, `parent_path` and `street_id`."""
        return {"paths": seen_paths(viewer, _CAPABILITY), **self.bounds}

    @property
    def bounds(self) -> dict[str, Any]:
        """`parent_path` and `street_id` alone, whoever looks."""
        return {
            "parent_path": self.division.path if self.division else "",
            "street_id": self.street.pk if self.street else None,
        }

    @property
    def crumbs(self) -> list[dict[str, str]]:
        """The divisions from the top down to it, and the street, each with the level of what lies in it."""
        lowest = self.street.division if self.street is not None else self.division
        crumbs = []
        if lowest is not None:
            crumbs = [
                {"key": one.code, "name": one.name, "level": level_inside(one.level)}
                for one in divisions_down_to(lowest)
            ]
        if self.street is not None:
            crumbs.append(
                {
                    "key": f"{self.street.division.code}/{self.street.code}",
                    "name": self.street.name,
                    "level": "account",
                }
            )
        return crumbs


def asked_place(viewer: Viewer, parent: str | None) -> AskedPlace:
    """The place of a division's code or a street's key ("QIBRAY/S-12"). NotVisible for what is not seen into."""
    if not parent:
        return AskedPlace()
    if "/" in parent:
        return AskedPlace(street=_street_of(viewer, parent))
    return AskedPlace(division=division_seen_into(viewer, parent, _CAPABILITY))


def place_named(key: str) -> AskedPlace:
    """The same for an operator, who sees everything. Raises ReportedError for what nothing is called."""
    division, _slash, street = key.partition("/")
    if not street:
        return AskedPlace(division=division_by_code(division) if division else None)
    found = Street.objects.select_related("division").filter(division__code=division, code=street).first()
    if found is None:
        raise ReportedError(Sentence(_("There is no street {key}."), key=key), code="unknown_street")
    return AskedPlace(street=found)


def unit_of(level: str) -> dict[str, Any]:
    """What the queries by place take for a level: `unit` and `level`."""
    return {
        "unit": level if level in ("street", "account") else "division",
        "level": _DIVISION_LEVELS.get(level, Division.Level.MAHALLA),
    }


def _street_of(viewer: Viewer, key: str) -> Street:
    division, _slash, code = key.partition("/")
    street = Street.objects.select_related("division").filter(division__code=division, code=code).first()
    if street is None or not sees_into(viewer, street.division, _CAPABILITY):
        raise NotVisible("no such street")
    return street


def level_inside(level: int) -> str:
    """The level on which what lies in a division of a level is shown."""
    inside = {
        Division.Level.REPUBLIC: "region",
        Division.Level.REGION: "district",
        Division.Level.DISTRICT: "mahalla",
    }
    return inside.get(Division.Level(level), "street")
