"""T11: every role, in three places of the division tree, against every endpoint of the URL map.

Each endpoint is tried on the rows of the role's own district and on those of another one. What a role may not do,
and what is not in its division, answers 404 and shows nothing. An endpoint that is not in `EXPECTED` is untested,
and that fails too.
"""

import itertools
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from assets.models import NodeResult, SimulationRun
from assets.registers.services.attachments import Place, attach
from balances.models import ZoneBalance
from billing.models import (
    Absence,
    Account,
    AccountChange,
    AccountValue,
    Benefit,
    BillingException,
    BillingRun,
    GroupMeter,
    Invoice,
    LedgerEntry,
    Meter,
    MeterInstallation,
    MeterMovement,
    Payment,
    PenaltyTerms,
    Reading,
    SuspenseItem,
    Tariff,
    WaitingPayment,
    WaitingWriteOff,
)
from billing.services.payments import record_payment
from billing.services.runs import run_billing
from gis_core.access import ROLE_CAPABILITIES, Capability
from gis_core.models import AuditEvent, Division, Job, Message, RoleAssignment, Street, User
from gis_core.services.job_files import folder_of
from sensors.models import Datastream, Thing
from sensors.series.services.ingestion import load_observations
from sensors.series.services.registers import add_datastream, add_thing
from sensors.series.services.series_edits import edit_series
from tests.billing.conftest import let_payments_wait, read
from tests.billing.desk import new_account_body
from tests.security.book_attacks import add_waiting_write_offs
from tests.security.cash_desk_rows import (
    CASH_ACTIONS,
    CASH_EXPECTED,
    CASH_TABLES,
    CASH_WRITES,
    add_cash_rows,
    cash_details,
    cash_writes,
)
from tests.security.channel_rows import (
    CHANNEL_ACTIONS,
    CHANNEL_EXPECTED_READS,
    CHANNEL_WRITES,
    add_suspense,
)
from tests.security.edit_rows import (
    EDIT_ONLY_NAMES,
    EDIT_READ_NAMES,
    EDIT_WRITE_NAMES,
    MAY_NOT_FIT,
    edit_details,
    edit_writes,
)
from tests.security.feed_rows import FEED_ACTIONS, FEED_READS, FEED_WRITES, feed_details, feed_writes
from tests.security.finding_rows import FINDING_WRITES, finding_details
from tests.security.group_meter_rows import add_group_meters
from tests.security.loss_rows import (
    LOSS_EXPECTED,
    LOSS_PAGES,
    LOSS_TABLES,
    LOSS_WRITES,
    REFUSED_BY_THE_DATA,
    loss_details,
    loss_writes,
)
from tests.security.message_rows import MESSAGE_ACTIONS, MESSAGE_READS, add_messages
from tests.security.meter_rows import add_meter_rows, meter_writes
from tests.security.outage_rows import (
    OUTAGE_ACTIONS,
    OUTAGE_READS,
    TRACE_NAMES,
    outage_details,
    outage_writes,
)
from tests.security.quality_rows import (
    QUALITY_EXPECTED,
    QUALITY_MAY_NOT_FIT,
    QUALITY_TABLES,
    QUALITY_WRITES,
    quality_details,
    quality_writes,
)
from tests.security.register_rows import REGISTERS, register_details, register_writes
from tests.security.work_rows import (
    WORK_EXPECTED,
    WORK_MAY_NOT_FIT,
    WORK_TABLES,
    WORK_WRITES,
    work_details,
    work_writes,
)
from tests.security.workbench_rows import (
    WORKBENCH_POSTS,
    WORKBENCH_QUERIES,
    WORKBENCH_READS,
    workbench_details,
)
from tests.world import ClosingClient, World, first_of, local_midnight, make_world

