"""Which topics of the broker are a division's: prefixes that administrators give, and what follows from them.

Whoever may edit a source chooses the topics that the server listens to. Without prefixes he could listen to what other
divisions' devices publish (`#`), to the broker itself (`$SYS`), and have it all written into datastreams of his own.

A topic is of the division that has its longest prefix. A division's sources may listen to topics of that division and
of those below it. A prefix at the top is given by a system administrator; one within another, by an administrator of
the division that has the outer one; and it goes to that division or to one below it.
"""

import re

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop as _

from gis_core.access import Capability, NotVisible, require
from gis_core.errors import ReportedError
from gis_core.models import Division, User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change
from sensors.models import FeedKind, FeedPoint, TopicPrefix

MOST_LEVELS = 4
_FORM = re.compile(rf"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+){{0,{MOST_LEVELS - 1}}}")


class TopicOwners:
    """The prefixes as they are now."""

    def __init__(self) -> None:
        self._prefixes = {
            tuple(row.prefix.split("/")): row for row in TopicPrefix.objects.select_related("division")
        }

    def owner_of(self, topic: str) -> TopicPrefix | None:
        """The longest prefix of a topic or pattern. A pattern that begins with a wildcard or `$` has none."""
        levels = topic.split("/")
        for depth in range(min(MOST_LEVELS, len(levels)), 0, -1):
            row = self._prefixes.get(tuple(levels[:depth]))
            if row is not None:
                return row
        return None

    def allows(self, division: Division, pattern: str) -> bool:
        """Whether sources of a division may listen to a pattern.

        A wildcard after the prefix reaches only what was given out below it, which is of divisions below.
        """
        owner = self.owner_of(pattern)
        return owner is not None and owner.division.path.startswith(division.path)

    def usual_of(self, division: Division) -> str | None:
        """The prefix under which a division's own devices are: its first, or that of the nearest division above."""
        by_path: dict[str, str] = {}
        for row in sorted(self._prefixes.values(), key=lambda row: row.pk):
            by_path.setdefault(row.division.path, row.prefix)
        return next((by_path[path] for path in reversed(division.paths_to_root) if path in by_path), None)


def outside(division: Division) -> ReportedError:
    """The refusal of a topic that is not the division's."""
    return ReportedError(
        Sentence(
            _(
                "The topic lies in no prefix of {division} or of a division below it; an administrator gives one "
                "(manage.py topic_prefix set, or the page of feeds)."
            ),
            division=division.code,
        ),
        code="topic_not_allowed",
    )


def topics_outside() -> list[tuple[str, str]]:
    """(source, pattern) of all that is not listened to because no prefix allows it."""
    owners = TopicOwners()
    points = FeedPoint.objects.filter(source__kind=FeedKind.MQTT).select_related("source__division")
    return [
        (point.source.code, point.address)
        for point in points.order_by("source__code", "address")
        if not owners.allows(point.source.division, point.address)
    ]


@transaction.atomic
def set_prefix(*, prefix: str, division: Division, note: str = "", acting_user: User | None) -> TopicPrefix:
    """Give the topics below a prefix to a division, or change the note of one that it has.

    ReportedError (`bad_prefix`) for what is no prefix (patterns, `$SYS`, SensorThings' own); (`prefix_not_yours`) when
    the acting user may not give it, or it, or one around or within it, is another division's: these are not told apart.
    """
    meant = prefix.strip()
    if not _FORM.fullmatch(meant) or meant.split("/")[0] == "v1.1" or len(meant) > 120:
        raise ReportedError(
            Sentence(
                _(
                    "{prefix} is no topic prefix: write one to {most} levels of letters, digits, points and dashes, "
                    "such as tarmoq/qibray. Patterns, $SYS and v1.1 are nobody's."
                ),
                prefix=repr(prefix[:60]),
                most=MOST_LEVELS,
            ),
            code="bad_prefix",
        )
    _require_right(meant, division, acting_user)
    try:
        # The database refuses what is another's, or around or within another's.
        with transaction.atomic():
            row, is_new = TopicPrefix.objects.get_or_create(
                prefix=meant, division=division, defaults={"note": note, "created_by": acting_user}
            )
    except IntegrityError as error:
        raise _not_yours() from error
    if not is_new:
        row.note = note
        row.save(update_fields=["note"])
    record_change(
        acting_user=acting_user,
        action="set topic prefix" if is_new else "change topic prefix",
        subject=row,
        subject_id=row.prefix,
        division=division,
        new_values={"prefix": row.prefix, "note": note},
    )
    return row


@transaction.atomic
def withdraw_prefix(*, row: TopicPrefix, acting_user: User | None) -> None:
    """Take a prefix back: the ingester stops to listen there within seconds. As `set_prefix` for who may."""
    _require_right(row.prefix, row.division, acting_user)
    record_change(
        acting_user=acting_user,
        action="withdraw topic prefix",
        subject=row,
        subject_id=row.prefix,
        division=row.division,
        old_values={"prefix": row.prefix, "note": row.note},
    )
    row.delete()


def _require_right(prefix: str, division: Division, acting_user: User | None) -> None:
    """Whose command it is may do all; a superuser too; others within prefixes of divisions that they administer."""
    if acting_user is None or (acting_user.is_active and acting_user.is_superuser):
        return
    around = TopicOwners().owner_of("/".join(prefix.split("/")[:-1]))
    if around is None:
        raise _not_yours()
    try:
        require(acting_user, Capability.MANAGE_USERS, around.division)
        require(acting_user, Capability.MANAGE_USERS, division)
    except NotVisible as error:
        raise _not_yours() from error


def _not_yours() -> ReportedError:
    return ReportedError(
        Sentence(
            _(
                "This prefix cannot be given: that needs a system administrator, or an administrator of the division "
                "that has the prefix around it; it goes to that division or one below, and to one division only."
            )
        ),
        code="prefix_not_yours",
    )
