"""What is kept about a person over REST, and the erasure of one."""

import json
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.selectors.persons import (
    KeptRows,
    kept_visible_to,
    of_others,
    person_visible_to,
    proposed_erasure,
)
from billing.services.persons import erase_person, withdraw_erasure
from gis_core.access import Capability
from gis_core.answer_budget import AnswerBudget, file_budget
from gis_core.api.bodies import TextField
from gis_core.api.downloads import answer_of_parts
from gis_core.api.serializers import OpenProposalSerializer, ProposalSerializer
from gis_core.api.views import CapabilityMixin, acting


class ErasureRequestSerializer(serializers.Serializer[Any]):
    """Why."""

    reason = TextField(max_length=200)


class ErasureSerializer(serializers.Serializer[Any]):
    state = serializers.CharField(help_text="waits (for a second person) or erased")
    emptied = serializers.DictField(child=serializers.IntegerField(), help_text="rows by table")
    kept = serializers.DictField(child=serializers.IntegerField(), help_text="rows by table that stay")
    is_second = serializers.BooleanField(
        help_text="true when this call was the second person's, and did what the first one proposed"
    )
    proposal = ProposalSerializer(
        allow_null=True, help_text="what waits, or what this call confirmed; null where all was done before"
    )


class PersonKeptView(CapabilityMixin):
    """Everything kept about a subscriber."""

    capability = Capability.MANAGE_ACCOUNTS

    @extend_schema(operation_id="subscriber_kept", responses={200: OpenApiTypes.OBJECT})
    def get(self, request: Request, uid: UUID) -> HttpResponseBase:
        """Rows by table, the audit trail's too for who may read it: all of them, sent while they are read."""
        subscriber = person_visible_to(request.user, uid)
        # A file; its budget counts what is read for it, too, and is given before anything is.
        budget = file_budget()
        kept = kept_visible_to(request.user, subscriber)
        if not kept.is_whole:
            raise of_others()
        return answer_of_parts(_as_json(kept.tables, budget), "application/json")


def _as_json(tables: Iterable[KeptRows], budget: AnswerBudget) -> Iterator[bytes]:
    """One object, rows by table, in parts. Raises AnswerTooLarge, which breaks off what is on its way."""
    opening = "{"
    for table in tables:
        yield f"{opening}{json.dumps(table.label)}:[".encode()
        opening, separator = ",", ""
        for rows in table.parts():
            budget.take(entities=len(rows))
            yield (separator + ",".join(json.dumps(row, ensure_ascii=False) for row in rows)).encode()
            separator = ","
        yield b"]"
    yield b"}"


class PersonErasureView(CapabilityMixin):
    """The erasure of a person, by two people."""

    capability = Capability.MANAGE_ACCOUNTS

    @extend_schema(operation_id="subscriber_erasure_proposed", responses=OpenProposalSerializer)
    def get(self, request: Request, uid: UUID) -> Response:
        """What waits for a second person, who proposed it, and until when; nothing is done."""
        proposal = proposed_erasure(person_visible_to(request.user, uid))
        return Response(OpenProposalSerializer({"proposal": proposal}).data)

    @extend_schema(
        operation_id="subscriber_erasure", request=ErasureRequestSerializer, responses=ErasureSerializer
    )
    def post(self, request: Request, uid: UUID) -> Response:
        """Erase who a subscriber was; the first wish waits, a second person's does it. The books stay.

        Whether a call was the second one says `is_second`; ask by GET before.
        """
        form = ErasureRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        erasure = erase_person(
            subscriber=person_visible_to(request.user, uid),
            reason=form.validated_data["reason"],
            acting_user=acting(request),
        )
        return Response(ErasureSerializer(erasure).data)


class PersonErasureWithdrawalView(CapabilityMixin):
    """A proposal to erase, let go by who made it."""

    capability = Capability.MANAGE_ACCOUNTS

    @extend_schema(operation_id="subscriber_erasure_withdraw", request=None, responses=ProposalSerializer)
    def post(self, request: Request, uid: UUID) -> Response:
        """Withdraw one's own proposal; nothing was erased."""
        act = withdraw_erasure(subscriber=person_visible_to(request.user, uid), acting_user=acting(request))
        return Response(ProposalSerializer(act).data)
