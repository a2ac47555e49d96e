"""Subscribers with account, contract, service point and meter: what a row names and is not there is made, all together.

    subscriber --1:n-- account --1:n-- contract --n:m-- service point --1:n-- installation --n:1-- meter

A row changes what the subscriber's card says. Of an account that is there it changes nothing: contracts, points and
meters end and move by services of their own; a row that says otherwise than is stored is refused.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.translation import gettext_noop as _

from assets.models import Network
from assets.registers.services.attachments import Place, attach
from billing.exchange.services.meter_rules import serials_taken
from billing.exchange.services.places import FARTHEST_M, networks_serving, nodes_by_code, taps
from billing.exchange.services.rules import BATCH, Rules, days, last_day_of
from billing.exchange.services.sheet import RowOutcome, RowRefused, SheetRow
from billing.models import (
    Account,
    Contract,
    ContractServicePoint,
    Meter,
    MeterInstallation,
    ServicePoint,
    Subscriber,
    SubscriberClass,
)
from gis_core.database.scope import EVERYTHING, working_in
from gis_core.models import Street
from gis_core.sentences import Sentence

_METER = ContractServicePoint.Basis.METER.value


@dataclass
class Premises:
    """What a row says beside the subscriber's card. Objects are stored ones, or new ones that are not saved yet."""

    account: Account
    contract: Contract
    point: ServicePoint | None = None
    link: ContractServicePoint | None = None
    place: tuple[Network, Place] | None = None
    meter: Meter | None = None
    installation: MeterInstallation | None = None
    new: list[str] = field(default_factory=list)


