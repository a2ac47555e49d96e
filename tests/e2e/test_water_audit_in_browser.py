"""The water audit in a real browser, at a phone's and a desk's size: table, waterfall, costs, files of audits."""

from collections.abc import Callable

from playwright.sync_api import FilePayload, Page, expect

from assets.models import Zone
from balances.models import ZoneBalance
from tests.balances.audit.test_water_audit_command import keep_year, written
from tests.e2e.conftest import Visitor
from tests.frontend_map.conftest import Utility

Visitors = Callable[..., Visitor]


def fits(page: Page) -> bool:
    """Nothing is wider than the screen but tables that scroll by themselves."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_a_zones_audit(utility: Utility, visitor_of: Visitors) -> None:
    zone = Zone.objects.get(pk=utility.network.zones[0].pk)
    ZoneBalance.objects.filter(zone=zone).delete()
    keep_year(zone)
    visitor = visitor_of("analyst")
    page = visitor.open(f"/zones/{zone.uid}/")
    page.get_by_role("link", name="Water audit").click()
    page.get_by_label("Period").select_option("2025")
    page.get_by_label("Production cost, so‘m/m³").fill("1350")
    page.get_by_label("Tariff, so‘m/m³").fill("2000")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**production_cost=1350**")
    expect(page.locator(".audit-table tr", has_text="Real losses")).to_contain_text("313.757")
    expect(page.locator(".audit-table tr", has_text="Apparent losses")).to_contain_text("44,486")
    expect(page.locator("#waterfall rect[rx]")).to_have_count(10)
    assert fits(page)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="XLSX").click()
    assert waiting.value.suggested_filename.endswith("-2025.xlsx")
    assert visitor.errors == []


def test_a_file_of_audits(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("analyst")
    page = visitor.open("/losses/audits/")

    def choose(content: bytes) -> None:
        page.set_input_files("#file", FilePayload(name="audits.csv", mimeType="text/csv", buffer=content))

    choose(written({}, {"audit_id": "b", "connections": "0"}))
    expect(page.locator("#rows tr")).to_have_count(2)
    expect(page.locator("#rows tr").first).to_contain_text("1.18")
    expect(page.locator("#rows tr").last).to_contain_text("zero connections")
    assert fits(page)
    choose(written({"days": "x"}))
    expect(page.locator("#faults li")).to_have_count(1)
    expect(page.locator("#faults li")).to_contain_text("days: x")
    expect(page.locator("#results")).to_be_hidden()
    # The refusal is an answer of 400, which the browser notes.
    assert [error for error in visitor.errors if "400" not in error] == []
