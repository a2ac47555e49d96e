"""Who is served by the network: counted and listed by the apps above for this one, which may not import them.

An app registers its provider when it starts (`AppConfig.ready`), under the name the count is shown as:
"subscribers", "priority".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from gis_core.access import Viewer

CountInNetwork = Callable[[int], int]
CountAtNodes = Callable[[Sequence[int]], int]


class CountAtAttachments(Protocol):
    """Counts distinct consumers served through some attachments (ids) on a day; None is today."""

    def __call__(self, attachment_ids: Sequence[int], /, *, on: date | None) -> int: ...


class ListAtAttachments(Protocol):
    """Lists the consumers served through some attachments (ids) on a day, those with priority first.

    Each is a dict with account_uid, account, contract, name, address, phone, is_priority, kind and registry_number.
    `viewer` None is a command, which sees all; others get the consumers they may see.
    """

    def __call__(
        self,
        attachment_ids: Sequence[int],
        /,
        *,
        on: date | None,
        limit: int | None,
        viewer: Viewer | None,
    ) -> list[dict[str, Any]]: ...


@dataclass(frozen=True)
class ConsumerProvider:
    """Counts consumers of a whole network (by its id), of nodes and of attachments (by their ids), and lists them."""

    count_in_network: CountInNetwork
    count_at_nodes: CountAtNodes
    count_at_attachments: CountAtAttachments | None = None
    list_at_attachments: ListAtAttachments | None = None


_providers: dict[str, ConsumerProvider] = {}


def register_consumer_provider(
    name: str,
    *,
    count_in_network: CountInNetwork,
    count_at_nodes: CountAtNodes,
    count_at_attachments: CountAtAttachments | None = None,
    list_at_attachments: ListAtAttachments | None = None,
) -> None:
    """Declare who counts and lists the consumers called `name`; the last registration holds."""
    _providers[name] = ConsumerProvider(
        count_in_network, count_at_nodes, count_at_attachments, list_at_attachments
    )


def consumers_in_network(name: str, network_id: int) -> int:
    """The number of consumers called `name` in a network; 0 while no app counts them."""
    provider = _providers.get(name)
    return provider.count_in_network(network_id) if provider else 0


def consumers_at_nodes(node_ids: Sequence[int]) -> dict[str, int]:
    """The numbers of all kinds of consumers at some nodes, by name."""
    return {name: provider.count_at_nodes(node_ids) for name, provider in sorted(_providers.items())}


def consumers_at_attachments(attachment_ids: Sequence[int], *, on: date | None = None) -> dict[str, int]:
    """The numbers of all kinds of consumers served through some attachments on a day (today), by name."""
    return {
        name: provider.count_at_attachments(attachment_ids, on=on) if attachment_ids else 0
        for name, provider in sorted(_providers.items())
        if provider.count_at_attachments is not None
    }


def list_consumers_at_attachments(
    name: str,
    attachment_ids: Sequence[int],
    *,
    on: date | None = None,
    limit: int | None = None,
    viewer: Viewer | None = None,
) -> list[dict[str, Any]]:
    """The consumers called `name` served through some attachments (see `ListAtAttachments`); empty if none lists."""
    provider = _providers.get(name)
    if provider is None or provider.list_at_attachments is None or not attachment_ids:
        return []
    return provider.list_at_attachments(attachment_ids, on=on, limit=limit, viewer=viewer)
