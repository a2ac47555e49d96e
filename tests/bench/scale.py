"""The large networks that benchmarks share: made once in the benchmark's database, found there afterwards."""

from assets.models import Network
from tests.bench.looped_network import make_looped_network

SMALL, LARGE = 10_000, 1_000_000


def looped_network(pipes: int) -> Network:
    """The looped network of so many pipes; made when it is not there."""
    code = f"grid-{pipes}"
    found = Network.objects.select_related("division").filter(code=code).first()
    return found or make_looped_network(code, pipes=pipes).network
