"""Sources and their points as data: what each kind needs, checked before it is kept."""

import math
import os
import re
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from gis_core.errors import ReportedError
from gis_core.models import Division, User
from gis_core.services.audit import record_change
from sensors.feeds.services.decoders import DECODERS
from sensors.feeds.services.messages import pattern_problem
from sensors.feeds.services.stamps import zone_of
from sensors.models import Datastream, FeedKind, FeedPoint, FeedProfile, FeedSource, FeedState

REGISTER_TABLES = ("coil", "discrete", "input", "holding")
REGISTER_TYPES = ("bool", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64")
_MQTT_PATHS = ("value", "time", "items", "datastream", "unit", "zone", "time_unit")
MOST_POINTS = 10_000
# Whoever may edit a source chooses the server that its password is sent to. No other variable of the
# environment may be named, or the application's own secrets could be read that way.
FEED_VARIABLE_PREFIX = "TARMOQ_FEED_"


def source_by_code(code: str) -> FeedSource:
    """The source of this code; ReportedError (`unknown_source`), naming those there are, when there is none."""
    source = FeedSource.objects.select_related("division", "profile").filter(code=code).first()
    if source is None:
        known = (
            ", ".join(FeedSource.objects.order_by("code").values_list("code", flat=True)[:50]) or "none yet"
        )
        raise ReportedError(f"There is no source {code}; known are {known}.", code="unknown_source")
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
    acting_user: User | None,
) -> FeedSource:
    """Make a source with its points, or change one of the same division and kind; its points are then those given.

    A point is {"address", "port", "field", "datastream" or "template", "scale", "shift", "settings"}. Raises
    ReportedError
    (`bad_source`, with the findings) and keeps nothing then.
    """
    wrong = [*_source_problems(code, name, kind, settings, interval_s, profile)]
    rows, more = _points(kind, division, points)
    _refuse(wrong + more)
    source = FeedSource.objects.select_for_update().filter(code=code).first()
    if source is not None and (source.division_id, source.kind) != (division.pk, kind):
        raise ReportedError(
            f"The source {code} belongs to another division or is of another kind.", code="source_taken"
        )
    is_new = source is None
    source = source or FeedSource(code=code, kind=kind, division=division, created_by=acting_user)
    source.name, source.settings, source.interval_s = name or code, settings, interval_s
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
        new_values={"kind": kind, "settings": settings, "points": len(rows), "is_active": is_active},
    )
    return source


def _refuse(wrong: Sequence[tuple[str, str]]) -> None:
    if wrong:
        listed = "; ".join(f"{element}: {reason}" for element, reason in wrong[:5])
        details = [{"element": element, "reason": reason} for element, reason in wrong]
        raise ReportedError(f"The source is wrong. {listed}", code="bad_source", details=details)


def _source_problems(  # noqa: PLR0912 - one branch for each thing that can be wrong
    code: str, name: str, kind: str, settings: Any, interval_s: float, profile: FeedProfile | None
) -> list[tuple[str, str]]:
    wrong = []
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}", code):
        wrong.append(("code", "is up to 60 letters, digits, points and dashes"))
    if len(name) > 200 or "\x00" in name:
        wrong.append(("name", "is at most 200 characters"))
    if kind not in FeedKind.values:
        wrong.append(("kind", f"is one of {', '.join(FeedKind.values)}"))
    if not (isinstance(interval_s, int | float) and 0.05 <= interval_s <= 86_400 * 31):
        wrong.append(("interval_s", "lies between 0.05 seconds and 31 days"))
    if not isinstance(settings, dict):
        return [*wrong, ("settings", "is an object")]
    known: dict[str, tuple[str, ...]] = {
        FeedKind.MODBUS: ("host", "port", "unit", "timeout_s"),
        FeedKind.OPCUA: ("url", "user", "password_env", "timeout_s"),
        FeedKind.FOLDER: ("folder",),
    }
    wrong += [(f"settings.{name}", "is not known") for name in settings if name not in known.get(kind, ())]
    if kind == FeedKind.MODBUS:
        if not isinstance(settings.get("host"), str) or not settings["host"]:
            wrong.append(("settings.host", "is the device's address"))
        if not _is_whole(settings.get("port", 502), 1, 65_535):
            wrong.append(("settings.port", "is a port"))
        if not _is_whole(settings.get("unit", 1), 0, 255):
            wrong.append(("settings.unit", "is a number from 0 to 255"))
    if kind == FeedKind.OPCUA:
        url = settings.get("url")
        if not isinstance(url, str) or not re.fullmatch(r"opc\.tcp://[^@\s]+", url):
            wrong.append(
                ("settings.url", "is opc.tcp://host:port without a password, which comes by password_env")
            )
        if "password_env" in settings and not _is_password_variable(settings["password_env"]):
            wrong.append(
                (
                    "settings.password_env",
                    f"is not the name of an environment variable that begins with {FEED_VARIABLE_PREFIX}",
                )
            )
    if kind == FeedKind.FOLDER and profile is None:
        wrong.append(("profile", "is needed for a folder"))
    return wrong


