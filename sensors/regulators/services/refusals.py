"""What the database refuses of a regulator, said to the person who asked for it; never in the database's own words."""

from django.db import IntegrityError
from django.utils.translation import gettext_noop as _

from gis_core.database.refusals import constraint_of
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence, Word

_MEANINGS = {
    "regulator_code_not_empty": _("it needs a code"),
    "regulator_limits_in_order": _("the least set-point lies below the greatest"),
    "regulator_step_positive": _("step, interval and gain are greater than nought, the gain at most 100"),
    "regulator_fallback_within_limits": _("the fallback lies between the limits"),
    "regulator_override_within_limits": _("the override lies between the limits; end it first"),
    "regulator_hold_has_target": _("holding a pressure needs a critical point, a target and a band"),
    "regulator_limits_hold_schedule": _("its schedule leaves the limits; change that first"),
    "limit_proposal_in_order": _(
        "the least set-point lies below the greatest, the fallback between; a step is positive"
    ),
    "limit_proposal_open_once": _("other limits wait for a second person already"),
}
# A code is one's own or another division's: which of these is not told.
TAKEN = _("The regulator cannot be so: its code or its device cannot be used; choose another.")
_TAKEN = ("regulator_command_topic_once", "regulator_answer_topic_once")


def refusal_of_regulator(error: IntegrityError, *, code: str = "bad_regulator") -> ReportedError:
    """The refusal in our words; of a constraint that has none, only that it was refused."""
    name = constraint_of(error)
    # Triggers of ours begin their message with their name.
    name = name or str(error).partition(":")[0].strip()
    if name in _TAKEN or name.startswith("sensors_regulator_"):
        return ReportedError(Sentence(TAKEN), code=code)
    return ReportedError(
        Sentence(
            _("The regulator cannot be so: {why}."),
            why=Word(_MEANINGS.get(name, _("the database refuses it"))),
        ),
        code=code,
    )
