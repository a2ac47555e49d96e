"""A crew's day on a phone, from the log-in on: work, cards, records; without a network and back; and a conflict.

No request is intercepted: being offline is the browser's own, and the service worker is the one that is delivered.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Geolocation, Page, expect

from assets.models import (
    Document,
    FieldChange,
    Inspection,
    LeakRecord,
    Node,
    ValveDetail,
    ValveOperation,
    WorkOrder,
)
from assets.registers.services.attachments import Place
from assets.registers.services.condition import report_leak
from assets.work_orders.services.moving import assign_order, move_order
from assets.work_orders.services.ordering import WorkPlace, create_order, describe_order
from assets.work_orders.services.valves import turn_valve
from gis_core.models import User
from tests.assets.work_orders.test_orders import photo
from tests.e2e.conftest import Visitor
from tests.frontend_map.conftest import Utility

# The sample network lies around here.
HERE: Geolocation = {"longitude": 69.3412, "latitude": 41.3305, "accuracy": 9.0}
# What is to be touched and is lower than 44 pixels.
SMALL = """
[...document.querySelectorAll("main a, main button, main summary, main select,"
    + " main input:not([type=radio], [type=hidden], [type=file])")]
  .filter((one) => one.offsetParent !== null && one.getBoundingClientRect().height < 44)
  .map((one) => one.outerHTML.slice(0, 80))
"""
AXE = Path(__file__).parents[2] / "frontend_map" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture
def phone(browser: Browser, server: str) -> Iterator[Callable[[str], Visitor]]:
    """Log somebody in on a phone of 390 by 844 that tells where it is."""
    contexts = []

    def make(username: str) -> Visitor:
        context = browser.new_context(
            viewport={"width": 390, "height": 844},
            locale="en-GB",
            is_mobile=True,
            has_touch=True,
            geolocation=HERE,
            permissions=["geolocation"],
            user_agent="Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126 Mobile Safari/537.36",
        )
        contexts.append(context)
        visitor = Visitor(context.new_page(), server)
        visitor.log_in(username)
        return visitor

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def valve(utility: Utility) -> Node:
    """The sample's valve, which stands open."""
    node = next(node for node in utility.network.nodes if node.kind == "valve")
    ValveDetail.objects.filter(node=node).update(status="open")
    return Node.objects.get(pk=node.pk)


def order_for(
    utility: Utility, node: Node, assignee: str | None = "crew", title: str = "Mend it"
) -> WorkOrder:
    return create_order(
        network=utility.network.network,
        kind="valve_work",
        title=title,
        where=WorkPlace(node.geom.x, node.geom.y, Place(node.pk)),
        acting_user=User.objects.get(username="manager"),
        assignee=User.objects.get(username=assignee) if assignee else None,
    )


def save_area(page: Page, server: str) -> None:
    """Save the surroundings, and wait until the page itself is kept, too."""
    page.goto(f"{server}/field/#/offline")
    page.get_by_role("button", name="Save around me").click()
    expect(page.locator(".areas li")).to_contain_text("nodes")
    for _second in range(30):
        if page.evaluate("async () => (await (await caches.open('tarmoq-pages')).keys()).length"):
            return
        page.wait_for_timeout(1000)
    pytest.fail("the page was not kept")


def close(visitor: Visitor) -> None:
    """The browser says of each request without a network that it failed; anything else is a fault."""
    excess = visitor.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert excess <= 0
    assert [error for error in visitor.errors if "ERR_INTERNET_DISCONNECTED" not in error] == []


