"""The pages in Chromium, from gunicorn with the built programs, as a person opens them; nothing is intercepted.

`floor` is the limit that was set, so a ratio above 1 is over it; for frames it is the same movement over a network of a
hundred pipes in the same browser, which is what the machine itself needs. Bytes are those that came over the wire
(gzip), by a browser whose cache is empty. Chromium draws in software here: a screen with graphics hardware is faster.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection
from playwright.sync_api import Browser, BrowserContext, Page, Response, ViewportSize, sync_playwright

from assets.models import Network
from gis_core.models import Division, RoleAssignment, User
from tests.bench.looped_network import make_looped_network
from tests.bench.scale import LARGE, looped_network
from tests.bench.served import Server, ours
from tests.conftest import make_district
from tests.frontend_map.conftest import make_utility

# Playwright's synchronous interface runs an event loop in this thread, and Django then refuses its ORM here.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

TINY, MIDDLE_SIZE = 100, 100_000
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
SCREEN = ViewportSize(width=1440, height=900)
# Every point of it is drawn by the processor.
FRAME_SCREEN = ViewportSize(width=1024, height=640)
PASSWORD = "a-long-password"
# Limits, in kB and ms.
MAP_KB, MAP_ENGINE_KB, PAGE_KB = 400.0, 320.0, 60.0
EDIT_MS, DRAWN_MAP_MS = 300.0, 3000.0
_ENGINES = ("leaflet", "maplibre", "symbols-")
# About 5,000 nodes and pipes, connectors of valves among them.
_AREA_PIPES = 1_780
_EDITS = 7
_PATIENCE_MS = 120_000
_WATCH_FRAMES = """
() => {
  window.benchFrames = [];
  let last = null;
  const step = (now) => {
    if (window.benchFrames === null) return;
    if (last !== null) window.benchFrames.push(now - last);
    last = now;
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}
"""
_TAKE_FRAMES = "() => { const taken = window.benchFrames; window.benchFrames = null; return taken; }"
# The last click before a line is sent, when its line is on the screen, and when the tiles show one pipe more.
_WATCH_EDIT = """
() => {
  const map = document.getElementById("map");
  const seen = window.benchEdit = { click: 0, line: 0, tiles: 0, before: Number(map.dataset.pipes) };
  const onClick = () => { seen.click = performance.now(); };
  document.addEventListener("pointerup", onClick, true);
  const watch = new MutationObserver(() => {
    if (map.dataset.overlayDraft === "1" && seen.line === 0) {
      seen.line = -1;
      requestAnimationFrame(() => requestAnimationFrame(() => { seen.line = performance.now(); }));
    }
    if (seen.click > 0 && Number(map.dataset.pipes) > seen.before && seen.tiles === 0) seen.tiles = performance.now();
    if (seen.line > 0 && seen.tiles > 0) {
      watch.disconnect();
      document.removeEventListener("pointerup", onClick, true);
    }
  });
  delete map.dataset.editMs;
  watch.observe(map, { attributes: true });
}
"""


@dataclass
class Load:
    """What a page asked for as it opened."""

    requests: int = 0
    scripts: dict[str, int] = field(default_factory=dict)

    @property
    def script_kb(self) -> float:
        return sum(self.scripts.values()) / 1000

    @property
    def engine_kb(self) -> float:
        """What MapLibre and Leaflet are of it."""
        return sum(size for name, size in self.scripts.items() if name.startswith(_ENGINES)) / 1000


def run(sizes: tuple[int, ...] = (MIDDLE_SIZE, LARGE)) -> list[dict[str, Any]]:
    """Rows of the benchmark; see `python -m tests.bench`."""
    networks = {size: looped_network(size) for size in (TINY, *sizes)}
    pages = _pages()
    area = _area_network()
    user = engineer(networks[TINY].division, "bench-pages", is_superuser=True)
    engineer(area.division, "bench-field")
    with ours("") as server, chromium() as browser:
        return _told(
            partial(_weights, browser, server, user, pages),
            *(partial(_time_to_map, browser, server, user, networks[size], size) for size in sizes),
            *(partial(_edits, browser, server, user, networks[size], size) for size in sizes),
            partial(_offline_area, browser, server, "bench-field"),
        )


def run_frames(sizes: tuple[int, ...] = (MIDDLE_SIZE, LARGE)) -> list[dict[str, Any]]:
    """Rows of the benchmark of frame times, which takes many minutes where Chromium draws in software."""
    networks = {size: looped_network(size) for size in (TINY, *sizes)}
    user = engineer(networks[TINY].division, "bench-frames", is_superuser=True)
    with ours("") as server, chromium() as browser:
        return _told(*(partial(_frames, browser, server, user, networks, size) for size in sizes))


def _told(*parts: Callable[[], Iterable[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The rows of parts, each told at once, too: whoever ends a benchmark early keeps what was measured."""
    rows = []
    for part in parts:
        for measured in part():
            rows.append(measured)
            print(
                f"    {measured['name']}: {measured['ours']:,.1f} {measured['unit']}, {measured['ratio']:.2f}",
                flush=True,
            )
    return rows


def _pages() -> dict[str, str]:
    """The address of every page, of a district with something on each."""
    found = Division.objects.filter(code="BENCH-PAGES").first()
    if found is not None:
        raise RuntimeError("the pages' district is there already: this benchmark runs once a database")
    utility = make_utility(make_district("BENCH-PAGES", "Pages"), "PAGES")
    return {
        **{name: address for name, address in utility.pages.items() if not name.endswith("_pdf")},
        "map": "/map/?network=PAGES",
        "losses": "/losses/",
        "events": "/losses/events/",
        "sensors": "/sensors/",
        "feeds": "/feeds/",
        "alarms": "/alarms/",
        "regulators": "/regulators/",
        "imports": "/imports/",
    }


def _area_network() -> Network:
    place = (66.0, 40.5)
    district = make_district("BENCH-AREA", "Area")
    return make_looped_network("grid-area", _AREA_PIPES, division=district, place=place).network


def engineer(division: Division, name: str, *, is_superuser: bool = False) -> str:
    """The name of a user who edits the network of a division."""
    # As the server's settings hash it; those of tests do it in another way.
    password = PBKDF2PasswordHasher().encode(PASSWORD, "bench")
    user = User.objects.create(username=name, password=password, is_superuser=is_superuser)
    RoleAssignment.objects.create(user=user, division=division, role=RoleAssignment.Role.ENGINEER)
    return name


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visit(browser: Browser, server: Server, user: str, **options: Any) -> Iterator[Page]:
    """A page of somebody who has logged in, with nothing kept from before."""
    context = browser.new_context(**{"viewport": SCREEN, "locale": "en-GB", **options})
    try:
        context.set_default_timeout(_PATIENCE_MS)
        page = context.new_page()
        # The home page counts a million elements: that is not what is measured here.
        page.goto(address(server, "/login/?next=/jobs/"))
        log_in(page, user)
        page.wait_for_url(address(server, "/jobs/"))
        yield page
    finally:
        context.close()


def address(server: Server, path: str) -> str:
    return f"http://127.0.0.1:{server.port}{path}"


def log_in(page: Page, user: str) -> None:
    page.fill("[name=username]", user)
    page.fill("[name=password]", PASSWORD)
    page.click("form.stack button")


def row(name: str, ours_: float, floor: float, unit: str) -> dict[str, Any]:
    """A row of the table, with how busy the machine was (processes that wanted to run, averaged over a minute)."""
    busy = os.getloadavg()[0]
    return {"name": name, "ours": ours_, "floor": floor, "unit": unit, "ratio": ours_ / floor, "load": busy}


def tell_load(what: str) -> None:
    print(f"  {what}: {os.getloadavg()[0]:.1f} processes at {os.cpu_count()} processors", flush=True)


# --- weight ---


def _weights(browser: Browser, server: Server, user: str, pages: dict[str, str]) -> list[dict[str, Any]]:
    """Scripts and requests of each page, each opened by a browser that has nothing yet."""
    tell_load("weights")
    rows = []
    for name, path in pages.items():
        with visit(browser, server, user) as page:
            # The same person with an empty cache, else what the home page shares would not be counted.
            state = page.context.storage_state()
        context = browser.new_context(viewport=SCREEN, locale="en-GB", storage_state=state)
        load = _load_of(context, address(server, path), is_map=name == "map")
        context.close()
        limit = MAP_KB if name == "map" else PAGE_KB
        rows.append(row(f"scripts of page {name}, {load.requests} requests", load.script_kb, limit, "kB"))
        if name == "map":
            rows.append(row("of them MapLibre and Leaflet", load.engine_kb, MAP_ENGINE_KB, "kB"))
    return rows


def _answers_to(page: Page) -> list[Response]:
    """A list to which every answer to the page is added as it comes."""
    answers: list[Response] = []

    def keep(answer: Response) -> None:
        answers.append(answer)

    page.on("response", keep)
    return answers


def _load_of(context: BrowserContext, opened: str, *, is_map: bool) -> Load:
    context.set_default_timeout(_PATIENCE_MS)
    page = context.new_page()
    answers = _answers_to(page)
    page.goto(opened, wait_until="networkidle")
    if is_map:
        page.wait_for_selector("#map[data-ready=true]", timeout=_PATIENCE_MS)
    load = Load(requests=len(answers))
    for answer in answers:
        if answer.request.resource_type == "script":
            name = answer.url.partition("?")[0].rsplit("/", 1)[1]
            load.scripts[name] = answer.request.sizes()["responseBodySize"]
    return load


# --- the map ---


def _time_to_map(
    browser: Browser, server: Server, user: str, network: Network, size: int
) -> list[dict[str, Any]]:
    """From the click on "Log in" to the drawn map of the whole network: with no tile made yet, then with all."""
    tell_load(f"time to a map of {size:,} pipes")
    times: dict[str, list[float]] = {"cold": [], "warm": []}
    for _round in range(3):
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE assets_tilecache")
        for taken in times.values():
            context = browser.new_context(viewport=SCREEN, locale="en-GB")
            page = context.new_page()
            page.goto(address(server, f"/login/?next=/map/?network={network.code}"))
            began = time.perf_counter()
            log_in(page, user)
            page.wait_for_selector("#map[data-ready=true]", timeout=_PATIENCE_MS)
            taken.append((time.perf_counter() - began) * 1000)
            context.close()
    return [
        row(
            f"log-in to a drawn map, {size:,} pipes, tiles {state}",
            statistics.median(taken),
            DRAWN_MAP_MS,
            "ms",
        )
        for state, taken in times.items()
    ]


def _open_map(page: Page, server: Server, network: Network, zoom: int, *, tool: str = "") -> None:
    """The map over the middle of a network, drawn."""
    longitude, latitude = _middle(network)
    # The losses' panel is opened for those who edit nothing only; an engineer's map opens without a tool.
    query = f"network={network.code}&at={latitude:.6f},{longitude:.6f},{zoom}" + (
        f"&tool={tool}" if tool else ""
    )
    page.goto(address(server, f"/map/?{query}"))
    page.wait_for_selector("#map[data-ready=true]", timeout=_PATIENCE_MS)
    page.wait_for_selector("#map[data-started=true]", timeout=_PATIENCE_MS)


def _middle(network: Network) -> tuple[float, float]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (min(ST_X(geom)) + max(ST_X(geom))) / 2, (min(ST_Y(geom)) + max(ST_Y(geom))) / 2 "
            "FROM assets_node WHERE network_id = %s",
            [network.pk],
        )
        longitude, latitude = cursor.fetchone()
        return float(longitude), float(latitude)


