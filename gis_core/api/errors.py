"""Our errors as HTTP: what is not visible is 404, what the user can mend is 400 with the details,
what others' changes stand against is 409, and what was read before a change 412."""

from typing import Any

from django.http import Http404
from django.utils.translation import gettext_noop as _
from rest_framework.response import Response
from rest_framework.views import exception_handler as default_handler

from gis_core.access import NotVisible
from gis_core.errors import ReportedError, StaleVersion, outward
from gis_core.sentences import Sentence

# Errors that are nobody's mistake: what was asked for does not fit what others did, or are doing.
_CONFLICTS = {
    "network_busy",
    "later_edits_depend",
    "already_undone",
    "nothing_to_undo",
    "nothing_to_redo",
    "plan_conflicts",
    "plan_not_draft",
    "illegal_move",
    "job_ended",
    "suspense_decided",
}


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Django REST framework's handler, with NotVisible and ReportedError understood."""
    if isinstance(error, NotVisible):
        error = Http404()
    if isinstance(error, OverflowError):
        # The first and last days that can be written lie beyond the calendar in another zone.
        error = ReportedError(
            Sentence(_("A date or number in the request is beyond what can be kept.")), code="out_of_range"
        )
    if isinstance(error, ReportedError):
        document = outward(error.as_dict())
        if isinstance(error, StaleVersion):
            return Response(document, status=412, headers={"ETag": f'"{error.version}"'})
        return Response(document, status=409 if error.code in _CONFLICTS else 400)
    return default_handler(error, context)
