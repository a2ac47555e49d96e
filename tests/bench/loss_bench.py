"""Losses of 1,000 zones: the country's page and its levels over HTTP, and the loss map of one network in Chromium.

`floor` is the limit that was set, so a ratio above 1 is over it. Every zone has an outline of 65 corners, two years of
months and a quarter of days; nothing is cached between requests.
"""

import statistics
import time
from typing import Any

from django.db import connection, transaction
from django.test import Client
from playwright.sync_api import Browser, Page

from assets.models import Network
from gis_core.models import Division, User
from tests.bench.page_bench import chromium, engineer, row, tell_load, visit
from tests.bench.served import Server, ours
from tests.conftest import under

ZONES, NETWORKS, MONTHS, DAYS = 1_000, 50, 24, 90
COUNTRY_MS, MAP_MS = 1000.0, 300.0
_TIMES = 7
_ZONES = """
INSERT INTO assets_zone (uid, code, name, geom, division_id, network_id, parent_id)
SELECT gen_random_uuid(), 'Z' || n, n || '-zona',
       ST_Multi(ST_Buffer(ST_SetSRID(ST_MakePoint(%(west)s + n %% 40 * 0.012, 41.0 + n / 40 * 0.012), 4326),
                          0.005, 16)),
       network.division_id, network.id, NULL
  FROM generate_series(0, %(zones)s - 1) n
  JOIN assets_network network ON network.id = (%(networks)s::bigint[])[1 + n %% cardinality(%(networks)s::bigint[])];

INSERT INTO balances_zonebalance (granularity, period_start, input_m3, output_m3, storage_change_m3, billed_m3,
       apportioned_m3, unbilled_m3, limit_95_m3, supply_coverage, consumption_coverage, service_points, status,
       computed_at, division_id, zone_id)
SELECT period.granularity, period.starts, 10000 + zone.id %% 977, 0, 0,
       CASE WHEN period.granularity = 'month' THEN 8000 END, 7500 + zone.id %% 1999, 0, 400, 1, 0.97, 900,
       CASE WHEN zone.id %% 20 = 0 THEN 'insufficient' ELSE 'sufficient' END, now(), zone.division_id, zone.id
  FROM assets_zone zone
 CROSS JOIN (SELECT 'month' AS granularity, starts::date FROM generate_series(
                    date_trunc('month', now()) - make_interval(months => %(months)s),
                    date_trunc('month', now()) - interval '1 month', interval '1 month') starts
             UNION ALL
             SELECT 'day', (current_date - n)::date FROM generate_series(1, %(days)s) n) period
 WHERE zone.network_id = ANY (%(networks)s);
"""
# From the change of the slider to the painted month; the page tells the month it shows.
_CHANGE_MONTH = """
(steps) => new Promise((done) => {
  const map = document.getElementById("map");
  const slider = document.querySelector("input[type=range]");
  const before = map.dataset.month;
  slider.value = String(Number(slider.value) + steps);
  const began = performance.now();
  const watch = new MutationObserver(() => {
    if (map.dataset.month === before) return;
    watch.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began)));
  });
  watch.observe(map, { attributes: true, attributeFilter: ["data-month"] });
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  slider.dispatchEvent(new Event("change", { bubbles: true }));
})
"""


def run(zones: int = ZONES) -> list[dict[str, Any]]:
    """Rows of the benchmark; see `python -m tests.bench`."""
    _country(zones)
    user = engineer(Division.objects.get(code="UZ-TO"), "bench-losses", is_superuser=True)
    cookie = _cookie_of(user)
    with ours("") as started:
        # As a browser: by its session, without a token.
        server = Server(started.name, started.port, {"Accept-Encoding": "gzip"})
        rows = _levels(server, cookie, zones)
        network = _one_network(zones)
        rows += _answers(server, cookie, network)
        with chromium() as browser:
            rows += _map(browser, server, user, network, zones)
    return rows


