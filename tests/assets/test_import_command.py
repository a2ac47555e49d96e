"""The commands as processes, with real commits: exit codes, one document on stdout, two at once; the job."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from assets.consumer_providers import consumers_at_nodes, register_consumer_provider
from assets.exchange.tasks import import_network
from assets.job_kinds import IMPORT_NETWORK
from assets.models import Network, Node
from assets.networks.selectors.description import describe_network
from gis_core.models import Division, Job
from tests.assets.importing import LIBRARY_MODELS, imported, library_model
from tests.conftest import make_district
from tests.databases import application_url

ARGUMENTS = ["--network", "N", "--division", "QIBRAY", "--commodity", "water"]


def start(*arguments: str) -> subprocess.Popen[str]:
    """Start manage.py on the database of this test."""
    environment = os.environ | {
        "DATABASE_URL": application_url(),
        "DJANGO_SETTINGS_MODULE": "gis_core.settings.local",
    }
    return subprocess.Popen(
        [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*arguments: str) -> tuple[int, str, str]:
    process = start(*arguments)
    stdout, stderr = process.communicate(timeout=120)
    return process.returncode, stdout, stderr


def test_exit_codes_and_documents(committing_database: None, tmp_path: Path) -> None:
    make_district("QIBRAY", "Qibray tumani")
    model = str(library_model("Net1"))
    code, stdout, _ = run("import_network", model, *ARGUMENTS, "--place=-69.3,41.3", "--json")
    assert (code, json.loads(stdout)["created"]["pipe"]) == (0, 12)
    code, stdout, _ = run("import_network", model, *ARGUMENTS, "--place", "-69.3,41.3", "--json")
    assert (code, json.loads(stdout)["unchanged"]) == (0, 24)
    code, stdout, _ = run("describe_network", "N", "--json")
    assert (code, json.loads(stdout)["counts"]["junction"]) == (0, 9)
    code, stdout, stderr = run(
        "import_network", str(tmp_path / "no.inp"), *ARGUMENTS, "--srid=4326", "--json"
    )
    assert (code, "does not exist" in json.loads(stdout)["error"]["message"]) == (1, True)
    assert "does not exist" in stderr
    code, stdout, stderr = run("describe_network", "NONE")
    assert (code, stdout, "There are: N." in stderr) == (1, "", True)
    for wrong in (
        [],
        ["--srid=4326", "--place=69,41"],
        ["--place=69"],
        ["--srid=4326", "--coordinate-unit=m"],
    ):
        code, stdout, stderr = run("import_network", model, *ARGUMENTS, *wrong)
        assert (code, stdout) == (2, "")
        assert "Traceback" not in stderr


def test_two_imports_at_once_create_one_network(committing_database: None) -> None:
    make_district("QIBRAY", "Qibray tumani")
    arguments = ("import_network", str(library_model("Net3")), *ARGUMENTS, "--place=69.3,41.3", "--json")
    processes = [start(*arguments) for _ in range(2)]
    documents = [json.loads(process.communicate(timeout=120)[0]) for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert sorted(document["created"]["pipe"] for document in documents) == [0, 117]
    assert Node.objects.filter(kind="junction").count() == 92


def test_job_imports_an_uploaded_file(committing_database: None, tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    district = make_district("QIBRAY", "Qibray tumani")
    upload = default_storage.save("uploads/net1.inp", ContentFile(library_model("Net1").read_bytes()))
    parameters = {"network": "N", "division": "QIBRAY", "commodity": "water", "place": [69.3, 41.3]}

    def ended(**changes: Any) -> Job:
        job = Job.objects.create(
            kind=IMPORT_NETWORK, division=district, parameters=parameters | {"file": upload} | changes
        )
        import_network(str(job.uid))
        job.refresh_from_db()
        return job

    first = ended()
    assert (first.state, first.error, first.progress_total) == ("succeeded", "", 5)
    assert first.result is not None
    assert first.result["created"]["pipe"] == 12
    # An upload is kept until its job is over.
    second = ended(
        file=default_storage.save("uploads/net1.inp", ContentFile(library_model("Net1").read_bytes()))
    )
    assert second.result is not None
    assert second.result["unchanged"] == 24
    outside = ended(file="../../etc/passwd")
    assert (outside.state, outside.error) == ("failed", "The file of this import is not an upload.")
    unplaced = ended(place=None, network="M")
    assert (unplaced.state, Network.objects.count()) == ("failed", 1)


@pytest.mark.parametrize("name", LIBRARY_MODELS)
def test_description_agrees_with_the_import(name: str, district: Division) -> None:
    created = imported(library_model(name))["created"]
    description = describe_network(Network.objects.get())
    assert description["counts"] == created
    assert description["connectors"] == 2 * (created["pump"] + created["valve"])
    west, south, east, north = description["extent"]
    assert west < 69.45 < east
    assert south < 41.38 < north
    assert description["geodesic_length_m"] == pytest.approx(description["stated_length_m"], rel=0.005)
    assert (description["zones"], description["division"]) == (0, "QIBRAY")


def test_consumers_are_counted_by_whoever_registered(
    district: Division, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assets.consumer_providers._providers", {})
    network = Network.objects.create(code="E", name="Empty", commodity="water", division=district)
    assert describe_network(network)["subscribers"] == 0
    assert describe_network(network)["extent"] is None
    register_consumer_provider(
        "subscribers", count_in_network=lambda network_id: network_id, count_at_nodes=len
    )
    assert describe_network(network)["subscribers"] == network.pk
    assert consumers_at_nodes([4, 5]) == {"subscribers": 2}
