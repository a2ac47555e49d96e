"""Editing, below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from assets.editing.api.elements import NodeViewSet, PipeViewSet
from assets.editing.api.views import (
    BulkEditView,
    EditViewSet,
    NodeHistoryView,
    PipeHistoryView,
    RedoView,
    UndoView,
    operation_view,
)
from assets.models import Node, Pipe

_router = SimpleRouter(use_regex_path=False)
_router.register("edits", EditViewSet, basename="edit")
_router.register("nodes", NodeViewSet, basename="node")
_router.register("pipes", PipeViewSet, basename="pipe")

# Address below the element, operation.
_OF_NODES = {"move": "move_node", "lifecycle": "change_lifecycle"}
_OF_PIPES = {
    "split": "split_pipe",
    "merge": "merge_pipes",
    "connect": "connect_pipe",
    "disconnect": "disconnect_pipe",
    "redraw": "redraw_pipe",
    "lifecycle": "change_lifecycle",
    "devices": "place_device",
}

urlpatterns = [
    *(
        path(f"nodes/<uuid:uid>/{address}/", operation_view(operation, Node), name=f"node-{address}")
        for address, operation in _OF_NODES.items()
    ),
    *(
        path(f"pipes/<uuid:uid>/{address}/", operation_view(operation, Pipe), name=f"pipe-{address}")
        for address, operation in _OF_PIPES.items()
    ),
    path("nodes/<uuid:uid>/history/", NodeHistoryView.as_view(), name="node-history"),
    path("pipes/<uuid:uid>/history/", PipeHistoryView.as_view(), name="pipe-history"),
    path("networks/<str:network>/edits/", BulkEditView.as_view(), name="network-edits"),
    path("networks/<str:network>/undo/", UndoView.as_view(), name="network-undo"),
    path("networks/<str:network>/redo/", RedoView.as_view(), name="network-redo"),
    *_router.urls,
]
