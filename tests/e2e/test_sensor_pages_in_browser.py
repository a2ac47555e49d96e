"""The pages of devices and feeds in a real browser: the chart draws, zooms into finer data, and shows edits."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from assets.registers.services.attachments import Place, attach
from gis_core.models import Division
from sensors.models import Alarm, AlarmRule, Datastream, NotificationChannel, SeriesEdit, Thing
from sensors.series.services.ingestion import load_observations
from sensors.series.services.registers import add_datastream, add_thing
from sensors.series.services.roll_ups import refresh_roll_ups
from tests.e2e.conftest import Visitor
from tests.frontend_map.conftest import Utility

Visitors = Callable[..., Visitor]
MINUTES = 5
VALUES = 12 * 24 * 20
# A day without values, counted back from the newest one.
GAP = range(12 * 24 * 3, 12 * 24 * 4)


@dataclass(frozen=True)
class Device:
    """A device with twenty days of five-minute pressures and a gap of a day."""

    thing: Thing
    stream: Datastream

    @property
    def page(self) -> str:
        return f"/sensors/{self.thing.uid}/"


@pytest.fixture
def device(utility: Utility) -> Device:
    network = utility.network.nodes[0].network
    place = attach(network, [Place(utility.network.nodes[3].pk)])[0]
    thing = add_thing(
        code="LOGGER-1", name="Logger 1", division=network.division, attachment=place, acting_user=None
    )
    stream = add_datastream(
        thing=thing,
        code="LOGGER-1:pressure",
        observed_property="pressure",
        unit="m",
        kind="instant",
        interval_s=MINUTES * 60,
        acting_user=None,
    )
    newest = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=1)
    rows = [
        (stream.pk, newest - timedelta(minutes=MINUTES * step), 40.0 + step % 17)
        for step in range(VALUES)
        if step not in GAP
    ]
    load_observations(rows=rows, acting_user=None, origin="test")
    refresh_roll_ups()
    return Device(thing, stream)


def chart_of(page: Page) -> dict[str, Any]:
    """What the chart says of itself, once it has been drawn and nothing is being asked for."""
    page.wait_for_selector("#chart[data-points]:not([aria-busy])")
    return page.evaluate("({...document.getElementById('chart').dataset})")


def drag(page: Page, start: float, end: float) -> None:
    """Draw a span over the chart, in shares of its width."""
    over = page.locator("#chart .u-over")
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    assert box is not None
    height = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * start, height)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * (start + end) / 2, height, steps=3)
    page.mouse.move(box["x"] + box["width"] * end, height, steps=3)
    page.mouse.up()


def test_pages_fit_with_and_without_data(device: Device, visitor_of: Visitors) -> None:
    visitor = visitor_of("engineer")
    bare = add_thing(
        code="BARE", name="Bare", division=device.thing.division, attachment=None, acting_user=None
    )
    for path in ("/sensors/", "/sensors/?q=none", "/feeds/", f"/sensors/{bare.uid}/"):
        visitor.open(path)
        expect(visitor.page.locator("h1").first).to_be_visible()
        visitor.assert_fits()
    visitor.open(device.page)
    expect(visitor.page.locator("#device-map[data-ready=true]")).to_be_visible(timeout=30_000)
    expect(visitor.page.locator("#live")).to_have_text("live")
    visitor.assert_fits()


def test_pages_of_an_empty_district_fit_too(empty_district: Division, visitor_of: Visitors) -> None:
    visitor = visitor_of("manager")
    for path in ("/sensors/", "/feeds/"):
        visitor.open(path)
        visitor.page.wait_for_load_state("networkidle")
        visitor.assert_fits()


def test_zooming_asks_for_finer_data_and_goes_back(device: Device, visitor_of: Visitors) -> None:
    visitor = visitor_of("crew")
    page = visitor.open(f"{device.page}?span=all")
    whole = chart_of(page)
    assert whole["resolution"] == "bins"
    assert int(whole["step"]) > MINUTES * 60
    assert 0 < int(whole["points"]) <= 2000
    assert int(whole["gaps"]) == 1
    expect(page.locator("#resolution")).to_contain_text("mean")
    drag(page, 0.86, 0.9)
    page.wait_for_selector("#chart[data-resolution=raw]:not([aria-busy])")
    near = chart_of(page)
    assert int(near["step"]) == MINUTES * 60
    # A 25th of twenty days, at one value in five minutes.
    assert 150 < int(near["points"]) < 400
    assert int(whole["since"]) < int(near["since"]) < int(near["until"]) < int(whole["until"])
    assert "since=" in page.url
    page.reload()
    assert chart_of(page) == near, "the address brings the same span back"
    page.locator("#chart .u-over").dblclick(position={"x": 40, "y": 40})
    chart = page.locator("#chart")
    expect(chart).not_to_have_attribute("data-since", near["since"])
    page.click("[data-preset=all]")
    page.wait_for_selector("#chart[data-resolution=bins]:not([aria-busy])")
    assert chart_of(page)["since"] == whole["since"]
    chart.focus()
    page.keyboard.press("+")
    expect(chart).not_to_have_attribute("data-since", whole["since"])
    page.keyboard.press("Home")
    expect(chart).to_have_attribute("data-since", whole["since"])
    visitor.assert_fits()


def test_live_values_come_by_themselves(device: Device, visitor_of: Visitors) -> None:
    visitor = visitor_of("crew")
    page = visitor.open(device.page)
    expect(page.locator("#live")).to_have_text("live")
    load_observations(rows=[(device.stream.pk, timezone.now(), 77.125)], acting_user=None, origin="live")
    expect(page.locator("#latest strong")).to_have_text("77.13")
    expect(page.locator("#latest [data-age]")).to_contain_text("s ago")
    visitor.assert_fits()


def test_an_edit_shows_in_chart_and_list_and_can_be_undone(device: Device, visitor_of: Visitors) -> None:
    visitor = visitor_of("analyst")
    page = visitor.open(f"{device.page}?span=day")
    assert int(chart_of(page)["edited"]) == 0
    page.click("#edit")
    drag(page, 0.4, 0.5)
    expect(page.locator("#edit-chosen")).to_contain_text("values from")
    chosen = int(page.locator("#edit-form").get_attribute("data-chosen") or 0)
    assert 20 < chosen < 40
    page.click("#edit-save")
    expect(page.locator("#edit-problem")).to_contain_text("Give a number.")
    page.fill("[name=number]", "12,5")
    page.locator("#edit-form [name=reason]").fill("Gauge was in the workshop")
    page.click("#edit-save")
    expect(page.locator("#message")).to_contain_text(f"{chosen} values were changed")
    page.wait_for_selector(f"#chart[data-edited='{chosen}']:not([aria-busy])")
    edit = SeriesEdit.objects.get(datastream=device.stream)
    assert (edit.code, edit.reason) == ("edited", "Gauge was in the workshop")
    assert edit.made_by is not None
    assert edit.made_by.username == "analyst"
    assert set(edit.corrections.values_list("value", flat=True)) == {12.5}
    row = page.locator(f"[data-edit='{edit.uid}']")
    expect(row).to_contain_text("Gauge was in the workshop")
    row.get_by_role("button", name="Undo").first.click()
    row.locator("input").fill("It was another gauge")
    row.get_by_role("button", name="Undo the edit").click()
    expect(page.locator("#message")).to_contain_text("Undone")
    expect(page.locator("#records")).to_contain_text("It was another gauge")
    restored = SeriesEdit.objects.get(datastream=device.stream, code="restored")
    assert restored.corrections.count() == chosen
    assert 12.5 not in set(restored.corrections.values_list("value", flat=True))
    visitor.assert_fits()


def test_the_shown_span_is_downloaded(device: Device, visitor_of: Visitors) -> None:
    visitor = visitor_of("manager")
    page = visitor.open(f"{device.page}?span=day")
    chart_of(page)
    assert page.locator("#edit").count() == 0, "a manager may not edit"
    page.click(".menu summary")
    with page.expect_download() as download:
        page.get_by_role("link", name="The span shown, CSV", exact=True).click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "time (Asia/Tashkent),value (m),edit"
    assert 280 <= len(lines) - 1 <= 290


def test_alarms_are_acknowledged_and_closed(device: Device, visitor_of: Visitors) -> None:
    rule = AlarmRule.objects.create(
        division=device.thing.division, datastream=device.stream, name="Pressure low", kind="limit", low=25
    )
    alarm = Alarm.objects.create(
        rule=rule,
        datastream=device.stream,
        division=device.thing.division,
        severity="critical",
        started_at=timezone.now() - timedelta(hours=2),
        value=21.0,
    )
    visitor = visitor_of("crew")
    page = visitor.open(device.page)
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator("#records .tag.acknowledged")).to_be_visible()
    alarm.refresh_from_db()
    assert alarm.acknowledged_by is not None
    assert alarm.acknowledged_by.username == "crew"
    Alarm.objects.filter(pk=alarm.pk).update(
        state="cleared", cleared_at=timezone.now(), ended_at=timezone.now()
    )
    page = visitor.open("/alarms/?state=cleared")
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#message")).to_have_text("Closed.")
    expect(page.locator("#records")).to_contain_text("No alarms.")
    alarm.refresh_from_db()
    assert alarm.state == "closed"
    visitor.assert_fits()


def test_map_leads_to_the_device(device: Device, utility: Utility, visitor_of: Visitors) -> None:
    visitor = visitor_of("engineer")
    page = visitor.open_map(f"/map/?selected=node:{utility.network.nodes[3].uid}")
    page.get_by_role("tab", name="Sensors").click()
    page.get_by_role("link", name="Logger 1").click()
    page.wait_for_url(f"**{device.page}*")
    expect(page.locator("h1")).to_have_text("Logger 1")


def test_a_rule_and_its_channel_are_made_changed_and_switched_off(
    device: Device, visitor_of: Visitors
) -> None:
    visitor = visitor_of("engineer")
    visitor.open("/alarms/")
    page = visitor.page
    page.get_by_role("link", name="Rules and notifications").click()
    page.locator("#channel-form [name=name]").fill("Duty")
    page.locator("#channel-form [name=target]").fill("nobody")
    page.locator("#channel-form [name=language]").select_option("uz")
    page.locator("#channel-form button.primary").click()
    expect(page.locator("#message")).to_contain_text("is not a list of e-mail addresses")
    visitor.errors.clear()
    page.locator("#channel-form [name=target]").fill("duty@example.com")
    page.locator("#channel-form button.primary").click()
    expect(page.locator("#message")).to_contain_text("Saved.")
    channel = NotificationChannel.objects.get(name="Duty")
    assert (channel.target, channel.language) == ("duty@example.com", "uz")
    # A rule for all pressures of the district, told there.
    rule = page.locator("#rule-form")
    rule.locator("[name=name]").fill("Low pressure")
    expect(rule.locator("[data-limit=low]")).to_have_text("Below, m")
    rule.locator("[name=low]").fill("12,5")
    rule.locator("[name=raise_after_min]").fill("15")
    rule.get_by_label("Duty").check()
    rule.locator("button.primary").click()
    row = page.locator(".record", has_text="Low pressure")
    expect(row).to_contain_text("Pressure: below 12.50 m")
    expect(row).to_contain_text("Duty")
    made = AlarmRule.objects.get(name="Low pressure")
    assert (made.low, made.raise_after_s, made.observed_property) == (12.5, 900, "pressure")
    row.get_by_role("button", name="Change").click()
    rule.locator("[name=low]").fill("15")
    visitor.assert_fits()
    rule.locator("button.primary").click()
    expect(row).to_contain_text("below 15.00 m")
    row.get_by_role("button", name="Switch off").click()
    expect(row).to_contain_text("switched off")
    made.refresh_from_db()
    assert (made.low, made.is_enabled) == (15.0, False)
    # Hours without data, for one datastream from its device's page.
    visitor.open(device.page)
    page.get_by_role("link", name="Make an alarm rule").first.click()
    rule.locator("[name=name]").fill("Silent")
    rule.locator("[name=kind]").select_option("missing")
    rule.locator("[name=silent_after_h]").fill("3")
    rule.locator("button.primary").click()
    expect(page.locator(".record", has_text="Silent")).to_contain_text("No data for 3.0 h")
    assert AlarmRule.objects.get(name="Silent").datastream == device.stream
    visitor.assert_fits()
