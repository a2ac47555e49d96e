"""Sources and their points as data: what each kind needs, checked before it is kept."""

import math
import re
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.models import Division, User
from gis_core.selectors.named_rows import named_in_division
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change
from sensors.feeds.services.decoders import DECODERS
from sensors.feeds.services.device_addresses import literal_problem, target_of
from sensors.feeds.services.device_passwords import VARIABLE_PREFIX, is_password_variable, sealed_password
from sensors.feeds.services.messages import pattern_problem
from sensors.feeds.services.stamps import zone_of
from sensors.feeds.services.topic_prefixes import TopicOwners, outside
from sensors.models import Datastream, FeedKind, FeedPoint, FeedProfile, FeedSource, FeedState

REGISTER_TABLES = ("coil", "discrete", "input", "holding")
REGISTER_TYPES = ("bool", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64")
_MQTT_PATHS = ("value", "time", "items", "datastream", "unit", "zone", "time_unit")
MOST_POINTS = 10_000


def source_by_code(code: str) -> FeedSource:
    """The source of this code, or of DIVISION/CODE where several divisions have one.

    ReportedError: `unknown_source`, naming those there are, when there is none; `ambiguous`.
    """
    named = named_in_division(FeedSource.objects.select_related("division", "profile"), "code", code)
    source = named.first()
    if source is None:
        known = (
            ", ".join(FeedSource.objects.order_by("code").values_list("code", flat=True)[:50]) or "none yet"
        )
        raise ReportedError(
            Sentence(_("There is no source {code}; known are {known}."), code=code, known=known),
            code="unknown_source",
        )
    return source


@transaction.atomic
def save_source(
    *,
    code: str,
    name: str,
    kind: str,
    division: Division,
    settings: dict[str, Any],
    points: Sequence[dict[str, Any]],
    interval_s: float = 60.0,
    is_active: bool = True,
    profile: FeedProfile | None = None,
    password: str | None = None,
    acting_user: User | None,
) -> FeedSource:
    """Make a source with its points, or change one of the same division and kind; its points are then those given.

    A point is {"address", "port", "field", "datastream" or "template", "scale", "shift", "settings"}. A `password` is
    kept encrypted; None keeps the one there is, as long as the device's address stays the same. Raises ReportedError
    (`bad_source`, with the findings) and keeps nothing then.
    """
    wrong: list[tuple[str, str]] = [*_source_problems(code, name, kind, settings, interval_s, profile)]
    wrong += [] if wrong else _reach_problems(kind, settings, division, password)
    rows, more = _points(kind, division, points)
    if kind == FeedKind.MQTT and not more:
        more = _topics_outside(division, rows)
    _refuse(wrong + more)
    # A code is one in its division; what others call theirs is theirs.
    source = FeedSource.objects.select_for_update().filter(division=division, code=code).first()
    if source is not None and source.kind != kind:
        raise ReportedError(
            Sentence(_("The code {code} cannot be used for this source; choose another."), code=code),
            code="source_taken",
        )
    is_new = source is None
    source = source or FeedSource(code=code, kind=kind, division=division, created_by=acting_user)
    former = target_of(kind, source.settings)
    source.name, source.settings, source.interval_s = name or code, settings, interval_s
    if password is not None:
        source.password_sealed = sealed_password(source, password)
    elif former != target_of(kind, settings):
        # It was given for the former address and does not follow to another.
        source.password_sealed = ""
    source.is_active, source.profile = is_active, profile
    source.save()
    FeedState.objects.get_or_create(source=source)
    source.points.all().delete()
    for row in rows:
        row.source = source
    FeedPoint.objects.bulk_create(rows, batch_size=1000)
    record_change(
        acting_user=acting_user,
        action="add feed source" if is_new else "change feed source",
        subject=source,
        subject_id=code,
        division=division,
        new_values={
            "kind": kind,
            "settings": settings,
            "points": len(rows),
            "is_active": is_active,
            "has_password": bool(source.password_sealed),
        },
    )
    return source


def _refuse(wrong: Sequence[tuple[str, str]]) -> None:
    if wrong:
        listed = "; ".join(f"{element}: {reason}" for element, reason in wrong[:5])
        details = [{"element": element, "reason": reason} for element, reason in wrong]
        raise ReportedError(
            Sentence(_("The source is wrong. {listed}"), listed=listed), code="bad_source", details=details
        )


_KNOWN_SETTINGS: dict[str, tuple[str, ...]] = {
    FeedKind.MODBUS: ("host", "port", "unit", "timeout_s"),
    FeedKind.OPCUA: ("url", "user", "password_env", "timeout_s"),
    FeedKind.FOLDER: ("folder",),
}


def _source_problems(
    code: str, name: str, kind: str, settings: Any, interval_s: float, profile: FeedProfile | None
) -> list[tuple[str, str]]:
    wrong: list[tuple[str, str]] = []
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}", code):
        wrong.append(("code", Sentence(_("expected 1 to 60 letters, digits, points and dashes"))))
    if len(name) > 200 or "\x00" in name:
        wrong.append(("name", Sentence(_("is longer than 200 characters, or holds a NUL character"))))
    if kind not in FeedKind.values:
        wrong.append(("kind", Sentence(_("expected one of {known}"), known=", ".join(FeedKind.values))))
    if not (isinstance(interval_s, int | float) and 0.05 <= interval_s <= 86_400 * 31):
        wrong.append(("interval_s", Sentence(_("out of range: 0.05 seconds to 31 days"))))
    if not isinstance(settings, dict):
        return [*wrong, ("settings", Sentence(_("is not an object")))]
    known = _KNOWN_SETTINGS.get(kind, ())
    wrong += [
        (f"settings.{name}", Sentence(_("is not a known setting"))) for name in settings if name not in known
    ]
    if kind == FeedKind.MODBUS:
        wrong += _modbus_problems(settings)
    if kind == FeedKind.OPCUA:
        wrong += _opcua_problems(settings)
    if kind == FeedKind.FOLDER and profile is None:
        wrong.append(("profile", Sentence(_("is needed for a folder"))))
    return wrong


