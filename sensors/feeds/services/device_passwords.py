"""Passwords of polled devices: stored encrypted and bound to a source and its address, or bound by an operator.

A password goes to the server that its source names, so whoever may point a source elsewhere must not take another's
password along: a stored one opens for its own source and address only, and a variable of the environment is used only
by the source and address that the operator wrote beside it (`TARMOQ_FEED_X_FOR=SOURCE HOST:PORT`).
"""

import os
import re

from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.sentences import Sentence
from gis_core.services.stored_secrets import seal, unseal
from sensors.feeds.services.device_addresses import target_of
from sensors.models import FeedSource

VARIABLE_PREFIX = "TARMOQ_FEED_"
BINDING_SUFFIX = "_FOR"


def is_password_variable(name: object) -> bool:
    """Whether a variable of the environment may carry a device's password at all."""
    return (
        isinstance(name, str)
        and bool(re.fullmatch(VARIABLE_PREFIX + r"[A-Z0-9_]+", name))
        and not name.endswith(BINDING_SUFFIX)
    )


def sealed_password(source: FeedSource, password: str) -> str:
    """A password to be kept with a source; an empty one is kept as nothing."""
    return seal(password, bound_to=_binding(source)) if password else ""


def password_of(source: FeedSource) -> str:
    """The password of a source; empty where it needs none.

    ReportedError when it is another source's or address's (`secret_unreadable`), or when the variable that the source
    names may not be sent (`bad_source`): whatever SQL or an older release wrote into the row gives nothing away either.
    """
    if source.password_sealed:
        return unseal(source.password_sealed, bound_to=_binding(source))
    name = source.settings.get("password_env", "")
    if not name:
        return ""
    if not is_password_variable(name):
        raise ReportedError(
            Sentence(
                _(
                    "The source {source} names {name} as its password; only environment variables that "
                    "begin with {variable_prefix} are sent to devices. Rename the variable and change "
                    "the source."
                ),
                source=source.code,
                name=name,
                variable_prefix=VARIABLE_PREFIX,
            ),
            code="bad_source",
        )
    wanted = f"{source.code} {target_of(source.kind, source.settings)}"
    if os.environ.get(name + BINDING_SUFFIX, "").split() != wanted.split():
        raise ReportedError(
            Sentence(
                _(
                    "The source {source} names {name} as its password, and the operator has not bound "
                    "that to it: set {name}{binding_suffix}={wanted} beside it, or store the password "
                    "with the source."
                ),
                source=source.code,
                name=name,
                binding_suffix=BINDING_SUFFIX,
                wanted=repr(wanted),
            ),
            code="bad_source",
        )
    return os.environ.get(name, "")


def _binding(source: FeedSource) -> dict[str, str]:
    return {"source": str(source.uid), "address": str(target_of(source.kind, source.settings))}
