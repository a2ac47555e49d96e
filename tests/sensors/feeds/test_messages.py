"""Messages of feeds: which topics a route takes, and what values are in a payload."""

import pytest

from sensors.feeds.services.messages import BadMessage, Item, TopicRoute, decode, instant_us, pattern_problem


def route(pattern: str = "a/+/#", **values) -> TopicRoute:
    return TopicRoute(1, 1, tuple(pattern.split("/")), **values)


@pytest.mark.parametrize(
    ("pattern", "topic", "fits"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
        ("a/+", "a/b", True),
        ("a/+", "a", False),
        ("a/+", "a/b/c", False),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("#", "a/b", True),
        ("+/b/+", "a/b/", True),
    ],
)
def test_topics_fit_patterns(pattern, topic, fits):
    assert route(pattern).matches(topic.split("/")) is fits


def test_a_template_makes_codes_of_levels():
    assert route("site/+/+/#", template="{2}:{3}").code_of(["site", "P1", "flow", "x"]) == "P1:flow"
    assert route("tarmoq/#", template="{rest}").code_of(["tarmoq", "a", "b"]) == "a/b"


@pytest.mark.parametrize("pattern", ["", "a/b+", "a/#/b", "a#", "x" * 300])
def test_wrong_patterns_are_refused(pattern):
    assert pattern_problem(pattern)


NOON_US = 1_767_268_800_000_000


@pytest.mark.parametrize(
    ("values", "payload", "items"),
    [
        ({}, b"3.5", [Item(3.5, None)]),
        ({}, b'{"value": 1, "time": "2026-01-01T12:00:00Z"}', [Item(1, NOON_US)]),
        ({}, b'{"result": "2.5", "ts": 1767268800}', [Item(2.5, NOON_US)]),
        ({}, b'{"v": 1, "t": 1767268800000}', [Item(1, NOON_US)]),
        (
            {},
            b'[{"value": 1, "time": "2026-01-01T17:00:00+05:00"}, {"value": 2, "time": 1767268801}]',
            [Item(1, NOON_US), Item(2, NOON_US + 1_000_000)],
        ),
        (
            {"value_path": "data.p.0", "time_path": "meta.at"},
            b'{"data": {"p": [7]}, "meta": {"at": 1767268800}}',
            [Item(7, NOON_US)],
        ),
        (
            {"items_path": "records", "datastream_path": "id"},
            b'{"time": 1767268800, "records": [{"id": "P1", "value": 3}]}',
            [Item(3, NOON_US, "P1")],
        ),
        ({"zone": "Asia/Tashkent"}, b'{"value": 1, "time": "2026-01-01 17:00:00"}', [Item(1, NOON_US)]),
    ],
)
def test_payloads_of_many_forms(values, payload, items):
    decoded = decode(route(**values), payload)
    assert decoded.items == items
    assert not decoded.bad


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", "bad_payload"),
        (b"nan", "bad_value"),
        (b"\xff\xfe\x00", "bad_payload"),
        (b"{", "bad_payload"),
        (b"[" * 100_000, "bad_payload"),
        (b"[]", "no_value"),
    ],
)
def test_garbage_is_named(payload, code):
    with pytest.raises(BadMessage) as caught:
        decode(route(), payload)
    assert caught.value.code == code


def test_a_bad_item_does_not_spoil_the_others():
    decoded = decode(
        route(),
        b'[{"value": 1}, {"value": true}, {"value": [1]}, {"time": 1}, "x", {"value": 1, "time": "noon"}]',
    )
    assert [item.value for item in decoded.items] == [1.0, 1.0]
    assert [problem.code for problem in decoded.bad] == ["bad_value", "no_value", "bad_payload", "bad_time"]


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        ("2022-10-30 02:30", "ambiguous_time"),
        ("2022-01-01", "ok"),
        (1e300, "bad_time"),
        (True, "bad_time"),
        (10**400, "bad_time"),
        (-(10**400), "bad_time"),
        (float("nan"), "bad_time"),
        (2**62, "bad_time"),
    ],
)
def test_local_times_of_messages(moment, code):
    if code == "ok":
        assert instant_us(moment, zone="Europe/Rome") == 1_640_991_600_000_000
        return
    with pytest.raises(BadMessage) as caught:
        instant_us(moment, zone="Europe/Rome")
    assert caught.value.code == code