def _modbus_problems(settings: dict[str, Any]) -> list[tuple[str, str]]:
    wrong: list[tuple[str, str]] = []
    if not isinstance(settings.get("host"), str) or not settings["host"]:
        wrong.append(("settings.host", Sentence(_("expected the device's address"))))
    if not _is_whole(settings.get("port", 502), 1, 65_535):
        wrong.append(("settings.port", Sentence(_("expected a whole number from 1 to 65535"))))
    if not _is_whole(settings.get("unit", 1), 0, 255):
        wrong.append(("settings.unit", Sentence(_("expected a whole number from 0 to 255"))))
    return wrong


def _opcua_problems(settings: dict[str, Any]) -> list[tuple[str, str]]:
    wrong: list[tuple[str, str]] = []
    url = settings.get("url")
    if not isinstance(url, str) or not re.fullmatch(r"opc\.tcp://[^@\s]+", url):
        wrong.append(
            ("settings.url", Sentence(_("expected opc.tcp://host:port; the password is given apart")))
        )
    elif target_of(FeedKind.OPCUA, settings) is None:
        wrong.append(("settings.url", Sentence(_("expected opc.tcp://host:port"))))
    if "password_env" in settings and not is_password_variable(settings["password_env"]):
        expected = f"expected the name of an environment variable that begins with {VARIABLE_PREFIX}"
        wrong.append(("settings.password_env", expected))
    return wrong


