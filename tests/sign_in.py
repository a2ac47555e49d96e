"""Clients that are signed in as people are."""

import time

from django.test import Client

from gis_core.models import User


def confirmed(user: User, client: Client | None = None) -> Client:
    """A client of the user who has just given the password, so that what is dangerous may be done."""
    client = client or Client()
    client.force_login(user)
    session = client.session
    # As a session that is under way: none of its requests sets down that it began.
    session.update(dict.fromkeys(("began_at", "seen_at", "confirmed_at"), int(time.time())))
    session.save()
    return client
