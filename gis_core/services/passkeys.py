"""Passkeys as second factor (W3C Web Authentication, level 2), by the library `webauthn`.

A browser asks the device to sign our challenge; what is kept of the device is its public key. A passkey is good for the
host name where it was made, so an installation that is reached by an address of numbers has none.
"""

from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from gis_core.errors import ReportedError
from gis_core.models import Passkey, User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change
from gis_core.services.second_factors import (
    ISSUER,
    end_tokens_of_one_factor,
    first_recovery_codes,
    forget_recovery_codes,
)

MOST_PASSKEYS = 10
# What a browser sends is some 1,000 characters.
LONGEST_ANSWER = 20_000
# The standard's bound.
LONGEST_CREDENTIAL_ID = 1023
# What the library raises over answers that are none; of keys without their members a KeyError.
_UNREADABLE = (WebAuthnException, ValueError, KeyError, TypeError)


@dataclass(frozen=True)
class Origin:
    """Where the pages are: `host` without a port, `address` as a browser writes it (`https://tarmoq.example`)."""

    host: str
    address: str

    @property
    def takes_passkeys(self) -> bool:
        """Whether browsers make passkeys for it: it has a name."""
        try:
            ip_address(self.host.strip("[]"))
        except ValueError:
            return True
        return False


def registration_options(user: User, origin: Origin) -> tuple[str, bytes]:
    """What the browser is asked to make (JSON), and the challenge that its answer must have signed."""
    options = generate_registration_options(
        rp_id=origin.host,
        rp_name=ISSUER,
        # Says nothing of the user to who finds the device.
        user_id=sha256(f"passkeys of {user.pk}".encode()).digest(),
        user_name=user.username,
        exclude_credentials=_known(user),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
    )
    return options_to_json(options), options.challenge


def sign_in_options(user: User, origin: Origin) -> tuple[str, bytes] | None:
    """What the browser is asked to sign with (JSON), and the challenge; None when the user has no passkey."""
    known = _known(user)
    if not known or not origin.takes_passkeys:
        return None
    options = generate_authentication_options(
        rp_id=origin.host,
        allow_credentials=known,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return options_to_json(options), options.challenge


@transaction.atomic
def add_passkey(
    *, user: User, name: str, answer: str, challenge: bytes, origin: Origin, acting_user: User
) -> list[str]:
    """Keep the passkey that a browser made; it counts at once.

    Returns the recovery codes, shown this once, when it is the user's first second factor; else nothing. ReportedError:
    `passkey_refused` where the answer is not one to this challenge at this place, `passkey_known`,
    `too_many_passkeys`.
    """
    # Of two at once the second counts the first.
    held = list(User.objects.select_for_update().get(pk=user.pk).passkeys.all())
    if len(held) >= MOST_PASSKEYS:
        raise ReportedError(
            Sentence(_("You have {count} passkeys; remove one first."), count=len(held)),
            code="too_many_passkeys",
        )
    # A page that was not asked for has no challenge, and an answer to none proves nothing.
    if not challenge:
        raise _refused()
    try:
        made = verify_registration_response(
            credential=_bounded(answer),
            expected_challenge=challenge,
            expected_rp_id=origin.host,
            expected_origin=origin.address,
        )
    except _UNREADABLE:
        raise _refused() from None
    if len(made.credential_id) > LONGEST_CREDENTIAL_ID:
        raise _refused()
    end_tokens_of_one_factor(user=user, acting_user=acting_user)
    try:
        with transaction.atomic():
            passkey = Passkey.objects.create(
                user=user,
                name=name.replace("\0", "").strip()[:100] or ISSUER,
                credential_id=made.credential_id,
                public_key=made.credential_public_key,
                signed=made.sign_count,
            )
    except IntegrityError:
        raise ReportedError(
            Sentence(_("This passkey is registered already.")), code="passkey_known"
        ) from None
    record_change(
        acting_user=acting_user,
        action="add passkey",
        subject=user,
        division=user.home_division,
        new_values={"passkey": str(passkey.uid), "name": passkey.name},
    )
    return first_recovery_codes(user)


@transaction.atomic
def passkey_is_right(*, user: User, answer: str, challenge: bytes, origin: Origin) -> bool:
    """Whether a browser signed this challenge, at this place, with a passkey of the user's.

    A device that counts what it signs must have counted on: a copy of it is found so.
    """
    try:
        given = parse_authentication_credential_json(_bounded(answer))
    except _UNREADABLE:
        return False
    passkey = user.passkeys.select_for_update().filter(credential_id=given.raw_id).first()
    if passkey is None:
        return False
    try:
        signed = verify_authentication_response(
            credential=given,
            expected_challenge=challenge,
            expected_rp_id=origin.host,
            expected_origin=origin.address,
            credential_public_key=bytes(passkey.public_key),
            credential_current_sign_count=passkey.signed,
        )
    except _UNREADABLE:
        return False
    passkey.signed = signed.new_sign_count
    passkey.last_used_at = timezone.now()
    passkey.save(update_fields=["signed", "last_used_at"])
    return True


@transaction.atomic
def remove_passkey(*, user: User, passkey: Passkey, acting_user: User) -> None:
    """Remove one of the user's passkeys; the recovery codes end with the last second factor."""
    # Of two removals at once the second sees what the first left.
    User.objects.select_for_update().get(pk=user.pk)
    record_change(
        acting_user=acting_user,
        action="remove passkey",
        subject=user,
        division=user.home_division,
        old_values={"passkey": str(passkey.uid), "name": passkey.name},
    )
    passkey.delete()
    forget_recovery_codes(user)


def _known(user: User) -> list[PublicKeyCredentialDescriptor]:
    held = user.passkeys.order_by("pk").values_list("credential_id", flat=True)
    return [PublicKeyCredentialDescriptor(id=bytes(credential_id)) for credential_id in held]


def _bounded(answer: str) -> str:
    if len(answer) > LONGEST_ANSWER:
        raise ValueError("no browser answers at such length")
    return answer


def _refused() -> ReportedError:
    return ReportedError(Sentence(_("This passkey could not be checked; try again.")), code="passkey_refused")