def _frames(
    browser: Browser, server: Server, user: str, networks: dict[int, Network], size: int
) -> Iterator[dict[str, Any]]:
    """Frame times while the map is dragged about and zoomed in and out, from the street to the town."""
    tell_load(f"frames of {size:,} pipes")
    for what, zoom in (("street, zoom 16", 16), ("quarter, zoom 14", 14), ("town, zoom 12", 12)):
        taken = {of: _moved(browser, server, user, networks[of], zoom) for of in (TINY, size)}
        mine, floor = _figures(taken[size]), _figures(taken[TINY])
        for figure in ("median", "95th percentile", "worst"):
            yield row(f"frame, {size:,} pipes, {what}: {figure}", mine[figure], floor[figure], "ms")
        # A share of nothing is no floor: one frame of those drawn stands for it.
        least = 100 / len(taken[TINY])
        share = "share over 50 ms"
        yield row(f"frame, {size:,} pipes, {what}: {share}", mine[share], max(floor[share], least), "%")


def _figures(frames: list[float]) -> dict[str, float]:
    ordered = sorted(frames)
    return {
        "median": statistics.median(ordered),
        "95th percentile": ordered[int(len(ordered) * 0.95)],
        "worst": ordered[-1],
        "share over 50 ms": 100 * sum(taken > 50 for taken in ordered) / len(ordered),
    }


