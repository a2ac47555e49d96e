"""Each provider's sandbox, played against our addresses."""

from decimal import Decimal

import pytest

from fixtures.sandboxes import click, payme, paynet, uzum
from fixtures.sandboxes.playing import Send
from tests.billing.channels.conftest import settle, target_of
from tests.world import World

PLAYED = {"payme": payme.play, "click": click.play, "paynet": paynet.play, "uzum": uzum.play}


@pytest.mark.parametrize("refunds", [True, False])
@pytest.mark.parametrize("channel", list(PLAYED))
def test_every_scenario_is_answered_as_the_provider_has_it(
    world: World, sending: Send, channel: str, refunds: bool
) -> None:
    settle(world, channel, refunds_allowed=refunds)
    found = PLAYED[channel](sending, target_of(world, channel, refunds="allowed" if refunds else "refused"))
    assert found.faults == []
    assert found.checks > 10


@pytest.mark.parametrize("channel", list(PLAYED))
def test_a_sandbox_finds_a_server_at_fault(world: World, sending: Send, channel: str) -> None:
    """Other bounds than the sandbox knows: what it expects to be paid is refused."""
    settle(world, channel, min_amount=Decimal(100_000))
    try:
        found = PLAYED[channel](sending, target_of(world, channel))
    except (KeyError, AttributeError, TypeError):
        return
    assert found.faults
