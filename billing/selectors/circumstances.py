"""What an account's registers say of residents, area, absences and benefits."""

from dataclasses import dataclass

from billing.models import Absence, Account, AccountValue, Benefit, SuppliedService

MOST_SHOWN = 60


@dataclass(frozen=True)
class Circumstances:
    """The newest of each, at most MOST_SHOWN; `services` are those that a benefit can be for."""

    values: list[AccountValue]
    absences: list[Absence]
    benefits: list[Benefit]
    services: list[SuppliedService]


def circumstances_of(account: Account) -> Circumstances:
    """Of an account to which whoever calls has access."""
    values = account.values.filter(service=None).order_by("-valid_from", "kind")
    benefits = account.benefits.prefetch_related("services__service")
    consumed = SuppliedService.objects.filter(basis__in=["meter", "norm", "share", "of_service"])
    return Circumstances(
        values=list(values[:MOST_SHOWN]),
        absences=list(account.absences.order_by("-validity")[:MOST_SHOWN]),
        benefits=list(benefits.order_by("-validity", "-pk")[:MOST_SHOWN]),
        services=list(consumed.order_by("position")),
    )
