"""One change of a network's graph after another."""

from django.db import OperationalError

from assets.models import Network
from gis_core.database.locks import AdvisoryLock, hold
from gis_core.errors import ReportedError

LOCK_WAIT_S = 20


def lock_network(network: Network) -> None:
    """Wait until no other edit of the network is in progress; held until the transaction ends.

    Raises ReportedError (code "network_busy") after 20 seconds; the transaction is then to be left.
    """
    try:
        hold(AdvisoryLock.NETWORK_EDIT, network.pk, wait_s=LOCK_WAIT_S)
    except OperationalError as error:
        raise ReportedError(
            f"Another change of network {network.code} is in progress; try again.", code="network_busy"
        ) from error