def test_a_crew_takes_work_goes_there_and_ends_it(
    utility: Utility, valve: Node, phone: Callable[[str], Visitor]
) -> None:
    order = order_for(utility, valve, assignee=None)
    visitor = phone("crew")
    page = visitor.open("/field/")
    page.get_by_role("link", name="Mend it").click()
    page.get_by_role("button", name="I take it").click()
    page.get_by_role("button", name="On my way").click()
    page.get_by_text("Add a material").click()
    page.fill("[name=material]", "Gland packing")
    page.fill("[name=quantity]", "1,5")
    page.fill("[name=unit]", "m")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".plain-row")).to_contain_text("1.5 m")
    page.fill("[name=minutes]", "35")
    page.fill("form:has([name=minutes]) [name=note]", "packed anew")
    page.get_by_role("button", name="Done").click()
    expect(page.locator(".tag.big")).to_have_text("done")
    # The page says so from its own queue, at once; the server has it a moment later.
    for _wait in range(100):
        order.refresh_from_db()
        if order.state == "done":
            break
        page.wait_for_timeout(100)
    assert (order.state, order.time_spent_min) == ("done", 35)
    assert order.assignee is not None
    assert order.assignee.username == "crew"
    assert order.materials.get().material == "Gland packing"
    visitor.assert_fits()


def test_impossible_needs_a_reason(utility: Utility, valve: Node, phone: Callable[[str], Visitor]) -> None:
    order = order_for(utility, valve)
    visitor = phone("crew")
    page = visitor.open(f"/field/#/order/{order.uid}")
    page.get_by_text("It is impossible …").click()
    page.get_by_role("button", name="Report as impossible").click()
    expect(page.get_by_role("alert")).to_have_text("Say why it is impossible.")
    page.fill("details [name=note]", "a car stands on it")
    page.get_by_role("button", name="Report as impossible").click()
    expect(page.locator(".tag.big")).to_have_text("impossible")
    assert order.moves.last().note == "a car stands on it"  # type: ignore[union-attr]
    visitor.assert_fits()


def test_records_reach_their_registers(
    utility: Utility, valve: Node, phone: Callable[[str], Visitor]
) -> None:
    ValveDetail.objects.filter(node=valve).update(is_accessible=False)
    visitor = phone("crew")
    page = visitor.open(f"/field/#/asset/node/{valve.uid}")
    # What must not be overlooked shouts.
    expect(page.locator(".shouts")).to_contain_text("Cannot be reached")
    page.get_by_role("link", name="Inspection").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_have_text("Say what its condition is.")
    page.get_by_text("poor", exact=True).click()
    page.locator("fieldset", has_text="Does it turn?").get_by_text("no").click()
    page.fill("[name='answer.turns']", "12")
    page.fill("[name=findings]", "rust")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".journal")).to_contain_text("Does it turn? no")
    inspection = Inspection.objects.get()
    assert (inspection.grade, inspection.inspector) == (4, "crew")
    page.get_by_role("link", name="Valve turned").click()
    page.fill("[name=turns]", "abc")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("give a number")
    page.fill("[name=turns]", "12")
    page.get_by_text("closed", exact=True).click()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".big-facts")).to_contain_text("closed")
    assert ValveDetail.objects.get(node=valve).status == "closed"
    assert ValveOperation.objects.get().turns == 12
    visitor.open("/field/")
    page.get_by_role("link", name="Leak").click()
    page.get_by_label("What leaks").select_option("main_leak")
    page.set_input_files("input[type=file]", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo()})
    expect(page.get_by_text("Photos: 1")).to_be_visible()
    page.get_by_role("button", name="Report the leak").click()
    expect(page.locator("#field-toast")).to_contain_text("Sent.")
    page.wait_for_url("**/field/#/")
    leak = LeakRecord.objects.get()
    assert leak.kind == "main_leak"
    assert Document.objects.get(title=leak.number).kind == "photo"
    visitor.assert_fits()


def test_meters_of_a_card_are_there_with_a_network_alone(
    utility: Utility, phone: Callable[[str], Visitor]
) -> None:
    visitor = phone("crew")
    node = utility.network.nodes[3]
    page = visitor.open(f"/field/#/asset/node/{node.uid}")
    page.locator("summary", has_text="meter").click()
    page.locator("details .rows a").click()
    expect(page.get_by_role("button", name="Save")).to_be_visible()
    # The page knew it from the server, and goes on without one.
    page.context.set_offline(True)
    page.fill("[name=index]", "999")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#field-strip")).to_contain_text("not sent yet: 1")
    close(visitor)