def _is_whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _points(kind: str, division: Division, points: Any) -> tuple[list[FeedPoint], list[tuple[str, str]]]:
    if not isinstance(points, list | tuple) or len(points) > MOST_POINTS:
        return [], [("points", f"is a list of at most {MOST_POINTS} points")]
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
                problems.append(("address", "stands there twice"))
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


def _point_problems(kind: str, point: Any, streams: dict[str, Datastream]) -> list[tuple[str, str]]:
    known = ("address", "port", "field", "datastream", "template", "scale", "shift", "settings")
    if not isinstance(point, dict):
        return [("", "is an object")]
    wrong = [(name, "is not known") for name in point if name not in known]
    settings = point.get("settings") or {}
    texts = [
        (name, point.get(name) or "", size)
        for name, size in (("field", 120), ("template", 200), ("address", 255))
    ]
    wrong += [
        (name, f"is a text of at most {size} characters")
        for name, text, size in texts
        if not isinstance(text, str) or len(text) > size or "\x00" in text
    ]
    for name in ("scale", "shift"):
        number = point.get(name, 1.0)
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            wrong.append((name, "is a number"))
    if point.get("port") is not None and not _is_whole(point["port"], 1, 255):
        wrong.append(("port", "is a number from 1 to 255"))
    if bool(point.get("datastream")) == bool(point.get("template")):
        wrong.append(("datastream", "is named, or a template names it"))
    elif point.get("datastream") and point["datastream"] not in streams:
        wrong.append(
            ("datastream", f"{str(point['datastream'])[:100]!r} is no datastream of the source's division")
        )
    if not isinstance(settings, dict):
        return [*wrong, ("settings", "is an object")]
    return wrong + (_address_problems(kind, point, settings) if not wrong else [])


def _address_problems(kind: str, point: dict[str, Any], settings: dict[str, Any]) -> list[tuple[str, str]]:
    address = point.get("address") or ""
    if kind == FeedKind.MQTT:
        problem = pattern_problem(address)
        wrong = [("address", problem)] if problem else []
        wrong += [(f"settings.{name}", "is not known") for name in settings if name not in _MQTT_PATHS]
        wrong += [
            (f"settings.{name}", "is a text") for name, text in settings.items() if not isinstance(text, str)
        ]
        if settings.get("zone") and not _is_zone(settings["zone"]):
            wrong.append(("settings.zone", "is a time zone such as Asia/Tashkent"))
        return wrong
    if point.get("template"):
        return [("template", "is for MQTT only")]
    if kind in (FeedKind.CHIRPSTACK, FeedKind.TTN):
        wrong = (
            []
            if re.fullmatch(r"[0-9a-fA-F]{16}", address)
            else [("address", "is an EUI of 16 hexadecimal digits")]
        )
        if settings.get("decoder") and settings["decoder"] not in DECODERS:
            wrong.append(("settings.decoder", f"is one of {', '.join(DECODERS)}"))
        if not isinstance(settings.get("options", {}), dict):
            wrong.append(("settings.options", "is an object"))
        return wrong if point.get("field") else [*wrong, ("field", "is the decoded field's name")]
    if kind == FeedKind.MODBUS:
        try:
            register_of(address)
        except ValueError as error:
            return [("address", str(error))]
    if kind == FeedKind.OPCUA and not re.fullmatch(r"(ns=\d+;)?[isgb]=.+", address):
        return [("address", "is a node id such as ns=2;s=Pressure")]
    return []


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


def _is_password_variable(name: Any) -> bool:
    return isinstance(name, str) and bool(re.fullmatch(FEED_VARIABLE_PREFIX + r"[A-Z0-9_]+", name))


def password_of(source: FeedSource) -> str:
    """The password of a source, from the environment; empty where it needs none.

    ReportedError (`bad_source`) when the source names a variable that is not one of the feeds': rows that were
    stored before names were restricted, or by SQL, give nothing away either.
    """
    name = source.settings.get("password_env", "")
    if not name:
        return ""
    if not _is_password_variable(name):
        raise ReportedError(
            f"The source {source.code} names {name} as its password; only environment variables that begin with "
            f"{FEED_VARIABLE_PREFIX} are sent to devices. Rename the variable and change the source.",
            code="bad_source",
        )
    return os.environ.get(name, "")
