"""Rows of the registers for the tests of access, of query counts and of the database's guards."""

from datetime import UTC, date, datetime
from typing import Any

from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.core.files.uploadedfile import SimpleUploadedFile

from assets.models import (
    Building,
    Document,
    DocumentLink,
    Inspection,
    LeakRecord,
    Parcel,
    SurveyPoint,
    Verification,
    VerificationPolicy,
)
from assets.registers.services.attachments import Place, attach
from assets.registers.services.cadastre import link_document, register_document, store_file
from assets.registers.services.condition import set_verification_interval
from gis_core.models import User
from tests.world import World, somebody

REGISTERS: tuple[Any, ...] = (
    Parcel,
    Building,
    SurveyPoint,
    Document,
    DocumentLink,
    LeakRecord,
    Inspection,
    Verification,
    VerificationPolicy,
)
_RING = [[69.41, 41.41], [69.42, 41.41], [69.42, 41.42], [69.41, 41.41]]


def square(x: float = 69.41, y: float = 41.41) -> MultiPolygon:
    """A square of a hundredth of a degree."""
    return MultiPolygon(Polygon.from_bbox((x, y, x + 0.01, y + 0.01)), srid=4326)


def add_register_rows(world: World, numbers: range, person: User) -> dict[str, list[Any]]:
    """As many rows of each register as there are numbers, named after them; all by their model's name."""
    district, network = world.district, world.network
    code = f"{network.pk}"
    documents = Document.objects.bulk_create(
        Document(division=district, title=f"X{number}", kind="survey") for number in numbers
    )
    parcels = Parcel.objects.bulk_create(
        Parcel(
            division=district,
            cadastral_number=f"{code}:{number}",
            geom=square(),
            source_document=document,
        )
        for number, document in zip(numbers, documents, strict=True)
    )
    of_asset: dict[str, Any] = {"network": network, "division": district, "node": world.nodes["A"]}
    places = attach(network, [Place(world.nodes["A"].pk, world.pipes["P2"].pk, 0.3) for _ in numbers])
    return {
        "document": documents,
        "parcel": parcels,
        "building": Building.objects.bulk_create(
            Building(
                division=district,
                parcel=parcel,
                cadastral_number=f"{parcel.cadastral_number}:1",
                geom=square(),
                storeys=1,
                year_built=2000,
            )
            for parcel in parcels
        ),
        "survey-point": SurveyPoint.objects.bulk_create(
            SurveyPoint(
                division=district,
                code=f"X{number}",
                geom=Point(69.41, 41.41, srid=4326),
                elevation_m=480,
                accuracy_class="B",
                horizontal_accuracy_m=0.05,
                vertical_accuracy_m=0.05,
                surveyed_on=date(2024, 1, 1),
                surveyor="X",
                method="gnss_rtk",
                source_document=document,
                node=world.nodes["A"],
            )
            for number, document in zip(numbers, documents, strict=True)
        ),
        "document-link": DocumentLink.objects.bulk_create(
            DocumentLink(division=district, document=document, network=network, pipe=world.pipes["P2"])
            for document in documents
        ),
        "leak": LeakRecord.objects.bulk_create(
            LeakRecord(
                network=network,
                division=district,
                number=f"X{number}",
                attachment=place,
                source="patrol",
                estimated_loss_m3h=1.0,
                reported_at=datetime(2025, 1, 1, tzinfo=UTC),
            )
            for number, place in zip(numbers, places, strict=True)
        ),
        "inspection": Inspection.objects.bulk_create(
            Inspection(inspected_on=date(2025, 1, 1), inspector="X", method="visual", grade=2, **of_asset)
            for _ in numbers
        ),
        "verification": Verification.objects.bulk_create(
            Verification(verified_on=date(2025, 1, 1), verified_by=person, method="visual", **of_asset)
            for _ in numbers
        ),
    }


def register_details(world: World) -> dict[str, dict[str, Any]]:
    """The address arguments of the registers' endpoints for one row of each."""
    rows = add_register_rows(world, range(900, 901), somebody())
    document = register_document(division=world.district, title="With a file", kind="other", acting_user=None)
    store_file(document=document, upload=SimpleUploadedFile("x.pdf", b"%PDF-1.7"), acting_user=None)
    link_document(document=document, target=world.nodes["A"], acting_user=None)
    policy = set_verification_interval(
        division=world.district, commodity="water", kind="valve", interval_months=7, acting_user=None
    )
    return {
        **{f"{name}-detail": {"uid": found[0].uid} for name, found in rows.items()},
        "document-file": {"uid": document.uid},
        "verification-policy-detail": {"pk": policy.pk},
        "condition-detail": {"uid": world.pipes["P1"].uid},
        "route-sheet": {"code": world.network.code},
    }


def register_writes(world: World) -> dict[str, dict[str, Any]]:
    """A body for each register that is written by POST."""
    division = world.district.code
    drawing = {"type": "Polygon", "coordinates": [_RING]}
    document = Document.objects.filter(division=world.district).first()
    assert document is not None
    plot = {"division": division, "cadastral_number": "77:{unique}:1", "geometry": drawing}
    pipe = str(world.pipes["P2"].uid)
    return {
        "parcel-list": plot,
        "building-list": {**plot, "cadastral_number": "78:{unique}:1"},
        "survey-point-list": {
            "division": division,
            "code": "W{unique}",
            "geometry": {"type": "Point", "coordinates": [69.41, 41.41]},
            "accuracy_class": "E",
            "surveyed_on": "2024-01-01",
            "surveyor": "X",
            "method": "estimated",
            "source_document": str(document.uid),
        },
        "document-list": {"division": division, "title": "W", "kind": "other"},
        "verification-policy-list": {
            "division": division,
            "commodity": "water",
            "kind": "pipe",
            "interval_months": 9,
        },
        "leak-list": {"network": world.network.code, "source": "patrol", "pipe": pipe},
        "inspection-list": {
            "pipe": pipe,
            "inspected_on": "2025-01-01",
            "inspector": "X",
            "method": "visual",
            "grade": 2,
        },
        "verification-list": {"pipe": pipe, "verified_on": "2025-01-01", "method": "visual"},
    }
