"""The outbox over REST, and what gateways call."""

import json

from django.core.exceptions import RequestDataTooBig
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseNotFound
from django.utils.datastructures import MultiValueDict
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from gis_core.access import Capability, Viewer
from gis_core.api.views import ScopedReadViewSet, acting
from gis_core.database.scope import EVERYTHING, working_in
from gis_core.messages.api.serializers import MessageSerializer
from gis_core.messages.selectors.outbox import messages_visible_to
from gis_core.messages.services.outbox import give_up_message, resend_message
from gis_core.messages.services.sending import settle
from gis_core.messages.services.sms import is_callback_secret, state_of
from gis_core.models import Message

_LARGEST_BYTES = 64 * 1024


# A single one says what the list says.
@extend_schema_view(retrieve=extend_schema(exclude=True))
class MessageViewSet(ScopedReadViewSet):
    """What people were, or are to be, told; recipients are masked."""

    capability = Capability.VIEW_SUBSCRIBERS
    action_capabilities = {"resend": Capability.MANAGE_ACCOUNTS, "give_up": Capability.MANAGE_ACCOUNTS}
    serializer_class = MessageSerializer
    filterset_fields = ["state", "event", "medium"]

    def select(self, viewer: Viewer) -> QuerySet[Message]:
        return messages_visible_to(viewer, self.action_capabilities.get(self.action or "", self.capability))

    @extend_schema(request=None, responses=MessageSerializer)
    @action(detail=True, methods=["post"])
    def resend(self, request: Request, uid: str) -> Response:
        """Send again what failed, was given up or has an unknown outcome."""
        done = resend_message(message=self.get_object(), acting_user=acting(request))
        return Response(MessageSerializer(done).data)

    @extend_schema(request=None, responses=MessageSerializer)
    @action(detail=True, methods=["post"], url_path="give-up", url_name="give-up")
    def give_up(self, request: Request, uid: str) -> Response:
        """Send it no more."""
        done = give_up_message(message=self.get_object(), acting_user=acting(request))
        return Response(MessageSerializer(done).data)


@csrf_exempt
def message_callback(request: HttpRequest, uid: str, secret: str) -> HttpResponse:
    """What a gateway reports of a message, at the address that only it knows; repeats and late ones change nothing."""
    if not is_callback_secret(uid, secret):
        return HttpResponseNotFound()
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    told = _told(request)
    if told is None:
        return HttpResponse(status=400)
    state = state_of(told.get("status", ""))
    if state is not None:
        with working_in(EVERYTHING):
            message = Message.objects.filter(uid=uid).only("pk").first()
            if message is not None:
                gateway_id = told.get("message_id") or told.get("id") or ""
                settle(message.pk, state, gateway_id=gateway_id)
    return HttpResponse(status=200)


def _told(request: HttpRequest) -> dict[str, str] | None:
    """The fields of a form or of JSON as texts; None for what is neither, or too large."""
    try:
        if int(request.headers.get("Content-Length") or 0) > _LARGEST_BYTES:
            return None
        if request.content_type == "application/json":
            document = json.loads(request.body)
        else:
            fields: MultiValueDict[str, str] = request.POST
            document = fields.dict()
    except (ValueError, RecursionError, RequestDataTooBig):
        return None
    if not isinstance(document, dict):
        return None
    return {str(name): str(value).replace("\x00", "") for name, value in document.items()}