C = Capability
DECEMBER = date(2025, 12, 1)
# Open to all, or to whoever is logged in; everything else needs a capability.
OPEN, LOGGED_IN = "open", "logged in"
# One's own only, written by POST: tests/frontend_map/test_me.py.
OWN_BY_POST = (
    "own-password",
    "own-token",
    "own-token-end",
    "api-token-end",
    # tests/gis_core/test_sign_in.py
    "own-session-end",
    "own-sessions-end",
    "own-second-factor",
    "own-second-factor-confirm",
    "own-recovery-codes",
    "own-passkey-begin",
    "own-passkey-add",
    "own-passkey-remove",
    "own-second-factor-remove",
    "confirm",
)
WAITING_PAYMENT_ACTIONS = ("waiting-payment-confirm", "waiting-payment-withdraw")
ERASURES = ("subscriber-erasure", "subscriber-erasure-withdraw")
REOPENINGS = ("billing-month-reopen", "billing-month-reopen-withdraw")
WAITING_WRITE_OFF_ACTIONS = ("waiting-write-off-confirm", "waiting-write-off-withdraw")
READING_ACTIONS = ("reading-decide",)
ACCOUNT_ACTIONS = (
    *("account-close", "account-reopen", "account-transfer", "service-point-exchange-meter"),
    *("account-values", "account-absences", "account-benefits", "account-end-absence", "account-end-benefit"),
)
ACTIONS_ON_READABLE = (
    *(
        "payment-reverse",
        "invoice-cancel",
        "meter-receive",
        "meter-move",
        "meter-verify",
        "meter-movement-take-back",
    ),
    *CHANNEL_ACTIONS,
    *CASH_ACTIONS,
    *MESSAGE_ACTIONS,
    *WAITING_PAYMENT_ACTIONS,
    *WAITING_WRITE_OFF_ACTIONS,
    *READING_ACTIONS,
    *ACCOUNT_ACTIONS,
    "limit-proposal-confirm",
    "limit-proposal-withdraw",
)
# Open to whoever has the token of a feed's source, and to no user.
SOURCE_TOKEN = "the token of a source"
# Open to providers of payments, who answer for themselves: tests/billing/channels/.
PROVIDER = "the credentials of a provider"
PROVIDER_NAMES = ("pay-payme", "pay-click", "pay-paynet", "pay-uzum", "message-callback")
EXPECTED: dict[str, Capability | str] = {
    "health": OPEN,
    "schema": OPEN,
    "set_language": OPEN,
    "favicon": OPEN,
    "offline-worker": OPEN,
    "login": OPEN,
    # Whoever holds the paper reads its code; what it tells: tests/billing/cash_desk/test_by_rest.py.
    "public-receipt": OPEN,
    "login-code": OPEN,
    "logout": OPEN,
    "home": LOGGED_IN,
    "api": LOGGED_IN,
    # Each of its lists asks for its own capability: tests/frontend_map/test_work_lists.py.
    "todo": LOGGED_IN,
    "imports": C.EDIT_NETWORK,
    "viewer": LOGGED_IN,
    **dict.fromkeys(("me", "api-tokens"), LOGGED_IN),
    **dict.fromkeys(OWN_BY_POST, OPEN),
    **dict.fromkeys(("division-list", "division-detail", "street-list", "street-detail"), C.VIEW_DIVISIONS),
    **dict.fromkeys(("enterprise-list", "enterprise-detail"), C.VIEW_DIVISIONS),
    **dict.fromkeys(("job-list", "job-detail", "job-file", "job-cancel", "jobs", "job"), C.VIEW_JOBS),
    **dict.fromkeys(("audit-event-list", "audit-event-detail"), C.VIEW_AUDIT),
    **{
        f"{name}-{form}": C.VIEW_NETWORK
        for name in ("network", "zone", "node", "pipe")
        for form in ("list", "detail")
    },
    **dict.fromkeys(("nearest", "search", "tile", "tilejson", "map", "field"), C.VIEW_NETWORK),
    **{
        f"ogc-{name}": C.VIEW_NETWORK
        for name in (
            "root",
            "landing",
            "conformance",
            "api",
            "collections",
            "collection",
            "queryables",
            "items",
            "item",
        )
    },
    **dict.fromkeys((*WORKBENCH_READS, *WORKBENCH_POSTS), C.VIEW_NETWORK),
    "network-imports": C.EDIT_NETWORK,
    "import-inspections": C.EDIT_NETWORK,
    **dict.fromkeys(
        ("network-export", "network-simulations", "simulation", "simulation-series"), C.VIEW_NETWORK
    ),
    **dict.fromkeys(("network-segments", "pipe-isolation"), C.VIEW_NETWORK),
    **dict.fromkeys((*TRACE_NAMES, "outage-list", "outage-detail"), C.VIEW_NETWORK),
    **dict.fromkeys(OUTAGE_ACTIONS, C.EDIT_NETWORK),
    **dict.fromkeys(OUTAGE_READS, C.VIEW_SUBSCRIBERS),
    **dict.fromkeys(("finding-list", "finding-detail", "checks", "network-dirty-areas"), C.VIEW_NETWORK),
    **dict.fromkeys(FINDING_WRITES, C.EDIT_NETWORK),
    **dict.fromkeys((*EDIT_WRITE_NAMES, *EDIT_ONLY_NAMES), C.EDIT_NETWORK),
    **dict.fromkeys((*EDIT_READ_NAMES, "node-list", "pipe-list", "plan-list", "price-list"), C.VIEW_NETWORK),
    **{
        f"{name}-{form}": C.VIEW_NETWORK
        for name in (
            "parcel",
            "building",
            "survey-point",
            "document",
            "document-link",
            "leak",
            "inspection",
            "verification",
            "verification-policy",
            "condition",
            "material-life",
        )
        for form in ("list", "detail")
    },
    **dict.fromkeys(
        (
            "document-file",
            "condition-summary",
            "verification-status-list",
            "verification-counts",
            "route-sheet",
        ),
        C.VIEW_NETWORK,
    ),
    **dict.fromkeys(("thing-list", "thing-detail", "datastream-list", "datastream-detail"), C.VIEW_SENSORS),
    "datastream-observations": C.VIEW_SENSORS,
    **dict.fromkeys(
        ("series", "series-export", "live-values", "series-edit-list", "series-edit-detail"), C.VIEW_SENSORS
    ),
    **dict.fromkeys(("series-edit-create", "series-edit-undo"), C.EDIT_SERIES),
    # One address for all of SensorThings; its sets, entities and writes are tried in tests/sensors/sensorthings.
    "sensorthings": C.VIEW_SENSORS,
    **dict.fromkeys(FEED_READS, C.VIEW_SENSORS),
    **dict.fromkeys((*FEED_WRITES, *FEED_ACTIONS), C.EDIT_SENSORS),
    **dict.fromkeys(("topic-prefix-list", "topic-prefix-detail"), C.MANAGE_USERS),
    **dict.fromkeys(("lorawan-chirpstack", "lorawan-ttn"), SOURCE_TOKEN),
    **dict.fromkeys(PROVIDER_NAMES, PROVIDER),
    **dict.fromkeys(CHANNEL_EXPECTED_READS, C.VIEW_SUBSCRIBERS),
    **dict.fromkeys(CHANNEL_WRITES, C.RUN_BILLING),
    **CASH_EXPECTED,
    **dict.fromkeys(MESSAGE_READS, C.VIEW_SUBSCRIBERS),
    **dict.fromkeys(MESSAGE_ACTIONS, C.MANAGE_ACCOUNTS),
    **{
        f"{name}-{form}": C.VIEW_SUBSCRIBERS
        for name in (
            "subscriber",
            "account",
            "service-point",
            "meter",
            "meter-movement",
            "penalty-terms",
            "installation",
            "group-meter",
            "reading",
            "tariff",
            "invoice",
            "ledger-entry",
            "payment",
            "waiting-payment",
            "waiting-write-off",
            "billing-run",
            "billing-exception",
        )
        for form in ("list", "detail")
    },
    **dict.fromkeys((*ACCOUNT_ACTIONS, "new-account"), C.MANAGE_ACCOUNTS),
    **dict.fromkeys(("person", "subscriber-kept", *ERASURES), C.MANAGE_ACCOUNTS),
    **dict.fromkeys(
        ("meter-receive", "meter-move", "meter-verify", "meter-movement-take-back"), C.MANAGE_ACCOUNTS
    ),
    **dict.fromkeys(WAITING_PAYMENT_ACTIONS, C.RECORD_PAYMENTS),
    **dict.fromkeys(WAITING_WRITE_OFF_ACTIONS, C.CORRECT_BOOKS),
    **dict.fromkeys(
        (*READING_ACTIONS, "billing-month-close", "payment-reverse", "bill-print"), C.RUN_BILLING
    ),
    **dict.fromkeys(("bill-delivery", "bill-delivery-undo"), C.MANAGE_ACCOUNTS),
    **dict.fromkeys(
        (*REOPENINGS, "billing-month-reopening", "account-write-off", "invoice-cancel"), C.CORRECT_BOOKS
    ),
    **dict.fromkeys(
        ("register-files", "register-kinds", "register-imports", "register-export", "handheld-files"),
        C.RUN_BILLING,
    ),
    **dict.fromkeys(("handheld", "handheld-imports"), C.ENTER_READINGS),
    **dict.fromkeys(
        (
            *(
                "accounts",
                "account",
                "account-changes",
                "account-statement",
                "billing",
                "collection",
                "debts",
                "debts-summary",
            ),
            *("prices", "price", "account-price", "readings", "state-share", "bills"),
            *("group-meters", "group-meter-shares"),
            *("meters", "meter-verifications", "meter-stock", "meter-verifications-due"),
            *("invoice", "invoice-pdf"),
        ),
        C.VIEW_SUBSCRIBERS,
    ),
    **{f"{name}-{form}": C.VIEW_BALANCES for name in ("zone-balance",) for form in ("list", "detail")},
    "zone": C.VIEW_BALANCES,
    **dict.fromkeys(
        ("sensors", "sensor", "feeds", "alarms", "alarm-rules", "regulators", "regulator"), C.VIEW_SENSORS
    ),
    **QUALITY_EXPECTED,
    **WORK_EXPECTED,
    **LOSS_EXPECTED,
    "balance-run": C.COMPUTE_BALANCES,
}
# What is written by POST, and what that needs.
WRITES = {
    **dict.fromkeys((*OUTAGE_ACTIONS, "outage-list", "zone-flooding"), C.EDIT_NETWORK),
    **dict.fromkeys((*FINDING_WRITES, *EDIT_WRITE_NAMES), C.EDIT_NETWORK),
    # Somebody else's job; one's own is cancelled by whoever could ask for it (tests/assets/editing/test_long_edits.py).
    "job-cancel": C.MANAGE_USERS,
    **QUALITY_WRITES,
    **WORK_WRITES,
    **LOSS_WRITES,
    "reading-list": C.ENTER_READINGS,
    **dict.fromkeys(
        (
            *(*ACCOUNT_ACTIONS, "account-list", "street-list", "bill-delivery", "bill-delivery-undo"),
            *ERASURES,
            *("meter-receive", "meter-move", "meter-verify", "meter-movement-take-back"),
        ),
        C.MANAGE_ACCOUNTS,
    ),
    **dict.fromkeys(("payment-list", *WAITING_PAYMENT_ACTIONS), C.RECORD_PAYMENTS),
    **dict.fromkeys(
        ("billing-run-list", "billing-month-close", "payment-reverse", "bill-print", *READING_ACTIONS),
        C.RUN_BILLING,
    ),
    **dict.fromkeys(
        (*REOPENINGS, "account-write-off", "invoice-cancel", *WAITING_WRITE_OFF_ACTIONS),
        C.CORRECT_BOOKS,
    ),
    **dict.fromkeys(CHANNEL_WRITES, C.RUN_BILLING),
    **CASH_WRITES,
    **dict.fromkeys(MESSAGE_ACTIONS, C.MANAGE_ACCOUNTS),
    "balance-run": C.COMPUTE_BALANCES,
    "network-imports": C.EDIT_NETWORK,
    "import-inspections": C.EDIT_NETWORK,
    "register-imports": C.RUN_BILLING,
    "handheld-imports": C.ENTER_READINGS,
    **dict.fromkeys(
        (
            "parcel-list",
            "building-list",
            "survey-point-list",
            "document-list",
            "verification-policy-list",
        ),
        C.EDIT_NETWORK,
    ),
    **dict.fromkeys(("leak-list", "inspection-list", "verification-list"), C.RECORD_FIELD_WORK),
}
# These change nothing; what they ask for is too long for an address.
WRITES |= dict.fromkeys(WORKBENCH_POSTS, C.VIEW_NETWORK)
WRITES["price"] = C.VIEW_SUBSCRIBERS
WRITES |= dict.fromkeys(("series-edit-create", "series-edit-undo"), C.EDIT_SERIES)
WRITES |= dict.fromkeys((*FEED_WRITES, "feed-profile-list", "feed-source-list"), C.EDIT_SENSORS)
WRITES["topic-prefix-list"] = C.MANAGE_USERS
# Written by POST and read by GET at one address; a GET of the others is 405.
_ANY_VERSION = {"If-Match": "*"}
READ_TOO = {name for name in WRITES if name.endswith("-list")} | {"zone-flooding", "subscriber-erasure"}
_UNIQUE = itertools.count(1)
# Lists that answer other than by keyset pages, and pages, are looked at as text.
PAGES = {
    "home",
    "me",
    "api",
    "map",
    "field",
    "work",
    "labels",
    "element",
    "todo",
    "imports",
    "jobs",
    "job",
    "accounts",
    "cash-desk",
    "cash-slips",
    "suspense",
    "messages",
    "reconciliation",
    "new-account",
    "account-changes",
    "billing",
    "bills",
    "collection",
    "group-meters",
    "meters",
    "meter-verifications",
    "prices",
    "readings",
    "handheld",
    "register-files",
    "debts",
    "account",
    "invoice",
    "invoice-pdf",
    "person",
    "zone",
} | {
    "sensors",
    "sensor",
    "feeds",
    "alarm-rules",
    "alarms",
    "regulators",
    "regulator",
    *LOSS_PAGES,
}


