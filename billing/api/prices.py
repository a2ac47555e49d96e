"""REST views of prices: a price document, and an account's month as its registers hold it. Nothing is stored."""

from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext_noop as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.models import Account
from billing.pricing.selectors.accounts import price_account
from billing.pricing.selectors.documents import price_document
from gis_core.access import Capability, access
from gis_core.api.parameters import required_month
from gis_core.api.views import CapabilityMixin
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence

# What is asked of a page is answered at once; a tariff office prices its files by the command.
MOST_BYTES = 1_000_000


class PricedSerializer(serializers.Serializer[Any]):
    cases = serializers.ListField(
        child=serializers.DictField(), help_text="answers, in the order of the cases"
    )


class PricedAccountSerializer(PricedSerializer):
    document = serializers.DictField(help_text="the cases as a price document, which has the same answers")


class PriceView(CapabilityMixin, APIView):
    """What the cases of a price document would be charged."""

    capability = Capability.VIEW_SUBSCRIBERS

    @extend_schema(operation_id="price", request=OpenApiTypes.OBJECT, responses=PricedSerializer)
    def post(self, request: Request) -> Response:
        """Price a document of one case or of several under `cases`. Numbers are strings or integers, never floats."""
        body = request.body
        if len(body) > MOST_BYTES:
            raise ReportedError(
                Sentence(_("A document of at most {most} bytes is priced here."), most=MOST_BYTES),
                code="too_large",
            )
        try:
            text = body.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ReportedError(_("This is no text in UTF-8, as JSON is."), code="json") from None
        return Response(price_document(text))


class AccountPriceView(CapabilityMixin, APIView):
    """What an account is to be charged for a month, by the rules that bill it."""

    capability = Capability.VIEW_SUBSCRIBERS
    query_parameters: ClassVar[frozenset[str]] = frozenset({"month"})

    @extend_schema(
        operation_id="account_price",
        parameters=[OpenApiParameter("month", required=True, description="as 2026-01")],
        responses=PricedAccountSerializer,
    )
    def get(self, request: Request, uid: UUID) -> Response:
        account = access(Account.objects.all(), request.user, self.capability, uid=uid)
        return Response(price_account(account, required_month(request)))
