"""Real clients against a running server: GDAL's OAPIF driver (in pyogrio's wheel) and OWSLib."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.servers.basehttp import ThreadedWSGIServer
from django.db import connections
from django.test.testcases import LiveServerThread, QuietWSGIRequestHandler
from owslib.ogcapi.features import Features
from owslib.util import Authentication

from assets.ogc.selectors.collections import COLLECTIONS
from gis_core.models import RoleAssignment, User
from gis_core.services.tokens import make_token
from tests.conftest import make_district
from tests.frontend_map.sample import SampleNetwork, build_network


class _ServerThread(LiveServerThread):
    """Serves without database connections shared with the test: both see only what is committed."""

    server_class = ThreadedWSGIServer

    def _create_server(self, connections_override: Any = None) -> Any:
        return self.server_class((self.host, self.port), _Recording, allow_reuse_address=False)


class _Recording(QuietWSGIRequestHandler):
    """Remembers what was asked for."""

    asked: list[str] = []
    lock = threading.Lock()

    def log_message(self, format: str, *arguments: Any) -> None:
        with self.lock:
            self.asked.append(str(arguments[0]))


@dataclass
class Service:
    """The running service, one network in it that the user may see, and what was asked of it so far."""

    address: str
    secret: str
    network: SampleNetwork

    def asked(self) -> str:
        return "\n".join(_Recording.asked)


@pytest.fixture
def service(committing_database: None) -> Iterator[Service]:
    district, other = make_district("QIBRAY", "Qibray tumani"), make_district("ZANGIOTA", "Zangiota tumani")
    network = build_network(district, "OWN", columns=12, rows=10)
    build_network(other, "ALIEN", columns=3, rows=3)
    user = User.objects.create_user("engineer", password="a-long-password")
    RoleAssignment.objects.create(user=user, role="engineer", division=district)
    secret = make_token(user=user, name="clients", acting_user=None)[1]
    _Recording.asked.clear()
    thread = _ServerThread("127.0.0.1", StaticFilesHandler)
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    if thread.error:
        raise thread.error
    yield Service(f"http://127.0.0.1:{thread.port}/ogc", secret, network)
    thread.terminate()
    connections.close_all()


def gdal(service: Service, code: str, *, secret: str = "") -> Any:
    """What `code`, run with pyogrio in a process of its own, gives as `found`.

    A process of its own, since pyogrio holds the interpreter while it waits for the server that runs in this one.
    """
    script = f"import json, pyogrio\nOGC = {f'OAPIF:{service.address}'!r}\n{code}\nprint(json.dumps(found))"
    environment = {**os.environ, "GDAL_HTTP_USERPWD": f"engineer:{secret or service.secret}"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_gdal_reads_every_layer(service: Service) -> None:
    layers = dict(gdal(service, "found = pyogrio.list_layers(OGC).tolist()"))
    assert set(layers) == set(COLLECTIONS)
    assert (layers["pipes"], layers["nodes"], layers["zones"]) == ("LineString", "Point", "MultiPolygon")
    read = "frame = pyogrio.read_dataframe(OGC, layer={!r})\nfound = sorted(frame['uid'])"
    for name, rows in (("nodes", service.network.nodes), ("zones", service.network.zones)):
        assert gdal(service, read.format(name)) == sorted(str(row.uid) for row in rows)
    places = gdal(
        service,
        "frame = pyogrio.read_dataframe(OGC, layer='nodes')\n"
        "found = {uid: [g.x, g.y] for uid, g in zip(frame['uid'], frame.geometry)}",
    )
    assert places == {str(node.uid): [node.geom.x, node.geom.y] for node in service.network.nodes}
    info = gdal(
        service,
        "info = pyogrio.read_info(OGC, layer='nodes')\n"
        "found = [info['features'], dict(zip(info['fields'].tolist(), info['dtypes'].tolist()))]",
    )
    assert info[0] == len(service.network.nodes)
    assert info[1]["elevation_m"] == "float64"
    assert info[1]["valid_from"].startswith("datetime64")


def test_gdal_pages_through_without_losing_any(service: Service) -> None:
    found = gdal(service, "found = sorted(pyogrio.read_dataframe(OGC, layer='nodes', PAGE_SIZE=7)['uid'])")
    assert found == sorted(str(node.uid) for node in service.network.nodes)
    assert service.asked().count("cursor=") >= len(service.network.nodes) // 7


def test_gdal_filters_on_the_server(service: Service) -> None:
    nodes = service.network.nodes
    west, south, east, north = 69.3395, 41.3295, 69.3465, 41.3345
    found = gdal(
        service,
        f"found = list(pyogrio.read_dataframe(OGC, layer='nodes', bbox=({west}, {south}, {east}, {north}))['uid'])",
    )
    inside = {str(n.uid) for n in nodes if west <= n.geom.x <= east and south <= n.geom.y <= north}
    assert set(found) == inside
    assert "bbox=69.3395" in service.asked()
    read = "found = list(pyogrio.read_dataframe(OGC, layer='nodes', where={!r})['uid'])"
    found = gdal(service, read.format("kind = 'tank' OR code LIKE 'J1%'"))
    assert set(found) == {str(n.uid) for n in nodes if n.kind == "tank" or n.code.startswith("J1")}
    assert "filter=" in service.asked()
    found = gdal(service, read.format("elevation_m > 433 AND NOT (code = 'it''s')"))
    assert set(found) == {str(n.uid) for n in nodes if (n.elevation_m or 0) > 433}


def test_gdal_needs_the_token(service: Service) -> None:
    code = (
        "try:\n    pyogrio.list_layers(OGC)\n    found = 'listed'\n"
        "except pyogrio.errors.DataSourceError as error:\n    found = 'refused'"
    )
    assert gdal(service, code) == "listed"
    assert gdal(service, code, secret="wrong") == "refused"
    # The user's own password opens it too.
    assert gdal(service, code, secret="a-long-password") == "listed"


def test_owslib_reads_everything(service: Service) -> None:
    client = Features(service.address, auth=Authentication(username="engineer", password=service.secret))
    assert set(client.feature_collections()) == set(COLLECTIONS)
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in client.conformance()["conformsTo"]
    assert client.api()["openapi"].startswith("3.0")
    assert client.collection("pipes")["id"] == "pipes"
    assert "code" in client.collection_queryables("pipes")["properties"]
    page = client.collection_items("nodes", limit=5)
    assert (page["numberReturned"], page["numberMatched"]) == (5, len(service.network.nodes))
    assert any(link["rel"] == "next" for link in page["links"])
    boxed = client.collection_items("nodes", bbox=[69.3395, 41.3295, 69.3465, 41.3345], limit=1000)
    assert 0 < boxed["numberReturned"] < page["numberMatched"]
    tanks = client.collection_items("nodes", kind="tank")
    assert [feature["properties"]["kind"] for feature in tanks["features"]] == ["tank"]
    filtered = client.collection_items("nodes", filter="kind = 'tank'")
    assert filtered["features"] == tanks["features"]
    dated = client.collection_items("nodes", datetime="2000-01-01T00:00:00Z/..", limit=1)
    assert dated["numberMatched"] == len(service.network.nodes)
    uid = tanks["features"][0]["id"]
    assert client.collection_item("nodes", uid)["id"] == uid


def test_owslib_without_a_token_is_told_so(service: Service) -> None:
    with pytest.raises(RuntimeError, match="Log in"):
        Features(service.address).collections()
