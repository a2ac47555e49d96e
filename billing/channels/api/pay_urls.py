"""Addresses that providers call, below /pay/. A slash at the end may be left out: no post is redirected."""

from django.urls import re_path

from billing.channels.api.pay_views import pay_click, pay_payme, pay_paynet, pay_uzum
from billing.channels.services.uzum import STEPS

_ENTERPRISE = r"(?P<enterprise>[^/]{1,60})"

urlpatterns = [
    re_path(rf"^payme/{_ENTERPRISE}/?$", pay_payme, name="pay-payme"),
    re_path(rf"^click/{_ENTERPRISE}/(?P<step>prepare|complete)/?$", pay_click, name="pay-click"),
    re_path(rf"^paynet/{_ENTERPRISE}/?$", pay_paynet, name="pay-paynet"),
    re_path(rf"^uzum/{_ENTERPRISE}/(?P<step>{'|'.join(STEPS)})/?$", pay_uzum, name="pay-uzum"),
]
