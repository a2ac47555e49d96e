"""Regulators whose first limits somebody proposed and somebody else confirmed."""

from typing import Any

from assets.models import Node
from gis_core.models import User
from sensors.models import Regulator
from sensors.regulators.services.limits import confirm_limits
from sensors.regulators.services.registers import add_regulator


def add_confirmed_regulator(*, node: Node, **values: Any) -> Regulator:
    """A regulator in use: registered by one person, its limits confirmed by another."""
    one, other = (User.objects.get_or_create(username=name)[0] for name in ("registrar", "confirmer"))
    made = add_regulator(node=node, acting_user=one, **values)
    confirm_limits(proposal=made.limit_proposals.get(), acting_user=other)
    made.refresh_from_db()
    return made
