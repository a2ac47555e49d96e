"""The import wizard in a browser, from log-in to result and undo, at both sizes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from assets.models import Edit, Node, Pipe
from tests.assets.importing import library_model
from tests.e2e.conftest import PASSWORD, Visitor
from tests.frontend_map.conftest import Utility

Visitors = Callable[..., Visitor]


def collection_in(path: Path, features: list[dict[str, Any]]) -> Path:
    """A GeoJSON file of the features."""
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def drawing(path: Path, *diameters: float) -> Path:
    features = [
        {
            "type": "Feature",
            "properties": {"NOMER": f"T-{k}", "DN": diameter, "MAT": "PE"},
            "geometry": {
                "type": "LineString",
                "coordinates": [[69.6 + k / 1000, 41.4], [69.601 + k / 1000, 41.4]],
            },
        }
        for k, diameter in enumerate(diameters)
    ]
    return collection_in(path, features)


def test_a_drawing_is_mapped_tried_imported_and_undone(
    utility: Utility, visitor_of: Visitors, tmp_path: Path, settings: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    visitor = visitor_of(None)
    page = visitor.open("/imports/")
    page.fill("[name=username]", "engineer")
    page.fill("[name=password]", PASSWORD)
    page.click("form.stack button")
    page.wait_for_url("**/imports/")
    expect(page.locator("#step-file")).to_have_attribute("data-ready", "true")
    visitor.assert_fits()
    page.set_input_files("#file", drawing(tmp_path / "village.geojson", 110, -5, 160))
    expect(page.locator("#found-facts")).to_contain_text("GeoJSON")
    expect(page.locator("#import-map")).to_have_attribute("data-shapes", "1")
    expect(page.locator(".import-layer")).to_contain_text("T-1")
    page.locator(".import-column", has_text="Code").locator("select").first.select_option("NOMER")
    page.locator(".import-column", has_text="Material").locator("select").first.select_option("MAT")
    expect(page.locator("#code")).to_have_value("VILLAGE")
    expect(page.locator("#apply")).to_be_disabled()
    page.click("#try")
    expect(page.locator("#report-table tbody tr")).to_have_count(1)
    expect(page.locator("#report-table")).to_contain_text("is not between 0 and 100 m")
    expect(page.locator("#apply")).to_be_disabled()
    page.fill("#report-text", "nothing like this")
    expect(page.locator("#report-table tbody tr")).to_have_count(0)
    page.fill("#report-text", "DIAMETER")
    expect(page.locator("#report-table tbody tr")).to_have_count(1)
    with page.expect_download() as saved:
        page.click("#report-csv")
    assert saved.value.suggested_filename == "village-report.csv"
    assert "is not between 0 and 100 m" in Path(saved.value.path()).read_text(encoding="utf-8-sig")
    assert not Pipe.objects.filter(network__code="VILLAGE").exists()
    page.check("#skip-bad-rows")
    page.click("#try")
    expect(page.locator("#apply")).to_be_enabled()
    page.click("#apply")
    expect(page.locator("#report-title")).to_have_text("Imported")
    assert list(
        Pipe.objects.filter(network__code="VILLAGE").order_by("code").values_list("code", "diameter_m")
    ) == [
        ("T-0", 0.11),
        ("T-2", 0.16),
    ]
    expect(page.locator("#report-map")).to_have_attribute("href", "/map/?network=VILLAGE")
    visitor.assert_fits()
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("#report-undo")
    expect(page.locator("#imports-done .state")).to_have_text("undone")
    assert not Pipe.objects.filter(network__code="VILLAGE").exists()
    assert Edit.objects.filter(network__code="VILLAGE", operation="undo").count() == 1
    visitor.assert_fits()


def objects_of_another_utility(path: Path) -> Path:
    """Points of several kinds, which a column names in another language than ours."""
    features = [
        {
            "type": "Feature",
            "properties": {"N": f"K-{k}", "VID": word},
            "geometry": {"type": "Point", "coordinates": [69.7 + k / 1000, 41.4]},
        }
        for k, word in enumerate(["задвижка", "задвижка", "гидрант", "узел-смотровой"])
    ]
    return collection_in(path, features)


def test_words_of_another_utility_are_given_their_meaning(
    utility: Utility, visitor_of: Visitors, tmp_path: Path, settings: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    visitor = visitor_of("engineer")
    page = visitor.open("/imports/")
    page.set_input_files("#file", objects_of_another_utility(tmp_path / "objects.geojson"))
    words = page.locator(".import-layer .import-word")
    # What is recognised stands there already; what is not is asked.
    expect(words).to_have_count(3)
    expect(words.filter(has_text="задвижка").locator("select")).to_have_value("valve")
    expect(words.filter(has_text="узел-смотровой").locator("select")).to_have_value("")
    words.filter(has_text="узел-смотровой").locator("select").select_option("junction")
    page.locator(".import-column", has_text="Code").locator("select").first.select_option("N")
    visitor.assert_fits()
    page.click("#try")
    expect(page.locator("#apply")).to_be_enabled()
    page.click("#apply")
    expect(page.locator("#report-title")).to_have_text("Imported")
    kinds = Node.objects.filter(network__code="OBJECTS").order_by("code").values_list("kind", flat=True)
    assert list(kinds) == ["valve", "valve", "hydrant", "junction"]
    visitor.assert_fits()


def test_a_model_needs_its_place_and_leads_to_the_map(
    utility: Utility, visitor_of: Visitors, tmp_path: Path, settings: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    visitor = visitor_of("engineer")
    page = visitor.open("/imports/")
    page.set_input_files("#file", library_model("Net3"))
    expect(page.locator("#found-facts")).to_contain_text("GPM")
    expect(page.locator("#step-layers")).to_be_hidden()
    page.click("#try")
    expect(page.locator("#target-refusal")).to_contain_text("where its centre lies")
    page.fill("#place", "69.45,41.38")
    page.click("#try")
    expect(page.locator("#apply")).to_be_enabled(timeout=30_000)
    # What was tried is not what stands there now.
    page.fill("#code", "NET-3")
    expect(page.locator("#apply")).to_be_disabled()
    page.click("#try")
    expect(page.locator("#apply")).to_be_enabled(timeout=30_000)
    page.click("#apply")
    expect(page.locator("#report-title")).to_have_text("Imported")
    page.reload()
    expect(page.locator("#imports-done")).to_contain_text("Net3.inp")
    visitor.assert_fits()


def test_what_is_no_network_says_so(
    utility: Utility, visitor_of: Visitors, tmp_path: Path, settings: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    visitor = visitor_of("engineer")
    page = visitor.open("/imports/")
    wrong = tmp_path / "plan.inp"
    wrong.write_bytes(b"%PDF-1.4 a plan")
    visitor.page.set_input_files("#file", wrong)
    expect(page.locator("#file-refusal")).to_contain_text("PDF")
    expect(page.locator("#step-found")).to_be_hidden()
