"""Bills on paper over REST: a month's printed by a job, and what was handed over."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.job_kinds import PRINT_BILLS
from billing.ledger.selectors.places import asked_place
from billing.models import Invoice
from billing.printing.selectors.invoice_document import BILL_LANGUAGES
from billing.printing.services.handing_over import hand_over, take_back_hand_over
from billing.selectors.months import billed_enterprises
from gis_core.access import Capability, NotVisible, access, visible
from gis_core.api.bodies import MonthField, TextField, UidField
from gis_core.api.serializers import JobSerializer
from gis_core.api.views import CapabilityMixin, acting
from gis_core.job_kinds import enqueue
from gis_core.services.jobs import create_job

_MOST = 1000


class BillPrintSerializer(serializers.Serializer[Any]):
    """Which bills: an enterprise's of a month, of a division or a street ("QIBRAY/S-12") alone where given."""

    enterprise = TextField()
    month = MonthField()
    place = TextField(required=False, default="", allow_blank=True)
    language = serializers.ChoiceField(BILL_LANGUAGES, default="uz")


class BillPrintView(CapabilityMixin, APIView):
    """Bills of a month in one PDF, in the order in which they are carried."""

    capability = Capability.RUN_BILLING

    @extend_schema(
        operation_id="bill_print_create", request=BillPrintSerializer, responses={202: JobSerializer}
    )
    def post(self, request: Request) -> Response:
        """Have them printed by a job, whose file is the PDF."""
        wanted = BillPrintSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        enterprise = access(
            billed_enterprises(request.user, self.capability),
            request.user,
            self.capability,
            code=values["enterprise"],
        )
        asked_place(request.user, values["place"])
        job = create_job(
            kind=PRINT_BILLS,
            division=enterprise.division,
            parameters={**values, "month": values["month"].isoformat()},
            acting_user=acting(request),
            enqueue=lambda uid: enqueue(PRINT_BILLS, uid),
        )
        return Response(JobSerializer(job).data, status=202)


class BillsSerializer(serializers.Serializer[Any]):
    invoices = serializers.ListField(child=UidField(), min_length=1, max_length=_MOST)


class BillDeliverySerializer(BillsSerializer):
    handed_over_on = serializers.DateField()
    received_by = TextField(required=False, default="", allow_blank=True, max_length=100)


class HandedOverSerializer(serializers.Serializer[Any]):
    bills = serializers.IntegerField(help_text="How many of them were changed.")


class BillDeliveryView(CapabilityMixin, APIView):
    """Bills on paper that were handed over."""

    capability = Capability.MANAGE_ACCOUNTS

    @extend_schema(
        operation_id="bill_delivery_create", request=BillDeliverySerializer, responses=HandedOverSerializer
    )
    def post(self, request: Request) -> Response:
        """Note that bills were handed over on a day; those noted before stay as they were."""
        wanted = BillDeliverySerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        number = hand_over(
            invoices=self.invoices(request, values["invoices"]),
            day=values["handed_over_on"],
            received_by=values["received_by"],
            acting_user=acting(request),
        )
        return Response({"bills": number})

    def invoices(self, request: Request, uids: list[Any]) -> list[Invoice]:
        """All of them, by number; NotVisible when one is not the viewer's to carry."""
        rows = Invoice.objects.select_related("enterprise__division").filter(uid__in=uids)
        found = list(visible(rows, request.user, self.capability).order_by("number"))
        if len(found) < len(set(uids)):
            raise NotVisible("no such invoice")
        return found


class BillDeliveryUndoView(BillDeliveryView):
    """Notes of bills that were handed over, taken back."""

    @extend_schema(operation_id="bill_delivery_undo", request=BillsSerializer, responses=HandedOverSerializer)
    def post(self, request: Request) -> Response:
        """Take the notes back; bills without one stay as they are."""
        wanted = BillsSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        invoices = self.invoices(request, wanted.validated_data["invoices"])
        return Response({"bills": take_back_hand_over(invoices=invoices, acting_user=acting(request))})
