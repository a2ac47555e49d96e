"""Applying what phones send: each change once, whatever is sent again and by how many at a time."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop as _

from assets.models import FieldChange
from gis_core.database.locks import AdvisoryLock, hold
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence


@dataclass(frozen=True)
class SentChange:
    """A change as a phone sends it: its own uid, what kind it is, the version it was made on, its content."""

    uid: UUID
    kind: str
    content: Mapping[str, Any]
    base_version: int | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of kind and content; the base version is left out, for it changes when a conflict is resolved."""
        text = json.dumps([self.kind, self.content], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


Act = Callable[[SentChange, User], dict[str, Any]]


def apply_once(change: SentChange, *, act: Act, acting_user: User) -> tuple[bool, dict[str, Any]]:
    """Do `act` for a change unless it was done before; whether it was done now, and its answer.

    One transaction: the change and the note that it was applied stand or fall together. Deliveries of one uid wait for
    each other. Raises what `act` raises, with nothing changed; and ReportedError (uid_taken) when the uid is of another
    change, or of somebody else's.
    """
    with transaction.atomic():
        hold(AdvisoryLock.FIELD_CHANGE, str(change.uid))
        known = FieldChange.objects.filter(uid=change.uid).first()
        if known is not None:
            if known.user_id != acting_user.pk or known.digest != change.digest:
                raise ReportedError(Sentence(_("Another change was sent with this uid.")), code="uid_taken")
            return False, known.answer
        answer = act(change, acting_user)
        FieldChange.objects.create(
            uid=change.uid,
            user=acting_user,
            kind=change.kind,
            digest=change.digest,
            answer=answer,
        )
        return True, answer