@dataclass
class Sample:
    """One district's rows: what each endpoint's address needs, words that betray it, and how to write to it."""

    details: dict[str, dict[str, Any]]
    secrets: list[str]
    writes: dict[str, dict[str, Any]]


def make_sample(district: Division, network: str, enterprise: str, first: int) -> Sample:
    world = make_world(district, network_code=network, enterprise_code=enterprise, first=first)
    for day, index in ((DECEMBER, "100"), (date(2026, 1, 1), "110")):
        read(world, 0, day, index)
    run_billing(enterprise=world.enterprise, month=DECEMBER, acting_user=None)
    account = world.installations[0].service_point.contracts.get().contract.account
    record_payment(
        account=account,
        amount=Decimal(7),
        paid_on=date(2026, 1, 3),
        channel="bank",
        reference="R",
        acting_user=None,
    )
    let_payments_wait(account, range(1))
    add_waiting_write_offs(account, range(1))
    add_suspense(world.enterprise, range(1))
    add_messages(world.enterprise, range(1))
    add_group_meters(world)
    add_meter_rows(world)
    add_cash_rows(world, account)
    stream = _instrument(world)
    zone = world.zones["Z1"]
    for granularity, billed in (("month", 1), ("day", None)):
        ZoneBalance.objects.create(
            zone=zone,
            division=district,
            granularity=granularity,
            period_start=DECEMBER,
            input_m3=9,
            output_m3=1,
            storage_change_m3=0,
            billed_m3=billed,
            apportioned_m3=1,
            supply_coverage=1,
            consumption_coverage=1,
            service_points=1,
            status="sufficient",
        )
    job = Job.objects.create(
        kind="test",
        division=district,
        parameters={},
        state="succeeded",
        result={"file": {"name": "made.txt", "media_type": "text/plain"}},
    )
    (folder_of(job) / "made.txt").write_text(district.code)
    return Sample(
        details=_details(world, stream, job),
        secrets=[district.code, network, account.number, world.enterprise.code, str(zone.uid)],
        writes=_writes(world),
    )


