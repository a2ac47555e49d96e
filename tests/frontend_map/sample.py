"""A small network with zones, balances and a billed subscriber, for tests of pages and tiles."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import count, pairwise

from django.contrib.gis.geos import LineString, MultiPolygon, Point, Polygon
from django.db import transaction

from assets.models import (
    Attachment,
    BulkMeterDetail,
    HydrantDetail,
    Network,
    Node,
    Pipe,
    PumpDetail,
    TankDetail,
    ValveDetail,
    Zone,
    ZoneConnection,
)
from balances.models import LeakEvent, ZoneBalance
from billing.models import (
    Account,
    BillingMonth,
    BillingRun,
    Contract,
    ContractServicePoint,
    Invoice,
    InvoiceCounter,
    InvoiceLine,
    LedgerEntry,
    LedgerTransaction,
    Meter,
    MeterInstallation,
    Payment,
    Reading,
    ServicePoint,
    Subscriber,
    Tariff,
    VatRate,
)
from gis_core.models import Division, Enterprise, Street

STEP_DEGREES = 0.002
_numbers = count(1)


@dataclass(frozen=True)
class SampleNetwork:
    network: Network
    zones: list[Zone]
    nodes: list[Node]
    pipes: list[Pipe]


@transaction.atomic
def build_network(
    division: Division,
    code: str = "SAMPLE",
    *,
    columns: int = 8,
    rows: int = 5,
    origin: tuple[float, float] = (69.34, 41.33),
    zone_count: int = 4,
) -> SampleNetwork:
    """A street grid of junctions and pipes, cut into upright zones, with a device of each common kind."""
    network = Network.objects.create(
        code=code, name=f"{code} suv tarmog‘i", commodity="water", division=division
    )
    zones = _zones(network, origin, columns, rows, zone_count)
    nodes = Node.objects.bulk_create(
        Node(
            network=network,
            division=division,
            kind="junction",
            code=f"J{row * columns + column + 1}",
            geom=Point(origin[0] + column * STEP_DEGREES, origin[1] + row * STEP_DEGREES, srid=4326),
            elevation_m=430 + row,
            zone=zones[column * zone_count // columns],
        )
        for row in range(rows)
        for column in range(columns)
    )
    pipes = _grid_pipes(network, nodes, columns)
    devices, stubs = _devices(network, nodes, zones)
    return SampleNetwork(network, zones, [*nodes, *devices], [*pipes, *stubs])


def _zones(
    network: Network, origin: tuple[float, float], columns: int, rows: int, zone_count: int
) -> list[Zone]:
    width = columns * STEP_DEGREES / zone_count
    half = STEP_DEGREES / 2
    return Zone.objects.bulk_create(
        Zone(
            network=network,
            division=network.division,
            code=f"Z{number + 1}",
            name=f"{number + 1}-zona",
            geom=MultiPolygon(
                Polygon.from_bbox(
                    (
                        origin[0] - half + number * width,
                        origin[1] - half,
                        origin[0] - half + (number + 1) * width,
                        origin[1] + rows * STEP_DEGREES - half,
                    )
                ),
                srid=4326,
            ),
        )
        for number in range(zone_count)
    )


def _grid_pipes(network: Network, nodes: Sequence[Node], columns: int) -> list[Pipe]:
    pairs = [
        (start, start + step)
        for start in range(len(nodes))
        for step in (1, columns)
        if start + step < len(nodes) and not (step == 1 and (start + 1) % columns == 0)
    ]
    return Pipe.objects.bulk_create(
        _pipe(
            network,
            nodes[start],
            nodes[end],
            f"P{number}",
            0.3 if start < columns and end - start == 1 else 0.1,
        )
        for number, (start, end) in enumerate(pairs, start=1)
    )


def _pipe(network: Network, start: Node, end: Node, code: str, diameter_m: float) -> Pipe:
    return Pipe(
        network=network,
        division=network.division,
        code=code,
        start_node=start,
        end_node=end,
        geom=LineString(start.geom.coords, end.geom.coords, srid=4326),
        diameter_m=diameter_m,
        material="PE100",
        roughness=130,
        year_installed=1987,
        stated_length_m=180.5,
        status="closed" if code.endswith("9") else "open",
    )


def _devices(network: Network, nodes: Sequence[Node], zones: Sequence[Zone]) -> tuple[list[Node], list[Pipe]]:
    """One of each kind, beside the first junctions and joined to them."""
    kinds = [
        "tank",
        "reservoir",
        "pump",
        "valve",
        "regulator",
        "hydrant",
        "bulk_meter",
        "source",
        "treatment",
    ]
    devices = Node.objects.bulk_create(
        Node(
            network=network,
            division=network.division,
            kind=kind,
            code=f"{kind[:2].upper()}1",
            geom=Point(
                nodes[number].geom.x + STEP_DEGREES / 3, nodes[number].geom.y + STEP_DEGREES / 3, srid=4326
            ),
            zone=nodes[number].zone,
        )
        for number, kind in enumerate(kinds)
        if number < len(nodes)
    )
    stubs = Pipe.objects.bulk_create(
        _pipe(network, nodes[number], device, f"S{number}", 0.1) for number, device in enumerate(devices)
    )
    by_kind = {device.kind: device for device in devices}
    if "tank" in by_kind:
        TankDetail.objects.create(
            node=by_kind["tank"], initial_level_m=3, minimum_level_m=0.5, maximum_level_m=6, diameter_m=12
        )
        ZoneConnection.objects.create(zone=zones[0], node=by_kind["tank"], role="storage")
    if "pump" in by_kind:
        PumpDetail.objects.create(node=by_kind["pump"], power_w=1000)
    if "valve" in by_kind:
        ValveDetail.objects.create(node=by_kind["valve"], diameter_m=0.1)
    if "regulator" in by_kind:
        ValveDetail.objects.create(node=by_kind["regulator"], node_kind="regulator", valve_type="PRV")
    if "hydrant" in by_kind:
        HydrantDetail.objects.create(node=by_kind["hydrant"])
    if "bulk_meter" in by_kind:
        BulkMeterDetail.objects.create(node=by_kind["bulk_meter"])
        ZoneConnection.objects.create(zone=zones[0], node=by_kind["bulk_meter"], role="inlet")
    return devices, stubs


def build_balances(
    zones: Sequence[Zone],
    months: Sequence[date] = (date(2025, 12, 1), date(2026, 1, 1)),
    *,
    daily: bool = True,
) -> None:
    """Balances in which the first zone loses much, the second is sound, and the last lacks data."""
    balances = []
    for number, zone in enumerate(zones):
        share = [0.34, 0.03, 0.12, 0.22, -0.02][number % 5]
        insufficient = len(zones) > 2 and number == len(zones) - 1
        for month in months:
            balances.append(
                _balance(zone, "month", month, Decimal(15000 + 900 * number), share, insufficient)
            )
            for day in range(28 if daily else 0):
                wave = Decimal(480 + 30 * number + (day % 7) * 8)
                balances.append(_balance(zone, "day", month + timedelta(days=day), wave, share, insufficient))
    ZoneBalance.objects.bulk_create(balances)
    started = datetime.combine(months[-1] + timedelta(days=9), time(12), tzinfo=UTC)
    LeakEvent.objects.create(
        zone=zones[0],
        network_id=zones[0].network_id,
        division=zones[0].division,
        kind="burst",
        started_at=started,
        started_from=started - timedelta(hours=6),
        started_to=started + timedelta(hours=6),
        detected_at=started + timedelta(days=1),
        size_m3h=6.2,
        now_size_m3h=6.2,
    )


def _balance(
    zone: Zone, granularity: str, start: date, supply: Decimal, share: float, insufficient: bool
) -> ZoneBalance:
    thousandth = Decimal("0.001")
    consumed = (supply * Decimal(1 - share)).quantize(thousandth)
    return ZoneBalance(
        zone=zone,
        division=zone.division,
        granularity=granularity,
        period_start=start,
        input_m3=(supply * Decimal("1.1")).quantize(thousandth),
        output_m3=(supply * Decimal("0.1")).quantize(thousandth),
        storage_change_m3=Decimal(0),
        billed_m3=consumed if granularity == "month" else None,
        apportioned_m3=(consumed * Decimal("0.995")).quantize(thousandth),
        limit_95_m3=(supply * Decimal("0.02")).quantize(thousandth),
        supply_coverage=0.41 if insufficient else 0.98,
        consumption_coverage=0.99,
        service_points=640,
        status="insufficient" if insufficient else "sufficient",
    )


def build_enterprise(division: Division) -> Enterprise:
    """The enterprise of a division, with prices and open months."""
    number = next(_numbers)
    enterprise = Enterprise.objects.create(
        code=f"SUV-{division.code}",
        name=f"«{division.name} Suv ta’minoti» AJ",
        division=division,
        tax_id="301234567",
        bank_name="«Agrobank» ATB Qibray filiali",
        bank_code="00394",
        bank_account="20210000900100001010",
        address="Toshkent viloyati, Mustaqillik ko‘chasi, 12",
        phone="+998 70 201 20 20",
        invoice_prefix=f"T{number}",
    )
    for subscriber_class, price in (("household", "1500"), ("legal_entity", "4200")):
        Tariff.objects.create(
            enterprise=enterprise,
            service="cold_water",
            subscriber_class=subscriber_class,
            validity=(date(2025, 1, 1), None),
            price_per_m3=Decimal(price),
        )
    for month in (date(2025, 12, 1), date(2026, 1, 1)):
        BillingMonth.objects.create(enterprise=enterprise, month=month)
    return enterprise


@dataclass(frozen=True)
class SampleAccount:
    account: Account
    invoices: list[Invoice]
    payment: Payment


def build_account(
    enterprise: Enterprise, node: Node, name: str = "G‘ofurov O‘tkir Шукурович", run: BillingRun | None = None
) -> SampleAccount:
    """A household at a node with a meter, readings, a bill for December and January, and one payment."""
    number = next(_numbers)
    division = enterprise.division
    street, _ = Street.objects.get_or_create(
        division=division, code="S1", defaults={"name": "Bog‘ishamol ko‘chasi"}
    )
    subscriber = Subscriber.objects.create(
        division=division,
        registry_number=f"UZ{number:09d}",
        subscriber_class="household",
        name=name,
        street=street,
        house=str(number),
        flat="7",
        residents=4,
        phone="+998 90 123 45 67",
    )
    account = Account.objects.create(
        enterprise=enterprise, division=division, subscriber=subscriber, number=f"{number:08d}"
    )
    attachment = Attachment.objects.create(network=node.network, division=node.division, node=node)
    point = ServicePoint.objects.create(division=division, code=f"SP{number}", attachment=attachment)
    contract = Contract.objects.create(account=account, number="1", validity=(date(2025, 1, 1), None))
    ContractServicePoint.objects.create(
        contract=contract, service_point=point, validity=(date(2025, 1, 1), None)
    )
    meter = Meter.objects.create(division=division, serial=f"M{number}", model_name="Baylan TK-3")
    installation = MeterInstallation.objects.create(
        meter=meter, service_point=point, validity=(date(2025, 1, 1), None)
    )
    readings = [
        Reading.objects.create(
            installation=installation, division=division, read_on=day, index_m3=Decimal(index)
        )
        for day, index in (
            (date(2025, 12, 1), "412.000"),
            (date(2026, 1, 1), "430.250"),
            (date(2026, 2, 1), "446.900"),
        )
    ]
    invoices = [_invoice(account, point, previous, current, run) for previous, current in pairwise(readings)]
    return SampleAccount(account, invoices, _payment(account, invoices[0].total_net))


def _invoice(
    account: Account, point: ServicePoint, previous: Reading, current: Reading, run: BillingRun | None
) -> Invoice:
    enterprise, division = account.enterprise, account.division
    month = previous.read_on.replace(day=1)
    tiyin = Decimal("0.01")
    quantity = current.index_m3 - previous.index_m3
    tariff = Tariff.objects.get(enterprise=enterprise, subscriber_class=account.subscriber.subscriber_class)
    rate = VatRate.objects.filter(validity__contains=previous.read_on).first()
    assert rate is not None
    assert tariff.price_per_m3 is not None
    net = (quantity * tariff.price_per_m3).quantize(tiyin, ROUND_HALF_UP)
    vat = (net * rate.percent / 100).quantize(tiyin, ROUND_HALF_UP)
    run = run or BillingRun.objects.create(enterprise=enterprise, division=division, month=month)
    with transaction.atomic():
        given = InvoiceCounter.objects.filter(enterprise=enterprise, year=month.year).first()
        sequence = (given.last_number if given else 0) + 1
        InvoiceCounter.objects.update_or_create(
            enterprise=enterprise, year=month.year, defaults={"last_number": sequence}
        )
        invoice = Invoice.objects.create(
            enterprise=enterprise,
            division=division,
            account=account,
            run=run,
            year=month.year,
            sequence=sequence,
            number=f"{enterprise.invoice_prefix}-{month.year}-{sequence:07d}",
            month=month,
            issued_on=current.read_on,
            due_on=current.read_on + timedelta(days=20),
            total_net=net,
            total_vat=vat,
        )
        InvoiceLine.objects.create(
            invoice=invoice,
            service_point=point,
            previous_reading=previous,
            current_reading=current,
            tariff=tariff,
            vat_rate=rate,
            consumption_month=month,
            consumption_from=previous.read_on,
            consumption_to=current.read_on,
            service_id="cold_water",
            quantity=quantity,
            price=tariff.price_per_m3,
            vat_percent=rate.percent,
            net=net,
            vat=vat,
        )
        _book(
            LedgerTransaction.objects.create(
                enterprise=enterprise,
                division=division,
                month=month,
                booked_on=current.read_on - timedelta(days=1),
                invoice=invoice,
            ),
            {"receivable": net + vat, "revenue": -net, "vat_payable": -vat},
            account,
        )
    return invoice


def _payment(account: Account, amount: Decimal) -> Payment:
    with transaction.atomic():
        payment = Payment.objects.create(
            enterprise=account.enterprise,
            division=account.division,
            account=account,
            channel="cash_desk",
            reference=f"R{next(_numbers)}",
            paid_on=date(2026, 1, 12),
            amount=amount,
        )
        _book(
            LedgerTransaction.objects.create(
                enterprise=account.enterprise,
                division=account.division,
                month=date(2026, 1, 1),
                booked_on=payment.paid_on,
                payment=payment,
            ),
            {"cash": amount, "receivable": -amount},
            account,
        )
    return payment


def _book(head: LedgerTransaction, legs: dict[str, Decimal], account: Account) -> None:
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            transaction=head,
            division=account.division,
            book=book,
            account=account if book == "receivable" else None,
            amount=amount,
        )
        for book, amount in legs.items()
    )
