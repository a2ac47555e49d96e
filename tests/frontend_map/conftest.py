"""A district with a network, balances, an enterprise and a billed subscriber; and a way to be somebody."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.test import Client

from gis_core.models import Division, Enterprise, Job, User
from tests.frontend_map.sample import (
    SampleAccount,
    SampleNetwork,
    build_account,
    build_balances,
    build_enterprise,
    build_network,
)
from tests.sign_in import confirmed


@dataclass(frozen=True)
class Utility:
    """Everything that the pages show of one district."""

    network: SampleNetwork
    enterprise: Enterprise
    account: SampleAccount
    job: Job

    @property
    def pages(self) -> dict[str, str]:
        """The page of each thing, by name."""
        street = self.account.account.subscriber.street
        return {
            "home": "/",
            "map": "/map/",
            "todo": "/todo/?list=findings",
            "field": "/field/?lon=69.3412&lat=41.3305",
            "work": "/work/",
            "labels": "/labels/",
            "loss_effect": "/losses/effect/",
            "technical_losses": "/losses/technical/",
            "loss_economy": "/losses/economy/?pressure_m=50&new_pressure_m=40",
            "zone": f"/zones/{self.network.zones[0].uid}/",
            "accounts": "/accounts/?q=G‘ofurov",
            "new_account": "/accounts/new/",
            "account_changes": "/accounts/changes/?since=2025-01-01",
            "account": f"/accounts/{self.account.account.uid}/",
            "person": f"/subscribers/{self.account.account.subscriber.uid}/",
            "billing": "/billing/",
            "bills": "/bills/",
            "street_bills": f"/bills/?street={street.division.code}/{street.code}",
            "debts": "/debts/?level=street",
            "collection": "/collection/?level=street",
            "prices": "/prices/",
            "group_meters": "/buildings/",
            "meters": "/meters/?place=",
            "meter_verifications": "/meters/verifications/",
            "cash_desk": "/cash-desk/",
            "cash_slips": "/cash-desk/slips/",
            "messages": "/messages/",
            "readings": "/readings/",
            "handheld": "/readings/handheld/",
            "register_files": "/registers/files/",
            "invoice": f"/invoices/{self.account.invoices[0].uid}/",
            "invoice_pdf": f"/invoices/{self.account.invoices[0].uid}.pdf",
            "jobs": "/jobs/",
            "job": f"/jobs/{self.job.uid}/",
        }


def make_utility(district: Division, code: str = "OWN") -> Utility:
    """The district's utility; `code` is that of its network."""
    network = build_network(district, code)
    build_balances(network.zones)
    enterprise = build_enterprise(district)
    account = build_account(enterprise, network.nodes[3])
    job = Job.objects.create(
        kind="import network",
        division=district,
        progress_done=40,
        progress_total=100,
        message="Writing pipes",
    )
    return Utility(network, enterprise, account, job)


@pytest.fixture
def utility(district: Division) -> Utility:
    return make_utility(district)


@pytest.fixture
def client_of(make_user: Callable[..., User], district: Division) -> Callable[..., Client]:
    """A logged-in client of a role in the district (or another division)."""

    def make(role: str | None, division: Division | None = None, **attributes: bool) -> Client:
        user = make_user(role, division or district)
        for name, value in attributes.items():
            setattr(user, name, value)
        user.save()
        return confirmed(user)

    return make
