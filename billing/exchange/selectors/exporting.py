"""Registers as rows of cells: what an export writes is what an import of the same file finds unchanged."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib.gis.db.models import PointField
from django.contrib.postgres.aggregates import StringAgg
from django.db.models import F, FloatField, Func, OuterRef, Q, QuerySet, Subquery

from billing.exchange.selectors.columns import CellType
from billing.exchange.selectors.kinds import RegisterKind
from billing.exchange.selectors.registers import EXPORTING, enterprise_of_register
from billing.models import (
    Absence,
    Account,
    AccountValue,
    Benefit,
    BenefitService,
    Contract,
    ContractService,
    GivenQuantity,
    Meter,
    MeterInstallation,
    MeterMovement,
    MeterType,
    PenaltyTerms,
    QualityAct,
    Reading,
    ServiceValue,
    Subsidy,
    SubsidyService,
    SuppliedService,
    Tariff,
)
from gis_core.access import NotVisible, is_unrestricted, visible
from gis_core.errors import ReportedError
from gis_core.models import Division, Enterprise, Street, User
from gis_core.selectors.organisation import division_by_code, sees_into
from gis_core.spreadsheet_cells import text_cell
from gis_core.table_files import table_file

_CHUNK = 2000
_ONE_DAY = timedelta(days=1)
_LIST_MARK = " | "
_WRITTEN_AS_TEXT = (CellType.TEXT, CellType.CODES, CellType.NUMBERS, CellType.MONTH)
# A spreadsheet's numbers have as many digits; longer ones are written as text.
_MOST_DIGITS = 15


@dataclass(frozen=True)
class Exported:
    """Of whom a register is taken: an enterprise's (None: of all), in a division and those below (None: wherever)."""

    kind: RegisterKind
    enterprise: Enterprise | None
    division: Division | None
    viewer: User | None

    def scoped(self, rows: QuerySet[Any], division: str) -> QuerySet[Any]:
        """The rows of the chosen division that the viewer may take; `division` is the lookup of theirs."""
        if self.viewer is not None:
            rows = visible(rows, self.viewer, EXPORTING, division=division)
        if self.division is not None:
            rows = rows.filter(**{f"{division}__path__startswith": self.division.path})
        return rows

    def shared(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Prices and norms: the whole enterprise's, and those of the chosen divisions."""
        rows = rows.filter(enterprise=self.enterprise)
        own = self.scoped(rows, "division")
        return rows.filter(Q(division=None) | Q(pk__in=own.values("pk")))


def exported(kind: RegisterKind, enterprise: str, division: str, viewer: User | None) -> Exported:
    """What is meant by the codes of an enterprise and a division, "" where they are not said.

    Raises NotVisible for what is not the viewer's, ReportedError for codes that nothing has.
    """
    of_enterprise = enterprise_of_register(EXPORTING, enterprise, viewer) if kind.is_of_enterprise else None
    chosen: Division | None = None
    if division:
        try:
            chosen = division_by_code(division)
        except ReportedError:
            if viewer is None:
                raise
            raise NotVisible("no such division") from None
        if viewer is not None and not is_unrestricted(viewer) and not sees_into(viewer, chosen, EXPORTING):
            raise NotVisible("no such division")
    return Exported(kind, of_enterprise, chosen, viewer)


def register_rows(wanted: Exported) -> Iterator[list[Any]]:
    """The register's rows as cells in the order of its columns, by one query that is read in pieces."""
    source = _SOURCES[wanted.kind.name](wanted)
    names = list(source.lookups)
    for values in source.rows.values_list(*source.lookups.values()).iterator(chunk_size=_CHUNK):
        row = source.shaped(dict(zip(names, values, strict=True)))
        yield [_cell(row.get(column.name)) for column in wanted.kind.columns]


def register_cells(wanted: Exported, file_format: str) -> Iterator[list[Any]]:
    """The rows of `register_rows` as a format of table_files writes them."""
    return (for_format(file_format, row) for row in register_rows(wanted))


def text_columns(kind: RegisterKind) -> list[int]:
    """The places of the columns whose cells stay text in a spreadsheet."""
    return [place for place, column in enumerate(kind.columns) if column.type in _WRITTEN_AS_TEXT]


def register_file(wanted: Exported, file_format: str) -> tuple[bytes, int]:
    """The register as a file of a format of table_files, and how many rows it has."""
    rows = list(register_cells(wanted, file_format))
    return _file(wanted.kind, file_format, rows), len(rows)


def template_file(kind: RegisterKind, file_format: str) -> bytes:
    """An empty file of the register: its columns alone."""
    return _file(kind, file_format, [])


def _file(kind: RegisterKind, file_format: str, rows: list[list[Any]]) -> bytes:
    columns = [column.name for column in kind.columns]
    return table_file(file_format, columns, rows, text_columns=text_columns(kind))


def for_format(file_format: str, row: list[Any]) -> list[Any]:
    """A row's cells for a format: what an import would change on the way in is marked."""
    if file_format == "csv":
        return row
    # XLSX keeps texts as texts; only the mark itself, which an import takes off, is doubled.
    return [text_cell(cell) if isinstance(cell, str) and cell.startswith("'") else cell for cell in row]


def _cell(value: Any) -> Any:
    if isinstance(value, Decimal):
        plain = value.normalize()
        plain = plain.quantize(Decimal(1)) if plain == plain.to_integral_value() else plain
        return plain if len(plain.as_tuple().digits) <= _MOST_DIGITS else f"{plain:f}"
    if isinstance(value, list | tuple):
        return _LIST_MARK.join(
            f"{one.normalize():f}" if isinstance(one, Decimal) else str(one) for one in value
        )
    return None if value == "" else value


@dataclass(frozen=True)
class _Source:
    """Where a register's rows come from: by column the lookup of its value, and how the values become cells."""

    rows: QuerySet[Any, Any]
    lookups: dict[str, str]
    shaped: Callable[[dict[str, Any]], dict[str, Any]] = dict


def _same(*names: str) -> dict[str, str]:
    """Columns that are called as the model's fields are."""
    return {name: name for name in names}


def _with_days(values: dict[str, Any]) -> dict[str, Any]:
    """`validity` as first and last day."""
    validity = values.pop("validity")
    last = None if validity.upper is None else validity.upper - _ONE_DAY
    return {**values, "first_day": validity.lower, "last_day": last}


def _with_month(values: dict[str, Any]) -> dict[str, Any]:
    return {**values, "month": f"{values['month']:%Y-%m}"}


_ACCOUNT = {"account": "account__number"}
# Columns of meters by the model's fields.
_METER = {"meter": "serial", "model": "model_name", "digits": "digits", "multiplier": "multiplier"}


def _of_account(wanted: Exported, model: Any) -> QuerySet[Any, Any]:
    rows = model.objects.filter(account__enterprise=wanted.enterprise)
    return wanted.scoped(rows, "account__division").order_by("account__number", "pk")


def _services_of(model: Any, key: str) -> Subquery:
    """The codes of the services that hang on a row, in one text."""
    rows = model.objects.filter(**{key: OuterRef("pk")}).order_by().values(key)
    listed = rows.annotate(listed=StringAgg("service_id", delimiter=_LIST_MARK, order_by="service_id"))
    return Subquery(listed.values("listed"))


def _streets(wanted: Exported) -> _Source:
    rows = wanted.scoped(Street.objects.order_by("division__path", "code"), "division")
    return _Source(rows, {"division": "division__code", **_same("code", "name")})


def _subscribers(wanted: Exported) -> _Source:
    """A row for each service point under each account's newest contract; one for an account that has none."""
    newest = Contract.objects.filter(account=OuterRef("pk")).order_by("-validity")
    accounts = wanted.scoped(Account.objects.filter(enterprise=wanted.enterprise), "division")
    hanging = MeterInstallation.objects.filter(
        service_point=OuterRef("contracts__service_points__service_point")
    ).order_by("-validity", "register")
    place = "contracts__service_points__service_point__attachment__"
    tap = Func(
        F(f"{place}pipe__geom"),
        F(f"{place}position"),
        function="ST_LineInterpolatePoint",
        output_field=PointField(srid=4326),
    )
    meter = {f"hanging_{name}": Subquery(hanging.values(f"meter__{name}")[:1]) for name in _METER.values()}
    rows = (
        accounts.annotate(newest_contract=Subquery(newest.values("pk")[:1]))
        .filter(Q(contracts=F("newest_contract")) | Q(newest_contract=None))
        .annotate(
            tap_longitude=Func(tap, function="ST_X", output_field=FloatField()),
            tap_latitude=Func(tap, function="ST_Y", output_field=FloatField()),
            **meter,
        )
        .order_by("number", "contracts__service_points__service_point__code")
    )
    card = {
        name: f"subscriber__{name}"
        for name in (
            *(
                "registry_number",
                "subscriber_class",
                "name",
                "tax_id",
                "personal_id",
                "phone",
                "house",
                "flat",
            ),
            *("residents", "is_priority"),
        )
    }
    link = "contracts__service_points__"
    point = f"{link}service_point__"
    lookups = {
        **card,
        "street_division": "subscriber__street__division__code",
        "street": "subscriber__street__code",
        "division": "division__code",
        "account": "number",
        "contract": "contracts__number",
        "validity": "contracts__validity",
        "service_point": f"{point}code",
        "service": f"{point}service",
        "basis": f"{link}basis",
        "network": f"{point}attachment__network__code",
        "node": f"{point}attachment__node__code",
        "longitude": "tap_longitude",
        "latitude": "tap_latitude",
        **{column: f"hanging_{name}" for column, name in _METER.items()},
    }
    return _Source(rows, lookups, _with_contract_and_place)


def _with_contract_and_place(values: dict[str, Any]) -> dict[str, Any]:
    """What is tapped from a pipe by its coordinates, what hangs on a node by that; and the contract's days."""
    if values["longitude"] is not None:
        values |= {"node": None, **{name: round(values[name], 7) for name in ("longitude", "latitude")}}
    return _with_days(values) if values["validity"] is not None else values


def _meters(wanted: Exported) -> _Source:
    """Meters of the enterprise's divisions: they belong to a division, and to no enterprise."""
    assert wanted.enterprise is not None
    rows = Meter.objects.filter(division__path__startswith=wanted.enterprise.division.path)
    return _Source(
        wanted.scoped(rows.order_by("serial"), "division"), {**_METER, "division": "division__code"}
    )


def _installations(wanted: Exported) -> _Source:
    rows = _hanging_in(wanted, MeterInstallation, "service_point").order_by(
        "meter__serial", "validity", "register"
    )
    lookups = {
        "meter": "meter__serial",
        "service_point": "service_point__code",
        **_same("register", "validity"),
    }
    return _Source(
        rows,
        lookups,
        lambda values: {
            **values,
            "installed_on": values["validity"].lower,
            "removed_on": values["validity"].upper,
        },
    )


def _hanging_in(wanted: Exported, model: Any, point: str) -> QuerySet[Any, Any]:
    """Rows that belong to a service point in the enterprise's divisions."""
    assert wanted.enterprise is not None
    rows = model.objects.filter(**{f"{point}__division__path__startswith": wanted.enterprise.division.path})
    return wanted.scoped(rows, f"{point}__division")


def _readings(wanted: Exported) -> _Source:
    """What is accepted, and what waits; what was given up stays where it is."""
    rows = _hanging_in(wanted, Reading, "installation__service_point").exclude(state=Reading.State.SUPERSEDED)
    lookups = {
        "meter": "installation__meter__serial",
        "register": "installation__register",
        "service_point": "installation__service_point__code",
        **_same("read_on", "index_m3", "state", "queue_reason"),
    }
    return _Source(rows.order_by("installation__meter__serial", "read_on", "pk"), lookups)


def _residents(wanted: Exported) -> _Source:
    rows = _of_account(wanted, AccountValue).filter(kind=AccountValue.Kind.RESIDENTS)
    return _Source(rows, {**_ACCOUNT, "residents": "value", **_same("valid_from", "document")})


def _account_values(wanted: Exported) -> _Source:
    names = _same("kind", "valid_from", "value", "document")
    return _Source(_of_account(wanted, AccountValue), {**_ACCOUNT, "service": "service_id", **names})


def _absences(wanted: Exported) -> _Source:
    names = _same("validity", "residents", "document")
    return _Source(_of_account(wanted, Absence), {**_ACCOUNT, **names}, _with_days)


def _benefits(wanted: Exported) -> _Source:
    rows = _of_account(wanted, Benefit).annotate(listed=_services_of(BenefitService, "benefit"))
    names = _same("kind", "beneficiary", "document", "validity", "residents", "share_percent")
    return _Source(rows, {**_ACCOUNT, **names, "services": "listed"}, _with_days)


def _subsidies(wanted: Exported) -> _Source:
    rows = _of_account(wanted, Subsidy).annotate(listed=_services_of(SubsidyService, "subsidy"))
    names = _same("month", "amount", "document")
    return _Source(rows, {**_ACCOUNT, **names, "services": "listed"}, _with_month)


def _quality_acts(wanted: Exported) -> _Source:
    names = _same("validity", "percent", "document")
    return _Source(
        _of_account(wanted, QualityAct), {**_ACCOUNT, "service": "service_id", **names}, _with_days
    )


def _given_quantities(wanted: Exported) -> _Source:
    names = _same("month", "charged_on", "quantity", "document")
    return _Source(
        _of_account(wanted, GivenQuantity), {**_ACCOUNT, "service": "service_id", **names}, _with_month
    )


def _contract_services(wanted: Exported) -> _Source:
    rows = ContractService.objects.filter(contract__account__enterprise=wanted.enterprise)
    rows = wanted.scoped(rows, "contract__account__division")
    lookups = {
        "account": "contract__account__number",
        "contract": "contract__number",
        "service": "service_id",
        "validity": "validity",
    }
    return _Source(rows.order_by("contract__account__number", "pk"), lookups, _with_days)


def _tariffs(wanted: Exported) -> _Source:
    names = (
        *("service", "subscriber_class", "validity", "form", "part_names", "part_prices", "block_limits"),
        *("per_resident", "vat_included"),
    )
    rows = wanted.shared(Tariff.objects.order_by("service", "subscriber_class", "validity", "pk"))
    return _Source(rows, {"division": "division__code", **_same(*names), "price": "price_per_m3"}, _with_days)


def _service_values(wanted: Exported) -> _Source:
    rows = wanted.shared(ServiceValue.objects.order_by("service", "kind", "valid_from", "pk"))
    names = _same("subscriber_class", "kind", "valid_from", "value")
    return _Source(rows, {"division": "division__code", "service": "service_id", **names})


def _penalty_terms(wanted: Exported) -> _Source:
    rows = wanted.shared(PenaltyTerms.objects.filter(is_withdrawn=False).order_by("valid_from", "pk"))
    names = _same("subscriber_class", "valid_from", "daily_percent", "grace_days", "cap_percent")
    return _Source(rows, {"division": "division__code", **names})


def _meter_types(_wanted: Exported) -> _Source:
    names = _same("digits", "verification_months")
    return _Source(MeterType.objects.order_by("name"), {"model": "name", **names})


def _meter_movements(wanted: Exported) -> _Source:
    standing = MeterMovement.objects.filter(taken_back_at=None)
    rows = wanted.scoped(standing.order_by("meter__serial", "happened_on", "pk"), "division")
    names = _same("kind", "happened_on", "holder", "is_fit", "valid_until", "document")
    return _Source(rows, {"meter": "meter__serial", **names})


def _services(_wanted: Exported) -> _Source:
    names = _same("code", "name", "unit", "basis", "position", "is_water")
    return _Source(SuppliedService.objects.order_by("position"), {**names, "base": "base_id"})


_SOURCES: dict[str, Callable[[Exported], _Source]] = {
    "subscribers": _subscribers,
    "meters": _meters,
    "installations": _installations,
    "readings": _readings,
    "residents": _residents,
    "account_values": _account_values,
    "benefits": _benefits,
    "absences": _absences,
    "subsidies": _subsidies,
    "quality_acts": _quality_acts,
    "given_quantities": _given_quantities,
    "contract_services": _contract_services,
    "tariffs": _tariffs,
    "service_values": _service_values,
    "penalty_terms": _penalty_terms,
    "meter_types": _meter_types,
    "meter_movements": _meter_movements,
    "services": _services,
    "streets": _streets,
}