@transaction.atomic
def _country(zones: int) -> None:
    """Zones in networks of fifty districts, spread over the regions."""
    regions = list(Division.objects.filter(level=Division.Level.REGION).order_by("code"))
    networks = []
    for number in range(NETWORKS):
        district = Division.objects.create(
            code=f"BENCH-L{number}",
            name=f"{number}-tuman",
            level=Division.Level.DISTRICT,
            **under(regions[number % len(regions)]),
        )
        networks.append(
            Network.objects.create(
                code=f"LOSS-{number}", name=f"{number}-tarmoq", commodity="water", division=district
            )
        )
    _fill(networks, zones, west=65.0)


@transaction.atomic
def _one_network(zones: int) -> Network:
    division = Division.objects.get(code="BENCH-L0")
    network = Network.objects.create(code="LOSS-ALL", name="All", commodity="water", division=division)
    _fill([network], zones, west=61.0)
    return network


def _fill(networks: list[Network], zones: int, *, west: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _ZONES,
            {
                "west": west,
                "zones": zones,
                "networks": [network.pk for network in networks],
                "months": MONTHS,
                "days": DAYS,
            },
        )
        cursor.execute("ANALYZE assets_zone, balances_zonebalance")


def _cookie_of(username: str) -> str:
    client = Client()
    client.force_login(User.objects.get(username=username))
    return f"sessionid={client.cookies['sessionid'].value}"


def _median_ms(server: Server, path: str, cookie: str) -> float:
    taken = []
    for _time in range(_TIMES):
        second, status, body, _headers = server.get(path, Cookie=cookie)
        assert status == 200, (path, status, body[:200])
        taken.append(second * 1000)
    return statistics.median(taken[1:])


def _levels(server: Server, cookie: str, zones: int) -> list[dict[str, Any]]:
    tell_load("levels of losses")
    return [
        row(
            f"page of losses, level {level}, {zones:,} zones",
            _median_ms(server, f"/losses/?level={level}", cookie),
            COUNTRY_MS,
            "ms",
        )
        for level in ("republic", "region", "district", "network", "zone")
    ]


def _answers(server: Server, cookie: str, network: Network) -> list[dict[str, Any]]:
    """What the loss map asks for."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(period_start) FROM balances_zonebalance WHERE granularity = 'month'")
        month = cursor.fetchone()[0]
    query = f"network={network.code}&limit=1000"
    asked = {
        "the map page": f"/map/?network={network.code}",
        "outlines of zones": f"/api/v1/zones/?{query}",
        "balances of a month": f"/api/v1/zone-balances/?{query}&granularity=month&period_start={month}",
    }
    return [
        row(f"answer for the loss map: {what}", _median_ms(server, path, cookie), MAP_MS, "ms")
        for what, path in asked.items()
    ]


def _map(browser: Browser, server: Server, user: str, network: Network, zones: int) -> list[dict[str, Any]]:
    tell_load(f"loss map of {zones:,} zones")
    with visit(browser, server, user) as page:
        began = time.perf_counter()
        page.goto(f"http://127.0.0.1:{server.port}/map/?network={network.code}&tool=losses")
        page.wait_for_selector("#map[data-started=true]", timeout=120_000)
        opened = (time.perf_counter() - began) * 1000
        page.wait_for_selector("#map[data-ready=true]", timeout=120_000)
        fresh = [_changed(page, -1) for _month in range(_TIMES)]
        known = [_changed(page, step) for step in (1, -1) * 4]
        page.goto(f"http://127.0.0.1:{server.port}/losses/?level=zone")
        page.wait_for_selector("[data-ready=true]", timeout=60_000)
        drawn = page.evaluate("() => performance.now()")
    return [
        row(f"loss map opened, {zones:,} zones", opened, 3000.0, "ms"),
        row(f"loss map, {zones:,} zones: a month not looked at yet", statistics.median(fresh), MAP_MS, "ms"),
        row(f"loss map, {zones:,} zones: a month looked at before", statistics.median(known), MAP_MS, "ms"),
        row("page of losses, level zone: opened and drawn", drawn, 3000.0, "ms"),
    ]


def _changed(page: Page, steps: int) -> float:
    taken: float = page.evaluate(_CHANGE_MONTH, steps)
    page.wait_for_timeout(300)
    return taken