class SubscriberRules(Rules):
    model = Subscriber
    identity = ("registry_number",)
    columns = {
        name: name
        for name in (
            *("subscriber_class", "name", "tax_id", "personal_id", "phone", "house", "flat", "residents"),
            "is_priority",
        )
    } | {"street_id": "street"}
    defaults = {"residents": 0, "is_priority": False}

    def understand(self, row: SheetRow) -> None:
        tax_id, personal_id = row["tax_id"] or "", row["personal_id"] or ""
        if row["subscriber_class"] == SubscriberClass.LEGAL_ENTITY and not _is_digits(tax_id, 9):
            raise RowRefused("tax_id", Sentence(_("a legal entity needs its STIR of nine digits")))
        if tax_id and not _is_digits(tax_id, 9):
            raise RowRefused("tax_id", Sentence(_("a STIR has nine digits")))
        if personal_id and not _is_digits(personal_id, 14):
            raise RowRefused("personal_id", Sentence(_("a JShShIR has 14 digits")))
        self.validity(row)
        row.fields = {
            "registry_number": row["registry_number"],
            "subscriber_class": row["subscriber_class"],
            "name": row["name"],
            "tax_id": tax_id,
            "personal_id": personal_id,
            "phone": row["phone"] or "",
            "street_id": self._street(row).pk,
            "house": row["house"],
            "flat": row["flat"] or "",
            "residents": row["residents"],
            "is_priority": row["is_priority"],
        }

    @cached_property
    def _streets(self) -> dict[tuple[int, str], Street]:
        divisions = {self.ground.division(row, "street_division").pk for row in self._with_streets()}
        found: dict[tuple[int, str], Street] = {}
        for street in Street.objects.filter(division__in=divisions):
            found.setdefault((street.division_id, street.name.casefold()), street)
        for street in Street.objects.filter(division__in=divisions):
            found[street.division_id, street.code.casefold()] = street
        return found

    def _with_streets(self) -> Iterable[SheetRow]:
        for row in self.sheet.taken():
            try:
                self.ground.division(row, "street_division")
            except RowRefused:
                continue
            yield row

    def _street(self, row: SheetRow) -> Street:
        division = self.ground.division(row, "street_division")
        found = self._streets.get((division.pk, row["street"].casefold()))
        if found is None:
            raise RowRefused(
                "street",
                Sentence(
                    _("{division} has no street {street}"), division=division.code, street=row["street"]
                ),
            )
        return found

    def stored_rows(self) -> Iterable[Any]:
        numbers = {row.fields["registry_number"] for row in self.sheet.taken()}
        return self.ground.scoped(Subscriber.objects.filter(registry_number__in=numbers))

    def _refuse_twice(self) -> None:
        """A subscriber may stand in several rows, each with another account or service point, and with one card."""
        places: dict[tuple[str, str, str], int] = {}
        cards: dict[str, SheetRow] = {}
        for row in self.sheet.taken():
            number = row["registry_number"]
            place = (number, row["account"] or number, row["service_point"] or "")
            if place in places:
                row.refuse("registry_number", Sentence(_("stands in row {row} already"), row=places[place]))
                continue
            places[place] = row.number
            card = cards.setdefault(number, row)
            other = next((name for name in row.fields if row.fields[name] != card.fields[name]), None)
            if other is not None:
                row.refuse(
                    self.columns.get(other, other),
                    Sentence(_("row {row} says otherwise of the same subscriber"), row=card.number),
                )

    def check(self) -> None:
        self._refuse_taken_numbers()
        there = _Stored(self)
        for row in self.sheet.taken():
            try:
                row.parts = self._premises(row, there)
            except RowRefused as refusal:
                row.refuse(refusal.column, refusal.reason)
        self._place_points()
        for row in self.sheet.taken():
            premises: Premises = row.parts
            if premises.account.pk is None and "account" in premises.new:
                row.outcome = RowOutcome.CREATED
            elif premises.new:
                row.outcome = RowOutcome.CREATED if row.stored is None else RowOutcome.CHANGED
                row.changes |= {name: ("", self._shown(premises, name)) for name in premises.new}

    @staticmethod
    def _shown(premises: Premises, name: str) -> str:
        shown = {
            "account": premises.account.number,
            "contract": premises.contract.number,
            "service_point": premises.point.code if premises.point else "",
            "meter": premises.meter.serial if premises.meter else "",
        }
        return shown[name]

    def _refuse_taken_numbers(self) -> None:
        new = [row for row in self.sheet.taken() if row.stored is None]
        with working_in(EVERYTHING):
            rows = Subscriber.objects.filter(registry_number__in={row["registry_number"] for row in new})
            taken = set(rows.values_list("registry_number", flat=True))
        for row in new:
            if row["registry_number"] in taken:
                row.refuse(
                    "registry_number",
                    Sentence(_("the number {serial} cannot be used"), serial=row["registry_number"]),
                )

    # --- what a row says beside the card

    def _premises(self, row: SheetRow, there: "_Stored") -> Premises:
        account = self._account(row, there)
        premises = Premises(account, self._contract(row, account, there))
        premises.new += [] if account.pk or there.is_shared(account, row) else ["account"]
        premises.new += (
            [] if premises.contract.pk or there.is_shared(premises.contract, row) else ["contract"]
        )
        wants_place = row["node"] is not None or row["longitude"] is not None
        if row["service_point"] is not None or wants_place:
            self._add_point(row, premises, there)
        if row["meter"] is not None:
            if premises.point is None:
                raise RowRefused(
                    "meter", Sentence(_("a meter hangs at a service point; name one, or a place"))
                )
            self._add_meter(row, premises, there)
        return premises

    def _account(self, row: SheetRow, there: "_Stored") -> Account:
        number = row["account"] or row["registry_number"]
        found = there.accounts.get(number)
        subscriber = row.stored.pk if row.stored is not None else None
        if found is None:
            division = self.ground.division(row).pk
            found = Account(enterprise=self.ground.enterprise, division_id=division, number=number)
            there.accounts[number] = found
            there.subscriber_of[number] = row["registry_number"]
        elif found.pk is None:
            if there.subscriber_of[number] != row["registry_number"]:
                raise RowRefused("account", Sentence(_("the number {serial} cannot be used"), serial=number))
        elif subscriber is None or found.subscriber_id != subscriber:
            raise RowRefused("account", Sentence(_("the number {serial} cannot be used"), serial=number))
        return found

    def _contract(self, row: SheetRow, account: Account, there: "_Stored") -> Contract:
        number = row["contract"] or f"C-{account.number}"
        if len(number) > 30:
            raise RowRefused("contract", Sentence(_("is longer than {longest} characters"), longest=30))
        wanted = days(row["first_day"], row["last_day"])
        of_account = there.contracts[account.number]
        found = next((one for one in of_account if one.number == number), None)
        if found is not None:
            is_said = "last_day" in row.values
            if found.validity.lower != wanted.lower or (is_said and found.validity.upper != wanted.upper):
                raise RowRefused(
                    "first_day",
                    Sentence(
                        _("an import does not change the days of the contract {number}: {first} to {last}"),
                        number=number,
                        first=found.validity.lower,
                        last=last_day_of(found.validity) or "…",
                    ),
                )
            return found
        other = next((one for one in of_account if _overlap(one.validity, wanted)), None)
        if other is not None:
            raise RowRefused(
                "first_day", Sentence(_("overlaps the days of the contract {number}"), number=other.number)
            )
        made = Contract(account=account, number=number, validity=wanted)
        of_account.append(made)
        return made

    def _add_point(self, row: SheetRow, premises: Premises, there: "_Stored") -> None:
        code = row["service_point"] or f"SP-{premises.account.number}"
        service = row["service"] or "cold_water"
        self.ground.known_service(service, "service")
        point = there.points.get(code)
        if point is None:
            if code in there.codes_taken or len(code) > 30:
                raise RowRefused(
                    "service_point", Sentence(_("the number {serial} cannot be used"), serial=code)
                )
            point = ServicePoint(division_id=premises.account.division_id, code=code, service=service)
            there.points[code] = point
            premises.new.append("service_point")
        elif row["service"] is not None and point.service != service:
            raise RowRefused(
                "service", Sentence(_("the service point supplies {service}"), service=point.service)
            )
        premises.point = point
        links = there.links[code]
        validity = premises.contract.validity
        mine = next((link for link in links if _is_of(link, premises.contract)), None)
        if mine is not None:
            if row["basis"] is not None and row["basis"] != mine.basis:
                raise RowRefused("basis", Sentence(_("an import does not change how a point is billed")))
            return
        if any(_overlap(link.validity, validity) for link in links):
            raise RowRefused(
                "service_point", Sentence(_("another contract pays for the service point on these days"))
            )
        premises.link = ContractServicePoint(
            contract=premises.contract,
            service_point=point,
            validity=validity,
            basis=row["basis"] or _METER,
        )
        links.append(premises.link)
        if "service_point" not in premises.new:
            premises.new.append("service_point")

    def _add_meter(self, row: SheetRow, premises: Premises, there: "_Stored") -> None:
        serial, point = row["meter"], premises.point
        assert point is not None
        meter = there.meters.get(serial)
        hanging = there.installations_at[point.code]
        if meter is not None and meter.pk and any(one.meter_id == meter.pk for one in hanging):
            return
        validity = premises.contract.validity
        if any(_overlap(one.validity, validity) for one in hanging):
            raise RowRefused("meter", Sentence(_("another meter hangs at the service point on these days")))
        if meter is None:
            if serial in there.serials_taken:
                raise RowRefused("meter", Sentence(_("the number {serial} cannot be used"), serial=serial))
            if row["model"] is None:
                raise RowRefused("model", Sentence(_("is required for a meter that is new")))
            meter = Meter(
                division_id=premises.account.division_id,
                serial=serial,
                model_name=row["model"],
                digits=row["digits"] or 5,
                multiplier=row["multiplier"] or Decimal(1),
            )
            there.meters[serial] = meter
        elif meter.pk is None or any(
            _overlap(one.validity, validity) for one in there.installations_of[serial]
        ):
            raise RowRefused("meter", Sentence(_("the meter hangs at another service point on these days")))
        premises.meter = meter
        premises.installation = MeterInstallation(meter=meter, service_point=point, validity=validity)
        hanging.append(premises.installation)
        there.installations_of[serial].append(premises.installation)
        premises.new.append("meter")

    # --- the network

    def _place_points(self) -> None:
        """Find where new service points hang; refuse rows that name no place, or one that is not there."""
        rows = [
            row for row in self.sheet.taken() if row.parts.point is not None and row.parts.point.pk is None
        ]
        rows = [row for row in rows if "service_point" in row.parts.new]
        networks = networks_serving(self.ground.enterprise.division) if rows else {}
        nodes = nodes_by_code(list(networks.values()), self.ground.texts_in("node")) if rows else {}
        by_coordinates: dict[int, tuple[int, float, float]] = {}
        for row in rows:
            try:
                network = _network(row, networks)
                row.parts.place = (network, Place(0))
                if row["node"] is not None:
                    row.parts.place = (network, Place(_node(row, network, nodes)))
                elif row["longitude"] is not None and row["latitude"] is not None:
                    by_coordinates[row.number] = (network.pk, float(row["longitude"]), float(row["latitude"]))
                else:
                    raise RowRefused(
                        "node", Sentence(_("a new service point needs a node, or longitude and latitude"))
                    )
            except RowRefused as refusal:
                row.refuse(refusal.column, refusal.reason)
        found = taps(by_coordinates)
        for row in rows:
            if row.number in found:
                row.parts.place = (row.parts.place[0], found[row.number])
            elif row.number in by_coordinates:
                row.refuse(
                    "longitude", Sentence(_("no pipe lies within {metres} m of there"), metres=FARTHEST_M)
                )

    # --- writing

    def write(self) -> None:
        written = [
            row for row in self.sheet.taken() if row.outcome in (RowOutcome.CREATED, RowOutcome.CHANGED)
        ]
        subscribers = self._write_subscribers(written)
        premises: list[Premises] = [row.parts for row in written]
        accounts = _new(premises, "account")
        for row in written:
            if row.parts.account.pk is None:
                row.parts.account.subscriber = subscribers[row["registry_number"]]
        Account.objects.bulk_create(accounts, batch_size=BATCH)
        Contract.objects.bulk_create(_new(premises, "contract"), batch_size=BATCH)
        self._write_points(premises)
        links = [one.link for one in premises if one.link is not None]
        ContractServicePoint.objects.bulk_create(links, batch_size=BATCH)
        Meter.objects.bulk_create(_new(premises, "meter"), batch_size=BATCH)
        installations = [one.installation for one in premises if one.installation is not None]
        MeterInstallation.objects.bulk_create(installations, batch_size=BATCH)

    def _write_subscribers(self, written: list[SheetRow]) -> dict[str, Subscriber]:
        """The subscribers of the rows by number, written where they are new or say something else."""
        found: dict[str, Subscriber] = {}
        new: list[Subscriber] = []
        changed: list[Subscriber] = []
        for row in written:
            number = row["registry_number"]
            if number in found:
                continue
            if row.stored is None:
                # The division is the account's: there is one division of customers in an enterprise.
                found[number] = Subscriber(**row.fields, division_id=row.parts.account.division_id)
                new.append(found[number])
                continue
            for name, value in row.fields.items():
                setattr(row.stored, name, value)
            found[number] = row.stored
            if set(row.changes) - set(row.parts.new):
                changed.append(row.stored)
        Subscriber.objects.bulk_create(new, batch_size=BATCH)
        if changed:
            # What the file has no column for is left to whoever changes it meanwhile.
            said = {name for row in written if row.stored is not None for name in row.fields}
            names = ["street" if name == "street_id" else name for name in self.columns if name in said]
            Subscriber.objects.bulk_update(changed, names, BATCH)
        return found

    def _write_points(self, premises: list[Premises]) -> None:
        points: dict[int, tuple[ServicePoint, Network, Place]] = {}
        for one in premises:
            if one.point is not None and one.point.pk is None and one.place is not None:
                points[id(one.point)] = (one.point, *one.place)
        by_network: dict[int, list[tuple[ServicePoint, Network, Place]]] = defaultdict(list)
        for point, network, place in points.values():
            by_network[network.pk].append((point, network, place))
        for group in by_network.values():
            # A network may be that of a division above; what hangs on it is written down there.
            with working_in(EVERYTHING):
                attachments = attach(group[0][1], [place for _point, _network, place in group])
            for (point, _network_of, _place), attachment in zip(group, attachments, strict=True):
                point.attachment = attachment
        ServicePoint.objects.bulk_create([point for point, _n, _p in points.values()], batch_size=BATCH)


