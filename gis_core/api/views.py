"""The form of our API views: every view names its capability and asks a selector with the viewer."""

from types import SimpleNamespace
from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import mixins, viewsets
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from gis_core.access import Capability, NotVisible, Viewer, holds
from gis_core.api.bodies import JsonParser
from gis_core.api.filters import FilterBackend
from gis_core.api.pagination import KeysetPagination
from gis_core.api.parameters import refuse_unknown
from gis_core.models import User


class HoldsCapability(BasePermission):
    """The viewer holds the view's capability somewhere; otherwise the endpoint does not exist for them (404)."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        capability = getattr(view, "action_capabilities", {}).get(getattr(view, "action", None))
        capability = capability or getattr(view, "capability", None)
        if capability is None:
            raise RuntimeError(f"{type(view).__name__} names no capability")
        if not holds(request.user, capability):
            raise NotVisible("no such endpoint for this viewer")
        return True


def acting(request: Request) -> User:
    """The user who acts through a view that only lets users in."""
    assert isinstance(request.user, User)
    return request.user


class AcceptNegotiation(DefaultContentNegotiation):
    """The answer's form by the Accept header alone, so that `format` is an unknown parameter like any other."""

    settings = SimpleNamespace(URL_FORMAT_OVERRIDE=None)  # type: ignore[assignment]


class StrictView(APIView):
    """A view that takes only the query parameters it names: another one, or one with a NUL character, is 400.

    A NUL character in the path is 404, for no row has one. Both are looked at after the viewer's rights.
    """

    query_parameters: ClassVar[frozenset[str]] = frozenset()
    content_negotiation_class = AcceptNegotiation
    parser_classes = [JsonParser, FormParser, MultiPartParser]

    def known_parameters(self) -> frozenset[str]:
        """The query parameters of this request's action."""
        return self.query_parameters

    def initial(self, request: Request, *arguments: Any, **keywords: Any) -> None:
        super().initial(request, *arguments, **keywords)
        if any("\x00" in str(value) for value in keywords.values()):
            raise NotVisible("no key has a NUL character")
        refuse_unknown(request, self.known_parameters())


class CapabilityMixin(StrictView):
    """For views: 401 without credentials, 404 without the capability.

    `action_capabilities` names those of a view set's actions that need another capability than the rest.
    """

    capability: ClassVar[Capability]
    action_capabilities: ClassVar[dict[str, Capability]] = {}
    permission_classes = [IsAuthenticated, HoldsCapability]


class ScopedReadViewSet(
    CapabilityMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet
):
    """List and detail of what a selector shows to the viewer.

    Subclasses set `capability`, `serializer_class` and `select(viewer)`. A detail that is not in the list's
    queryset is 404, so scoping has one place. A list takes the parameters of its pages and filters; a detail
    takes none, and other actions those of `action_parameters`.
    """

    lookup_field = "uid"
    filter_backends = [FilterBackend]
    pagination_class = KeysetPagination
    action_parameters: ClassVar[dict[str, frozenset[str]]] = {}

    def known_parameters(self) -> frozenset[str]:
        if self.action != "list":
            return self.action_parameters.get(self.action or "", frozenset())
        filters = FilterBackend().get_filterset_class(self, self.get_queryset())
        return KeysetPagination.parameters.union(filters.base_filters if filters else ())

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        raise NotImplementedError

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            return self.serializer_class.Meta.model.objects.none()  # type: ignore[union-attr]
        return self.select(self.request.user)
