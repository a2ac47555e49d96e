"""Keeping the derived topology up to date with each edit, without looking at the rest of the network."""

from assets.models import Edit, Network


def follow_edit(network: Network, edit: Edit) -> None:
    """Bring segments and supply numbers in line with what the edit changed (see the module)."""
