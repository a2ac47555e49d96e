"""A job's page in a browser: its progress, cancelling it, and the file that it made, in three languages."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from assets.editing.services import edit_jobs
from assets.models import Edit
from gis_core.models import Job, User
from gis_core.services.jobs import run_job
from tests.e2e.conftest import Visitor
from tests.frontend_map.conftest import Utility

Visitors = Callable[..., Visitor]


@pytest.fixture
def job(utility: Utility, settings: Any, tmp_path: Path) -> Job:
    """An edit that waits for a worker."""
    settings.MEDIA_ROOT = tmp_path
    return edit_jobs.request_edit(
        utility.network.network,
        [
            {"op": "add_node", "kind": "junction", "geometry": [60 + k % 50 * 0.001, 38 + k // 50 * 0.001]}
            for k in range(501)
        ],
        acting_user=User.objects.get(username="engineer"),
        summary="many",
        enqueue=lambda _uid: None,
    )


def in_language(visitor: Visitor, language: str) -> None:
    visitor.page.context.add_cookies([{"name": "django_language", "value": language, "url": visitor.server}])


WORDS = {
    "en": ("operations", "Cancel the job"),
    "ru": ("операции", "Отменить задачу"),
    "uz": ("amallar", "Vazifani bekor qilish"),
}


@pytest.mark.parametrize("language", WORDS)
def test_a_job_is_followed_and_cancelled(job: Job, visitor_of: Visitors, language: str) -> None:
    visitor = visitor_of("engineer")
    in_language(visitor, language)
    Job.objects.filter(pk=job.pk).update(
        state="running", progress_done=200, progress_total=501, message="operations"
    )
    page = visitor.open(f"/jobs/{job.uid}/")
    expect(page.locator("#job-progress")).to_have_attribute("aria-valuenow", "200")
    Job.objects.filter(pk=job.pk).update(progress_done=350)
    expect(page.locator("#job-progress")).to_have_attribute("aria-valuenow", "350")
    button = page.locator("#job-cancel")
    message, words = WORDS[language]
    expect(page.locator("#job-message")).to_have_text(message)
    expect(button).to_have_text(words)
    visitor.assert_fits()
    page.once("dialog", lambda dialog: dialog.dismiss())
    button.click()
    assert Job.objects.get(pk=job.pk).state == "running"
    page.once("dialog", lambda dialog: dialog.accept())
    button.click()
    expect(page.locator("#job")).to_have_attribute("data-state", "cancelled")
    expect(button).to_be_hidden()
    expect(page.locator("#job-file-card")).to_be_hidden()
    visitor.assert_fits()
    assert Job.objects.get(pk=job.pk).state == "cancelled"
    assert not Edit.objects.filter(summary__contains="many").exists()


def test_the_answer_of_an_edit_is_fetched(job: Job, visitor_of: Visitors) -> None:
    run_job(str(job.uid), edit_jobs.do_edit, as_one_transaction=True)
    visitor = visitor_of("engineer")
    page = visitor.open(f"/jobs/{job.uid}/")
    expect(page.locator("#job")).to_have_attribute("data-state", "succeeded")
    expect(page.locator("#job-cancel")).to_be_hidden()
    visitor.assert_fits()
    with page.expect_download() as fetching:
        page.click("#job-file")
    answer = json.loads(Path(fetching.value.path()).read_text(encoding="utf-8"))
    assert len(answer["results"]) == 501
