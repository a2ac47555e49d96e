"""Acts that one person proposes and another does: what waits."""

from django.utils import timezone

from gis_core.models import WaitingAct


def is_still_meant(act: WaitingAct) -> bool:
    """Whether a proposal is young enough, and who made it is still of the house."""
    return act.proposed_by.is_active and timezone.now() < act.open_until


def waiting_act(kind: str, subject: str) -> WaitingAct | None:
    """What waits of this kind about this subject and still holds: for who would be the second person."""
    acts = WaitingAct.objects.select_related("proposed_by").filter(kind=kind, subject=subject)
    act = acts.filter(state=WaitingAct.State.OPEN).first()
    return act if act is not None and is_still_meant(act) else None
