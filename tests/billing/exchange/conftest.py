"""A world with a row or more in every register, and files made and brought in as people do it."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from assets.registers.services.attachments import Place, attach
from billing.exchange.selectors.exporting import exported, register_file
from billing.exchange.selectors.kinds import KINDS
from billing.exchange.services.importing import ImportReport, import_register
from billing.models import (
    Absence,
    Account,
    AccountValue,
    Benefit,
    BenefitService,
    ContractService,
    ContractServicePoint,
    GivenQuantity,
    Meter,
    MeterMovement,
    MeterType,
    PenaltyTerms,
    QualityAct,
    ServicePoint,
    ServiceValue,
    Subsidy,
    SubsidyService,
    SuppliedService,
    Tariff,
)
from gis_core.models import Division, User
from gis_core.table_files import table_file
from tests.billing.conftest import read
from tests.world import World, make_world

YEAR = DateRange(date(2026, 1, 1), date(2027, 1, 1))


def bring(
    kind: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    file_format: str = "csv",
    user: User | None = None,
    enterprise: str = "SUV",
    is_trial: bool = False,
    skips_refused: bool = False,
) -> ImportReport:
    """Bring rows in as a file."""
    return bring_file(
        kind,
        table_file(file_format, columns, rows),
        file=f"{kind}.{file_format}",
        user=user,
        enterprise=enterprise,
        is_trial=is_trial,
        skips_refused=skips_refused,
    )


def bring_file(
    kind: str, data: bytes, *, file: str = "", user: User | None = None, **options: Any
) -> ImportReport:
    given = {"enterprise": "SUV", "is_trial": False, "skips_refused": False, **options}
    return import_register(kind=KINDS[kind], data=data, file=file or f"{kind}.csv", acting_user=user, **given)


def taken(kind: str, file_format: str = "csv", user: User | None = None, division: str = "") -> bytes:
    """A register as an export writes it."""
    content, _count = register_file(exported(KINDS[kind], "SUV", division, user), file_format)
    return content


def reasons(report: ImportReport) -> list[tuple[int, str, str]]:
    """(row, column, reason) of what is refused."""
    return [
        (line["row"], line["column"], str(line["reason"]))
        for line in report.lines
        if line["outcome"] == "refused"
    ]


@pytest.fixture
def world(district: Division) -> World:
    return make_world(district)


@pytest.fixture
def full_world(world: World) -> World:
    """Every register has rows; texts have what spreadsheets and separators would spoil."""
    services = [
        SuppliedService(
            code="sewerage", name="Sewerage", unit="m3", basis="of_service", base_id="cold_water", position=20
        ),
        SuppliedService(code="upkeep", name="Upkeep; = 1", unit="m2", basis="area", position=30),
        SuppliedService(code="repair", name="Repair", unit="visit", basis="one_off", position=40),
    ]
    SuppliedService.objects.bulk_create(services)
    account, other = world.account(0), world.account(1)
    contract = account.contracts.get()
    for day, index in ((date(2025, 12, 1), "100"), (date(2026, 1, 1), "110.125"), (date(2026, 2, 1), "50")):
        read(world, 0, day, index)
    _make_values(account, other)
    ContractService.objects.create(contract=contract, service_id="upkeep", validity=YEAR)
    ServiceValue.objects.create(
        enterprise=world.enterprise,
        service_id="cold_water",
        kind="norm",
        valid_from=date(2025, 1, 1),
        value=150,
    )
    _make_tariffs(world)
    _add_tap(world, account)
    stored = Meter.objects.create(
        division=world.district, serial="0099", model_name="in store", digits=6, multiplier=Decimal("2.5")
    )
    _move_meters(stored, account)
    PenaltyTerms.objects.create(
        enterprise=world.enterprise,
        valid_from=date(2025, 1, 1),
        daily_percent=Decimal("0.033"),
        grace_days=10,
        cap_percent=50,
    )
    return world


def _move_meters(stored: Meter, account: Account) -> None:
    MeterType.objects.create(name="SGV-15", verification_months=48)
    hung = Meter.objects.get(installations__service_point__contracts__contract__account=account)
    for meter, kind, day, other in (
        (stored, "received", 2, {}),
        (stored, "issued", 3, {"holder": "=1-brigada"}),
        (hung, "verified", 4, {"is_fit": True, "valid_until": date(2030, 1, 4), "document": "№ 7"}),
        (hung, "verified", 5, {"is_fit": False}),
    ):
        MeterMovement.objects.create(
            meter=meter, division=meter.division, kind=kind, happened_on=date(2026, 1, day), **other
        )


def _make_values(account: Account, other: Account) -> None:
    AccountValue.objects.create(account=account, kind="residents", valid_from=date(2024, 1, 1), value=3)
    AccountValue.objects.create(
        account=account,
        kind="norm",
        service_id="cold_water",
        valid_from=date(2026, 1, 1),
        value=Decimal("120.5"),
    )
    Absence.objects.create(account=account, validity=YEAR, residents=1, document="=№ 5")
    benefit = Benefit.objects.create(
        account=other,
        kind="veteran",
        beneficiary="-G‘ani",
        validity=DateRange(date(2026, 1, 1), None),
        share_percent=50,
    )
    for service in ("cold_water", "sewerage"):
        BenefitService.objects.create(benefit=benefit, service_id=service)
    subsidy = Subsidy.objects.create(account=other, month=date(2026, 1, 1), amount=Decimal("15000.50"))
    SubsidyService.objects.create(
        subsidy=subsidy, service_id="sewerage", account=other, month=date(2026, 1, 1)
    )
    QualityAct.objects.create(
        account=account, service_id="cold_water", validity=YEAR, percent=Decimal("12.5")
    )
    GivenQuantity.objects.create(
        account=account, service_id="repair", month=date(2026, 1, 1), charged_on=date(2026, 1, 15), quantity=1
    )


def _make_tariffs(world: World) -> None:
    shared = {"enterprise": world.enterprise, "subscriber_class": "household", "validity": YEAR}
    Tariff.objects.create(
        **shared, service="sewerage", form="blocks", part_prices=[1000, Decimal("1500.5")], block_limits=[10]
    )
    Tariff.objects.create(
        **shared, service="upkeep", form="components", part_names=["lift", "roof"], part_prices=[10, 20]
    )


def _add_tap(world: World, account: Account) -> None:
    """A second point of the account, tapped from a pipe, without a meter."""
    pipe = world.pipes["P2"]
    (attachment,) = attach(world.network, [Place(pipe.start_node_id, pipe.pk, 0.25)])
    point = ServicePoint.objects.create(division=world.district, code="SP-TAP", attachment=attachment)
    contract = account.contracts.get()
    ContractServicePoint.objects.create(
        contract=contract, service_point=point, validity=contract.validity, basis="norm"
    )
