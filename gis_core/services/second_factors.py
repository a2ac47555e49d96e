"""The second factor: codes of an authenticator (TOTP, RFC 6238), and recovery codes for when it is lost.

Passkeys are in `passkeys.py`; the recovery codes serve for both.
"""

import hashlib
import secrets
from base64 import b32encode
from datetime import timedelta

import pyotp
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.models import Passkey, RecoveryCode, SecondFactor, User
from gis_core.selectors.sign_in import has_second_factor, lacks_second_factor
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change
from gis_core.services.stored_secrets import seal, unseal
from gis_core.services.tokens import revoke_token

ISSUER = "Tarmoq"
STEP_S = 30
# Clocks of telephones are off by some seconds: the code before counts, too.
STEPS_BACK = 1
RECOVERY_CODES = 10
# So many wrong codes lock the authenticator (not the recovery codes, which nobody guesses) for a while.
MOST_FAILURES = 10
LOCKED_FOR = timedelta(minutes=15)


@transaction.atomic
def begin_second_factor(*, user: User) -> tuple[str, str]:
    """A new secret (base32) and the address that an authenticator reads; it counts once it is confirmed.

    ReportedError (`has_second_factor`) when one counts already; the errors of `stored_secrets.seal`.
    """
    held = _locked(user)
    if held is not None and held.confirmed_at is not None:
        raise ReportedError(
            Sentence(_("You have a second factor; remove it first.")), code="has_second_factor"
        )
    secret = pyotp.random_base32()
    sealed = seal(secret, bound_to=_bound_to(user))
    SecondFactor.objects.update_or_create(
        user=user, defaults={"sealed_secret": sealed, "last_step": 0, "failures": 0, "failed_at": None}
    )
    return secret, _address(user, secret)


def unconfirmed_secret(user: User) -> tuple[str, str] | None:
    """The secret and address of a second factor that is being set up; None when none is."""
    held = SecondFactor.objects.filter(user=user, confirmed_at=None).first()
    if held is None:
        return None
    secret = unseal(held.sealed_secret, bound_to=_bound_to(user))
    return secret, _address(user, secret)


@transaction.atomic
def confirm_second_factor(*, user: User, code: str, acting_user: User) -> list[str]:
    """Let the second factor count, since its first code is right; return the recovery codes, shown this once.

    Nothing is returned where a passkey came first: its codes stay. ReportedError (`wrong_code`) when it is not.
    """
    held = _locked(user)
    step = _step_of(held, code) if held is not None and held.confirmed_at is None else None
    if held is None or step is None:
        raise ReportedError(Sentence(_("This code is wrong or has been used.")), code="wrong_code")
    end_tokens_of_one_factor(user=user, acting_user=acting_user)
    held.confirmed_at = timezone.now()
    held.last_step = step
    held.save()
    record_change(
        acting_user=acting_user, action="add second factor", subject=user, division=user.home_division
    )
    return first_recovery_codes(user)


@transaction.atomic
def renew_recovery_codes(*, user: User, acting_user: User) -> list[str]:
    """Ten new recovery codes, shown this once; the old ones end."""
    record_change(
        acting_user=acting_user, action="renew recovery codes", subject=user, division=user.home_division
    )
    return _fresh_recovery_codes(user)


@transaction.atomic
def remove_second_factor(*, user: User, acting_user: User | None) -> None:
    """Remove the authenticator, all passkeys and the recovery codes; none is as good."""
    _remove(user, (SecondFactor, Passkey), acting_user)


@transaction.atomic
def remove_authenticator(*, user: User, acting_user: User) -> None:
    """Remove the authenticator; passkeys stay, and the recovery codes with them."""
    _remove(user, (SecondFactor,), acting_user)


