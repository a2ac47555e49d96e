"""Answers to POSTs with an `Idempotency-Key` are kept for a while."""

from datetime import timedelta

from django.utils import timezone

from gis_core.models import KeptAnswer

KEPT_FOR = timedelta(days=7)


def forget_old_answers() -> int:
    """Remove answers that nobody will ask for again; return how many."""
    return KeptAnswer.objects.filter(at__lt=timezone.now() - KEPT_FOR).delete()[0]
