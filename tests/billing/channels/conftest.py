"""Channels are played against the small world, through Django's client or a server of its own."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.test import Client

from billing.channels.services.agreements import set_channel
from billing.models import ChannelSettings
from fixtures.sandboxes.playing import Answer, SandboxTarget, Send
from tests.world import World

CREDENTIALS: dict[str, dict[str, str]] = {
    "payme": {"login": "Paycom", "key": "payme-key-9f3a"},
    "click": {"service_id": "501", "secret_key": "click-secret-77"},
    "paynet": {"login": "paynet", "password": "paynet-password", "service_id": "1"},
    "uzum": {"login": "uzum", "password": "uzum-password", "service_id": "101"},
}


def settle(world: World, channel: str, **values: Any) -> ChannelSettings:
    """The channel's settings of the world's enterprise."""
    return set_channel(
        enterprise=world.enterprise,
        channel=channel,
        acting_user=None,
        credentials=CREDENTIALS.get(channel, {}),
        **values,
    )


def target_of(world: World, channel: str, **values: Any) -> SandboxTarget:
    return SandboxTarget(
        enterprise=world.enterprise.code,
        account=world.account(0).number,
        credentials=CREDENTIALS[channel],
        field="client_id" if channel == "paynet" else "account",
        **values,
    )


def client_sender(client: Client | None = None) -> Send:
    """Sends through Django's client, with CSRF checked as for a browser."""
    asking = client or Client(enforce_csrf_checks=True)

    def send(path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        given = dict(headers)
        content_type = given.pop("Content-Type")
        response = asking.post(path, body, content_type=content_type, headers=given)
        try:
            document = response.json()
        except ValueError:
            document = None
        return Answer(response.status_code, document)

    return send


@pytest.fixture
def sending() -> Send:
    return client_sender()


@pytest.fixture
def settled(world: World) -> Callable[..., ChannelSettings]:
    def make(channel: str, **values: Any) -> ChannelSettings:
        return settle(world, channel, **values)

    return make