def _remove(
    user: User, kinds: tuple[type[SecondFactor] | type[Passkey], ...], acting_user: User | None
) -> None:
    # Of two removals at once the second sees what the first left.
    User.objects.select_for_update().get(pk=user.pk)
    removed = [kind.objects.filter(user=user).delete()[0] for kind in kinds]
    forget_recovery_codes(user)
    if any(removed):
        record_change(
            acting_user=acting_user, action="remove second factor", subject=user, division=user.home_division
        )


def end_tokens_of_one_factor(*, user: User, acting_user: User) -> None:
    """Before the first second factor of who must have one counts: end the tokens that the password alone made."""
    if lacks_second_factor(user):
        for token in user.api_tokens.filter(revoked_at=None).select_related("user__home_division"):
            revoke_token(token=token, acting_user=acting_user)


def first_recovery_codes(user: User) -> list[str]:
    """Ten recovery codes for a user who has none left, shown this once; nothing for who has some."""
    if RecoveryCode.objects.filter(user=user, used_at=None).exists():
        return []
    return _fresh_recovery_codes(user)


def forget_recovery_codes(user: User) -> None:
    """End the recovery codes of a user who has nothing left that they stand in for."""
    if not has_second_factor(user):
        RecoveryCode.objects.filter(user=user).delete()


def code_is_right(*, user: User, code: str) -> bool:
    """Whether a code of the authenticator, or a recovery code, is right; it serves this once.

    ReportedError (`codes_locked`) after ten wrong codes of the authenticator, for a quarter of an hour.
    """
    given = "".join(character for character in code.upper() if character.isalnum())
    if len(given) > 6:
        with transaction.atomic():
            spent = RecoveryCode.objects.filter(user=user, digest=_digest(user, given), used_at=None)
            if not spent.update(used_at=timezone.now()):
                return False
            record_change(
                acting_user=user, action="use recovery code", subject=user, division=user.home_division
            )
            return True
    return _authenticator_code_is_right(user, given)


def _authenticator_code_is_right(user: User, code: str) -> bool:
    with transaction.atomic():
        held = _locked(user)
        if held is None or held.confirmed_at is None:
            return False
        now = timezone.now()
        if held.failed_at is not None and now - held.failed_at > LOCKED_FOR:
            held.failures = 0
        if held.failures >= MOST_FAILURES:
            raise ReportedError(
                Sentence(_("Too many wrong codes; wait, or use a recovery code.")), code="codes_locked"
            )
        step = _step_of(held, code)
        if step is None:
            held.failures += 1
            held.failed_at = now
        else:
            held.last_step, held.failures, held.failed_at = step, 0, None
        held.save()
        return step is not None


def _step_of(held: SecondFactor, code: str) -> int | None:
    """The step whose code this is, if it is a newer one than the last that was taken."""
    digits = "".join(code.split())
    one_time = pyotp.TOTP(unseal(held.sealed_secret, bound_to=_bound_to(held.user)))
    present = int(timezone.now().timestamp()) // STEP_S
    for step in range(present, present - STEPS_BACK - 1, -1):
        if step > held.last_step and secrets.compare_digest(
            one_time.generate_otp(step).encode(), digits.encode()
        ):
            return step
    return None


def _fresh_recovery_codes(user: User) -> list[str]:
    RecoveryCode.objects.filter(user=user).delete()
    codes = [b32encode(secrets.token_bytes(15)).decode() for _position in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=_digest(user, code)) for code in codes)
    return ["-".join(code[start : start + 4] for start in range(0, len(code), 4)) for code in codes]


def _digest(user: User, code: str) -> str:
    return hashlib.sha256(f"{user.pk}:{code}".encode()).hexdigest()


def _locked(user: User) -> SecondFactor | None:
    """The row, locked until the transaction ends: of two requests with one code one gets in."""
    return (
        SecondFactor.objects.select_for_update(of=("self",)).select_related("user").filter(user=user).first()
    )


def _bound_to(user: User) -> dict[str, str]:
    return {"second factor of": str(user.pk)}


def _address(user: User, secret: str) -> str:
    return pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name=ISSUER)