def _instrument(world: World) -> Datastream:
    attachment = attach(world.network, [Place(world.nodes["M1"].pk)])[0]
    code = f"{world.network.code}:M1"
    thing = add_thing(code=code, name=code, division=world.district, attachment=attachment, acting_user=None)
    stream = add_datastream(
        thing=thing,
        code=f"{code}:flow",
        observed_property="flow",
        unit="m3/h",
        kind="mean",
        interval_s=3600,
        acting_user=None,
    )
    rows = [(stream.pk, local_midnight(DECEMBER) + timedelta(hours=hour), 1.0) for hour in range(5)]
    load_observations(rows=rows, acting_user=None, origin=code)
    edit_series(
        datastream=stream, corrections=[(rows[0][1], 2.0)], code="edited", reason=code, acting_user=None
    )
    return stream


def _details(world: World, stream: Datastream, job: Job) -> dict[str, dict[str, Any]]:
    """The address arguments of every endpoint that names one row."""
    first = world.installations[0]
    link = first.service_point.contracts.get()
    account = link.contract.account
    invoice = Invoice.objects.get(account=account)
    zone = world.zones["Z1"]
    by_uid: dict[str, Any] = {  # rows of models that have no ancestor with a uid in common
        "job": job,
        "network": world.network,
        "zone": zone,
        "node": world.nodes["A"],
        "pipe": world.pipes["P1"],
        "thing": Thing.objects.get(pk=stream.thing_id),
        "datastream": stream,
        "subscriber": account.subscriber,
        "account": account,
        "service-point": first.service_point,
        "meter": first.meter,
        "installation": first,
        "reading": first_of(Reading.objects.filter(installation=first)),
        "invoice": invoice,
        "payment": Payment.objects.get(account=account, channel="bank"),
        "waiting-payment": WaitingPayment.objects.get(account=account),
        "waiting-write-off": WaitingWriteOff.objects.get(account=account),
        "group-meter": GroupMeter.objects.get(enterprise=world.enterprise),
        "message": Message.objects.get(enterprise=world.enterprise),
        "suspense": SuspenseItem.objects.get(enterprise=world.enterprise),
        "billing-run": BillingRun.objects.get(enterprise=world.enterprise),
    }
    by_pk = {
        "street": Street.objects.get(division__parent=world.district),
        "audit-event": first_of(AuditEvent.objects.filter(division=world.district)),
        "meter-movement": first_of(MeterMovement.objects.filter(division=world.district)),
        "penalty-terms": first_of(PenaltyTerms.objects.filter(enterprise=world.enterprise)),
        "tariff": first_of(Tariff.objects.filter(enterprise=world.enterprise)),
        "ledger-entry": first_of(LedgerEntry.objects.filter(account=account)),
        "billing-exception": first_of(BillingException.objects.filter(run__enterprise=world.enterprise)),
        "zone-balance": first_of(ZoneBalance.objects.filter(zone=zone)),
    }
    return {
        **register_details(world),
        **quality_details(world),
        **(outages := outage_details(world)),
        "outage-sheet": outages["outage-detail"],
        **(exchange := _exchange_details(world)),
        **workbench_details(world, run=exchange["simulation"]["uid"]),
        **work_details(world),
        **loss_details(world),
        **finding_details(world),
        **edit_details(world),
        **feed_details(stream),
        **{f"{name}-detail": {"uid": row.uid} for name, row in by_uid.items()},
        **{f"{name}-detail": {"pk": row.pk} for name, row in by_pk.items()},
        "division-detail": {"code": world.district.code},
        "enterprise-detail": {"code": world.enterprise.code},
        "datastream-observations": {"uid": stream.uid},
        "series-export": {"uid": stream.uid},
        "series-edit-create": {"uid": stream.uid},
        **{name: {"uid": by_uid["waiting-payment"].uid} for name in WAITING_PAYMENT_ACTIONS},
        **{name: {"uid": by_uid["waiting-write-off"].uid} for name in WAITING_WRITE_OFF_ACTIONS},
        **{name: {"uid": by_uid["reading"].uid} for name in READING_ACTIONS},
        "payment-reverse": {"uid": by_uid["payment"].uid},
        **cash_details(world),
        "meter-verify": {"uid": first.meter.uid},
        "meter-movement-take-back": {"pk": by_pk["meter-movement"].pk},
        "group-meter-shares": {"uid": by_uid["group-meter"].uid},
        "invoice-cancel": {"uid": invoice.uid},
        **{name: {"uid": by_uid["suspense"].uid} for name in CHANNEL_ACTIONS},
        **{name: {"uid": by_uid["message"].uid} for name in MESSAGE_ACTIONS},
        # Named by the query, not by the path.
        **{name: {"code": world.enterprise.code} for name in ("state-share", "billing-month-reopening")},
        **{
            name: {"uid": account.uid} for name in ("account-statement", "account-price", "account-write-off")
        },
        **_account_details(world),
        "series-edit-detail": {"uid": stream.edits.earliest("pk").uid},
        "series-edit-undo": {"uid": stream.edits.earliest("pk").uid},
        # Named by the query, not by the path.
        "series": {"code": stream.code},
        "live-values": {"code": stream.code},
        "job": {"uid": job.uid},
        "job-file": {"uid": job.uid},
        "job-cancel": {"uid": Job.objects.create(kind="test", division=job.division, parameters={}).uid},
        "sensor": {"uid": Thing.objects.get(pk=stream.thing_id).uid},
        "zone": {"uid": zone.uid},
        "account": {"uid": account.uid},
        "invoice": {"uid": invoice.uid},
        "invoice-pdf": {"uid": invoice.uid},
        "ogc-item": {"collection_id": "pipes", "feature_id": world.pipes["P1"].uid},
    }


