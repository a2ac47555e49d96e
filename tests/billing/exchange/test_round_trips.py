"""What an export writes, an import finds unchanged; and what an import writes once, it does not write twice."""

from typing import Any

import pytest
from django.utils import translation
from django.utils.translation import gettext

from billing.exchange.selectors.exporting import template_file
from billing.exchange.selectors.headers import known_header
from billing.exchange.selectors.kinds import KINDS
from billing.exchange.services.importing import RULES
from billing.models import (
    Account,
    BenefitService,
    MeterInstallation,
    Reading,
    Subscriber,
    SubsidyService,
)
from gis_core.models import AuditEvent
from gis_core.table_reading import read_table
from tests.billing.exchange.conftest import bring_file, taken
from tests.world import World


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
@pytest.mark.parametrize("kind", list(KINDS))
def test_an_export_comes_back_unchanged(full_world: World, kind: str, file_format: str) -> None:
    content = taken(kind, file_format)
    rows = len(read_table(content, kind, most_rows=1000).rows)
    assert rows > 0
    report = bring_file(kind, content, file=f"{kind}.{file_format}")
    assert report.counts == {"created": 0, "changed": 0, "unchanged": rows, "refused": 0}, report.lines
    assert not report.is_written
    assert not AuditEvent.objects.filter(action="import register").exists()


@pytest.mark.parametrize(
    "kind",
    [
        *("account_values", "absences", "benefits", "subsidies", "quality_acts", "given_quantities"),
        *("contract_services", "service_values", "tariffs", "penalty_terms", "meter_types"),
    ],
)
def test_what_was_taken_away_comes_back_from_the_file(full_world: World, kind: str) -> None:
    """The rows are made anew from the export, the same in every column; then there is nothing to do."""
    content = taken(kind)
    BenefitService.objects.all().delete()
    SubsidyService.objects.all().delete()
    RULES[kind].model._default_manager.all().delete()
    rows = len(read_table(content, kind, most_rows=1000).rows)
    trial = bring_file(kind, content, is_trial=True)
    assert trial.counts["created"] == rows
    assert not trial.is_written
    assert not RULES[kind].model._default_manager.exists()
    report = bring_file(kind, content)
    assert (report.is_written, report.counts["created"]) == (True, rows)
    assert taken(kind) == content
    again = bring_file(kind, content)
    assert again.counts == {"created": 0, "changed": 0, "unchanged": rows, "refused": 0}


def test_subscribers_meters_and_readings_can_be_moved_to_another_enterprise_of_empty_books(
    full_world: World,
) -> None:
    """The files of one enterprise make the same customers of another: only numbers that are unique must differ."""
    text = taken("subscribers").decode("utf-8-sig")
    for old, new in (("1700", "9900"), ("SP-", "NP-"), (",S", ",T")):
        text = text.replace(old, new)
    before = (Subscriber.objects.count(), Account.objects.count(), MeterInstallation.objects.count())
    report = bring_file("subscribers", text.encode())
    assert report.is_written, report.lines
    after = (Subscriber.objects.count(), Account.objects.count(), MeterInstallation.objects.count())
    assert after == (before[0] + 5, before[1] + 5, before[2] + 5)
    tap = Account.objects.get(number="99000").contracts.get().service_points.get(service_point__code="NP-TAP")
    assert (tap.basis, tap.service_point.attachment.pipe_id) == ("norm", full_world.pipes["P2"].pk)
    assert tap.service_point.attachment.position == pytest.approx(0.25, abs=0.001)
    readings = taken("readings").decode("utf-8-sig").replace("SP-1700", "NP-9900").replace("\r\nS", "\r\nT")
    report = bring_file("readings", readings.encode())
    assert report.counts == {"created": 3, "changed": 0, "unchanged": 0, "refused": 0}, report.lines
    waiting = Reading.objects.get(installation__meter__serial="T0", state="queued")
    assert (waiting.queue_reason, waiting.source) == ("backwards", "import")
    assert bring_file("readings", readings.encode()).counts["unchanged"] == 3


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_a_template_has_the_columns_and_no_rows(kind: str, file_format: str) -> None:
    table = read_table(template_file(KINDS[kind], file_format), kind, most_rows=10)
    assert table.rows == ()
    header = known_header(KINDS[kind], table.header, kind)
    assert [column.name for column in header.columns.values()] == [
        column.name for column in KINDS[kind].columns
    ]


@pytest.mark.parametrize("kind", list(KINDS))
def test_headings_are_known_in_every_language(kind: str) -> None:
    for language in ("en", "ru", "uz", "uz-cyrl"):
        with translation.override(language):
            header: list[Any] = [f"  {gettext(column.title).upper()} *" for column in KINDS[kind].columns]
        found = known_header(KINDS[kind], header, kind)
        assert [column.name for column in found.columns.values()] == [
            column.name for column in KINDS[kind].columns
        ]
