"""Every check on a network that triggers it and on a near miss, over all of it and over the ground of the finding."""

from collections.abc import Iterator

import pytest
from django.db import transaction
from django.utils import translation

from assets.models import Finding
from assets.validation.services import CATALOGUE, validate_network
from assets.validation.services.catalogue import Check
from gis_core.models import Division
from tests.assets.validation.cases import CASES, Case
from tests.assets.validation.sketch import Sketch


@pytest.fixture
def never_committed(db: None) -> Iterator[None]:
    """Some of what is drawn the database would not let in at a commit; checks also find what was there before."""
    yield
    transaction.set_rollback(True)


@pytest.mark.usefixtures("never_committed")
@pytest.mark.parametrize("case", CASES, ids=[case.check for case in CASES])
def test_check_is_triggered(case: Case, district: Division) -> None:
    sketch = Sketch(district, case.commodity)
    case.draw(sketch, True)
    result = validate_network(sketch.network, acting_user=None, is_everything=True)
    found = Finding.objects.filter(network=sketch.network, check_code=case.check)
    assert [list(finding.element_codes) for finding in found] == [list(case.elements)], result.by_check
    finding = found.get()
    check = CATALOGUE[case.check]
    assert finding.severity == check.severity
    assert "{" not in finding.explanation
    assert "  " not in finding.explanation
    assert finding.geom is not None or case.check in ("curve_not_ascending", "zone_without_nodes")
    assert len(finding.elements) == len(case.elements)
    if check.scope != "network":
        _found_from_its_ground(sketch, finding)


def _found_from_its_ground(sketch: Sketch, finding: Finding) -> None:
    """A run over the ground of the finding alone finds it again, as the same row, and nothing else there is lost."""
    before = set(Finding.objects.values_list("pk", flat=True))
    assert finding.geom is not None
    west, south, east, north = finding.geom.extent
    box = (west, south, east, north)
    validate_network(sketch.network, acting_user=None, boxes=[box])
    assert set(Finding.objects.values_list("pk", flat=True)) == before
    Finding.objects.all().delete()
    validate_network(sketch.network, acting_user=None, boxes=[box])
    again = Finding.objects.get(check_code=finding.check_code)
    assert (again.fingerprint, again.element_codes, again.explanation) == (
        finding.fingerprint,
        finding.element_codes,
        finding.explanation,
    )


@pytest.mark.django_db
@pytest.mark.parametrize("case", CASES, ids=[case.check for case in CASES])
def test_near_miss_is_not_found(case: Case, district: Division) -> None:
    sketch = Sketch(district, case.commodity)
    case.draw(sketch, False)
    result = validate_network(sketch.network, acting_user=None, is_everything=True, only=[case.check])
    assert result.checks == [case.check]
    assert not Finding.objects.filter(check_code=case.check).exists(), result.findings


@pytest.mark.figure
def test_every_check_is_tested() -> None:
    elsewhere = {"service_on_transmission_main"}
    tested = {case.check for case in CASES} | elsewhere
    print(
        f"N6: checks {len(CATALOGUE)}; tested on a network that triggers them and a near miss {len(tested)}"
    )
    assert tested == CATALOGUE.keys()
    assert len(CATALOGUE) >= 40


@pytest.mark.parametrize("language", ["ru", "uz"])
def test_titles_are_in_the_languages_of_the_pages(language: str) -> None:
    with translation.override("en"):
        english = {check.code: str(check.title) for check in _checks()}
    with translation.override(language):
        assert [check.code for check in _checks() if str(check.title) == english[check.code]] == []


def _checks() -> list[Check]:
    return list(CATALOGUE.values())
