"""One change of a network's graph after another."""

from django.db import OperationalError
from django.utils.translation import gettext_noop as _

from assets.models import Network
from gis_core.database.locks import AdvisoryLock, hold
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence

LOCK_WAIT_S = 20


def lock_network(network: Network) -> None:
    """Wait until no other edit of the network is in progress; held until the transaction ends.

    Raises ReportedError (code "network_busy") after 20 seconds, in a request of the web after less; the transaction is
    then to be left.
    """
    try:
        hold(AdvisoryLock.NETWORK_EDIT, network.pk, wait_s=LOCK_WAIT_S)
    except OperationalError as error:
        raise ReportedError(
            Sentence(
                _("Another change of network {network} is in progress; try again."), network=network.code
            ),
            code="network_busy",
        ) from error
