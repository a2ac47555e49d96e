"""Passwords that somebody else gives, and words that no password may rest on."""

import re
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from gis_core.models import Division, Enterprise, User
from gis_core.services.audit import record_change

ONE_TIME_DAYS = 3
# Without letters and digits that are read for each other: they are told by telephone.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP_LENGTH = 5, 5
# What must be left of a password when its forbidden words are taken out.
LEAST_BESIDES = 8
SHORTEST_WORD = 4


@transaction.atomic
def give_one_time_password(*, user: User, acting_user: User | None) -> tuple[str, datetime]:
    """A random password that logs in once, within three days, to be changed; and until when.

    All sessions and tokens of the user end.
    """
    password = "-".join(
        "".join(secrets.choice(_ALPHABET) for _position in range(_GROUP_LENGTH)) for _group in range(_GROUPS)
    )
    until = timezone.now() + timedelta(days=ONE_TIME_DAYS)
    user.set_password(password)
    user.save()
    # After the password, whose change says that it is the user's own.
    User.objects.filter(pk=user.pk).update(one_time_until=until)
    user.one_time_until = until
    record_change(
        acting_user=acting_user,
        action="give one-time password",
        subject=user,
        division=user.home_division,
        new_values={"user": user.username, "until": until.isoformat()},
    )
    return password, until


def mail_one_time_password(user: User, password: str, until: datetime) -> bool:
    """Send it where the user has an address and the installation a mail server; whether it was sent."""
    if not user.email or not settings.MAILS_PASSWORDS:
        return False
    said = _(
        "Your user name is %(name)s. This password serves once, until %(until)s; you will be asked for your own:"
    ) % {"name": user.username, "until": timezone.localtime(until).strftime("%Y-%m-%d %H:%M")}
    text = f"{said}\n\n{password}\n"
    return bool(send_mail(settings.EMAIL_SUBJECT_PREFIX + _("Your password"), text, None, [user.email]))


class OneTimePasswordsEnd:
    """Among the validators of passwords: whoever changes the password, it is then the user's own."""

    def validate(self, password: str, user: Any = None) -> None:
        """Every password will do."""

    def get_help_text(self) -> str:
        """Nothing to observe."""
        return ""

    def password_changed(self, password: str, user: Any = None) -> None:
        """The password is not one that somebody else gave."""
        if user is not None and user.pk is not None:
            User.objects.filter(pk=user.pk).update(one_time_until=None)
            user.one_time_until = None


class OwnWordsValidator:
    """Refuses passwords that are hardly more than names of this installation.

    The words are the product's, those of divisions and enterprises, their codes, and `TARMOQ_PASSWORD_WORDS`; what is
    left without them and without what is no letter or digit has eight characters at least.
    """

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError (`own_words`, `too_long`)."""
        if len(password) > settings.LONGEST_PASSWORD:
            raise ValidationError(
                _("A password has at most %(n)s characters."),
                code="too_long",
                params={"n": settings.LONGEST_PASSWORD},
            )
        left = _letters(password)
        for word in sorted(own_words(), key=len, reverse=True):
            left = left.replace(word, "")
        if len(left) < LEAST_BESIDES:
            raise ValidationError(
                _("Besides names of this place a password has at least %(n)s letters and digits."),
                code="own_words",
                params={"n": LEAST_BESIDES},
            )

    def get_help_text(self) -> str:
        """What to observe, for Django's forms."""
        return _("Names of this place and of this program do not count.")


def own_words() -> set[str]:
    """The words that do not count, in small letters, each of four at least."""
    texts = ["Tarmoq", *settings.PASSWORD_WORDS]
    for model in (Division, Enterprise):
        for name, code in model.objects.values_list("name", "code"):  # type: ignore[attr-defined]
            texts += [*re.split(r"[\s-]+", name), *code.split("-")]
    return {word for word in map(_letters, texts) if len(word) >= SHORTEST_WORD}


def _letters(text: str) -> str:
    """The letters and digits, small; apostrophes of Uzbek and blanks are passed over."""
    return "".join(character for character in text.casefold() if character.isalnum())