def _reach_problems(
    kind: str, settings: dict[str, Any], division: Division, password: str | None
) -> list[tuple[str, str]]:
    wrong: list[tuple[str, str]] = []
    if password is not None and (kind != FeedKind.OPCUA or not _is_text(password, 200)):
        wrong.append(("password", Sentence(_("is for OPC UA sources only, and has at most 200 characters"))))
    if password and settings.get("password_env"):
        wrong.append(("password", Sentence(_("is given twice: stored, and by settings.password_env"))))
    target = target_of(kind, settings)
    problem = literal_problem(target, division) if target else None
    if problem:
        wrong.append(("settings.host" if kind == FeedKind.MODBUS else "settings.url", problem))
    return wrong


def _topics_outside(division: Division, points: Sequence[FeedPoint]) -> list[tuple[str, str]]:
    owners = TopicOwners()
    return [
        (f"points.{place}.address", outside(division).message)
        for place, point in enumerate(points)
        if not owners.allows(division, point.address)
    ]


def _is_whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _points(kind: str, division: Division, points: Any) -> tuple[list[FeedPoint], list[tuple[str, str]]]:
    if not isinstance(points, list | tuple) or len(points) > MOST_POINTS:
        return [], [("points", f"expected a list of at most {MOST_POINTS} points")]
    codes = {point.get("datastream") for point in points if isinstance(point, dict)}
    streams = {
        stream.code: stream
        for stream in Datastream.objects.filter(
            code__in=[code for code in codes if isinstance(code, str) and "\x00" not in code],
            deleted_at=None,
            division__path__startswith=division.path,
        )
    }
    rows, wrong, seen = [], [], set()
    for place, point in enumerate(points):
        problems = _point_problems(kind, point, streams)
        if not problems:
            row = _row(kind, point, streams)
            key = (row.address, row.port, row.field, row.template)
            if key in seen:
                problems.append(("address", Sentence(_("is given twice"))))
            seen.add(key)
            rows.append(row)
        wrong += [(f"points.{place}.{element}", reason) for element, reason in problems]
    return rows, wrong


def _row(kind: str, point: dict[str, Any], streams: dict[str, Datastream]) -> FeedPoint:
    address = point["address"]
    return FeedPoint(
        address=address.lower() if kind in (FeedKind.CHIRPSTACK, FeedKind.TTN) else address,
        port=point.get("port"),
        field=point.get("field") or "",
        datastream=streams.get(point.get("datastream") or ""),
        template=point.get("template") or "",
        scale=point.get("scale", 1.0),
        shift=point.get("shift", 0.0),
        settings=point.get("settings") or {},
    )


_POINT_TEXTS = (("field", 120), ("template", 200), ("address", 255))
_POINT_MEMBERS = ("address", "port", "field", "datastream", "template", "scale", "shift", "settings")


def _point_problems(kind: str, point: Any, streams: dict[str, Datastream]) -> list[tuple[str, str]]:
    if not isinstance(point, dict):
        return [("", Sentence(_("is not an object")))]
    wrong: list[tuple[str, str]] = [
        (name, Sentence(_("is not a member of a point"))) for name in point if name not in _POINT_MEMBERS
    ]
    wrong += [
        (name, Sentence(_("expected a text of at most {size} characters"), size=size))
        for name, size in _POINT_TEXTS
        if not _is_text(point.get(name) or "", size)
    ]
    wrong += [
        (name, Sentence(_("is not a number")))
        for name in ("scale", "shift")
        if not _is_number(point.get(name, 1.0))
    ]
    if point.get("port") is not None and not _is_whole(point["port"], 1, 255):
        wrong.append(("port", Sentence(_("expected a whole number from 1 to 255"))))
    wrong += _destination_problems(point, streams)
    settings = point.get("settings") or {}
    if not isinstance(settings, dict):
        return [*wrong, ("settings", Sentence(_("is not an object")))]
    return wrong + (_address_problems(kind, point, settings) if not wrong else [])


def _destination_problems(point: dict[str, Any], streams: dict[str, Datastream]) -> list[tuple[str, str]]:
    """A point's values go into a datastream that is named, or whose name a template makes."""
    name = point.get("datastream")
    if bool(name) == bool(point.get("template")):
        return [("datastream", Sentence(_("expected either a datastream or a template that names it")))]
    if name and name not in streams:
        return [
            (
                "datastream",
                Sentence(
                    _("{name} is not a datastream of the source's division"), name=repr(str(name)[:100])
                ),
            )
        ]
    return []


