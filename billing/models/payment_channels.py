"""The ways by which money comes in."""

from django.db import models


class PaymentChannelCode(models.TextChoices):
    """`Payment.channel`."""

    CASH_DESK = "cash_desk", "cash desk"
    BANK = "bank", "bank"
    POST = "post", "post"
    PAYME = "payme", "Payme"
    CLICK = "click", "Click"
    PAYNET = "paynet", "Paynet"
    UZUM = "uzum", "Uzum"
    DIRECT_DEBIT = "direct_debit", "direct debit"
    KIOSK = "kiosk", "kiosk"


PROVIDERS = (
    PaymentChannelCode.PAYME,
    PaymentChannelCode.CLICK,
    PaymentChannelCode.PAYNET,
    PaymentChannelCode.UZUM,
)