def _account_details(world: World) -> dict[str, dict[str, Any]]:
    """Each action has an account or point of its own, which is closed before it is opened again."""
    points = [installation.service_point for installation in world.installations]
    accounts = [point.contracts.get().contract.account for point in points]
    return {
        "account-close": {"uid": accounts[2].uid},
        "account-reopen": {"uid": accounts[2].uid},
        "account-transfer": {"uid": accounts[1].uid},
        **{name: {"uid": accounts[0].subscriber.uid} for name in ("person", "subscriber-kept", *ERASURES)},
        "service-point-exchange-meter": {"uid": points[3].uid},
        **{
            f"account-{name}": {"uid": accounts[0].uid}
            for name in ("values", "absences", "benefits", "end-absence", "end-benefit")
        },
    }


def _account_writes(world: World) -> dict[str, dict[str, Any]]:
    account = world.installations[0].service_point.contracts.get().contract.account
    days = (date(2026, 1, 1), None)
    absence = Absence.objects.create(account=account, validity=days, residents=1)
    benefit = Benefit.objects.create(account=account, kind="x", validity=days, share_percent=Decimal(10))

    def last(position: int) -> list[dict[str, str]]:
        return [{"installation": str(world.installations[position].uid), "index_m3": "5"}]

    return {
        "account-list": new_account_body(world),
        # Its contract runs: told, and nothing done.
        "subscriber-erasure": {"reason": "asked"},
        # Nobody proposed it.
        "subscriber-erasure-withdraw": {},
        "street-list": {"division": f"{world.district.code}-M", "name": "Yangi ko‘cha"},
        "account-close": {"day": "2026-01-15", "last_indexes": last(2)},
        "account-reopen": {},
        "account-values": {"kind": "residents", "valid_from": "2026-01-01", "value": "2"},
        "account-absences": {"first_day": "2026-01-01", "residents": 1},
        "account-benefits": {
            "kind": "x",
            "first_day": "2026-01-01",
            "residents": 1,
            "share_percent": "10",
            "services": ["cold_water"],
        },
        "account-end-absence": {"id": absence.pk, "day_after_last": "2026-02-01"},
        "account-end-benefit": {"id": benefit.pk, "day_after_last": "2026-02-01"},
        "account-transfer": {
            "day": "2026-01-15",
            "subscriber_class": "household",
            "name": "Keyingi",
            "last_indexes": last(1),
        },
        "service-point-exchange-meter": {
            "day": "2026-01-15",
            "last_index_m3": "5",
            "serial": f"EX-{world.network.code}",
            "model_name": "SGV-15",
            "index_m3": "0",
        },
    }