def test_a_day_without_a_network_loses_nothing(
    utility: Utility, valve: Node, phone: Callable[[str], Visitor], server: str
) -> None:
    order = order_for(utility, valve)
    visitor = phone("crew")
    page = visitor.page
    save_area(page, server)
    page.context.set_offline(True)
    # The page opens, after a reload as well, and has its list.
    page.goto(f"{server}/field/")
    expect(page.locator("#field-strip")).to_contain_text("No network")
    expect(page.get_by_role("link", name="Mend it")).to_be_visible()
    page.reload()
    page.get_by_role("link", name="Mend it").click()
    page.get_by_role("button", name="On my way").click()
    expect(page.locator("#field-strip")).to_contain_text("not sent yet: 1")
    page.set_input_files(
        ".photo-button input[type=file]", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo()}
    )
    expect(page.locator(".photos figure")).to_contain_text("waits for a network")
    page.get_by_role("button", name="Done").click()
    expect(page.locator(".tag.big")).to_have_text("done")
    page.goto(f"{server}/field/#/search")
    page.fill("#field-view input[type=search]", valve.code.lower())
    page.get_by_role("link", name=valve.code).click()
    page.get_by_role("link", name="Verification").click()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#field-strip")).to_contain_text("not sent yet: 4")
    page.goto(f"{server}/field/#/near")
    page.select_option("#kind", "valve")
    page.get_by_role("button", name="Use my position").click()
    expect(page.locator("#near-saved li")).to_have_count(1)
    page.goto(f"{server}/field/#/map/{valve.geom.x}/{valve.geom.y}")
    expect(page.locator(".field-map canvas")).to_be_visible()
    order.refresh_from_db()
    assert order.state == "assigned"
    page.context.set_offline(False)
    expect(page.locator("#field-strip")).to_be_hidden(timeout=20_000)
    order.refresh_from_db()
    assert order.state == "done"
    assert [move.to_state for move in order.moves.all()] == ["new", "assigned", "on_the_way", "done"]
    assert FieldChange.objects.count() == 4
    assert order.photos.count() == 1
    close(visitor)


@pytest.mark.parametrize("decision", ["Keep mine", "Take theirs", "Edit mine"])
def test_a_conflict_is_decided_by_a_person(
    decision: str, utility: Utility, valve: Node, phone: Callable[[str], Visitor], server: str
) -> None:
    visitor = phone("crew")
    page = visitor.page
    save_area(page, server)
    page.context.set_offline(True)
    page.goto(f"{server}/field/#/record/valve/node/{valve.uid}")
    page.fill("[name=turns]", "9")
    page.get_by_text("closed", exact=True).click()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#field-strip")).to_contain_text("not sent yet: 1")
    # A second person, in a browser of their own, was there first.
    other = phone("engineer").page
    other.goto(f"{server}/field/#/record/valve/node/{valve.uid}")
    other.fill("[name=turns]", "2")
    other.get_by_text("regulating", exact=True).click()
    other.get_by_role("button", name="Save").click()
    expect(other.locator("#field-toast")).to_have_text("Sent.")
    page.context.set_offline(False)
    page.goto(f"{server}/field/#/offline")
    row = page.locator(".change.conflict")
    expect(row).to_contain_text("Theirs (engineer)")
    expect(row.locator("tbody tr").first).to_contain_text("closed")
    expect(row.locator("tbody tr").first).to_contain_text("regulating")
    assert ValveDetail.objects.get(node=valve).status == "active"
    if decision == "Edit mine":
        row.get_by_role("link", name=decision).click()
        page.fill("[name=turns]", "11")
        page.get_by_role("button", name="Save").click()
    else:
        row.get_by_role("button", name=decision).click()
    expect(page.locator("#field-strip")).to_be_hidden(timeout=20_000)
    expected = {
        "Keep mine": ("closed", [2, 9]),
        "Take theirs": ("active", [2]),
        "Edit mine": ("closed", [2, 11]),
    }
    status, turns = expected[decision]
    assert ValveDetail.objects.get(node=valve).status == status
    assert [operation.turns for operation in ValveOperation.objects.all()] == turns
    close(visitor)


