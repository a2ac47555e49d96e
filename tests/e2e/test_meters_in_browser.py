"""The store of meters and the verifications that are due, at a phone's and a desk's size."""

from collections.abc import Callable

from playwright.sync_api import expect

from billing.models import Meter, MeterType
from tests.e2e.conftest import Visitor
from tests.frontend_map.conftest import Utility

Visitors = Callable[..., Visitor]


def test_meters_are_received_issued_and_verified(utility: Utility, visitor_of: Visitors) -> None:
    hung = Meter.objects.get(
        installations__service_point__contracts__contract__account=utility.account.account
    )
    MeterType.objects.create(name=hung.model_name, verification_months=1)
    visitor = visitor_of("clerk")
    page = visitor.open("/meters/")
    page.get_by_text("Receive meters into the store").click()
    receipt = page.locator("#receive-form")
    receipt.locator("[name=model_name]").fill("SGV-20")
    receipt.locator("[name=serials]").fill("BR-1\nBR-2")
    receipt.get_by_role("button", name="Receive").click()
    expect(page.locator("#message")).to_have_text("Received: 2")
    visitor.assert_fits()
    # Nothing is chosen yet; then it is not said to whom.
    page.get_by_role("button", name="Enter it").click()
    expect(page.locator("#message")).to_have_text("Choose the meters first.")
    page.get_by_role("checkbox", name="BR-1").check()
    page.get_by_role("button", name="Enter it").click()
    expect(page.locator("[data-field=holder] .field-error")).to_have_text("Say to whom.")
    visitor.errors.clear()
    page.locator("#move-form [name=holder]").fill("Crew 1")
    page.get_by_role("button", name="Enter it").click()
    expect(page.locator("#message")).to_have_text("Entered: 1")
    expect(page.locator("#stock")).not_to_contain_text("BR-1")
    page = visitor.open("/meters/?place=")
    expect(page.locator("#stock")).to_contain_text("Issued: Crew 1")
    visitor.assert_fits()
    page.get_by_role("link", name="Verifications due").click()
    expect(page.locator("#stock")).to_contain_text(hung.serial)
    page.get_by_text("Enter a verification").first.click()
    visitor.assert_fits()
    page.get_by_role("button", name="Enter it").first.click()
    expect(page.locator("#message")).to_contain_text(hung.serial)
    visitor.assert_fits()
    # Where a meter is hung, those of the store are offered.
    page = visitor.open(f"/accounts/{utility.account.account.uid}/")
    page.get_by_text(f"Exchange the meter {hung.serial}").click()
    form = page.locator("[data-exchange]").first
    with page.expect_response("**/meters/stock/**"):
        form.locator("[name=meter_serial]").press_sequentially("BR-2")
    form.locator("[name=meter_serial]").fill("BR-2")
    expect(form.locator("[name=meter_model]")).to_have_value("SGV-20")
    visitor.assert_fits()