def _moved(browser: Browser, server: Server, user: str, network: Network, zoom: int) -> list[float]:
    with visit(browser, server, user, viewport=FRAME_SCREEN) as page:
        _open_map(page, server, network, zoom)
        page.wait_for_timeout(500)
        page.evaluate(_WATCH_FRAMES)
        for across, down in ((-300, -100), (300, 100)):
            _drag(page, across, down)
        for turn in (-240, 240):
            page.mouse.move(512, 320)
            page.mouse.wheel(0, turn)
            page.wait_for_timeout(450)
        frames: list[float] = page.evaluate(_TAKE_FRAMES)
        return frames


def _drag(page: Page, across: int, down: int) -> None:
    steps = 20
    page.mouse.move(600, 350)
    page.mouse.down()
    for step in range(1, steps + 1):
        page.mouse.move(600 + across * step / steps, 350 + down * step / steps)
        page.wait_for_timeout(12)
    page.mouse.up()
    page.wait_for_timeout(250)


def _edits(browser: Browser, server: Server, user: str, network: Network, size: int) -> list[dict[str, Any]]:
    """Lines drawn with the mouse: from the last click to the line, to the server's word, to the pipe in its tiles."""
    tell_load(f"edits of {size:,} pipes")
    taken: dict[str, list[float]] = {"line on screen": [], "edit kept": [], "pipe in the tiles": []}
    with visit(browser, server, user) as page:
        _open_map(page, server, network, 18, tool="draw")
        page.wait_for_selector("#draw-template option", state="attached")
        page.wait_for_timeout(1500)
        for number in range(_EDITS):
            figures = _drawn(page, 600 + 24 * number)
            for name, figure in figures.items():
                taken[name].append(figure)
    limits = {"line on screen": EDIT_MS, "edit kept": EDIT_MS, "pipe in the tiles": EDIT_MS}
    # The first one meets programs and plans that were never used.
    return [
        row(f"last click to {name}, {size:,} pipes", statistics.median(figures[1:]), limits[name], "ms")
        for name, figures in taken.items()
    ]


