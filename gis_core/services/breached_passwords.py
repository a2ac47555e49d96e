"""Passwords that were found in breaches, looked up in a file that the operator keeps; nobody is asked over a network.

The file is as Have I Been Pwned's downloader writes it: one line for each password, `SHA1:COUNT`, the hash in capital
hexadecimal digits, sorted by it. It is never read as a whole (it has some 40 GB): a line is found by halving.
"""

import hashlib
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

_HASH_LENGTH = 40
# Longer than any line of such a file.
_LINE_BYTES = 128


def is_breached(password: str, path: Path) -> bool:
    """Whether the file has the password's hash; raises OSError, and ValueError for a file of another form."""
    # Not for keeping: it is the key of the file.
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    with path.open("rb") as file:
        low, high = 0, path.stat().st_size
        while low < high:
            middle = (low + high) // 2
            start, found = _line_from(file, middle)
            if not found or start >= high:
                # No line begins in the upper half.
                high = middle
                continue
            digest = _hash_of(found)
            if digest == wanted:
                return True
            if digest < wanted:
                low = start + len(found)
            else:
                high = middle
        return False


def _line_from(file: IO[bytes], offset: int) -> tuple[int, bytes]:
    """The first line that begins at this offset or after it, and where."""
    if offset == 0:
        file.seek(0)
        return 0, file.readline(_LINE_BYTES)
    # From the byte before, which may end a line.
    file.seek(offset - 1)
    passed = file.readline(_LINE_BYTES)
    return offset - 1 + len(passed), file.readline(_LINE_BYTES)


def _hash_of(line: bytes) -> bytes:
    digest, colon, count = line.strip().partition(b":")
    if len(digest) != _HASH_LENGTH or not colon or not count.isdigit():
        raise ValueError("a line of the list of breached passwords is not SHA1:COUNT")
    return digest.upper()


class BreachedPasswordValidator:
    """Refuses passwords of the file `BREACHED_PASSWORDS`; without one every password will do."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError (`breached`, `list_unreadable`: nothing is let through unseen)."""
        if not settings.BREACHED_PASSWORDS:
            return
        try:
            found = is_breached(password, Path(settings.BREACHED_PASSWORDS))
        except (OSError, ValueError):
            raise ValidationError(
                _("The list of breached passwords cannot be read: tell an administrator."),
                code="list_unreadable",
            ) from None
        if found:
            raise ValidationError(
                _("This password was found in a breach elsewhere: whoever guesses tries it first."),
                code="breached",
            )

    def get_help_text(self) -> str:
        """What to observe, for Django's forms."""
        if not settings.BREACHED_PASSWORDS:
            return ""
        return _("Passwords that were found in breaches are refused.")