def test_who_logs_out_leaves_nothing_for_the_next(
    utility: Utility, valve: Node, phone: Callable[[str], Visitor], server: str
) -> None:
    order_for(utility, valve)
    visitor = phone("crew")
    page = visitor.page
    save_area(page, server)
    page.locator("details.account-menu:has([data-logout]) > summary").click()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login/**")
    kept = page.evaluate(
        "async () => [(await (await caches.open('tarmoq-pages')).keys()).length, (await indexedDB.databases()).length]"
    )
    assert kept == [0, 0]
    visitor.log_in("engineer")
    page.goto(f"{server}/field/#/offline")
    expect(page.get_by_text("No area is saved on this phone yet.")).to_be_visible()
    visitor.assert_fits()


def test_a_label_opens_the_card_on_a_phone_and_the_map_on_a_desk(
    utility: Utility, valve: Node, phone: Callable[[str], Visitor], browser: Browser, server: str
) -> None:
    visitor = phone("crew")
    page = visitor.open(f"/e/{valve.uid}/")
    expect(page.get_by_role("heading", name=valve.code)).to_be_visible()
    page.goto(f"{server}/field/#/scan")
    page.fill("form.search-row input", valve.code)
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", name=valve.code)).to_be_visible()
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    desk = Visitor(context.new_page(), server)
    desk.log_in("engineer")
    desk.open(f"/e/{valve.uid}/")
    assert f"/map/?network=OWN&selected=node:{valve.uid}" in desk.page.url
    context.close()


def test_the_dispatcher_makes_gives_and_cancels_orders_by_keys(
    utility: Utility, valve: Node, visitor_of: Callable[..., Visitor]
) -> None:
    visitor = visitor_of("manager")
    page = visitor.open("/work/")
    page.get_by_role("button", name="New order").click()
    page.get_by_role("button", name="Make the order").click()
    expect(page.locator("#new-problem")).to_be_visible()
    page.fill("#new-form [name=title]", "Turn the valve")
    page.fill("#new-form [name=element]", "NO-SUCH")
    page.get_by_role("button", name="Make the order").click()
    expect(page.locator("#new-problem")).to_have_text("There is no element with this code in the network.")
    page.fill("#new-form [name=element]", valve.code)
    page.keyboard.press("Enter")
    expect(page.locator("#board-message")).to_contain_text("is made")
    assert WorkOrder.objects.count() == 1
    card = page.locator(".order-card")
    card.focus()
    page.keyboard.press("Enter")
    page.get_by_label("Give to").select_option("crew")
    page.locator("#order-dialog").get_by_role("button", name="Give to").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#board-message")).to_contain_text("assigned")
    assert WorkOrder.objects.get().state == "assigned"
    if page.locator("#state-filter").is_visible():
        page.select_option("#state-filter", "assigned")
    page.locator(".order-card").click()
    page.locator("#order-dialog summary", has_text="Cancel").click()
    page.locator("#order-dialog").get_by_role("button", name="Cancel the order").click()
    expect(page.locator("#board-message")).to_contain_text("cancelled")
    order = WorkOrder.objects.get()
    assert order.state == "cancelled"
    assert all(error.startswith("error: Failed to load resource") for error in visitor.errors)
    excess = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert excess <= 0


def serious(page: Page) -> list[Any]:
    """What axe-core finds serious or critical on a page."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        (rule["id"], rule["nodes"][0]["html"])
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
    ]


def test_nobody_is_kept_out(
    utility: Utility, valve: Node, phone: Callable[[str], Visitor], server: str
) -> None:
    order = order_for(utility, valve)
    turn_valve(node=valve, turns=1, status="open", acting_user=User.objects.get(username="crew"))
    crew = phone("crew").page
    paths = (
        "",
        "#/near",
        "#/search",
        "#/offline",
        f"#/order/{order.uid}",
        f"#/asset/node/{valve.uid}",
        f"#/record/valve/node/{valve.uid}",
        f"#/record/inspection/node/{valve.uid}",
    )
    for path in paths:
        crew.goto(f"{server}/field/{path}")
        crew.wait_for_timeout(700)
        assert serious(crew) == [], path
        small = crew.evaluate(SMALL)
        assert [html for html in small if 'class="more"' not in html] == [], path
    manager = phone("manager").page
    for path in ("/work/", "/labels/"):
        manager.goto(server + path)
        manager.wait_for_timeout(700)
        assert serious(manager) == [], path


def test_the_dispatcher_changes_what_an_order_says(
    utility: Utility, valve: Node, visitor_of: Callable[..., Visitor]
) -> None:
    order = create_order(
        network=utility.network.network,
        kind="other",
        title="Look",
        where=WorkPlace(valve.geom.x, valve.geom.y, Place(valve.pk)),
        acting_user=None,
    )
    visitor = visitor_of("manager")
    page = visitor.open("/work/")
    page.locator(".order-card").click()
    page.locator("#order-edit summary").click()
    page.fill("#order-form [name=title]", "Look and dig")
    page.select_option("#order-form [name=priority]", "urgent")
    page.fill("#order-form [name=due]", "2026-12-24T10:30")
    page.locator("#order-form button").click()
    expect(page.locator("#board-message")).to_contain_text(f"{order.number} is changed.")
    expect(page.locator(".order-card")).to_contain_text("Look and dig")
    version = order.version
    order.refresh_from_db()
    assert (order.title, order.priority, order.version) == ("Look and dig", "urgent", version + 1)
    assert order.due_at is not None
    # Somebody else was first: the server says so in the form, and nothing is lost.
    page.locator(".order-card").click()
    page.locator("#order-edit summary").click()
    describe_order(order=order, values={"priority": "low"}, expected_version=None, acting_user=None)
    page.fill("#order-form [name=title]", "Dig")
    page.locator("#order-form button").click()
    expect(page.locator("#order-form [role=alert]")).to_contain_text("meanwhile")
    order.refresh_from_db()
    assert order.title == "Look and dig"
    visitor.errors = [error for error in visitor.errors if "status of 412" not in error]
    visitor.assert_fits()


def test_a_leak_on_the_map_becomes_an_order_and_is_repaired_by_it(
    utility: Utility, valve: Node, visitor_of: Callable[..., Visitor]
) -> None:
    leak = report_leak(
        network=utility.network.network,
        place=Place(valve.pk),
        source="patrol",
        acting_user=None,
        estimated_loss_m3h=2.5,
        note="wet ground by the kerb",
    )
    visitor = visitor_of("engineer")
    page = visitor.open("/todo/?list=leaks")
    expect(page.locator(".rows li")).to_contain_text("2.5 m³/h · wet ground by the kerb")
    page = visitor.open_map(f"/map/?selected=node:{valve.uid}")
    page.click("#tab-inspections")
    expect(page.locator("#card-tab .rows li").first).to_contain_text("2.5 m³/h · wet ground by the kerb")
    page.locator("#card-tab a", has_text="New work order").click()
    page.wait_for_url("**/work/?leak=*")
    page.get_by_role("button", name="Make the order").click()
    expect(page.locator("#board-message")).to_contain_text("is made")
    order = WorkOrder.objects.get()
    assert order.source_uid == leak.uid
    assign_order(order=order, assignee=User.objects.get(username="crew"), acting_user=None)
    for state in ("on_the_way", "done"):
        move_order(order=order, state=state, acting_user=None)
    page.goto(f"{visitor.server}/work/")
    if page.locator("#state-filter").is_visible():
        page.select_option("#state-filter", "done")
    page.locator(".order-card").click()
    page.click("#repair-leak")
    expect(page.locator("#board-message")).to_contain_text("stands as repaired")
    expect(page.locator("#repair-leak")).to_have_count(0)
    leak.refresh_from_db()
    assert leak.state == "repaired"
    visitor.assert_fits()


def test_somebody_who_does_no_field_work_still_finds_things(
    utility: Utility, valve: Node, phone: Callable[[str], Visitor]
) -> None:
    visitor = phone("clerk")
    page = visitor.open("/field/")
    expect(page.get_by_role("link", name="Nearest", exact=True)).to_be_visible()
    visitor.open(f"/field/#/asset/node/{valve.uid}")
    expect(page.get_by_role("heading", name=valve.code)).to_be_visible()
    expect(page.get_by_role("link", name="Valve turned")).to_have_count(0)
    visitor.assert_fits()
