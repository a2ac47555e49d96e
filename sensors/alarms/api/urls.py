"""Addresses of alarms, below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from sensors.alarms.api import views

_router = SimpleRouter()
_router.register("alarms", views.AlarmViewSet, basename="alarm")
_router.register("alarm-rules", views.AlarmRuleViewSet, basename="alarm-rule")
_router.register("notification-channels", views.NotificationChannelViewSet, basename="notification-channel")
_router.register("notifications", views.NotificationViewSet, basename="notification")

urlpatterns = [
    path("alarms/<uuid:uid>/journal/", views.AlarmJournalView.as_view(), name="alarm-journal"),
    path("alarms/<uuid:uid>/acknowledge/", views.AlarmAcknowledgeView.as_view(), name="alarm-acknowledge"),
    path("alarms/<uuid:uid>/clear/", views.AlarmClearView.as_view(), name="alarm-clear"),
    path("alarms/<uuid:uid>/close/", views.AlarmCloseView.as_view(), name="alarm-close"),
    *_router.urls,
]
