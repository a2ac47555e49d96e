"""What refusals tell: no path of the server, nothing of PostgreSQL's DETAIL, and not whether something is elsewhere."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import DataError, IntegrityError, OperationalError, connection, transaction
from django.test import Client

from gis_core.database.refusals import primary_of, refusal_of, saying_refusals
from gis_core.errors import ReportedError, without_insides
from gis_core.models import Division, Job, User
from gis_core.services.jobs import create_job, run_job
from sensors.feeds.services.sources import save_source, source_by_code
from sensors.models import FeedProfile
from tests.security.test_access_matrix import (
    Sample,
    make_sample,
)

# What PostgreSQL, psycopg and Python say of themselves, and where files lie.
INSIDES = re.compile(
    r"DETAIL|HINT:|CONTEXT:|Key \(|Failing row|psycopg|Traceback|\.py\b|duplicate key|/proc/self|/tmp/|\.local/"
    + "|"
    + re.escape(str(settings.BASE_DIR))
    + "|"
    + re.escape(str(settings.MEDIA_ROOT))
)


@pytest.fixture
def samples(district: Division, other_district: Division) -> tuple[Sample, Sample]:
    return (
        make_sample(district, "OWN-NET", "OWN-SUV", 0),
        make_sample(other_district, "ALIEN-NET", "ALIEN-SUV", 5000),
    )


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('duplicate key "x"\nDETAIL:  Key (code)=(secret) already exists.', 'duplicate key "x"'),
        ("refused: no.\nHINT: try\nCONTEXT: SQL function", "refused: no."),
        (
            "[Errno 2] No such file or directory: '/srv/tarmoq/.local/media/a.inp'",
            "[Errno 2] No such file or directory: 'a.inp'",
        ),
        ("/tmp/tarmoq-upload-x1/model.inp: line 4", "model.inp: line 4"),
        (f"{Path(__file__).parents[2]}/gis_core/x.py broke", "x.py broke"),
        # What is no path of the server stays as it is.
        (
            "write 10.20.0.0/16, tarmoq/qibray/+, m3/h or /api/v1/feeds/",
            "write 10.20.0.0/16, tarmoq/qibray/+, m3/h or /api/v1/feeds/",
        ),
        ("opc.tcp://10.1.2.3:4840/plant/etc/x", "opc.tcp://10.1.2.3:4840/plant/etc/x"),
        ("a line and/or a point", "a line and/or a point"),
    ],
)
def test_what_is_left_of_a_text(text: str, left: str) -> None:
    assert without_insides(text) == left


def test_what_the_database_refuses_is_told_without_its_detail(district: Division) -> None:
    statements = (
        "INSERT INTO gis_core_division (code, name, level, parent_path) VALUES ('UZ', 'x', 1, '')",
        f"UPDATE gis_core_division SET code = '' WHERE code = '{district.code}'",
        "INSERT INTO sensors_feedprofile (uid, division_id, name, settings, changed_at) "
        "SELECT gen_random_uuid(), id, 'plain', '{}', now() FROM gis_core_division WHERE code = 'UZ'",
        "SELECT 'x'::integer",
    )
    for statement in statements:
        with (
            pytest.raises((IntegrityError, DataError)) as refused,
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
        for told in (primary_of(refused.value), refusal_of(refused.value).message):
            assert told
            assert "DETAIL" not in told
            assert "already exists" not in told
        with pytest.raises(ReportedError) as reported, saying_refusals({}), connection.cursor() as cursor:
            cursor.execute(statement)
        assert not INSIDES.search(reported.value.message.replace("duplicate key", "")), reported.value.message


@pytest.mark.parametrize(
    "fault",
    [
        OSError(2, "No such file or directory", "/srv/tarmoq/.local/media/secret.inp"),
        FileNotFoundError("/srv/tarmoq/.local/media/secret.inp"),
        OperationalError("server closed\nDETAIL: row of somebody"),
        ReportedError("The file /srv/tarmoq/.local/media/secret.inp is bad."),
        ValueError("cannot read /tmp/tarmoq-upload-1/secret.inp"),
    ],
)
def test_a_job_that_fails_tells_no_paths(fault: Exception, district: Division, make_user: Any) -> None:
    user = make_user("engineer", district)
    job = create_job(
        kind="test", division=district, parameters={}, acting_user=user, enqueue=lambda _uid: None
    )

    def work(_job: Job, _report: Any) -> dict[str, Any]:
        raise fault

    try:
        run_job(str(job.uid), work)
    except type(fault):
        assert not isinstance(fault, ReportedError)
    client = Client()
    client.force_login(user)
    for path in (f"/api/v1/jobs/{job.uid}/", f"/jobs/{job.uid}/"):
        answer = client.get(path)
        assert answer.status_code == 200
        text = answer.content.decode()
        assert "/srv/tarmoq" not in text
        assert "/tmp/tarmoq" not in text
        assert "row of somebody" not in text


# Existence elsewhere


def post(client: Client, path: str, body: dict[str, Any]) -> tuple[int, str]:
    answer = client.post(path, json.dumps(body), "application/json")
    return answer.status_code, answer.content.decode()


def test_what_another_division_has_is_free(
    make_user: Any, district: Division, other_district: Division, samples: tuple[Sample, Sample]
) -> None:
    """A code, a name or a number of another division: one's own may be the same, so that nothing tells of the other."""
    own, alien = samples
    client = Client()
    client.force_login(make_user("engineer", district))
    save_source(
        code="theirs", name="", kind="modbus", division=other_district, settings={"host": "plc"}, points=[],
        acting_user=None,
    )  # fmt: skip
    body = {"code": "theirs", "kind": "mqtt", "division": district.code}
    assert post(client, "/api/v1/feeds/sources/", body)[0] == 201
    # One of another kind in one's own division is not changed into this.
    assert post(client, "/api/v1/feeds/sources/", body | {"kind": "lorawan"})[0] == 400
    profile = own.writes["feed-profile-list"] | {"name": "plain"}
    assert post(client, "/api/v1/feeds/profiles/", profile)[0] == 201
    assert FeedProfile.objects.filter(name="plain").count() == 2
    for name in ("parcel-list", "building-list"):
        path = f"/api/v1/{name.removesuffix('-list')}s/"
        root = Client()
        root.force_login(User.objects.get_or_create(username="root", is_superuser=True)[0])
        there = json.loads(json.dumps(alien.writes[name]).replace("{unique}", "7"))
        assert post(root, path, there)[0] == 201
        mine = json.loads(json.dumps(own.writes[name]).replace("{unique}", "8"))
        same = mine | {"cadastral_number": there["cadastral_number"]}
        assert post(client, path, same)[0] == 201
        assert post(client, path, same)[0] == 400


def test_an_operator_says_whose_he_means(district: Division, other_district: Division) -> None:
    for division in (district, other_district):
        save_source(
            code="pumps", name="", kind="modbus", division=division, settings={"host": "plc"}, points=[],
            acting_user=None,
        )  # fmt: skip
    with pytest.raises(ReportedError, match="Several divisions") as refused:
        source_by_code("pumps")
    assert refused.value.code == "ambiguous"
    assert source_by_code(f"{district.code}/pumps").division == district
    with pytest.raises(ReportedError, match="There is no source"):
        source_by_code(f"{district.code}/pump")
