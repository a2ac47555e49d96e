"""The attribute table and the print of the map in a browser, from log-in to result, at both sizes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from assets.models import Pipe
from tests.e2e.conftest import Visitor
from tests.frontend_map.conftest import Utility


def open_table(visitor: Visitor) -> None:
    page = visitor.open_map()
    if page.locator("#tools-menu").is_visible():
        page.click("#tools-menu")
    page.click("button[data-tool=table]")
    page.wait_for_selector("#element-rows .tabulator-row", timeout=30_000)


@pytest.mark.usefixtures("utility")
def test_rows_are_filtered_chosen_edited_and_undone(
    visitor_of: Callable[..., Visitor], utility: Utility
) -> None:
    visitor = visitor_of("engineer")
    page = visitor.page
    open_table(visitor)
    pipes = Pipe.objects.filter(is_connector=False)
    drawer = page.locator("#drawer")
    expect(drawer).to_have_attribute("data-count", str(pipes.count()))
    pipe = pipes.order_by("code").last()
    assert pipe is not None
    before = pipe.material
    page.fill("[data-filter=code]", pipe.code)
    same = pipes.filter(code__icontains=pipe.code).count()
    expect(drawer).to_have_attribute("data-count", str(same))
    page.locator("#element-rows .tabulator-row .row-mark input").first.check()
    expect(page.locator("#map")).to_have_attribute("data-selection", "1")
    page.locator("#table-edit").click()
    page.fill("#bulk-form [name=year_installed]", "1700")
    page.locator("#bulk-form button.primary").click()
    # The server refuses it, at its field.
    expect(page.locator("[data-field=year_installed] .field-error")).not_to_be_empty()
    page.fill("#bulk-form [name=year_installed]", "1999")
    page.fill("#bulk-form [name=material]", "PE")
    page.locator("#bulk-form button.primary").click()
    page.locator("#bulk-undo").wait_for()
    chosen = page.locator("#element-rows .tabulator-row").first
    expect(chosen).to_contain_text("1999")
    assert Pipe.objects.filter(material="PE", year_installed=1999).count() == 1
    page.click("#bulk-undo")
    expect(chosen).not_to_contain_text("1999")
    assert Pipe.objects.get(pk=pipe.pk).material == before
    visitor.errors = [error for error in visitor.errors if "status of 400" not in error]
    visitor.assert_fits()


@pytest.mark.usefixtures("utility")
def test_what_is_filtered_is_exported_and_keys_are_enough(visitor_of: Callable[..., Visitor]) -> None:
    visitor = visitor_of("crew")
    page = visitor.page
    open_table(visitor)
    with page.expect_download() as download:
        page.select_option("#table-export", "csv")
    lines = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 1 + Pipe.objects.filter(is_connector=False).count()
    # A crew edits nothing.
    expect(page.locator("#table-edit")).to_have_count(0)
    row = page.locator("#element-rows .tabulator-row").first
    row.focus()
    page.keyboard.press("Space")
    expect(page.locator("#map")).to_have_attribute("data-selection", "1")
    page.fill("[data-filter=diameter_mm]", "wide")
    expect(page.locator("[data-filter=diameter_mm]")).to_have_attribute("aria-invalid", "true")
    visitor.assert_fits()


@pytest.mark.usefixtures("utility")
def test_what_is_seen_is_printed(visitor_of: Callable[..., Visitor]) -> None:
    visitor = visitor_of("engineer")
    page = visitor.open_map()
    if page.locator("#tools-menu").is_visible():
        page.click("#tools-menu")
    page.click("button[data-tool=print]")
    page.fill("#print-title", "Test of a sheet")
    page.select_option("#print-orientation", "portrait")
    page.locator("#print-form button.primary").click()
    with page.expect_download() as download:
        page.locator("#print-made a[download]").click()
    assert Path(download.value.path()).read_bytes()[:5] == b"%PDF-"
    visitor.assert_fits()
