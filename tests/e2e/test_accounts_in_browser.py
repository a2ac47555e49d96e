"""The screen of a new subscriber, and what is done to an account, at a phone's and a desk's size."""

from collections.abc import Callable

from playwright.sync_api import expect

from billing.models import Account, MeterInstallation
from tests.billing.desk import PERSONAL_ID
from tests.e2e.conftest import Visitor
from tests.frontend_map.conftest import Utility

Visitors = Callable[..., Visitor]


def test_a_subscriber_is_opened_moved_and_metered(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("clerk")
    page = visitor.open("/accounts/")
    page.get_by_role("link", name="New subscriber").click()
    page.wait_for_selector("#place-map[data-ready=true]", timeout=30_000)
    visitor.assert_fits()
    # What is missing is said at its field, the first one has the keyboard.
    page.get_by_role("button", name="Open the account").click()
    expect(page.locator("[data-field=name] .field-error")).to_have_text("This is needed.")
    expect(page.locator("[data-field=place] > .field-error")).not_to_be_empty()
    expect(page.locator("[name=name]")).to_be_focused()
    page.fill("[name=name]", "Brauzerov Brauzer")
    page.fill("[name=personal_id]", PERSONAL_ID[:-1] + "0")
    page.fill("[name=residents]", "3")
    with page.expect_response("**/streets/**"):
        page.locator("[name=street]").press_sequentially("bog")
    street = page.locator("#streets option").first.get_attribute("value") or ""
    assert street.startswith("Bog‘ishamol ko‘chasi")
    page.fill("[name=street]", street)
    page.fill("[name=house]", "12")
    with page.expect_response("**/nearest/**"):
        page.locator("#place-map").click()
    expect(page.locator("#place-choices input").first).to_be_checked()
    meter = page.locator("fieldset[data-service=cold_water]")
    meter.locator("[name=meter_serial]").fill("BR-1")
    meter.locator("[name=meter_model]").fill("SGV-15")
    meter.locator("[name=first_index]").fill("0,5")
    page.get_by_role("button", name="Open the account").click()
    # The server's refusal stands at its field, too.
    expect(page.locator("[data-field=personal_id] .field-error")).to_contain_text("mistyped")
    visitor.errors.clear()
    page.fill("[name=personal_id]", PERSONAL_ID)
    page.get_by_role("button", name="Open the account").click()
    page.wait_for_url("**/accounts/*-*/")
    expect(page.locator("h1")).to_have_text("Brauzerov Brauzer")
    expect(page.locator("#history")).to_contain_text("Opened")
    visitor.assert_fits()
    assert MeterInstallation.objects.get(meter__serial="BR-1").readings.get().index_m3 == 0.5

    page.get_by_text("Exchange the meter BR-1").click()
    form = page.locator("[data-exchange]")
    form.locator("[name=last_index]").fill("0,5")
    form.locator("[name=meter_serial]").fill("BR-2")
    form.get_by_role("button", name="Exchange").click()
    # It was hung today: it is not exchanged on the day on which it was hung.
    expect(form.locator("[data-field=day] .field-error")).not_to_be_empty()
    visitor.errors.clear()
    visitor.assert_fits()


def test_a_transfer_is_looked_at_before_it_is_done(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("clerk")
    page = visitor.open(utility.pages["account"])
    page.get_by_text("Give to another subscriber").click()
    form = page.locator("#transfer-form")
    form.locator("[name=name]").fill("Keyingi Egasi")
    form.locator("[name=index]").fill("500")
    expect(form.locator("#transfer-do")).to_be_disabled()
    form.get_by_role("button", name="Show what will happen").click()
    expect(page.locator("#transfer-preview")).to_contain_text("31,257.00 UZS stay owed")
    visitor.assert_fits()
    assert Account.objects.count() == 1
    form.get_by_role("button", name="Transfer", exact=True).click()
    expect(page.locator("h1")).to_have_text("Keyingi Egasi")
    expect(page.locator("#history")).to_contain_text("Taken over from another subscriber")
    assert Account.objects.count() == 2

    page = visitor.open(utility.pages["account"])
    expect(page.locator("#contract")).to_contain_text("No contract today")
    visitor.assert_fits()
