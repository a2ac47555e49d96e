"""Addresses of quality, alarms and regulators, below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from sensors.api import alarm_views, quality_views, regulator_views

_router = SimpleRouter()
_router.register("quality-rules", quality_views.QualityRuleViewSet, basename="quality-rule")
_router.register("quality-flags", quality_views.QualityFlagViewSet, basename="quality-flag")
_router.register("alarms", alarm_views.AlarmViewSet, basename="alarm")
_router.register("alarm-rules", alarm_views.AlarmRuleViewSet, basename="alarm-rule")
_router.register(
    "notification-channels", alarm_views.NotificationChannelViewSet, basename="notification-channel"
)
_router.register("notifications", alarm_views.NotificationViewSet, basename="notification")
_router.register("regulators", regulator_views.RegulatorViewSet, basename="regulator")
_router.register("regulator-commands", regulator_views.RegulatorCommandViewSet, basename="regulator-command")

urlpatterns = [
    path(
        "datastreams/<uuid:uid>/estimates/", quality_views.EstimateView.as_view(), name="datastream-estimates"
    ),
    path("alarms/<uuid:uid>/journal/", alarm_views.AlarmJournalView.as_view(), name="alarm-journal"),
    path(
        "alarms/<uuid:uid>/acknowledge/", alarm_views.AlarmAcknowledgeView.as_view(), name="alarm-acknowledge"
    ),
    path("alarms/<uuid:uid>/clear/", alarm_views.AlarmClearView.as_view(), name="alarm-clear"),
    path("alarms/<uuid:uid>/close/", alarm_views.AlarmCloseView.as_view(), name="alarm-close"),
    path(
        "regulators/<uuid:uid>/schedule/",
        regulator_views.RegulatorScheduleView.as_view(),
        name="regulator-schedule",
    ),
    path(
        "regulators/<uuid:uid>/override/",
        regulator_views.RegulatorOverrideView.as_view(),
        name="regulator-override",
    ),
    *_router.urls,
]