def _exchange_details(world: World) -> dict[str, dict[str, Any]]:
    """A simulation of the network with a result at a node."""
    run = SimulationRun.objects.create(
        network=world.network,
        division=world.district,
        network_read_at=local_midnight(DECEMBER),
        finished_at=local_midnight(DECEMBER),
        hours=0,
        times_s=[0],
        engine="EPANET 2.2",
        model_sha256="0" * 64,
        warnings=[f"something about {world.network.code}"],
    )
    node = world.nodes["A"]
    NodeResult.objects.create(run=run, node=node, head_m=[1], pressure_m=[1], demand_m3h=[1])
    return {
        "network-export": {"network": world.network.code},
        "register-export": {"kind": "subscribers"},
        "network-simulations": {"network": world.network.code},
        "simulation": {"uid": run.uid},
        "simulation-series": {"uid": run.uid},
        "network-segments": {"network": world.network.code},
        "pipe-isolation": {"uid": first_of(world.network.pipes.filter(is_connector=False)).uid},
    }


def _writes(world: World) -> dict[str, dict[str, Any]]:
    account = world.installations[0].service_point.contracts.get().contract.account
    bill = str(Invoice.objects.filter(enterprise=world.enterprise).earliest("pk").uid)
    return {
        **register_writes(world),
        **quality_writes(world),
        **outage_writes(world),
        **work_writes(world),
        **loss_writes(world),
        **FINDING_WRITES,
        **edit_writes(world),
        **feed_writes(world.district),
        **WORKBENCH_POSTS,
        "reading-list": {
            "installation": str(world.installations[0].uid),
            "read_on": "2026-02-01",
            "index_m3": "120.000",
        },
        "payment-list": {
            "account": str(account.uid),
            "channel": "bank",
            "reference": "matrix",
            "paid_on": timezone.localdate().isoformat(),
            "amount": "1.00",
        },
        **{action: {} for action in (*WAITING_PAYMENT_ACTIONS, *WAITING_WRITE_OFF_ACTIONS)},
        "reading-decide": {"decision": "give_up"},
        **_account_writes(world),
        "billing-run-list": {"enterprise": world.enterprise.code, "month": "2026-01-01"},
        "billing-month-close": {"enterprise": world.enterprise.code, "month": "2025-11-01"},
        "billing-month-reopen": {"enterprise": world.enterprise.code, "month": "2025-11-01", "reason": "x"},
        "billing-month-reopen-withdraw": {"enterprise": world.enterprise.code, "month": "2025-11-01"},
        "payment-reverse": {"reason": "x"},
        **{action: {} for action in MESSAGE_ACTIONS},
        "suspense-assign": {"account": account.number},
        "suspense-return": {"reason": "x"},
        "payment-files": {"format": "1c", "enterprise": world.enterprise.code},
        "price": {"cases": []},
        "bill-print": {"enterprise": world.enterprise.code, "month": "2025-12-01"},
        "bill-delivery": {"invoices": [bill], "handed_over_on": "2026-02-02"},
        "bill-delivery-undo": {"invoices": [bill]},
        "invoice-cancel": {"reason": "x"},
        **meter_writes(world),
        **cash_writes(world, account),
        "account-write-off": {"sheet": "A-1", "amount": "1.00", "reason": "x"},
        "balance-run": {
            "network": world.network.code,
            "first_month": "2025-12-01",
            "last_month": "2025-12-01",
        },
        "job-cancel": {},
        "import-inspections": {"encoding": "", "srid": 4326},
        "handheld-imports": {},
        "register-imports": {"kind": "residents", "enterprise": world.enterprise.code},
        "network-imports": {"network": "NEW", "division": world.district.code, "commodity": "water"},
        "series-edit-create": {
            "code": "edited",
            "reason": "x",
            "corrections": [{"time": "2025-12-01T00:00:00Z", "value": 1}],
        },
        "series-edit-undo": {"reason": "x"},
    }


def endpoints() -> Iterator[tuple[str, str]]:
    """(name, route) of the whole URL map; the administration's own addresses are tried apart."""

    def walk(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, str]]:
        for entry in resolver.url_patterns:
            route = prefix + str(entry.pattern)
            if isinstance(entry, URLResolver):
                if route != "admin/":
                    yield from walk(entry, route)
            elif isinstance(entry, URLPattern):
                yield entry.name or route, route

    yield from walk(get_resolver(), "")


def address(name: str, route: str, sample: Sample) -> str:
    """The endpoint's address for a sample's row."""
    from django.urls import reverse

    if name == "sensorthings":
        return "/sta/v1.1/Datastreams?$expand=Thing,Observations"
    if name == "tile":
        return "/tiles/nodes/15/22704/12251.pbf"
    if name in ("ogc-collection", "ogc-queryables", "ogc-items"):
        return reverse(name, args=["nodes"])
    if name == "tilejson":
        return "/tiles/nodes.json"
    if name == "nearest":
        return "/api/v1/nearest/?lon=69.402&lat=41.4"
    if name == "material-life-detail":
        return "/api/v1/material-lives/steel/"
    if name == "condition-summary":
        return "/api/v1/condition/summary/?by=zone"
    if name == "network-export":
        return reverse(name, kwargs=sample.details[name]) + "?format_name=csv"
    if name == "register-export":
        enterprise = sample.writes["register-imports"]["enterprise"]
        return f"{reverse(name, kwargs=sample.details[name])}?format=csv&enterprise={enterprise}"
    if name == "handheld-files":
        return f"{reverse(name)}?month=2026-02"
    if name == "simulation-series":
        return reverse(name, kwargs=sample.details[name]) + f"?node={sample.details['node-detail']['uid']}"
    if name == "billing-month-reopening":
        return f"{reverse(name)}?enterprise={sample.details[name]['code']}&month=2025-11"
    if name == "state-share":
        return f"{reverse(name)}?enterprise={sample.details[name]['code']}&month=2025-12"
    if name in ("account-price", "group-meter-shares"):
        return f"{reverse(name, kwargs=sample.details[name])}?month=2025-12"
    if name in WORKBENCH_QUERIES:
        return reverse(name, kwargs=sample.details[name]) + WORKBENCH_QUERIES[name]
    if name in ("field-area", "field-area-size"):
        return reverse(name) + "?bbox=69.3,41.3,69.5,41.5"
    if name == "route-sheet":
        return reverse(name, kwargs=sample.details[name]) + "?pipes=P1"
    if name == "trace":
        return reverse(name, kwargs=sample.details[name]) + "?type=connected&from=A"
    if name in ("profile", "profile-drawing"):
        return reverse(name, kwargs=sample.details[name]) + "?from=A&to=A"
    if name == "billed-days":
        return f"{reverse(name)}?network={sample.details[name]['code']}&month=2025-12"
    if name == "search":
        return "/api/v1/search/?q=A"
    if name in ("series", "live-values"):
        return f"{reverse(name)}?datastream={sample.details[name]['code']}"
    if name == "series-export":
        return reverse(name, kwargs=sample.details[name]) + "?file_format=csv"
    return reverse(name, kwargs=sample.details.get(name))


