"""Work orders, below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from assets.work_orders.api.valves import ValveOperationViewSet
from assets.work_orders.api.views import CrewMemberView, WorkOrderViewSet

_router = SimpleRouter(use_regex_path=False)
_router.register("work-orders", WorkOrderViewSet, basename="work-order")
_router.register("valve-operations", ValveOperationViewSet, basename="valve-operation")

urlpatterns = [path("crew-members/", CrewMemberView.as_view(), name="crew-members"), *_router.urls]
