"""Opening an account: premise, services, meters and contract, all at once or not at all."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from assets.models import Network
from billing.models import Account, SuppliedService
from billing.services.field_refusals import refused_field
from billing.services.personal_numbers import require_person
from billing.services.registers import NewService, NewSubscriber, register
from gis_core.database.scope import EVERYTHING, working_in
from gis_core.models import Division, Enterprise, Street, User
from gis_core.services.audit import record_change

# A contract is signed at most so many days before it begins.
_DAYS_AHEAD = 92
_EARLIEST = date(2000, 1, 1)
_Basis = SuppliedService.Basis


def division_of_premise(enterprise: Enterprise, street: Street) -> Division:
    """The division whose account serves a premise: the enterprise's, or the street's district where that is smaller.

    Raises ReportedError at `street` for one that the enterprise does not serve.
    """
    if not street.division.path.startswith(enterprise.division.path):
        raise refused_field(
            "street",
            _("{enterprise} does not serve {street}."),
            enterprise=enterprise.name,
            street=street.name,
        )
    if enterprise.division.level >= Division.Level.DISTRICT:
        return enterprise.division
    above = Division.objects.filter(path__in=street.division.paths_to_root, level=Division.Level.DISTRICT)
    return above.first() or street.division


@transaction.atomic
def open_account(
    *,
    new: NewSubscriber,
    enterprise: Enterprise,
    network: Network | None,
    starts_on: date,
    acting_user: User | None,
) -> Account:
    """Open an account with subscriber, contract, services, points, meters and first readings from `starts_on`.

    Raises ReportedError at the field (`details[].field`) for what cannot be right; nothing is written then.
    """
    division = division_of_premise(enterprise, new.street)
    require_person(
        subscriber_class=new.subscriber_class,
        name=new.name,
        tax_id=new.tax_id,
        personal_id=new.personal_id,
    )
    if not new.house.strip():
        raise refused_field("house", _("Give the number of the house."))
    _require_day(starts_on)
    _require_services(new, SuppliedService.objects.in_bulk())
    for supplied in new.supplied:
        _require_meter_day(supplied, starts_on)
    _require_free(new, enterprise)
    account = register([new], enterprise, division, network, starts_on, acting_user).accounts[0]
    record_change(
        acting_user=acting_user,
        action="open account",
        subject=account,
        division=division,
        new_values={
            "account": account.number,
            "subscriber": account.subscriber.registry_number,
            "services": [supplied.service for supplied in new.supplied],
            "from": starts_on.isoformat(),
        },
    )
    return account


def _require_day(starts_on: date) -> None:
    last = timezone.localdate() + timedelta(days=_DAYS_AHEAD)
    if not _EARLIEST <= starts_on <= last:
        raise refused_field(
            "starts_on", _("A contract begins by {last} at the latest, and after 2000."), last=last
        )


def _require_services(new: NewSubscriber, nomenclature: Mapping[str, SuppliedService]) -> None:
    codes = [supplied.service for supplied in new.supplied]
    unknown = [code for code in codes if code not in nomenclature]
    if unknown:
        raise refused_field("services", _("There is no service {service}."), service=unknown[0])
    for supplied in new.supplied:
        _require_service(new, nomenclature[supplied.service], supplied, codes)


def _require_service(
    new: NewSubscriber, service: SuppliedService, supplied: NewService, codes: list[str]
) -> None:
    basis = service.basis
    if codes.count(service.code) > 1 and basis != _Basis.METER:
        raise refused_field("services", _("{service} is listed twice."), service=service.name)
    if basis == _Basis.ONE_OFF:
        raise refused_field("services", _("{service} is charged once, by no contract."), service=service.name)
    if basis == _Basis.OF_SERVICE and service.base_id not in codes:
        raise refused_field(
            "services",
            _("{service} follows {base}, which is not chosen."),
            service=service.name,
            base=service.base_id,
        )
    if basis != _Basis.METER and (supplied.meter is not None or supplied.is_by_norm):
        raise refused_field("services", _("{service} is not counted by a meter."), service=service.name)
    if basis == _Basis.METER and new.place is None:
        raise refused_field(
            "place", _("Show on the map where {service} comes from the network."), service=service.name
        )
    if supplied.is_by_norm and supplied.meter is not None:
        raise refused_field(
            "services", _("{service} is by meter or by norm, not both."), service=service.name
        )
    if basis == _Basis.AREA and not new.area_m2:
        raise refused_field("area_m2", _("{service} is charged by area: give it."), service=service.name)
    needs_residents = basis in (_Basis.RESIDENTS, _Basis.NORM) or supplied.is_by_norm
    if needs_residents and not new.residents:
        raise refused_field(
            "residents", _("{service} is charged by residents: say how many."), service=service.name
        )


def _require_meter_day(supplied: NewService, starts_on: date) -> None:
    if supplied.meter is None:
        return
    day = supplied.meter.installed_on or starts_on
    if not _EARLIEST <= day <= timezone.localdate():
        raise refused_field("meter_day", _("A meter that hangs was hung today or before."))


def _require_free(new: NewSubscriber, enterprise: Enterprise) -> None:
    """A given account number is nobody's of the enterprise, whoever may see it. An area is more than none."""
    number = new.account_number or new.registry_number
    if number:
        with working_in(EVERYTHING):
            if Account.objects.filter(enterprise=enterprise, number=number).exists():
                raise refused_field(
                    "account_number",
                    _("The account number {number} is taken already."),
                    code="number_taken",
                    number=number,
                )
    if new.area_m2 is not None and new.area_m2 <= Decimal(0):
        raise refused_field("area_m2", _("An area is more than zero."))
