"""The service worker keeps what the field page is made of: with one file missing, it is blank without a network."""

import json
import re
from pathlib import Path

import pytest
from django.test import Client

from frontend_map.apps import FrontendMapConfig

PREFIX = "/static/frontend_map/build/"


def kept() -> set[str]:
    """The files that the worker keeps, below the build's folder."""
    text = (FrontendMapConfig.static_build() / "offline_worker.js").read_text(encoding="utf-8")
    addresses = re.findall(r'url:"([^"]+)"|"url":"([^"]+)"', text)
    found = {one or other for one, other in addresses}
    assert found
    assert all(address.startswith(PREFIX) for address in found), found
    return {address.removeprefix(PREFIX) for address in found}


def imports_of(path: Path) -> set[Path]:
    """What a program imports, at once or when it is used."""
    text = path.read_text(encoding="utf-8")
    names = re.findall(r'(?:from|import)\s*\(?"(\.[^"]+\.js)"', text)
    return {(path.parent / name).resolve() for name in names}


@pytest.mark.parametrize("entry", ["base.js", "field.js"])
def test_the_worker_keeps_all_that_the_page_imports(entry: str) -> None:
    build = FrontendMapConfig.static_build().resolve()
    to_see, seen = [build / entry], set()
    while to_see:
        path = to_see.pop()
        if path in seen:
            continue
        seen.add(path)
        # The reader of codes is a megabyte: it is kept when it was used.
        to_see += [one for one in imports_of(path) if not one.name.startswith(("ponyfill", "zxing"))]
    missing = {path.relative_to(build).as_posix() for path in seen} - kept()
    assert missing == set()
    assert {"base.css", "field.css"} <= kept()


def test_it_keeps_little() -> None:
    build = FrontendMapConfig.static_build()
    assert sum((build / name).stat().st_size for name in kept()) < 250_000


def test_the_worker_is_served_where_it_may_keep_the_field_page() -> None:
    answer = Client().get("/offline-worker.js")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/javascript")
    assert answer["Cache-Control"] == "no-cache"


def test_the_site_can_be_installed() -> None:
    folder = FrontendMapConfig.static_build().parent
    manifest = json.loads((folder / "field.webmanifest").read_text(encoding="utf-8"))
    assert (manifest["start_url"], manifest["scope"], manifest["display"]) == ("/field/", "/", "standalone")
    for icon in manifest["icons"]:
        width = int.from_bytes((folder / icon["src"]).read_bytes()[16:20], "big")
        assert f"{width}x{width}" == icon["sizes"]
