"""The form of our API views: every view names its capability and asks a selector with the viewer."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import mixins, viewsets
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from gis_core.access import Capability, NotVisible, Viewer, holds
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


class CapabilityMixin(APIView):
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
    queryset is 404, so scoping has one place.
    """

    lookup_field = "uid"

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        raise NotImplementedError

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            return self.serializer_class.Meta.model.objects.none()  # type: ignore[union-attr]
        return self.select(self.request.user)
