"""Bodies of what a clerk does to an account, and what answers them."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_noop as _
from rest_framework import serializers

from assets.models import Network
from assets.registers.services.attachments import Place
from billing.models import SubscriberClass
from billing.services.meters import NewMeter
from billing.services.premises import nearest_place, place_at_node, place_on_pipe
from billing.services.registers import NewService
from billing.services.transfers import NextParty, TransferPreview
from gis_core.access import Viewer
from gis_core.api.bodies import TextField, UidField
from gis_core.sentences import said

MOST_RESIDENTS = 200


def index_field(**options: Any) -> serializers.DecimalField:
    """An index in m3 to the litre."""
    return serializers.DecimalField(max_digits=13, decimal_places=3, min_value=Decimal(0), **options)


def text(longest: int) -> TextField:
    """A text that may be left out."""
    return TextField(max_length=longest, required=False, default="", allow_blank=True)


class NewPartySerializer(serializers.Serializer):
    """Who an account is opened for."""

    subscriber_class = serializers.ChoiceField(choices=SubscriberClass.choices)
    name = TextField(max_length=200)
    tax_id = text(9)
    personal_id = text(14)
    phone = text(20)
    residents = serializers.IntegerField(min_value=0, max_value=MOST_RESIDENTS, required=False, default=0)
    is_priority = serializers.BooleanField(required=False, default=False)
    account_number = text(20)


class HungMeterSerializer(serializers.Serializer):
    """A meter to hang, and what it shows then; the model may be left out for one that is registered."""

    serial = TextField(max_length=40)
    model_name = text(60)
    digits = serializers.IntegerField(min_value=3, max_value=9, required=False, default=5)
    index_m3 = index_field()

    def meter(self, day: date | None = None) -> NewMeter:
        return meter_of(self.validated_data, day)


def meter_of(values: dict[str, Any], day: date | None) -> NewMeter:
    """The meter that a valid body names."""
    return NewMeter(
        serial=values["serial"],
        model_name=values["model_name"],
        digits=values["digits"],
        installed_on=day,
        index_m3=values["index_m3"],
    )


class FirstMeterSerializer(HungMeterSerializer):
    installed_on = serializers.DateField(required=False, allow_null=True, default=None)


class NewServiceSerializer(serializers.Serializer):
    """A service of the nomenclature; one that is metered is by its meter, or by norm until it has one."""

    service = TextField(max_length=20)
    is_by_norm = serializers.BooleanField(required=False, default=False)
    meter = FirstMeterSerializer(required=False, allow_null=True, default=None)


class SuppliedFromSerializer(serializers.Serializer):
    """A place on the network: a node; or the point of a pipe, or of a network's nearest pipe, nearest to a position."""

    node = UidField(required=False)
    pipe = UidField(required=False)
    network = TextField(max_length=60, required=False)
    longitude = serializers.FloatField(min_value=-180, max_value=180, required=False)
    latitude = serializers.FloatField(min_value=-90, max_value=90, required=False)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        named = [name for name in ("node", "pipe", "network") if name in values]
        has_position = "longitude" in values and "latitude" in values
        if len(named) != 1 or (named != ["node"] and not has_position):
            raise serializers.ValidationError(
                said(_("A place is a node, or a pipe or network with longitude and latitude."))
            )
        return values


def place_named(viewer: Viewer, values: dict[str, Any] | None) -> tuple[Network | None, Place | None]:
    """The place that a valid body names, as the viewer may see it. NotVisible; ReportedError at `place`."""
    if values is None:
        return None, None
    if "node" in values:
        return place_at_node(viewer, values["node"])
    position = {"longitude": values["longitude"], "latitude": values["latitude"]}
    if "pipe" in values:
        return place_on_pipe(viewer, values["pipe"], **position)
    return nearest_place(viewer, values["network"], **position)


class NewAccountSerializer(NewPartySerializer):
    """An account to open, all of it or nothing. `street` by its id; numbers that are left out are given."""

    enterprise = TextField(max_length=40)
    street = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    house = TextField(max_length=20)
    flat = text(20)
    registry_number = text(20)
    contract_number = text(30)
    starts_on = serializers.DateField()
    area_m2 = serializers.DecimalField(
        max_digits=14, decimal_places=6, min_value=Decimal(0), required=False, allow_null=True, default=None
    )
    place = SuppliedFromSerializer(required=False, allow_null=True, default=None)
    services = serializers.ListField(child=NewServiceSerializer(), min_length=1, max_length=30)

    def new_services(self) -> tuple[NewService, ...]:
        return tuple(
            NewService(
                service=each["service"],
                is_by_norm=each["is_by_norm"],
                meter=each["meter"] and meter_of(each["meter"], each["meter"]["installed_on"]),
            )
            for each in self.validated_data["services"]
        )


class LastIndexSerializer(serializers.Serializer):
    installation = UidField()
    index_m3 = index_field()


class EndingSerializer(serializers.Serializer):
    """`day` is the first one without the contract; meters without an index were read on that day already."""

    day = serializers.DateField()
    last_indexes = serializers.ListField(
        child=LastIndexSerializer(), required=False, default=[], max_length=100
    )

    def indexes(self) -> dict[UUID, Decimal]:
        return {each["installation"]: each["index_m3"] for each in self.validated_data["last_indexes"]}


class ClosingSerializer(EndingSerializer):
    note = text(200)


class TransferSerializer(EndingSerializer, NewPartySerializer):
    """Who takes over from `day` on. A preview changes nothing."""

    preview = serializers.BooleanField(required=False, default=False)

    def party(self) -> NextParty:
        names = [str(name) for name in NewPartySerializer().fields]
        return NextParty(**{name: self.validated_data[name] for name in names})


class ReadMeterSerializer(serializers.Serializer):
    meter = serializers.CharField(source="installation.meter.serial")
    index_m3 = index_field()


class TransferPreviewSerializer(serializers.Serializer):
    """What a transfer would do. `balance` and `to_bill` stay with the former party; positive is owed."""

    balance = serializers.DecimalField(max_digits=18, decimal_places=2)
    to_bill = serializers.DecimalField(max_digits=18, decimal_places=2)
    unbillable = serializers.ListField(child=serializers.CharField())
    account_number = serializers.CharField(source="transferred.account.number")
    contract_number = serializers.CharField(source="transferred.contract.number")
    readings = ReadMeterSerializer(source="transferred.readings", many=True)
    points = serializers.SerializerMethodField()
    services = serializers.SerializerMethodField()

    def get_points(self, preview: TransferPreview) -> list[str]:
        return [link.service_point.code for link in preview.transferred.points]

    def get_services(self, preview: TransferPreview) -> list[str]:
        return [held.service_id for held in preview.transferred.services]


class ExchangeSerializer(HungMeterSerializer):
    """A meter to hang on `day`; `last_index_m3` is what the one that hung there shows then."""

    day = serializers.DateField()
    last_index_m3 = index_field(required=False, allow_null=True, default=None)
