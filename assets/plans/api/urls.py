"""Plans and price lists, below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from assets.plans.api.views import (
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

_router = SimpleRouter(use_regex_path=False)
_router.register("plans", PlanViewSet, basename="plan")
_router.register("prices", PriceViewSet, basename="price")

urlpatterns = [
    path("plans/<uuid:uid>/operations/", PlanOperationsView.as_view(), name="plan-operations"),
    path("plans/<uuid:uid>/operations/<int:ordinal>/", PlanOperationView.as_view(), name="plan-operation"),
    path("plans/<uuid:uid>/difference/", PlanDifferenceView.as_view(), name="plan-difference"),
    path("plans/<uuid:uid>/cost/", PlanCostView.as_view(), name="plan-cost"),
    path("plans/<uuid:uid>/approve/", PlanApproveView.as_view(), name="plan-approve"),
    path("plans/<uuid:uid>/withdraw/", PlanWithdrawView.as_view(), name="plan-withdraw"),
    path("plans/<uuid:uid>/rebase/", PlanRebaseView.as_view(), name="plan-rebase"),
    *_router.urls,
]
