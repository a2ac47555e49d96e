"""The pages in a real browser, at a phone's and a desk's size: they fit, work, and report no error."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from playwright.sync_api import Route, expect

from billing.models import Reading
from billing.services.readings import enter_reading
from gis_core.models import Division, Job
from tests.e2e.conftest import Visitor
from tests.frontend_map.conftest import Utility

Visitors = Callable[..., Visitor]


def test_every_page_fits_and_is_free_of_errors(utility: Utility, visitor_of: Visitors) -> None:
    manager, clerk, engineer = visitor_of("manager"), visitor_of("clerk"), visitor_of("engineer")
    # Accounts are opened, persons erased and cash taken by clerks; the lists of what is to be done are an engineer's.
    owners = {"new_account": clerk, "person": clerk, "cash_desk": clerk, "handheld": clerk, "todo": engineer}
    for name, path in utility.pages.items():
        if name in ("invoice_pdf", "map"):
            continue
        visitor = owners.get(name, manager)
        visitor.open(path)
        expect(visitor.page.locator("h1").first).to_be_visible()
        visitor.assert_fits()
    manager.open_map()
    manager.assert_fits()


def test_pages_without_data_fit_too(empty_district: Division, visitor_of: Visitors) -> None:
    visitor = visitor_of("manager")
    for path in ("/", "/map/", "/field/", "/field/?lon=69&lat=41", "/accounts/", "/accounts/?q=x", "/jobs/"):
        visitor.open(path)
        visitor.page.wait_for_load_state("networkidle")
        visitor.assert_fits()


def test_every_page_is_reached_from_the_bar(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("manager")
    page = visitor.open("/")
    bar = page.get_by_role("navigation", name="Main")
    width = bar.evaluate("bar => [bar.scrollWidth, bar.clientWidth]")
    assert width[0] <= width[1]
    if page.viewport_size is not None and page.viewport_size["width"] < 500:
        expect(bar.get_by_role("link", name="Jobs")).to_have_count(0)
        bar.get_by_text("More").click()
    bar.get_by_role("link", name="Jobs").click()
    page.wait_for_url("**/jobs/")
    visitor.assert_fits()


def test_login_refuses_and_accepts(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of(None)
    page = visitor.open("/accounts/")
    assert page.url.endswith("/login/?next=/accounts/")
    page.fill("[name=username]", "clerk")
    page.fill("[name=password]", "wrong")
    page.click("form.stack button")
    expect(page.get_by_role("alert")).to_be_visible()
    page.fill("[name=password]", "a-long-password")
    page.click("form.stack button")
    page.wait_for_url("**/accounts/")
    visitor.assert_fits()
    page.click(".account-menu:has([data-logout]) summary")
    page.click("[data-logout] button")
    page.wait_for_url("**/login/")


def test_map_draws_the_network(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("analyst")
    page = visitor.open_map()
    shown = page.locator("#map")
    assert int(shown.get_attribute("data-zones") or 0) == len(utility.network.zones)
    assert int(shown.get_attribute("data-pipes") or 0) > 50
    assert int(shown.get_attribute("data-nodes") or 0) >= 9
    visitor.assert_fits()


def test_a_click_on_the_map_explains_what_lies_there(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("crew")
    node = next(node for node in utility.network.nodes if node.kind == "tank")
    page = visitor.open_map(f"/map/?selected=node:{node.uid}")
    details = page.locator("#details")
    expect(details).to_contain_text("TA1")
    expect(details).to_contain_text("Diameter")
    details.get_by_role("button", name="Close").click()
    expect(details).to_be_hidden()
    # The map stands on the tank now: in the middle, or on a phone above the sheet that covered the lower half.
    height = 0.5 if page.viewport_size and page.viewport_size["width"] > 860 else 0.28
    page.wait_for_function("() => document.querySelector('#map').dataset.selected === ''")
    box = page.locator("#map").bounding_box()
    assert box is not None
    page.wait_for_timeout(1500)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] * height)
    # The tank and the line that ends at it lie there: which one is meant, is asked.
    page.locator("#pick-list button", has_text="TA1").click()
    expect(page.locator("#map")).to_have_attribute("data-selected", f"node:{node.uid}")
    visitor.assert_fits()


def test_search_on_the_map_goes_to_the_asset(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("engineer")
    page = visitor.open_map()
    page.fill("#search", "p7")
    # At its left edge, where the code stands and the column of tools lies under it.
    page.locator("#search-results [role=option]").first.click(position={"x": 12, "y": 12})
    expect(page.locator("#details")).to_contain_text("P7")
    expect(page.locator("#details")).to_contain_text("PE100")
    page.fill("#search", "no such thing")
    expect(page.locator("#search-results")).to_contain_text("Nothing found")
    visitor.assert_fits()


def test_search_opens_what_is_typed_and_never_what_was_listed_before(
    utility: Utility, visitor_of: Visitors
) -> None:
    visitor = visitor_of("engineer")
    page = visitor.open_map()
    page.fill("#search", "P1")
    expect(page.locator("#search-results [role=option]").first).to_contain_text("P1")
    page.locator("#search").press("End")
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    expect(page.locator("#search")).to_have_value("P12")
    expect(page.locator("#details")).to_contain_text("P12")
    # A fresh text with Enter at once, before anything was asked.
    page.fill("#search", "P21")
    page.keyboard.press("Enter")
    expect(page.locator("#search")).to_have_value("P21")
    expect(page.locator("#details")).to_contain_text("P21")
    visitor.assert_fits()


def test_the_header_finds_from_every_page_by_keyboard(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("manager")
    page = visitor.open("/jobs/")
    page.keyboard.press("/")
    page.keyboard.type("p-7")
    options = page.locator("#header-search-results [role=option]")
    expect(options.first).to_contain_text("P7")
    visitor.assert_fits()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#header-search-input")).to_have_attribute(
        "aria-activedescendant", "header-search-results-0"
    )
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    page.keyboard.press("/")
    page.fill("#header-search-input", "Шукурович")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/accounts/{utility.account.account.uid}/")


def test_account_leads_to_its_bill(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("clerk")
    page = visitor.open("/")
    page.fill("input[name=q]", "O‘tkir")
    page.keyboard.press("Enter")
    page.get_by_role("link", name=re.compile("Шукурович")).click()
    page.wait_for_url(f"**/accounts/{utility.account.account.uid}/")
    expect(page.locator(".balance")).to_contain_text("31,257.00")
    assert page.locator("#consumption-chart").get_attribute("data-drawn") == "2"
    visitor.assert_fits()
    page.get_by_role("link", name="Open").first.click()
    page.wait_for_url("**/invoices/**")
    expect(page.locator(".totals")).to_contain_text("27,972.00")
    visitor.assert_fits()


def test_field_page_uses_the_phones_position(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of(
        "crew", geolocation={"longitude": 69.3412, "latitude": 41.3305}, permissions=["geolocation"]
    )
    page = visitor.open("/field/")
    page.get_by_role("link", name="Nearest", exact=True).click()
    page.get_by_role("button", name="Use my position").click()
    page.wait_for_url("**/field/?lon=69.341200&lat=41.330500&kind=&accuracy=0")
    assert page.locator(".near li").count() == 25
    page.select_option("#kind", "valve")
    page.wait_for_url("**kind=valve**")
    assert page.locator(".near li").count() == 1
    page.locator(".near a").click()
    expect(page.get_by_role("heading", name="VA1")).to_be_visible()
    visitor.assert_fits()


def test_field_page_works_without_scripts_and_says_when_position_is_denied(
    utility: Utility, visitor_of: Visitors
) -> None:
    plain = visitor_of("crew", java_script_enabled=False)
    page = plain.open("/field/")
    expect(page.get_by_role("button", name="Use my position")).to_be_hidden()
    page.fill("[name=lon]", "69.3412")
    page.fill("[name=lat]", "41.3305")
    page.get_by_role("button", name="Find").click()
    assert page.locator(".near li").count() == 25
    denied = visitor_of("crew")
    page = denied.open("/field/#/near")
    page.get_by_role("button", name="Use my position").click()
    expect(page.locator("#locate-message")).to_contain_text("not available")
    denied.assert_fits()


def test_job_page_follows_the_job_to_its_end(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("engineer")
    Job.objects.filter(pk=utility.job.pk).update(state="running")
    page = visitor.open(utility.pages["job"])
    expect(page.locator("#job-count")).to_have_text("40 / 100")
    expect(page.locator("#job-message")).to_have_text("Writing pipes")
    Job.objects.filter(pk=utility.job.pk).update(progress_done=80)
    expect(page.locator("#job-count")).to_have_text("80 / 100")
    Job.objects.filter(pk=utility.job.pk).update(
        state="succeeded", progress_done=100, result={"created": {"pipe": 7}}
    )
    expect(page.locator("#job-state")).to_have_text("succeeded")
    expect(page.locator("#job-result")).to_contain_text("Created: pipe")
    expect(page.locator("#job-result")).to_contain_text("7")
    visitor.assert_fits()


def test_language_switch_changes_the_page_in_place(utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("crew")
    page = visitor.open("/field/?lon=69.3412&lat=41.3305&kind=valve")
    page.locator(".language-menu summary").click()
    page.locator("button[value=uz]").click()
    page.wait_for_load_state()
    assert page.url.endswith("/field/?lon=69.3412&lat=41.3305&kind=valve")
    assert page.locator("html").get_attribute("lang") == "uz"
    visitor.assert_fits()


def test_a_reading_that_waits_is_put_right_from_the_list_of_what_is_to_do(
    utility: Utility, visitor_of: Visitors
) -> None:
    own = {"installation__service_point__contracts__contract__account": utility.account.account}
    last = Reading.objects.filter(state="accepted", **own).latest("read_on")
    day = last.read_on + timedelta(days=5)
    waiting = enter_reading(
        installation=last.installation, read_on=day, index_m3=Decimal(1), source="visit", acting_user=None
    )
    assert waiting.state == "queued"
    visitor = visitor_of("clerk")
    page = visitor.open("/todo/?list=readings")
    page.locator(f"a[href*='{utility.account.account.uid}']").first.click()
    form = page.locator("form.decide")
    expect(form).to_contain_text("backwards")
    # What runs backwards cannot be believed as it is.
    expect(form.get_by_role("button", name="Accept it")).to_have_count(0)
    form.locator("[name=index]").fill(str(last.index_m3 + 2))
    visitor.assert_fits()
    form.get_by_role("button", name="Put it right").click()
    expect(page.locator("#message")).to_have_text("Put right.")
    expect(page.locator("form.decide")).to_have_count(0)
    right = Reading.objects.get(installation=last.installation, read_on=day, state="accepted")
    assert right.index_m3 == last.index_m3 + 2
    visitor.assert_fits()


def test_what_is_pressed_before_the_program_of_a_page_came_is_done_when_it_comes(
    utility: Utility, visitor_of: Visitors
) -> None:
    visitor = visitor_of("clerk")
    page, held = visitor.page, list[Route]()

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/build/account.js", hold)
    address = f"{visitor.server}/accounts/{utility.account.account.uid}/"
    page.goto(address, wait_until="commit")
    form = page.locator("#reading-form")
    form.locator("[name=index]").fill("463,4")
    form.get_by_role("button").click()
    assert page.url == address
    held[0].continue_()
    expect(page.locator("#message")).to_contain_text("The reading")
    expect(page.locator("#readings tbody tr").first).to_contain_text("463.400")
    assert page.url == address
    visitor.assert_fits()


def test_a_clerk_enters_a_reading_tries_a_month_and_closes_one(
    utility: Utility, visitor_of: Visitors
) -> None:
    visitor = visitor_of("clerk")
    page = visitor.open(f"/accounts/{utility.account.account.uid}/")
    form = page.locator("#reading-form")
    form.locator("[name=index]").fill("46x")
    form.get_by_role("button").click()
    expect(page.locator("#message")).to_have_text("Give a number.")
    form.locator("[name=index]").fill("463,4")
    form.get_by_role("button").click()
    expect(page.locator("#message")).to_contain_text("The reading")
    expect(page.locator("#readings tbody tr").first).to_contain_text("463.400")
    page = visitor.open("/billing/")
    row = page.locator("#months tr", has_text="December 2025")
    # A question that is answered with no changes nothing.
    page.once("dialog", lambda dialog: dialog.dismiss())
    row.get_by_role("button", name="Close it").click()
    expect(row).to_contain_text("open")
    page.once("dialog", lambda dialog: dialog.accept())
    row.get_by_role("button", name="Close it").click()
    expect(page.locator("#message")).to_have_text("December 2025 is closed.")
    expect(row).to_contain_text("closed")
    expect(row.get_by_role("button")).to_have_count(0)
    page.locator("#months tr", has_text="January 2026").get_by_role("button", name="Try it").click()
    page.wait_for_url("**/jobs/*-*/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    visitor.assert_fits()