def _is_text(value: Any, most: int) -> bool:
    return isinstance(value, str) and len(value) <= most and "\x00" not in value


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(value)


def _address_problems(kind: str, point: dict[str, Any], settings: dict[str, Any]) -> list[tuple[str, str]]:
    address = point.get("address") or ""
    if kind == FeedKind.MQTT:
        return _topic_problems(address, settings)
    if point.get("template"):
        return [("template", Sentence(_("is for MQTT only")))]
    if kind in (FeedKind.CHIRPSTACK, FeedKind.TTN):
        return _lorawan_problems(address, point, settings)
    if kind == FeedKind.MODBUS:
        try:
            register_of(address)
        except ValueError as error:
            return [("address", str(error))]
    if kind == FeedKind.OPCUA and not re.fullmatch(r"(ns=\d+;)?[isgb]=.+", address):
        return [("address", Sentence(_("expected a node id such as ns=2;s=Pressure")))]
    return []


def _topic_problems(topic: str, settings: dict[str, Any]) -> list[tuple[str, str]]:
    problem = pattern_problem(topic)
    wrong: list[tuple[str, str]] = [("address", problem)] if problem else []
    wrong += [
        (f"settings.{name}", Sentence(_("is not a known setting")))
        for name in settings
        if name not in _MQTT_PATHS
    ]
    wrong += [
        (f"settings.{name}", Sentence(_("is not text")))
        for name, text in settings.items()
        if not isinstance(text, str)
    ]
    if settings.get("zone") and not _is_zone(settings["zone"]):
        wrong.append(("settings.zone", Sentence(_("expected a time zone such as Asia/Tashkent"))))
    return wrong


def _lorawan_problems(address: str, point: dict[str, Any], settings: dict[str, Any]) -> list[tuple[str, str]]:
    wrong: list[tuple[str, str]] = []
    if not re.fullmatch(r"[0-9a-fA-F]{16}", address):
        wrong.append(("address", Sentence(_("expected an EUI of 16 hexadecimal digits"))))
    if settings.get("decoder") and settings["decoder"] not in DECODERS:
        wrong.append(
            ("settings.decoder", Sentence(_("expected one of {decoders}"), decoders=", ".join(DECODERS)))
        )
    if not isinstance(settings.get("options", {}), dict):
        wrong.append(("settings.options", Sentence(_("is not an object"))))
    if not point.get("field"):
        wrong.append(("field", Sentence(_("expected the decoded field's name"))))
    return wrong


def _is_zone(name: Any) -> bool:
    try:
        zone_of(name)
    except (ValueError, TypeError):
        return False
    return True


def register_of(address: str) -> tuple[str, int, str, bool]:
    """(table, register, type, whether the words are swapped) of `holding:100:float32` or `holding:100:float32:swapped`.

    Registers count from 0, as they stand in the protocol. Raises ValueError.
    """
    parts = address.split(":")
    table = parts[0] if parts else ""
    is_bit = table in ("coil", "discrete")
    type_ = parts[2] if len(parts) > 2 else "bool" if is_bit else "uint16"
    is_sound = (
        table in REGISTER_TABLES
        and 2 <= len(parts) <= 4
        and parts[1].isascii()
        and parts[1].isdigit()
        and int(parts[1]) <= 65_535
        and type_ in REGISTER_TYPES
        and (type_ == "bool") == is_bit
        and (len(parts) < 4 or parts[3] == "swapped")
    )
    if not is_sound:
        raise ValueError(
            f"{address!r}: write a register as holding:100:float32 ({', '.join(REGISTER_TABLES)}; "
            f"{', '.join(REGISTER_TYPES)}; :swapped where the low word comes first)"
        )
    return table, int(parts[1]), type_, len(parts) == 4