@pytest.fixture
def samples(district: Division, other_district: Division) -> tuple[Sample, Sample]:
    return (
        make_sample(district, "OWN-NET", "OWN-SUV", 0),
        make_sample(other_district, "ALIEN-NET", "ALIEN-SUV", 5000),
    )


@dataclass
class Tally:
    cells: int = 0
    leaks: list[str] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.leaks = []

    def check(self, is_right: bool, what: str) -> None:
        self.cells += 1
        if not is_right:
            self.leaks.append(what)

    def report(self, role: str, untested: set[str]) -> None:
        print(f"T11: {role}: cells {self.cells}; leaks {len(self.leaks)}; untested endpoints {len(untested)}")
        assert not untested
        assert not self.leaks, "\n".join(self.leaks[:40])


def shows(response: Any, secrets: list[str]) -> list[str]:
    """Which of the secrets an answer contains."""
    if response.status_code in (301, 302) or not hasattr(response, "content"):
        return []
    content = response.content
    return [word for word in secrets if word.encode() in content]


# Of so many roles one tries an address above and below its district; `make prove` tries all.
APART = 1 if os.environ.get("TARMOQ_PROVE") else 3


# One test a role, so that the roles are tried on both cores.
@pytest.mark.figure
@pytest.mark.parametrize("role", RoleAssignment.Role.values)
def test_t11_no_leak_and_no_untested_endpoint(
    role: str, samples: tuple[Sample, Sample], district: Division
) -> None:
    own, alien = samples
    known = dict(endpoints())
    untested = set(known) - set(EXPECTED)
    tally = Tally()
    region = district.parent
    assert region is not None
    places = {
        "own district": (district, True, False),
        "region above": (region, True, True),
        "mahalla below": (Division.objects.get(code="QIBRAY-M"), False, False),
    }
    capabilities = ROLE_CAPABILITIES[role]
    number = RoleAssignment.Role.values.index(role)
    for place, (division, sees_own, sees_alien) in places.items():
        client = _client_with(role, division)
        for position, (name, route) in enumerate(known.items()):
            # Above and below, what a role may do is known already: some of the roles show at each address what is seen.
            if place != "own district" and (position + number) % APART:
                continue
            who = f"{role} of {place} at {name}"
            _try_reading(tally, client, name, route, capabilities, (own, sees_own), (alien, sees_alien), who)
            if place == "own district" and name in WRITES:
                _try_writing(tally, client, name, route, capabilities, own, alien, who)
    tally.report(role, untested)


@pytest.mark.figure
def test_t11_strangers_see_nothing(samples: tuple[Sample, Sample]) -> None:
    known = dict(endpoints())
    tally = Tally()
    _try_strangers(tally, known, samples[0])
    tally.report("strangers", set(known) - set(EXPECTED))


def _client_with(role: str, division: Division) -> Client:
    user = User.objects.create_user(username=f"{role}-{division.code}", password="a-long-password")
    RoleAssignment.objects.create(user=user, role=role, division=division)
    client = ClosingClient()
    client.force_login(user)
    return client


def reverse_of(name: str) -> str:
    from django.urls import reverse

    return reverse(name)


def _try_reading(
    tally: Tally,
    client: Client,
    name: str,
    route: str,
    capabilities: frozenset[Capability],
    own: tuple[Sample, bool],
    alien: tuple[Sample, bool],
    who: str,
) -> None:
    wanted = EXPECTED.get(name)
    if name in ("logout", "set_language", *OWN_BY_POST) or wanted in (None, PROVIDER):
        return
    if wanted == SOURCE_TOKEN:
        tally.check(
            client.get(reverse_of(name)).status_code == 401, f"{who}: let in without the source's token"
        )
        return
    is_allowed = wanted in (OPEN, LOGGED_IN) or wanted in capabilities
    for sample, is_seen in (own, alien):
        path = address(name, route, sample)
        assert path is not None
        response = client.get(path)
        has_row = name in sample.details
        # A mahalla's own role sees its mahalla and its street, which hang below the district.
        is_visible = is_allowed and (is_seen or not has_row or wanted == OPEN)
        if name in (*EDIT_ONLY_NAMES, *FEED_ACTIONS) or (name in WRITES and name not in READ_TOO):
            # Whoever may read the rows is told that an action is no page; the action itself is not his.
            refused = (404, 405) if name in ACTIONS_ON_READABLE else (404,)
            tally.check(
                response.status_code in ((405,) if is_allowed else refused),
                f"{who}: GET {response.status_code}",
            )
            continue
        # So is its part of the enterprise's registers, which is empty.
        if name in ("street-detail", "register-export") and "mahalla" in who and sample is own[0]:
            is_visible = is_allowed
        expected = (200, 204, 302) if is_visible else (404,)
        if name in REFUSED_BY_THE_DATA and is_visible:
            expected = (400,)
        tally.check(response.status_code in expected, f"{who}: {path} gave {response.status_code}")
        if not is_seen and name not in ("login", "public-receipt"):
            # What the viewer wrote in the address, and the name of the district above, tell nothing new.
            hidden = [word for word in sample.secrets if word != "QIBRAY" and word not in path]
            found = shows(response, hidden)
            tally.check(not found, f"{who}: {path} showed {found}")


