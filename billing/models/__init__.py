from billing.models.documents import (
    BillingException,
    BillingMonth,
    BillingRun,
    Invoice,
    InvoiceCounter,
    InvoiceLine,
)
from billing.models.ledger import LedgerEntry, LedgerTransaction, Payment
from billing.models.metering import Meter, MeterInstallation, Reading
from billing.models.pricing import ConsumptionProfile, Tariff, VatRate
from billing.models.registers import (
    Account,
    Contract,
    ContractServicePoint,
    Service,
    ServicePoint,
    Subscriber,
    SubscriberClass,
)

__all__ = [
    "Account",
    "BillingException",
    "BillingMonth",
    "BillingRun",
    "ConsumptionProfile",
    "Contract",
    "ContractServicePoint",
    "Invoice",
    "InvoiceCounter",
    "InvoiceLine",
    "LedgerEntry",
    "LedgerTransaction",
    "Meter",
    "MeterInstallation",
    "Payment",
    "Reading",
    "Service",
    "ServicePoint",
    "Subscriber",
    "SubscriberClass",
    "Tariff",
    "VatRate",
]
