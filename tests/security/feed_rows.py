"""Feeds for the tests of access, of query counts and of the database's guards."""

from typing import Any

from django.utils import timezone

from gis_core.models import Division
from sensors.models import (
    Datastream,
    FeedFile,
    FeedPoint,
    FeedProfile,
    FeedSource,
    FeedState,
    QuarantinedRow,
    TopicPrefix,
)


def add_feeds(division: Division, numbers: range, stream: Datastream | None = None) -> FeedSource:
    """A profile, a source, a file and a quarantined row for each number; the last source."""
    prefix = division.code
    profiles = FeedProfile.objects.bulk_create(
        FeedProfile(division=division, name=f"{prefix}-{number}", settings={}) for number in numbers
    )
    sources = FeedSource.objects.bulk_create(
        FeedSource(division=division, code=f"{prefix}-{number}", name=f"Feed of {prefix}", kind="chirpstack")
        for number in numbers
    )
    FeedState.objects.bulk_create(FeedState(source=source) for source in sources)
    files = FeedFile.objects.bulk_create(
        FeedFile(
            division=division,
            profile=profile,
            source=source,
            name=f"{prefix}-{number}.csv",
            content_sha256=f"{number:064x}",
            size_bytes=1,
        )
        for number, profile, source in zip(numbers, profiles, sources, strict=True)
    )
    QuarantinedRow.objects.bulk_create(
        QuarantinedRow(
            division=division,
            file=file,
            raw=f"a row of {prefix}",
            code="cut",
            reason="x",
            digest=f"{file.pk:064x}",
            is_cut=True,
            first_at=timezone.now(),
        )
        for file in files
    )
    TopicPrefix.objects.bulk_create(
        TopicPrefix(division=division, prefix=f"tarmoq/{prefix}-{number}") for number in numbers
    )
    if stream is not None:
        FeedPoint.objects.create(source=sources[-1], address="0" * 16, field="x", datastream=stream)
    return sources[-1]


def feed_details(stream: Datastream) -> dict[str, dict[str, Any]]:
    """Address arguments of what names a feed's rows."""
    source = add_feeds(stream.division, range(1), stream)
    file = FeedFile.objects.get(source=source)
    return {
        "feed-profile-detail": {"uid": file.profile.uid},
        "feed-source-detail": {"uid": source.uid},
        "feed-source-token": {"uid": source.uid},
        "feed-file-detail": {"uid": file.uid},
        "quarantined-row-detail": {"uid": QuarantinedRow.objects.get(file=file).uid},
        "feeding-datastream-detail": {"uid": stream.uid},
        "topic-prefix-detail": {
            "uid": TopicPrefix.objects.filter(division=stream.division).earliest("pk").uid
        },
    }


def feed_writes(division: Division) -> dict[str, dict[str, Any]]:
    """Bodies of the writes; those of trials and of the quarantine name no division, so they can only touch
    one's own."""
    return {
        "feed-profile-list": {"name": "matrix-{unique}", "division": division.code, "settings": {}},
        "feed-source-list": {"code": "matrix-{unique}", "kind": "mqtt", "division": division.code},
        "feed-source-token": {},
        "topic-prefix-list": {"prefix": "tarmoq/" + division.code + "-0/{unique}", "division": division.code},
    }


FEED_READS = tuple(
    f"{name}-{form}"
    for name in ("feed-profile", "feed-source", "feed-file", "quarantined-row", "feeding-datastream")
    for form in ("list", "detail")
)
FEED_WRITES = ("feed-source-token",)
# Written by POST alone; a body that names nothing of one's own touches nothing, so they are tried in tests of
# their own.
FEED_ACTIONS = ("feed-profile-trial", "quarantined-row-retry", "quarantined-row-dismiss")

