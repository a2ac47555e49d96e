"""The registers that come and go as files: their columns, what names a row, and who may bring them."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext_noop as _

from billing.exchange.selectors.columns import CellType, Column
from billing.models import (
    AccountValue,
    ContractServicePoint,
    MeterMovement,
    ServiceValue,
    SubscriberClass,
    SuppliedService,
    Tariff,
)
from gis_core.access import Capability


def _small(name: str, title: str, meaning: str, example: str, *, is_required: bool = False) -> Column:
    """A column of counts, as large as the database takes them."""
    return Column(name, title, meaning, CellType.WHOLE, is_required, example=example, most=Decimal(32767))


def _percent(name: str, title: str, meaning: str, example: str) -> Column:
    return Column(
        name, title, meaning, CellType.DECIMAL, True, example=example, most=Decimal(100), decimals=2
    )


def _choices(values: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((value, str(label)) for value, label in values)


DIVISION = Column(
    "division", _("Division code"), _("Division; left empty: the enterprise’s"), example="QIBRAY", longest=40
)
ACCOUNT = Column(
    "account", _("Account number"), _("The account with the enterprise"), is_required=True, example="0200145"
)
SERVICE = Column(
    "service",
    _("Service code"),
    _("A service of the nomenclature"),
    is_required=True,
    example="cold_water",
    longest=20,
)
SERVICES = Column(
    "services",
    _("Service codes"),
    _("Services of the nomenclature, with | between them"),
    CellType.CODES,
    is_required=True,
    example="cold_water | sewerage",
)
FIRST_DAY = Column(
    "first_day",
    _("First day"),
    _("The first day on which it holds"),
    CellType.DAY,
    True,
    example="2026-01-01",
)
LAST_DAY = Column(
    "last_day",
    _("Last day"),
    _("The last day on which it holds, itself included; empty: without end"),
    CellType.DAY,
    example="2026-12-31",
)
VALID_FROM = Column(
    "valid_from",
    _("Holds from"),
    _("The first day; it holds until the next value of its kind"),
    CellType.DAY,
    True,
    example="2026-01-01",
)
MONTH = Column(
    "month", _("Month"), _("The month that it is for, as 2026-01"), CellType.MONTH, True, example="2026-01"
)
DOCUMENT = Column("document", _("Document"), _("The paper that says so"), example="№ 12, 05.01.2026")
RESIDENTS = _small("residents", _("Residents"), _("How many residents"), "2", is_required=True)
SUBSCRIBER_CLASS = Column(
    "subscriber_class",
    _("Class of subscribers"),
    _("Households or legal entities"),
    CellType.CHOICE,
    True,
    example="household",
    choices=_choices(SubscriberClass.choices),
)
METER = Column("meter", _("Meter number"), _("The serial number of a meter"), example="S-1024", longest=40)
REGISTER = Column(
    "register",
    _("Register of the meter"),
    _("Which register, of a meter that counts several"),
    example="day",
    longest=20,
)
SERVICE_POINT = Column(
    "service_point",
    _("Service point code"),
    _("Where a service is delivered"),
    example="SP-0200145",
    longest=30,
)
MODEL = Column("model", _("Meter model"), _("What the maker calls it"), example="SGV-15", longest=60)
DIGITS = Column(
    "digits",
    _("Digits of the meter"),
    _("Digits before the decimal mark, after which it begins anew; 5 when empty"),
    CellType.WHOLE,
    example="5",
    least=Decimal(3),
    most=Decimal(9),
)
MULTIPLIER = Column(
    "multiplier",
    _("Multiplier"),
    _("Units for each step of the index; 1 when empty"),
    CellType.DECIMAL,
    example="1",
    least=Decimal("0.0001"),
    most=Decimal("999999.9999"),
    decimals=4,
)
_VALUE = Column(
    "value",
    _("Value"),
    _("The number that holds"),
    CellType.DECIMAL,
    True,
    example="150",
    most=Decimal("99999999.999999"),
    decimals=6,
)


@dataclass(frozen=True)
class RegisterKind:
    """A register as a file. `key` are the columns that name a row: another row of the same key changes it.

    `capability` is what one needs to bring it in, in the divisions of its rows; for one that `is_everybodys`, of the
    whole republic. `is_of_enterprise`: its rows are those of one enterprise.
    """

    name: str
    title: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    capability: Capability = Capability.RUN_BILLING
    is_of_enterprise: bool = True
    is_everybodys: bool = False

    @property
    def required(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.is_required)


STREETS = RegisterKind(
    "streets",
    _("Streets"),
    _("Streets that addresses refer to, by the mahalla or other division that they lie in."),
    (
        DIVISION.needed(),
        Column(
            "code", _("Street code"), _("The street’s code in its division"), is_required=True, example="17"
        ),
        Column(
            "name", _("Street name"), _("As it stands on bills"), is_required=True, example="Navoiy ko‘chasi"
        ),
    ),
    key=("division", "code"),
    capability=Capability.MANAGE_USERS,
    is_of_enterprise=False,
)

SUBSCRIBERS = RegisterKind(
    "subscribers",
    _("Subscribers"),
    _(
        "Subscribers with account and contract; with a service point on the network and a meter where these are "
        "filled in. One row for each service point."
    ),
    (
        Column(
            "registry_number",
            _("Registry number"),
            _("The subscriber’s number, given once and kept"),
            is_required=True,
            example="0200145",
            longest=20,
        ),
        SUBSCRIBER_CLASS,
        Column(
            "name",
            _("Name of the subscriber"),
            _("Of the person, or of the legal entity"),
            is_required=True,
            example="G‘ofurov Anvar",
        ),
        Column(
            "tax_id", _("STIR"), _("Nine digits; a legal entity needs it"), example="305918274", longest=9
        ),
        Column(
            "personal_id", _("JShShIR"), _("14 digits, of a person"), example="31502850120011", longest=14
        ),
        Column("phone", _("Phone"), _("Phone number"), example="+998901234567", longest=20),
        Column(
            "street_division",
            _("Division of the street"),
            _("Code of the division that the street lies in"),
            is_required=True,
            example="QIBRAY-M",
            longest=40,
        ),
        Column(
            "street",
            _("Street"),
            _("The street’s code in that division, or its name"),
            is_required=True,
            example="17",
        ),
        Column("house", _("House"), _("Number of the house"), is_required=True, example="12A", longest=20),
        Column("flat", _("Flat"), _("Number of the flat"), example="7", longest=20),
        _small("residents", _("Residents"), _("How many residents"), "4"),
        Column(
            "is_priority",
            _("Priority"),
            _("Yes for hospitals, schools, kindergartens and fire services"),
            CellType.TRUTH,
            example="no",
        ),
        DIVISION,
        Column(
            "account",
            _("Account number"),
            _("The account with the enterprise; the registry number when empty"),
            example="0200145",
            longest=20,
        ),
        Column(
            "contract",
            _("Contract number"),
            _("C- and the account’s number when empty"),
            example="C-0200145",
            longest=30,
        ),
        Column(
            "first_day",
            _("First day"),
            _("The first day of the contract, and of what is made with it"),
            CellType.DAY,
            True,
            example="2026-01-01",
        ),
        LAST_DAY,
        Column(
            "service_point",
            _("Service point code"),
            _("Empty with a place: SP- and the account’s number. Empty without: no service point"),
            example="SP-0200145",
            longest=30,
        ),
        Column(
            "service",
            _("Service code"),
            _("What the point supplies; cold_water when empty"),
            example="cold_water",
            longest=20,
        ),
        Column(
            "basis",
            _("Basis of the quantity"),
            _("How the point’s quantity is found; by meter when empty"),
            CellType.CHOICE,
            example="meter",
            choices=_choices(ContractServicePoint.Basis.choices),
        ),
        Column(
            "network",
            _("Network code"),
            _("Of a new service point; empty: the only network there is"),
            example="QIBRAY-SUV",
            longest=60,
        ),
        Column(
            "node",
            _("Node code"),
            _("The node that a new service point hangs on"),
            example="J-104",
            longest=60,
        ),
        Column(
            "longitude",
            _("Longitude"),
            _("Instead of a node: the new point is tapped from the nearest pipe within 200 m"),
            CellType.DECIMAL,
            example="69.3412",
            least=Decimal(-180),
            most=Decimal(180),
            decimals=9,
        ),
        Column(
            "latitude",
            _("Latitude"),
            _("With the longitude, degrees of WGS 84"),
            CellType.DECIMAL,
            example="41.3305",
            least=Decimal(-90),
            most=Decimal(90),
            decimals=9,
        ),
        METER,
        MODEL,
        DIGITS,
        MULTIPLIER,
    ),
    key=("registry_number", "account", "service_point"),
)

METERS = RegisterKind(
    "meters",
    _("Meters"),
    _("Customers’ meters, whether they are installed or lie in store."),
    (
        METER.needed(),
        MODEL.needed(),
        DIGITS,
        MULTIPLIER,
        DIVISION,
    ),
    key=("meter",),
)

INSTALLATIONS = RegisterKind(
    "installations",
    _("Meters’ installations"),
    _("Which meter counted at which service point, and when."),
    (
        METER.needed(),
        REGISTER,
        SERVICE_POINT.needed(),
        Column(
            "installed_on",
            _("Installed on"),
            _("The day on which it began to count there"),
            CellType.DAY,
            True,
            example="2026-01-01",
        ),
        Column(
            "removed_on",
            _("Removed on"),
            _("The day of its last reading there; empty while it hangs"),
            CellType.DAY,
            example="2026-06-15",
        ),
    ),
    key=("meter", "register", "service_point", "installed_on"),
)

READINGS = RegisterKind(
    "readings",
    _("Readings"),
    _("Indices of meters. What is implausible is kept, and waits for a decision with its reason."),
    (
        METER.needed(),
        REGISTER,
        Column(
            "service_point",
            _("Service point code"),
            _("Needed only for a meter that hung at two on that day"),
            example="SP-0200145",
            longest=30,
        ),
        Column(
            "read_on", _("Read on"), _("The day of the reading"), CellType.DAY, True, example="2026-02-01"
        ),
        Column(
            "index_m3",
            _("Index, m³"),
            _("What the meter shows, to the litre"),
            CellType.DECIMAL,
            True,
            example="122.5",
            most=Decimal("999999999.999"),
            decimals=3,
        ),
        Column("state", _("State of the reading"), _("Written, not read"), is_told=True, example="accepted"),
        Column("queue_reason", _("Why it waits"), _("Written, not read"), is_told=True),
    ),
    key=("meter", "register", "service_point", "read_on"),
    capability=Capability.ENTER_READINGS,
)

SERVICES_SUPPLIED = RegisterKind(
    "services",
    _("Services"),
    _("The nomenclature: what is supplied and charged, and how its quantity comes about."),
    (
        Column(
            "code",
            _("Code of the nomenclature"),
            _("Small letters, digits and lines"),
            is_required=True,
            example="sewerage",
            longest=20,
        ),
        Column(
            "name",
            _("Name of the service"),
            _("As it stands on bills"),
            is_required=True,
            example="Sewerage",
            longest=100,
        ),
        Column("unit", _("Unit"), _("In what it is counted"), is_required=True, example="m3", longest=10),
        Column(
            "basis",
            _("Basis of the quantity"),
            _("How its quantity comes about"),
            CellType.CHOICE,
            True,
            example="of_service",
            choices=_choices(SuppliedService.Basis.choices),
        ),
        Column(
            "base",
            _("Follows the service"),
            _("The service whose quantity it takes"),
            example="cold_water",
            longest=20,
        ),
        _small("position", _("Position on bills"), _("Bills list services by it"), "2", is_required=True),
        Column(
            "is_water",
            _("Is water"),
            _("Yes where its volume counts in the network’s balances"),
            CellType.TRUTH,
            example="no",
        ),
    ),
    key=("code",),
    capability=Capability.MANAGE_USERS,
    is_of_enterprise=False,
    is_everybodys=True,
)

CONTRACT_SERVICES = RegisterKind(
    "contract_services",
    _("Services of contracts"),
    _("Services that a contract has without a service point, such as upkeep or parking."),
    (
        ACCOUNT,
        Column(
            "contract",
            _("Contract number"),
            _("Empty: the account’s contract of the first day"),
            example="C-0200145",
            longest=30,
        ),
        SERVICE,
        FIRST_DAY,
        LAST_DAY,
    ),
    key=("account", "contract", "service", "first_day"),
)

TARIFFS = RegisterKind(
    "tariffs",
    _("Tariffs"),
    _("Prices by service, class and days. A price that was billed stays; its last day may be set."),
    (
        DIVISION,
        SERVICE,
        SUBSCRIBER_CLASS,
        FIRST_DAY,
        LAST_DAY,
        Column(
            "form",
            _("Form of the tariff"),
            _("One price, components, blocks or registers; price when empty"),
            CellType.CHOICE,
            example="price",
            choices=_choices(Tariff.Form.choices),
        ),
        Column(
            "price",
            _("Price of the unit, UZS"),
            _("Of a tariff of one price"),
            CellType.DECIMAL,
            example="2500",
            decimals=4,
        ),
        Column(
            "part_names",
            _("Names of the parts"),
            _("Of components or registers, with | between them"),
            CellType.CODES,
            example="",
            longest=1000,
        ),
        Column(
            "part_prices",
            _("Prices of the parts, UZS"),
            _("Of components, blocks or registers, with | between them"),
            CellType.NUMBERS,
            example="",
            longest=1000,
            decimals=4,
        ),
        Column(
            "block_limits",
            _("Limits of the blocks"),
            _("For 30 days, rising, with | between them; the last block has none"),
            CellType.NUMBERS,
            example="",
            longest=1000,
            decimals=3,
        ),
        Column(
            "per_resident",
            _("Limits for each resident"),
            _("Yes where the limits of blocks are for each resident"),
            CellType.TRUTH,
            example="no",
        ),
        Column(
            "vat_included",
            _("VAT is included"),
            _("Yes where prices hold the tax"),
            CellType.TRUTH,
            example="no",
        ),
    ),
    key=("division", "service", "subscriber_class", "first_day"),
    capability=Capability.MANAGE_USERS,
)

SERVICE_VALUES = RegisterKind(
    "service_values",
    _("Norms and coefficients"),
    _("Numbers of a service for many accounts: norms of litres per resident and day, coefficients."),
    (
        DIVISION,
        SERVICE,
        Column(
            "subscriber_class",
            _("Class of subscribers"),
            _("Households or legal entities; empty: both"),
            CellType.CHOICE,
            example="household",
            choices=_choices(SubscriberClass.choices),
        ),
        Column(
            "kind",
            _("Kind of value"),
            _("What the number is"),
            CellType.CHOICE,
            True,
            example="norm",
            choices=_choices(ServiceValue.Kind.choices),
        ),
        VALID_FROM,
        _VALUE,
    ),
    key=("division", "service", "subscriber_class", "kind", "valid_from"),
    capability=Capability.MANAGE_USERS,
)

METER_TYPES = RegisterKind(
    "meter_types",
    _("Types of meters"),
    _("Models that meters are of, and after how many months a meter of one is verified again."),
    (
        MODEL.needed(),
        DIGITS,
        Column(
            "verification_months",
            _("Months between verifications"),
            _("Empty: only the day that a verification names"),
            CellType.WHOLE,
            example="48",
            least=Decimal(1),
            most=Decimal(240),
        ),
    ),
    key=("model",),
    capability=Capability.MANAGE_USERS,
    is_of_enterprise=False,
    is_everybodys=True,
)

METER_MOVEMENTS = RegisterKind(
    "meter_movements",
    _("Movements of meters"),
    _("What was done with meters: received, issued, returned, verified, written off. Rows are only added."),
    (
        METER.needed(),
        Column(
            "kind",
            _("Movement"),
            _("What was done"),
            CellType.CHOICE,
            True,
            example="issued",
            choices=_choices(MeterMovement.Kind.choices),
        ),
        Column(
            "happened_on",
            _("Day"),
            _("The day on which it was done"),
            CellType.DAY,
            True,
            example="2026-01-15",
        ),
        Column(
            "holder",
            _("To whom"),
            _("The crew or person that it was issued to"),
            example="1-brigada",
            longest=100,
        ),
        Column("is_fit", _("Fit"), _("What a verification found"), CellType.TRUTH, example="yes"),
        Column(
            "valid_until",
            _("Valid until"),
            _("The next verification is due then; empty: as the type says"),
            CellType.DAY,
            example="2030-01-15",
        ),
        DOCUMENT,
    ),
    key=("meter", "kind", "happened_on"),
    is_of_enterprise=False,
)

PENALTY_TERMS = RegisterKind(
    "penalty_terms",
    _("Terms of penalties"),
    _(
        "What a day costs on which a bill is late, from a day on; for an enterprise, or nearer for a division "
        "or a class."
    ),
    (
        DIVISION,
        Column(
            "subscriber_class",
            _("Class of subscribers"),
            _("Households or legal entities; empty: both"),
            CellType.CHOICE,
            example="household",
            choices=_choices(SubscriberClass.choices),
        ),
        VALID_FROM,
        Column(
            "daily_percent",
            _("Percent a day"),
            _("Of what is owed, for each day; 0 ends penalties"),
            CellType.DECIMAL,
            True,
            example="0.1",
            most=Decimal(10),
            decimals=6,
        ),
        Column(
            "grace_days",
            _("Days of grace"),
            _("Days after the due day that cost nothing"),
            CellType.WHOLE,
            True,
            example="10",
            most=Decimal(366),
        ),
        _percent("cap_percent", _("Cap, percent"), _("Of a bill, at which its penalties stop"), "50"),
    ),
    key=("division", "subscriber_class", "valid_from"),
    capability=Capability.MANAGE_USERS,
)

RESIDENTS_OF_ACCOUNTS = RegisterKind(
    "residents",
    _("Registered residents"),
    _("How many residents an account has from a day on."),
    (ACCOUNT, VALID_FROM, RESIDENTS, DOCUMENT),
    key=("account", "valid_from"),
)

ACCOUNT_VALUES = RegisterKind(
    "account_values",
    _("Values of accounts"),
    _("Numbers of single accounts: residents, area, an own coefficient or norm of a service."),
    (
        ACCOUNT,
        Column(
            "kind",
            _("Kind of value"),
            _("What the number is"),
            CellType.CHOICE,
            True,
            example="area",
            choices=_choices(AccountValue.Kind.choices),
        ),
        Column(
            "service",
            _("Service code"),
            _("Of a coefficient or norm; empty for residents and area"),
            example="",
            longest=20,
        ),
        VALID_FROM,
        _VALUE,
        DOCUMENT,
    ),
    key=("account", "kind", "service", "valid_from"),
)

ABSENCES = RegisterKind(
    "absences",
    _("Absences"),
    _("Residents who were away, with the document that says so."),
    (ACCOUNT, FIRST_DAY, LAST_DAY.needed(), RESIDENTS, DOCUMENT),
    key=("account", "first_day", "document"),
)

BENEFITS = RegisterKind(
    "benefits",
    _("Benefits"),
    _("Residents whose consumption within the norm the state pays in part."),
    (
        ACCOUNT,
        Column(
            "kind", _("Kind of benefit"), _("By which right"), is_required=True, example="veteran", longest=60
        ),
        Column("beneficiary", _("Beneficiary"), _("Who has it"), example="G‘ofurov Anvar"),
        DOCUMENT,
        FIRST_DAY,
        LAST_DAY,
        _small("residents", _("Residents"), _("How many have it; 1 when empty"), "1"),
        _percent("share_percent", _("Share, %"), _("What the state pays"), "50"),
        SERVICES,
    ),
    key=("account", "kind", "beneficiary", "first_day"),
)

SUBSIDIES = RegisterKind(
    "subsidies",
    _("Subsidies"),
    _("Amounts that the state pays towards services of an account in a month."),
    (
        ACCOUNT,
        MONTH,
        Column(
            "amount",
            _("Amount, UZS"),
            _("What the state pays"),
            CellType.DECIMAL,
            True,
            example="15000.00",
            most=Decimal("9999999999999999.99"),
            decimals=2,
        ),
        DOCUMENT,
        SERVICES,
    ),
    key=("account", "month", "document"),
)

QUALITY_ACTS = RegisterKind(
    "quality_acts",
    _("Acts of poor quality"),
    _("Days on which a service was poor, and what is taken off for them."),
    (
        ACCOUNT,
        SERVICE,
        FIRST_DAY,
        LAST_DAY.needed(),
        _percent("percent", _("Taken off, %"), _("Of the service’s money of these days"), "30"),
        DOCUMENT,
    ),
    key=("account", "service", "first_day", "document"),
)

GIVEN_QUANTITIES = RegisterKind(
    "given_quantities",
    _("Given quantities"),
    _("Quantities of a month that nothing computes: shares of a building’s meter, charges made once."),
    (
        ACCOUNT,
        SERVICE,
        MONTH,
        Column(
            "charged_on",
            _("Charged on"),
            _("The day, of a service that is charged once"),
            CellType.DAY,
            example="",
        ),
        Column(
            "quantity",
            _("Quantity"),
            _("In units of the service"),
            CellType.DECIMAL,
            True,
            example="3.5",
            most=Decimal("999999999.999999"),
            decimals=6,
        ),
        DOCUMENT,
    ),
    key=("account", "service", "month"),
)

KINDS: dict[str, RegisterKind] = {
    kind.name: kind
    for kind in (
        *(SUBSCRIBERS, METERS, INSTALLATIONS, READINGS, RESIDENTS_OF_ACCOUNTS, ACCOUNT_VALUES, BENEFITS),
        *(ABSENCES, SUBSIDIES, QUALITY_ACTS, GIVEN_QUANTITIES, CONTRACT_SERVICES, TARIFFS, SERVICE_VALUES),
        *(PENALTY_TERMS, METER_TYPES, METER_MOVEMENTS),
        *(SERVICES_SUPPLIED, STREETS),
    )
}
