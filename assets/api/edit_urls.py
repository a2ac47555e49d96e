"""Editing, below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from assets.api.edit_views import (
    BulkEditView,
    EditViewSet,
    NodeHistoryView,
    PipeHistoryView,
    RedoView,
    UndoView,
    operation_view,
)
from assets.api.plan_views import (
    PlanApproveView,
    PlanCostView,
    PlanDifferenceView,
    PlanOperationsView,
    PlanOperationView,
    PlanRebaseView,
    PlanViewSet,
    PlanWithdrawView,
    PriceViewSet,
)
from assets.models import Node, Pipe

_router = SimpleRouter(use_regex_path=False)
_router.register("edits", EditViewSet, basename="edit")
_router.register("plans", PlanViewSet, basename="plan")
_router.register("prices", PriceViewSet, basename="price")

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
    path("plans/<uuid:uid>/operations/", PlanOperationsView.as_view(), name="plan-operations"),
    path("plans/<uuid:uid>/operations/<int:ordinal>/", PlanOperationView.as_view(), name="plan-operation"),
    path("plans/<uuid:uid>/difference/", PlanDifferenceView.as_view(), name="plan-difference"),
    path("plans/<uuid:uid>/cost/", PlanCostView.as_view(), name="plan-cost"),
    path("plans/<uuid:uid>/approve/", PlanApproveView.as_view(), name="plan-approve"),
    path("plans/<uuid:uid>/withdraw/", PlanWithdrawView.as_view(), name="plan-withdraw"),
    path("plans/<uuid:uid>/rebase/", PlanRebaseView.as_view(), name="plan-rebase"),
    *_router.urls,
]