_SOURCE = (
    "INSERT INTO sensors_feedsource (uid, division_id, code, name, kind, is_active, interval_s, settings) "
    "SELECT gen_random_uuid(), id, {code}, 'x', {kind}, true, {interval}, '{{}}' FROM "
    "gis_core_division WHERE code = 'UZ'"
)
_X, _MQTT = "'x'", "'mqtt'"
_POINT = (
    "INSERT INTO sensors_feedpoint (source_id, address, port, datastream_id, template, field, scale, shift, settings) "
    "SELECT id, {address}, {port}, NULL, {template}, '', 1, 0, '{{}}' FROM sensors_feedsource WHERE code = 'mqtt'"
)
_FILE = (
    "INSERT INTO sensors_feedfile (uid, division_id, profile_id, name, content_sha256, size_bytes, "
    "state, rows, inserted, "
    "unchanged, corrected, missing, quarantined, form) SELECT gen_random_uuid(), division_id, id, "
    "'x', {digest}, 1, {state}, "
    "0, 0, 0, 0, 0, 0, '{{}}' FROM sensors_feedprofile WHERE name = 'plain'"
)
_ROW = (
    "INSERT INTO sensors_quarantinedrow (uid, division_id, source_id, raw, is_base64, is_cut, code, "
    "reason, context, digest, "
    "occurrences, state) SELECT gen_random_uuid(), division_id, {source}, 'x', false, false, 'x', "
    "'x', '{{}}', 'd', 1, {state} "
    "FROM sensors_feedsource WHERE code = 'mqtt'"
)
_NETWORK = (
    "INSERT INTO sensors_devicenetwork (division_id, network, plain_passwords, note) "
    "SELECT id, {network}, false, '' FROM gis_core_division, generate_series(1, {times}) WHERE code = 'UZ'"
)
_PREFIX = (
    "INSERT INTO sensors_topicprefix (uid, division_id, prefix) SELECT gen_random_uuid(), id, {prefix} "
    "FROM gis_core_division, generate_series(1, {times}) WHERE code = {division}"
)
_GOOD_FILE = _FILE.format(digest="repeat('a', 64)", state="'done'")
_GOOD_ROW = _ROW.format(source="id", state="'waiting'")

FEED_ATTACKS: dict[str, list[str]] = {
    "feed_profile_name_form": ["UPDATE sensors_feedprofile SET name = '../x' WHERE name = 'plain'"],
    "device_network_form": [
        _NETWORK.format(network=network, times=1) for network in ("'everywhere'", "'10.0.0.1'")
    ],
    "device_network_once": [_NETWORK.format(network="'10.0.0.0/8'", times=2)],
    "topic_prefix_form": [
        _PREFIX.format(prefix=prefix, times=1, division="'UZ'")
        for prefix in (
            "'#'",
            "'$SYS'",
            "'a/+'",
            "'/a'",
            "'a/'",
            "'v1.1'",
            "'v1.1/Things'",
            "'a/b/c/d/e'",
            "''",
        )
    ],
    "topic_prefix_once": [_PREFIX.format(prefix="'a'", times=2, division="'UZ'")],
    # Around another's, and within another's: of the neighbour, and of the one above.
    "topic_prefix_nests_as_divisions": [
        f"{_PREFIX.format(prefix=first, times=1, division=mine)}; "
        f"{_PREFIX.format(prefix=second, times=1, division=other)}"
        for first, mine, second, other in (
            ("'a'", "'QIBRAY'", "'a/b'", "'ZANGIOTA'"),
            ("'a/b'", "'QIBRAY'", "'a'", "'ZANGIOTA'"),
            ("'a'", "'QIBRAY'", "'a/b'", "'UZ'"),
        )
    ],
    "feed_source_code_in_division": [
        f"{_SOURCE.format(code=_X, kind=_MQTT, interval=1)}; {_SOURCE.format(code=_X, kind=_MQTT, interval=1)}"
    ],
    "feed_profile_name_in_division": [
        "INSERT INTO sensors_feedprofile (uid, division_id, name, description, settings, changed_at) "
        "SELECT gen_random_uuid(), division_id, name, '', '{}', now() FROM sensors_feedprofile"
    ],
    "feed_source_code_form": [_SOURCE.format(code="''", kind="'mqtt'", interval="1")],
    "feed_source_kind_known": [_SOURCE.format(code="'x'", kind="'pigeon'", interval="1")],
    "feed_source_interval_plausible": [
        _SOURCE.format(code="'x'", kind="'mqtt'", interval=interval) for interval in ("0", "-1", "1e9")
    ],
    "feed_point_once": [_POINT.format(address="'tarmoq/observations/#'", port="NULL", template="'{rest}'")],
    "feed_point_has_address": [_POINT.format(address="''", port="NULL", template="'x'")],
    "feed_point_names_datastream": [_POINT.format(address="'x'", port="NULL", template="''")],
    "feed_point_port_plausible": [_POINT.format(address="'x'", port="256", template="'x'")],
    "feed_state_known": ["UPDATE sensors_feedstate SET state = 'asleep'"],
    "feed_file_once": [f"{_GOOD_FILE}; {_GOOD_FILE}"],
    "feed_file_state_known": [_FILE.format(digest="repeat('b', 64)", state="'lost'")],
    "feed_file_digest_form": [_FILE.format(digest="'abc'", state="'done'")],
    "quarantined_row_once": [f"{_GOOD_ROW}; {_GOOD_ROW}"],
    "quarantined_row_of_file_or_source": [
        _ROW.format(source="NULL", state="'waiting'"),
        f"{_GOOD_ROW}; UPDATE sensors_quarantinedrow SET division_id = NULL",
    ],
    "quarantined_row_state_known": [_ROW.format(source="id", state="'eaten'")],
}
