"""Registering datastreams from a table: each on an asset of a network, wrong rows refused alone, again and
again the same."""

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from assets.models import Network, Node, Pipe
from assets.registers.services.attachments import Place, attach
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.services.audit import record_change
from sensors.models import Datastream, DatastreamKind, Quantity, Thing
from sensors.series.units import unit_factor

REQUIRED = ("datastream", "network", "asset", "property", "unit")
OPTIONAL = ("name", "interval_s", "kind", "time_zone")
DEFAULT_INTERVAL_S = 3600
LARGEST_FILE_BYTES = 256 * 1024 * 1024
# These are measured in a line; of a device, a pipe and a node with one code the first is meant, otherwise the last.
IN_LINE = {"flow", "counter", "position", "power", "energy", "voltage", "current", "state"}
ONE_OF_A_THING = {"flow", "level", "volume"}
ASSET_CLASSES = ("device", "pipe", "node")


@dataclass(frozen=True)
class DatastreamRow:
    """A row of the table as it stands there; `row` is its line number."""

    row: int
    values: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")


class Refused(Exception):
    """Why a row is not taken."""


@dataclass
class DatastreamImport:
    """What became of the rows: made, there already as the row says, or refused with the reason."""

    made: list[str] = field(default_factory=list)
    unchanged: int = 0
    things: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {
            "rows": len(self.made) + self.unchanged + len(self.refused),
            "made": len(self.made),
            "unchanged": self.unchanged,
            "things": self.things,
            "refused": self.refused,
        }


