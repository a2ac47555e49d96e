"""One change of a network's graph after another."""

from django.db import OperationalError, connection

from assets.models import Network
from gis_core.errors import ReportedError

LOCK_WAIT_S = 20
_LOCK_CLASS = 7_401


def lock_network(network: Network) -> None:
    """Wait until no other edit of the network is in progress; held until the transaction ends.

    Raises ReportedError (code "network_busy") after 20 seconds; the transaction is then to be left.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SET LOCAL lock_timeout = '{LOCK_WAIT_S}s'; "
                f"SELECT pg_advisory_xact_lock({_LOCK_CLASS}, {int(network.pk)}); SET LOCAL lock_timeout = 0"
            )
    except OperationalError as error:
        raise ReportedError(
            f"Another change of network {network.code} is in progress; try again.", code="network_busy"
        ) from error
