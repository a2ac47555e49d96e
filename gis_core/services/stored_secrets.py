"""Secrets that must be read again (passwords of devices): encrypted at rest with a key that is not in the database.

A sealed text is bound to what it is for: copied to another row, or kept while its row is pointed elsewhere, it does not
open. Keys come from the environment (`TARMOQ_STORED_SECRETS_KEYS`, Fernet keys by commas): the first seals, all open.
"""

import json
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.sentences import Sentence


def seal(secret: str, *, bound_to: Mapping[str, str]) -> str:
    """The secret encrypted, as text. ReportedError (`no_secrets_key`) where the installation has no key."""
    content = json.dumps({"secret": secret, "bound_to": dict(bound_to)}, sort_keys=True)
    return _keys().encrypt(content.encode()).decode()


def unseal(sealed: str, *, bound_to: Mapping[str, str]) -> str:
    """The secret of a sealed text.

    ReportedError (`secret_unreadable`) when no key opens it, when it was changed, or when it was sealed for something
    else than `bound_to`; the message tells none of these apart.
    """
    try:
        content = json.loads(_keys().decrypt(sealed.encode()))
    except InvalidToken:
        content = {}
    if content.get("bound_to") != dict(bound_to):
        raise ReportedError(
            Sentence(
                _(
                    "A stored secret cannot be used: it was made for something else, or with a key that "
                    "is no longer set. Enter it again."
                )
            ),
            code="secret_unreadable",
        )
    return str(content["secret"])


def _keys() -> MultiFernet:
    texts = [text.strip() for text in settings.STORED_SECRETS_KEYS.split(",") if text.strip()]
    if not texts:
        raise ReportedError(
            Sentence(
                _(
                    "Secrets cannot be stored: TARMOQ_STORED_SECRETS_KEYS is not set. docs/operations.md "
                    "says how to make a key."
                )
            ),
            code="no_secrets_key",
        )
    try:
        return MultiFernet([Fernet(text) for text in texts])
    except ValueError as error:
        raise ReportedError(
            Sentence(
                _(
                    "TARMOQ_STORED_SECRETS_KEYS holds something that is no Fernet key (32 bytes in "
                    "URL-safe base64)."
                )
            ),
            code="no_secrets_key",
        ) from error