def read_datastream_table(path: Path) -> list[DatastreamRow]:
    """The rows of a CSV file (comma, semicolon or tab) with the columns of REQUIRED and any of OPTIONAL.

    Raises ReportedError (`file_unreadable`, `missing_columns`).
    """
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise ReportedError(f"{path.name} is larger than 256 MB.", code="file_unreadable")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ReportedError(f"{path} cannot be read: {error.strerror}.", code="file_unreadable") from error
    except UnicodeDecodeError as error:
        raise ReportedError(f"{path.name} is not UTF-8 text.", code="file_unreadable") from error
    first_line = text.split("\n", 1)[0]
    separator = max((",", ";", "\t"), key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        header = [name.strip().casefold() for name in next(reader, [])]
        missing = [name for name in REQUIRED if name not in header]
        if missing:
            raise ReportedError(
                f"{path.name} lacks the columns {', '.join(missing)}; it needs {', '.join(REQUIRED)} and may have "
                f"{', '.join(OPTIONAL)}.",
                code="missing_columns",
            )
        return [
            DatastreamRow(
                reader.line_num, {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
            )
            for cells in reader
            if any(cell.strip() for cell in cells)
        ]
    except csv.Error as error:
        raise ReportedError(
            f"{path.name}, line {reader.line_num}: {error}.", code="file_unreadable"
        ) from error


@transaction.atomic
def import_datastreams(
    *, rows: Sequence[DatastreamRow], acting_user: User | None, default_interval_s: int = DEFAULT_INTERVAL_S
) -> DatastreamImport:
    """Make the datastreams that are not there, each on the thing of its asset (made where there is none)."""
    result = DatastreamImport()
    ground = _KnownAssets(rows)
    wanted: list[tuple[_Asset, Datastream]] = []
    for row in rows:
        try:
            asset, stream = ground.understand(row, default_interval_s)
            if ground.is_there(asset, stream):
                result.unchanged += 1
            else:
                wanted.append((asset, stream))
        except (Refused, ReportedError) as refusal:
            result.refused.append({"row": row.row, "datastream": row["datastream"], "reason": str(refusal)})
    result.things = _make_things(ground, [asset for asset, _stream in wanted])
    for asset, stream in wanted:
        stream.thing = ground.things[asset.key]
        stream.division_id = stream.thing.division_id
    made = Datastream.objects.bulk_create([stream for _asset, stream in wanted], batch_size=2000)
    result.made = [stream.code for stream in made]
    if made:
        _record(acting_user, result, made)
    return result


@dataclass(frozen=True)
class _Asset:
    """A node (devices are nodes) or a pipe of a network."""

    network: Network
    class_: str
    code: str
    place: Place

    @property
    def key(self) -> tuple[int, int]:
        """(node, 0) or (0, pipe)."""
        return (0, self.place.pipe_id) if self.place.pipe_id is not None else (self.place.node_id, 0)


class _KnownAssets:
    """All that the rows refer to, read with a few queries."""

    def __init__(self, rows: Sequence[DatastreamRow]) -> None:
        self.networks = {
            network.code: network
            for network in Network.objects.filter(code__in={row["network"] for row in rows}).select_related(
                "division"
            )
        }
        codes = {_asset_code(row["asset"])[1] for row in rows}
        self.assets: dict[tuple[int, str, str], Place] = {}
        pks = [network.pk for network in self.networks.values()]
        for pk, network_id, code, code_class in Node.objects.filter(
            network__in=pks, code__in=codes
        ).values_list("pk", "network_id", "code", "code_class"):
            self.assets[network_id, code_class, code] = Place(pk)
        for pk, network_id, code, start in Pipe.objects.filter(
            network__in=pks, code__in=codes, is_connector=False
        ).values_list("pk", "network_id", "code", "start_node_id"):
            self.assets[network_id, "pipe", code] = Place(start, pk, 0.5)
        self.streams = {
            stream.code: stream
            for stream in Datastream.objects.filter(
                code__in={row["datastream"] for row in rows}
            ).select_related("thing__attachment")
        }
        self.things = self._things_there()
        self.taken = {
            (thing_id, quantity)
            for thing_id, quantity in Datastream.objects.filter(
                thing__in=[thing.pk for thing in self.things.values()],
                observed_property__in=ONE_OF_A_THING,
                deleted_at=None,
            ).values_list("thing_id", "observed_property")
        }
        self._seen: dict[str, int] = {}
        self._asked: dict[tuple[tuple[int, int], str], str] = {}

    def _things_there(self) -> dict[tuple[int, int], Thing]:
        nodes = {place.node_id for place in self.assets.values() if place.pipe_id is None}
        pipes = {place.pipe_id for place in self.assets.values() if place.pipe_id is not None}
        there: dict[tuple[int, int], Thing] = {}
        things = Thing.objects.filter(deleted_at=None).select_related("attachment").order_by("-pk")
        for thing in things.filter(attachment__node__in=nodes, attachment__pipe=None):
            assert thing.attachment is not None
            there[thing.attachment.node_id, 0] = thing
        for thing in things.filter(attachment__pipe__in=pipes):
            assert thing.attachment is not None
            there[0, thing.attachment.pipe_id or 0] = thing
        return there

    @cached_property
    def thing_codes(self) -> set[str]:
        """Codes that things have already."""
        return set(Thing.objects.values_list("code", flat=True))

    def understand(self, row: DatastreamRow, default_interval_s: int) -> tuple[_Asset, Datastream]:
        """The asset and the datastream (not saved) that a row asks for; raises Refused or ReportedError."""
        code = row["datastream"]
        if not code or len(code) > 100:
            raise Refused(
                "the datastream's code is empty" if not code else "the datastream's code is longer than 100"
            )
        if any("\x00" in value for value in row.values.values()):
            raise Refused("a NUL character is not text")
        if code in self._seen:
            raise Refused(f"the datastream stands in row {self._seen[code]} already")
        self._seen[code] = row.row
        quantity = row["property"].casefold()
        unit = row["unit"]
        if len(unit) > 60 or len(row["name"]) > 255:
            raise Refused("the unit is longer than 60 or the name longer than 255 characters")
        factor = unit_factor(quantity, unit) if quantity in Quantity.values else _no_property(quantity)
        asset = self._asset(row, quantity)
        stream = Datastream(
            code=code,
            name=row["name"],
            observed_property=quantity,
            unit=unit,
            unit_factor=factor,
            kind=_kind(row["kind"], quantity),
            interval_s=_interval(row["interval_s"], default_interval_s),
            time_zone=_time_zone(row["time_zone"]),
        )
        return asset, stream

    def _asset(self, row: DatastreamRow, quantity: str) -> _Asset:
        network = self.networks.get(row["network"])
        if network is None:
            raise Refused(f"there is no network {row['network']!r}")
        class_, code = _asset_code(row["asset"])
        classes = [class_] if class_ else ASSET_CLASSES if quantity in IN_LINE else ASSET_CLASSES[::-1]
        if not class_ and quantity not in IN_LINE:
            classes = ("node", "device", "pipe")
        for candidate in classes:
            place = self.assets.get((network.pk, candidate, code))
            if place is not None:
                return _Asset(network, candidate, code, place)
        raise Refused(f"the network {network.code} has no {class_ or 'node or pipe'} {code!r}")

    def is_there(self, asset: _Asset, stream: Datastream) -> bool:
        """Whether the datastream exists as asked for; raises Refused where it or its place is taken otherwise."""
        there = self.streams.get(stream.code)
        if there is not None:
            if there.deleted_at is not None:
                raise Refused("a datastream of this code was deleted; its values are kept under it")
            self._refuse_other(there, asset, stream)
            return True
        quantity = stream.observed_property
        if quantity in ONE_OF_A_THING:
            thing = self.things.get(asset.key)
            if thing is not None and (thing.pk, quantity) in self.taken:
                raise Refused(
                    f"{asset.code} has a datastream of {quantity} already; two would be counted twice"
                )
            other = self._asked.setdefault((asset.key, quantity), stream.code)
            if other != stream.code:
                raise Refused(
                    f"{asset.code} has a datastream of {quantity} already: {other}, in an earlier row"
                )
        return False

    def _refuse_other(self, there: Datastream, asset: _Asset, stream: Datastream) -> None:
        attachment = there.thing.attachment
        place = asset.place
        if attachment is None or (attachment.pipe_id, attachment.pipe_id or attachment.node_id) != (
            place.pipe_id,
            place.pipe_id or place.node_id,
        ):
            raise Refused(f"the datastream exists at another place: {there.thing.code}")
        if there.observed_property != stream.observed_property:
            raise Refused(f"the datastream exists with the property {there.observed_property}")
        if there.unit != stream.unit and there.unit_factor != stream.unit_factor:
            raise Refused(f"the datastream exists with the unit {there.unit}")


def _no_property(quantity: str) -> float:
    raise Refused(f"{quantity!r} is not a property; known are {', '.join(Quantity.values)}")


def _asset_code(text: str) -> tuple[str, str]:
    """(class, code) of `pipe:P1`, `node:J1`, `device:V1`; the class is empty in `P1`."""
    class_, separator, code = text.partition(":")
    return (class_.casefold(), code) if separator and class_.casefold() in ASSET_CLASSES else ("", text)


def _kind(text: str, quantity: str) -> str:
    if not text:
        return {"flow": DatastreamKind.MEAN, "counter": DatastreamKind.COUNTER}.get(
            quantity, DatastreamKind.INSTANT
        )
    if text.casefold() not in DatastreamKind.values:
        raise Refused(f"{text!r} is not a kind; known are {', '.join(DatastreamKind.values)}")
    return text.casefold()


def _interval(text: str, default_s: int) -> int:
    if not text:
        return default_s
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 366 * 86_400):
        raise Refused(f"{text!r} is not a number of seconds from 1 to a year")
    return int(text)


def _time_zone(text: str) -> str:
    if not text:
        return "Asia/Tashkent"
    try:
        ZoneInfo(text)
    except (ValueError, OSError, KeyError):
        raise Refused(f"{text!r} is not a time zone; write it as Asia/Tashkent") from None
    return text


def _make_things(ground: _KnownAssets, assets: Iterable[_Asset]) -> int:
    """Make the things that are missing and add them to the ground; how many they were."""
    missing = {asset.key: asset for asset in assets if asset.key not in ground.things}
    by_network: dict[int, list[_Asset]] = {}
    for asset in missing.values():
        by_network.setdefault(asset.network.pk, []).append(asset)
    for group in by_network.values():
        network = group[0].network
        attachments = attach(network, [asset.place for asset in group])
        things = [
            Thing(
                division_id=network.division_id,
                code=_thing_code(ground, asset),
                name=f"{asset.code} ({network.name})"[:255],
                attachment=attachment,
            )
            for asset, attachment in zip(group, attachments, strict=True)
        ]
        for asset, thing in zip(group, Thing.objects.bulk_create(things, batch_size=2000), strict=True):
            ground.things[asset.key] = thing
    return len(missing)


def _thing_code(ground: _KnownAssets, asset: _Asset) -> str:
    network = asset.network.code
    candidates = [f"{network}:{asset.code}", f"{network}:{asset.class_}:{asset.code}"]
    for code in candidates:
        if len(code) <= 80 and code not in ground.thing_codes:
            break
    else:
        digest = hashlib.sha256(f"{candidates[-1]}:{asset.key}".encode()).hexdigest()[:10]
        code = f"{candidates[-1][:68]}~{digest}"
    ground.thing_codes.add(code)
    return code


def _record(acting_user: User | None, result: DatastreamImport, made: Sequence[Datastream]) -> None:
    divisions = {stream.division_id: stream.thing.division for stream in made}
    for pk, division in divisions.items():
        codes = [stream.code for stream in made if stream.division_id == pk]
        record_change(
            acting_user=acting_user,
            action="import datastreams",
            subject=Datastream(),
            subject_id=f"{len(codes)} datastreams",
            division=division,
            new_values={"datastreams": codes[:1000], "count": len(codes)},
        )
