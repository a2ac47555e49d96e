"""The outbox for people: why something did not get through is said in the reader's language."""

from typing import Any

import pytest
from django.test import Client
from django.utils.translation import override

from frontend_map.views.messages import reason_in_words
from gis_core.messages.selectors.reasons import MessageReason
from gis_core.models import Division, Message


def test_each_reason_has_its_words() -> None:
    with override("en"):
        english = {reason: reason_in_words(reason) for reason in MessageReason}
    for language in ("uz", "ru"):
        with override(language):
            assert [reason for reason in MessageReason if reason_in_words(reason) == english[reason]] == []
    assert set(english.values()).isdisjoint(MessageReason)


@pytest.mark.django_db
def test_the_page_says_why_in_the_readers_language(
    district: Division, make_user: Any, client: Client
) -> None:
    Message.objects.create(
        division=district,
        event="gateway_trial",
        event_key="trial 1",
        medium="sms",
        recipient="998901234567",
        language="uz",
        last_error=MessageReason.NO_GATEWAY,
    )
    client.force_login(make_user("clerk", district))
    page = client.get("/messages/", headers={"accept-language": "uz"}).content.decode()
    assert "Shlyuz belgilanmagan." in page
    assert "no_gateway" not in page