class _Stored:
    """What is there of the accounts, points and meters that rows name; new ones are added as rows make them."""

    def __init__(self, rules: SubscriberRules) -> None:
        ground, rows = rules.ground, rules.sheet.taken()
        numbers = {row["account"] or row["registry_number"] for row in rows}
        codes = {row["service_point"] or f"SP-{row['account'] or row['registry_number']}" for row in rows}
        serials = ground.texts_in("meter")
        # Numbers are unique in all divisions, whoever may see them.
        with working_in(EVERYTHING):
            accounts = list(Account.objects.filter(enterprise=ground.enterprise, number__in=numbers))
            self.codes_taken = set(ServicePoint.objects.filter(code__in=codes).values_list("code", flat=True))
        self.serials_taken = serials_taken(serials)
        self.accounts: dict[str, Account] = {account.number: account for account in accounts}
        self.subscriber_of: dict[str, str] = {}
        self.contracts: dict[str, list[Contract]] = defaultdict(list)
        by_pk = {account.pk: account for account in accounts}
        for contract in Contract.objects.filter(account__in=by_pk):
            self.contracts[by_pk[contract.account_id].number].append(contract)
        points = ground.scoped(ServicePoint.objects.filter(code__in=codes))
        self.points: dict[str, ServicePoint] = {point.code: point for point in points}
        meters = ground.scoped(Meter.objects.filter(serial__in=serials))
        self.meters: dict[str, Meter] = {meter.serial: meter for meter in meters}
        self._read_links()
        self._first: dict[int, int] = {}

    def _read_links(self) -> None:
        self.links: dict[str, list[ContractServicePoint]] = defaultdict(list)
        self.installations_at: dict[str, list[MeterInstallation]] = defaultdict(list)
        self.installations_of: dict[str, list[MeterInstallation]] = defaultdict(list)
        by_pk = {point.pk: point for point in self.points.values()}
        with working_in(EVERYTHING):
            links = list(ContractServicePoint.objects.filter(service_point__in=by_pk))
            at_points = list(MeterInstallation.objects.filter(service_point__in=by_pk))
            of_meters = list(
                MeterInstallation.objects.filter(meter__in=[meter.pk for meter in self.meters.values()])
            )
        for link in links:
            self.links[by_pk[link.service_point_id].code].append(link)
        for installation in at_points:
            self.installations_at[by_pk[installation.service_point_id].code].append(installation)
        serials = {meter.pk: meter.serial for meter in self.meters.values()}
        for installation in of_meters:
            self.installations_of[serials[installation.meter_id]].append(installation)

    def is_shared(self, made: Any, row: SheetRow) -> bool:
        """Whether an earlier row of the file makes it already."""
        return self._first.setdefault(id(made), row.number) != row.number


