"""Accounts over REST: looked at, opened, given to another subscriber, closed; and meters of their points exchanged."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api import account_forms as forms
from billing.api import serializers
from billing.api.circumstances import CircumstanceActions
from billing.models import Account, ServicePoint
from billing.selectors import accounts as selectors
from billing.selectors.new_accounts import enterprises_to_open_for
from billing.services.closing_accounts import close_account, reopen_account
from billing.services.meter_exchange import exchange_meter
from billing.services.new_accounts import division_of_premise, open_account
from billing.services.registers import NewSubscriber
from billing.services.transfers import preview_transfer, transfer_account
from gis_core.access import Capability, NotVisible, Viewer, access, require
from gis_core.api.views import ScopedReadViewSet, acting
from gis_core.models import Enterprise, Street

_OF_SUBSCRIBER = (
    *("registry_number", "subscriber_class", "name", "tax_id", "personal_id", "phone", "residents"),
    *("is_priority", "house", "flat", "account_number", "contract_number", "area_m2"),
)


class AccountViewSet(CircumstanceActions, ScopedReadViewSet):
    """Accounts with their balances; positive is debt."""

    capability = Capability.VIEW_SUBSCRIBERS
    action_capabilities: ClassVar[dict[str, Capability]] = dict.fromkeys(
        (
            *("create", "transfer", "close", "reopen"),
            *("values", "absences", "benefits", "end_absence", "end_benefit"),
        ),
        Capability.MANAGE_ACCOUNTS,
    )
    serializer_class = serializers.AccountSerializer
    filterset_fields = ["number", "enterprise__code", "subscriber__uid"]

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return selectors.accounts_visible_to(viewer)

    @extend_schema(request=forms.NewAccountSerializer, responses={201: serializers.AccountSerializer})
    def create(self, request: Request) -> Response:
        """Open an account with subscriber, contract, services, meters and first readings: all of it or nothing."""
        form = forms.NewAccountSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        values = form.validated_data
        viewer = request.user
        enterprise = _enterprise(viewer, values["enterprise"])
        streets = Street.objects.select_related("division")
        street = access(streets, viewer, Capability.MANAGE_ACCOUNTS, pk=values["street"])
        require(viewer, Capability.MANAGE_ACCOUNTS, division_of_premise(enterprise, street))
        network, place = forms.place_named(viewer, values["place"])
        account = open_account(
            new=NewSubscriber(
                street=street,
                place=place,
                services=form.new_services(),
                **{name: values[name] for name in _OF_SUBSCRIBER},
            ),
            enterprise=enterprise,
            network=network,
            starts_on=values["starts_on"],
            acting_user=acting(request),
        )
        return self._shown(account, status=201)

    @extend_schema(
        request=forms.TransferSerializer,
        responses={200: forms.TransferPreviewSerializer, 201: serializers.AccountSerializer},
    )
    @action(detail=True, methods=["post"])
    def transfer(self, request: Request, uid: str) -> Response:
        """Let another subscriber take over from a day on; the answer is the new account, or the preview asked for."""
        account = self._managed(uid)
        form = forms.TransferSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        said = {
            "account": account,
            "day": form.validated_data["day"],
            "party": form.party(),
            "indexes": form.indexes(),
            "acting_user": acting(request),
        }
        if form.validated_data["preview"]:
            return Response(forms.TransferPreviewSerializer(preview_transfer(**said)).data)
        return self._shown(transfer_account(**said).account, status=201)

    @extend_schema(request=forms.ClosingSerializer, responses=serializers.AccountSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, uid: str) -> Response:
        """End the account's contract with last readings."""
        account = self._managed(uid)
        form = forms.ClosingSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        close_account(
            account=account,
            day=form.validated_data["day"],
            indexes=form.indexes(),
            note=form.validated_data["note"],
            acting_user=acting(request),
        )
        return self._shown(account)

    @extend_schema(request=None, responses=serializers.AccountSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, uid: str) -> Response:
        """Undo the account's closing, while nothing has been billed since."""
        account = self._managed(uid)
        reopen_account(account=account, acting_user=acting(request))
        return self._shown(account)

    def _managed(self, uid: str) -> Account:
        return access(Account.objects.all(), self.request.user, Capability.MANAGE_ACCOUNTS, uid=uid)

    def _shown(self, account: Account, status: int = 200) -> Response:
        row = self.select(self.request.user).get(pk=account.pk)
        return Response(serializers.AccountSerializer(row).data, status=status)


def _enterprise(viewer: Viewer, code: str) -> Enterprise:
    """An enterprise for which the viewer opens accounts; NotVisible otherwise."""
    found = next((row for row in enterprises_to_open_for(viewer) if row.code == code), None)
    if found is None:
        raise NotVisible("no such enterprise")
    return found


class ServicePointViewSet(ScopedReadViewSet):
    """Service points with their place on the graph."""

    capability = Capability.VIEW_SUBSCRIBERS
    action_capabilities: ClassVar[dict[str, Capability]] = {"exchange_meter": Capability.MANAGE_ACCOUNTS}
    serializer_class = serializers.ServicePointSerializer
    filterset_fields = ["code", "attachment__node__uid", "attachment__node__zone__uid"]

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return selectors.service_points_visible_to(viewer)

    @extend_schema(request=forms.ExchangeSerializer, responses={201: serializers.InstallationSerializer})
    @action(detail=True, methods=["post"], url_path="exchange-meter")
    def exchange_meter(self, request: Request, uid: str) -> Response:
        """Hang a meter at the point: its first, or one for that which hangs there."""
        points = ServicePoint.objects.all()
        point = access(points, request.user, Capability.MANAGE_ACCOUNTS, uid=uid)
        form = forms.ExchangeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        made = exchange_meter(
            service_point=point,
            day=form.validated_data["day"],
            last_index_m3=form.validated_data["last_index_m3"],
            new=form.meter(),
            acting_user=acting(request),
        )
        return Response(serializers.InstallationSerializer(made).data, status=201)