def _try_writing(
    tally: Tally,
    client: Client,
    name: str,
    route: str,
    capabilities: frozenset[Capability],
    own: Sample,
    alien: Sample,
    who: str,
) -> None:
    is_allowed = WRITES[name] in capabilities
    before = _row_counts()
    response = client.post(
        address(name, route, alien), written(alien.writes[name]), "application/json", headers=_ANY_VERSION
    )
    takes_file = name in (
        "network-imports",
        "import-inspections",
        "register-imports",
        "handheld-imports",
        "water-audits",
        "payment-files",
    )
    refused = (404,) if not takes_file or not is_allowed else (400, 404, 415)
    if name == "field-sync" and is_allowed:
        # Each change has a fate of its own; that of another division's is that it is not found.
        refused = (200,)
        tally.check(b'"not_found"' in response.content, f"{who}: {response.content[:200]!r}")
    if name == "price" and is_allowed:
        # All that is priced stands in the body.
        refused = (200,)
    tally.check(response.status_code in refused, f"{who}: wrote to another division: {response.status_code}")
    if not is_allowed:
        for body in (own.writes[name], {}):
            response = client.post(
                address(name, route, own), written(body), "application/json", headers=_ANY_VERSION
            )
            tally.check(response.status_code == 404, f"{who}: POST gave {response.status_code}")
    tally.check(_row_counts() == before, f"{who}: a denied write left rows")
    if is_allowed and not takes_file:
        response = client.post(
            address(name, route, own), written(own.writes[name]), "application/json", headers=_ANY_VERSION
        )
        tally.check(
            response.status_code
            in (
                (200, 201, 202, 400, 409)
                if name
                in (
                    *MAY_NOT_FIT,
                    *QUALITY_MAY_NOT_FIT,
                    *OUTAGE_ACTIONS,
                    *WORK_MAY_NOT_FIT,
                    "outage-list",
                    *WAITING_PAYMENT_ACTIONS,
                    *WAITING_WRITE_OFF_ACTIONS,
                    *ERASURES,
                    "billing-month-reopen-withdraw",
                    *CHANNEL_ACTIONS,
                    *CASH_ACTIONS,
                    "cash-shift-list",
                    "cash-slip-list",
                    *MESSAGE_ACTIONS,
                    *READING_ACTIONS,
                )
                else (200, 201, 202)
            ),
            f"{who}: {response.status_code} {response.content[:200]!r}",
        )


def written(body: dict[str, Any]) -> str:
    """The body as JSON; where it says {unique}, a number that no other body has."""
    return json.dumps(body).replace("{unique}", str(next(_UNIQUE)))


def _row_counts() -> list[int]:
    """Of every table that a write could leave a row in, in one statement."""
    models = (
        Reading,
        Account,
        AccountChange,
        AccountValue,
        Absence,
        Benefit,
        MeterInstallation,
        MeterMovement,
        Meter,
        Street,
        Payment,
        Job,
        BillingRun,
        AuditEvent,
        LedgerEntry,
        *REGISTERS,
        *QUALITY_TABLES,
        *WORK_TABLES,
        *LOSS_TABLES,
        *CASH_TABLES,
    )
    counts = ", ".join(f'(select count(*) from "{model._meta.db_table}")' for model in models)
    with connection.cursor() as cursor:
        cursor.execute(f"select {counts}")
        return list(cursor.fetchone())


def _try_strangers(tally: Tally, known: dict[str, str], own: Sample) -> None:
    """Nobody logged in, a wrong token, and a user without any role."""
    for name, route in known.items():
        wanted = EXPECTED.get(name)
        # Who is no provider is told so in the provider's own form (tests/billing/channels).
        if wanted in (OPEN, PROVIDER, None):
            continue
        path = address(name, route, own)
        anonymous = Client().get(path)
        refused = (302,) if name in PAGES else (401,)
        tally.check(anonymous.status_code in refused, f"anonymous at {name}: {anonymous.status_code}")
        bad_token = Client().get(path, headers={"authorization": "Bearer wrong"})
        tally.check(bad_token.status_code == 401, f"a wrong token at {name}: {bad_token.status_code}")
    user = User.objects.create_user(username="nobody", password="a-long-password")
    client = ClosingClient()
    client.force_login(user)
    for name, route in known.items():
        if isinstance(EXPECTED.get(name), Capability):
            response = client.get(address(name, route, own))
            tally.check(
                response.status_code == 404, f"a user without roles at {name}: {response.status_code}"
            )


@pytest.mark.django_db
@pytest.mark.parametrize("role", [role for role in RoleAssignment.Role.values if role != "administrator"])
def test_the_administration_is_closed_to_other_roles(role: str, district: Division) -> None:
    client = _client_with(role, district)
    for path in (
        "/admin/",
        "/admin/gis_core/user/",
        "/admin/billing/subscriber/",
        "/admin/gis_core/user/add/",
    ):
        assert client.get(path).status_code in (302, 404), path