def _is_digits(text: str, length: int) -> bool:
    return len(text) == length and text.isascii() and text.isdigit()


def _overlap(one: DateRange, other: DateRange) -> bool:
    return (other.upper is None or one.lower < other.upper) and (one.upper is None or other.lower < one.upper)


def _is_of(link: ContractServicePoint, contract: Contract) -> bool:
    if contract.pk is not None:
        return link.contract_id == contract.pk
    return link.contract_id is None and link.contract is contract


def _network(row: SheetRow, networks: dict[str, Network]) -> Network:
    if row["network"] is not None:
        found = networks.get(row["network"])
        if found is None:
            raise RowRefused("network", Sentence(_("there is no network {code} here"), code=row["network"]))
        return found
    if len(networks) != 1:
        raise RowRefused("network", Sentence(_("is required where there are several networks")))
    return next(iter(networks.values()))


def _node(row: SheetRow, network: Network, nodes: dict[tuple[int, str], int]) -> int:
    found = nodes.get((network.pk, row["node"]))
    if found is None:
        raise RowRefused(
            "node", Sentence(_("{network} has no node {code}"), network=network.code, code=row["node"])
        )
    return found


def _new(premises: Iterable[Premises], name: str) -> list[Any]:
    """The accounts, contracts or meters that are to be made, each once."""
    found = {
        id(made): made for one in premises if (made := getattr(one, name)) is not None and made.pk is None
    }
    return list(found.values())