def _drawn(page: Page, across: int) -> dict[str, float]:
    page.evaluate(_WATCH_EDIT)
    for x, y in ((across, 300), (across + 9, 420), (across + 9, 420)):
        page.mouse.move(x, y)
        page.wait_for_timeout(60)
        page.mouse.down()
        page.mouse.up()
        page.wait_for_timeout(60)
    page.wait_for_function(
        "() => window.benchEdit.tiles > 0 && window.benchEdit.line > 0", timeout=_PATIENCE_MS
    )
    page.wait_for_selector("#map[data-edit-ms]", timeout=_PATIENCE_MS)
    seen = page.evaluate(
        "() => ({ ...window.benchEdit, kept: Number(document.getElementById('map').dataset.editMs) })"
    )
    page.wait_for_timeout(4500)
    return {
        "line on screen": seen["line"] - seen["click"],
        "edit kept": float(seen["kept"]),
        "pipe in the tiles": seen["tiles"] - seen["click"],
    }


# --- without a network ---


def _offline_area(browser: Browser, server: Server, user: str) -> list[dict[str, Any]]:
    """A whole network of some 5,000 elements saved by the field page: seconds to the saved area, and its size."""
    tell_load("offline area")
    seconds, sizes, elements = [], [], 0
    for _round in range(3):
        with visit(browser, server, user, viewport={"width": 390, "height": 844}) as page:
            answers = _answers_to(page)
            page.goto(address(server, "/field/#/offline"))
            button = page.get_by_role("button", name="Save the whole network")
            button.wait_for()
            began = time.perf_counter()
            button.click()
            page.wait_for_selector(".areas li", timeout=_PATIENCE_MS)
            seconds.append(time.perf_counter() - began)
            (area,) = [answer for answer in answers if "/field/area/" in answer.url]
            sizes.append(area.request.sizes()["responseBodySize"] / 1000)
            elements = page.evaluate(_COUNT_STORED)
    name = f"offline area of {elements:,} elements"
    return [
        row(f"{name}: saved on the phone", statistics.median(seconds), 10.0, "s"),
        row(f"{name}: over the wire", statistics.median(sizes), 1000.0, "kB"),
    ]


_COUNT_STORED = """
async () => {
  let total = 0;
  for (const { name } of await indexedDB.databases()) {
    const database = await new Promise((done) => {
      const opening = indexedDB.open(name);
      opening.onsuccess = () => done(opening.result);
    });
    for (const store of ["nodes", "pipes"]) {
      if (!database.objectStoreNames.contains(store)) continue;
      total += await new Promise((done) => {
        const counting = database.transaction(store).objectStore(store).count();
        counting.onsuccess = () => done(counting.result);
      });
    }
    database.close();
  }
  return total;
}
"""
