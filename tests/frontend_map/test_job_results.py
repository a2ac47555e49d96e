"""A job's result is told in words and figures, whatever its kind; never as the document it is kept as."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from frontend_map.job_results import result_of, subject_of
from gis_core.models import Job
from tests.frontend_map.conftest import Utility

RESULTS: dict[str, dict[str, Any]] = {
    "run billing": {
        "enterprise": "SUV", "month": "2026-01", "trial": False, "invoices": 12, "lines": 14,
        "total_net": "1234567.50", "total_vat": "148148.10", "total": "1382715.60", "exceptions": {"no_reading": 3},
    },
    "import network": {
        "network": "N", "created": {"pipe": 1200, "junction": 900}, "unchanged": {}, "adjusted": [],
        "refused": [{"row": "7", "reason": "no geometry"}], "warnings": [{"code": "P1", "message": "too long"}],
        "placement": {"mode": "srid", "srid": 32642}, "file_sha256": "abc",
    },
    "simulate network": {"network": "N", "run": "0", "hours": 24, "warnings": []},
    "compute balances": {"network": "N", "zones": 9, "rows": 558},
    "detect leaks": {"network": "N", "zones": 9, "not_searched": 1, "events": 2},
    "something new": {"answer": 42, "parts": [{"code": "x", "value": None}]},
}  # fmt: skip


def ended(job: Job, kind: str, result: dict[str, Any]) -> Job:
    now = timezone.now()
    Job.objects.filter(pk=job.pk).update(
        kind=kind, state="succeeded", result=result, started_at=now, ended_at=now
    )
    job.refresh_from_db()
    return job


@pytest.mark.parametrize("kind", RESULTS)
def test_no_result_is_shown_raw(utility: Utility, client_of: Callable[..., Client], kind: str) -> None:
    job = ended(utility.job, kind, RESULTS[kind])
    page = client_of("administrator").get(f"/jobs/{job.uid}/").content.decode()
    shown = page[page.index('id="job-result"') : page.index('id="job-settings"')]
    assert "{" not in shown
    assert "&quot;" not in shown
    assert ": &#x27;" not in shown
    assert "sha256" not in shown


def test_a_billing_run_is_told(utility: Utility) -> None:
    shown = result_of(ended(utility.job, "run billing", RESULTS["run billing"]))
    assert shown is not None
    assert shown.sentence == "The invoices are posted."
    facts = dict(shown.facts)
    assert facts["Invoices"] == "12"
    assert facts["Month"] == "January 2026"
    assert facts["Without VAT, UZS"].replace("\xa0", ",") == "1,234,567.50"
    trial = result_of(ended(utility.job, "run billing", RESULTS["run billing"] | {"trial": True}))
    assert trial is not None
    assert "no invoice was made" in trial.sentence


def test_an_import_lists_what_was_refused(utility: Utility) -> None:
    shown = result_of(ended(utility.job, "import network", RESULTS["import network"]))
    assert shown is not None
    assert {part.title: part.rows for part in shown.lists} == {
        "Refused": ["7: no geometry"],
        "Warnings": ["P1: too long"],
    }
    assert dict(shown.facts)["Created: pipe"].replace("\xa0", ",") == "1,200"
    assert shown.links == [("Open the map", "/map/?network=N")]


def test_long_lists_are_cut_and_counted(utility: Utility) -> None:
    shown = result_of(ended(utility.job, "import network", {"warnings": [f"w{n}" for n in range(5000)]}))
    assert shown is not None
    assert (shown.lists[0].count, len(shown.lists[0].rows)) == (5000, 100)


def test_a_failure_says_what_to_do(utility: Utility, client_of: Callable[..., Client]) -> None:
    now = timezone.now()
    Job.objects.filter(pk=utility.job.pk).update(
        state="failed", error="bad file", started_at=now, ended_at=now
    )
    page = client_of("engineer").get(f"/jobs/{utility.job.uid}/").content.decode()
    assert "bad file" in page
    assert "start it again" in page


@pytest.mark.parametrize(
    ("role", "kinds"),
    [
        ("engineer", ["validate", "simulate", "leaks", "export"]),
        ("analyst", ["balances", "leaks", "export"]),
        ("clerk", ["billing", "export"]),
        ("auditor", ["export"]),
    ],
)
def test_each_role_may_start_its_own_work(
    utility: Utility, client_of: Callable[..., Client], role: str, kinds: list[str]
) -> None:
    assert [name for name, _label in client_of(role).get("/jobs/").context["starts"]] == kinds


def test_jobs_are_shown_by_state_and_paged(utility: Utility, client_of: Callable[..., Client]) -> None:
    division = utility.job.division
    Job.objects.bulk_create(Job(kind="run billing", division=division) for _number in range(120))
    client = client_of("engineer")
    assert client.get("/jobs/").context["sheet"].paginator.num_pages == 3
    assert client.get("/jobs/?state=succeeded").context["jobs"] == []
    assert client.get("/jobs/?state=nonsense").context["chosen_state"] == ""


@pytest.mark.parametrize(
    ("parameters", "subject"),
    [
        ({"network": "KY4", "file_name": "town.inp", "file": "uploads/x"}, "KY4 · town.inp"),
        (
            {"network": "KY4", "first_month": "2026-01-01", "last_month": "2026-02-01"},
            "KY4 · January 2026 – February 2026",
        ),
        ({"enterprise": "SUV", "month": "2026-01-01", "trial": True}, "SUV · January 2026"),
        ({"network": "KY4", "first_month": "2026-01", "last_month": "2026-01"}, "KY4 · January 2026"),
        ({"edit": "0"}, ""),
    ],
)  # fmt: skip
def test_a_row_of_jobs_says_what_it_is_about(
    utility: Utility, client_of: Callable[..., Client], parameters: dict[str, Any], subject: str
) -> None:
    Job.objects.filter(pk=utility.job.pk).update(parameters=parameters)
    utility.job.refresh_from_db()
    assert subject_of(utility.job) == subject
    assert (
        f"<span>{subject}</span>" in client_of("administrator").get("/jobs/").content.decode() or not subject
    )
