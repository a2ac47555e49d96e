"""A cashier's day by the keyboard alone."""

from collections.abc import Callable

from playwright.sync_api import expect

from billing.models import CashDesk, CashShift
from tests.e2e.conftest import AT_A_DESK, Visitor
from tests.frontend_map.conftest import Utility


@AT_A_DESK
def test_money_is_taken_cancelled_and_counted_by_keyboard(
    utility: Utility, visitor_of: Callable[..., Visitor]
) -> None:
    account = utility.account.account
    CashDesk.objects.create(
        enterprise=account.enterprise, division=account.enterprise.division, code="KASSA1", name="Markaziy"
    )
    visitor = visitor_of("clerk")
    page = visitor.open("/cash-desk/")
    keys = page.keyboard
    expect(page.locator("#open-form [name=desk]")).to_be_focused()
    keys.press("Tab")
    keys.type("50000")
    keys.press("Enter")
    expect(page.locator("#find-form [name=q]")).to_be_focused()
    visitor.assert_fits()
    # A scanner types the number and presses Enter.
    keys.type(account.number)
    keys.press("Enter")
    amount = page.locator("#take-form [name=amount]")
    expect(amount).to_be_focused()
    keys.type("1500,50")
    keys.press("Tab")
    keys.type("2000")
    expect(page.locator("#change")).to_have_text("499.50")
    visitor.assert_fits()
    keys.press("Enter")
    expect(page.locator("#message")).to_contain_text("KASSA1-000001")
    expect(page.locator("#paper a")).to_be_visible()
    expect(page.locator("#find-form [name=q]")).to_be_focused()
    expect(page.locator("#take-form")).to_be_hidden()
    expect(page.locator("#shift")).to_contain_text("KASSA1-000001")
    cancel = page.get_by_role("button", name="Cancel the receipt KASSA1-000001")
    cancel.focus()
    keys.press("Enter")
    expect(page.locator("#slip-form [name=reason]")).to_be_focused()
    keys.type("wrong account")
    keys.press("Enter")
    expect(page.locator("#message")).to_contain_text("give 1,500.50 back")
    expect(page.locator("#shift")).to_contain_text("KASSA1-000002")
    visitor.assert_fits()
    page.locator("#closing summary").focus()
    keys.press("Enter")
    expect(page.locator("#close-form [name=counted]")).to_be_focused()
    keys.type("49000")
    keys.press("Enter")
    expect(page.locator("#close-form [data-field=reason] .field-error")).to_contain_text("say why")
    visitor.errors.clear()
    keys.type("lost")
    keys.press("Enter")
    expect(page.locator(".page-head")).to_contain_text("no shift open")
    expect(page.get_by_text("−1,000.00")).to_be_visible()
    visitor.assert_fits()
    assert CashShift.objects.get().reason == "lost"
