"""Who is served by the network: counted by the apps above for this one, which may not import them.

An app registers its provider when it starts (`AppConfig.ready`), under the name the count is shown as:
"subscribers", "priority".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

CountInNetwork = Callable[[int], int]
CountAtNodes = Callable[[Sequence[int]], int]


@dataclass(frozen=True)
class ConsumerProvider:
    """Counts consumers of a whole network (by its id) and of some nodes (by their ids)."""

    count_in_network: CountInNetwork
    count_at_nodes: CountAtNodes


_providers: dict[str, ConsumerProvider] = {}


def register_consumer_provider(
    name: str, *, count_in_network: CountInNetwork, count_at_nodes: CountAtNodes
) -> None:
    """Declare who counts the consumers called `name`; the last registration holds."""
    _providers[name] = ConsumerProvider(count_in_network, count_at_nodes)


def consumers_in_network(name: str, network_id: int) -> int:
    """The number of consumers called `name` in a network; 0 while no app counts them."""
    provider = _providers.get(name)
    return provider.count_in_network(network_id) if provider else 0


def consumers_at_nodes(node_ids: Sequence[int]) -> dict[str, int]:
    """The numbers of all kinds of consumers at some nodes, by name."""
    return {name: provider.count_at_nodes(node_ids) for name, provider in sorted(_providers.items())}
