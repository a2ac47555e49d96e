"""What lies around a route: other pipes, parcels that it crosses, buildings, survey points beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.gis.geos import LineString as GeosLine
from django.contrib.gis.geos import Polygon as GeosBox
from django.db.models import QuerySet
from shapely import LineString, Point
from shapely.geometry import shape

from assets.models import Building, Lifecycle, Parcel, Pipe, SurveyPoint
from assets.route_sheets.services.drawing import Plane, Position
from assets.route_sheets.services.route import PipeRoute

SURVEY_DISTANCE_M = 10.0
MAXIMUM_CONTEXT_PIPES = 1500
MAXIMUM_GROUNDS = 400
_HAIR_DEGREES = 1e-7


@dataclass(frozen=True)
class Crossing:
    """A parcel under the route: from which chainage to which, metres; for roads the street's name."""

    from_m: float
    to_m: float
    cadastral_number: str
    land_use: str
    street: str


@dataclass(frozen=True)
class NearPoint:
    """A survey point beside the route: chainage and distance from it, metres."""

    point: SurveyPoint
    chainage_m: float
    offset_m: float


class Alignment:
    """Places along a route: the drawing in metres of the sheet's plane, measured in the route's own chainage."""

    def __init__(self, route: PipeRoute, plane: Plane) -> None:
        self._plane = plane
        self._chainages = route.chainages_m
        self.lines = [self._line(step.positions) for step in route.steps]

    def _line(self, positions: Sequence[Position]) -> LineString:
        return LineString([self._plane.metres(position) for position in positions])

    def foot(self, position: Position) -> tuple[float, float]:
        """Chainage of the nearest place of the route, and the distance from it, metres."""
        place = Point(self._plane.metres(position))
        distance, number = min((line.distance(place), number) for number, line in enumerate(self.lines))
        return self._chainage(number, self.lines[number].project(place)), distance

    def stretches(self, ground: Any) -> list[tuple[float, float]]:
        """From and to of each stretch of the route inside a polygon (shapely, in the plane's metres)."""
        found: list[tuple[float, float]] = []
        for number, line in enumerate(self.lines):
            if not line.intersects(ground):
                continue
            inside = line.intersection(ground)
            for part in getattr(inside, "geoms", [inside]):
                if part.length == 0:
                    continue
                ends = sorted(line.project(Point(part.coords[end])) for end in (0, -1))
                found.append((self._chainage(number, ends[0]), self._chainage(number, ends[1])))
        return _joined(sorted(found))

    def _chainage(self, number: int, along_m: float) -> float:
        share = along_m / self.lines[number].length if self.lines[number].length else 0.0
        return self._chainages[number] + share * (self._chainages[number + 1] - self._chainages[number])


def _joined(stretches: list[tuple[float, float]]) -> list[tuple[float, float]]:
    joined: list[tuple[float, float]] = []
    for start, end in stretches:
        if joined and start <= joined[-1][1] + 0.01:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _in_branch(rows: QuerySet[Any], route: PipeRoute) -> QuerySet[Any]:
    """Rows of the network's division and below: the sheet shows what belongs to its reader's division."""
    return rows.filter(division__path__startswith=route.network.division.path)


def context_pipes(route: PipeRoute, plane: Plane) -> list[Sequence[Position]]:
    """The drawings of other pipes of the network on the sheet."""
    own = {step.pipe.pk for step in route.steps}
    rows = (
        Pipe.objects.filter(network=route.network, geom__bboverlaps=GeosBox.from_bbox(plane.box()))
        .exclude(lifecycle=Lifecycle.REMOVED)
        .order_by("pk")
        .values_list("pk", "geom")[:MAXIMUM_CONTEXT_PIPES]
    )
    return [[(x, y) for x, y, *_ in geom.coords] for pk, geom in rows if pk not in own]


def grounds(route: PipeRoute, plane: Plane) -> list[tuple[str, Sequence[Position]]]:
    """Outer rings of parcels and buildings on the sheet, with the name of their style."""
    box = GeosBox.from_bbox(plane.box())
    parcels = _in_branch(Parcel.objects.filter(geom__intersects=box), route).order_by("pk")
    buildings = _in_branch(Building.objects.filter(geom__intersects=box), route).order_by("pk")
    drawn: list[tuple[str, Sequence[Position]]] = []
    for geom, use in parcels.values_list("geom", "land_use")[:MAXIMUM_GROUNDS]:
        style = "transport" if use == Parcel.LandUse.TRANSPORT else "parcel"
        drawn += [(style, polygon.exterior_ring.coords) for polygon in geom]
    for (geom,) in buildings.values_list("geom")[:MAXIMUM_GROUNDS]:
        drawn += [("building", polygon.exterior_ring.coords) for polygon in geom]
    return drawn


def crossings(route: PipeRoute, plane: Plane, alignment: Alignment) -> list[Crossing]:
    """The parcels that the route runs through, in its order."""
    whole = GeosBox.from_bbox(_extent(route))
    lines = [step.pipe.geom for step in route.steps]
    rows = _in_branch(Parcel.objects.filter(geom__intersects=whole), route).select_related("street")
    found = []
    for parcel in rows.order_by("pk")[: 5 * MAXIMUM_GROUNDS]:
        if not any(_meets(parcel.geom, line) for line in lines):
            continue
        ground = shape(
            {
                "type": "MultiPolygon",
                "coordinates": [
                    [[plane.metres((x, y)) for x, y, *_ in ring] for ring in polygon]
                    for polygon in parcel.geom.coords
                ],
            }
        )
        found += [
            Crossing(
                start,
                end,
                parcel.cadastral_number,
                parcel.land_use,
                parcel.street.name if parcel.street else "",
            )
            for start, end in alignment.stretches(ground)
        ]
    return sorted(found, key=lambda crossing: (crossing.from_m, crossing.cadastral_number))


def _meets(ground: Any, line: GeosLine) -> bool:
    return bool(ground.intersects(line))


def _extent(route: PipeRoute) -> tuple[float, float, float, float]:
    """West, south, east and north; never a box without area, which meets nothing."""
    positions = [position for step in route.steps for position in step.positions]
    return (
        min(x for x, _ in positions) - _HAIR_DEGREES,
        min(y for _, y in positions) - _HAIR_DEGREES,
        max(x for x, _ in positions) + _HAIR_DEGREES,
        max(y for _, y in positions) + _HAIR_DEGREES,
    )


def survey_points(route: PipeRoute, alignment: Alignment) -> list[NearPoint]:
    """Survey points within 10 m of the route, in its order."""
    west, south, east, north = _extent(route)
    reach = SURVEY_DISTANCE_M / 60_000
    box = GeosBox.from_bbox((west - 2 * reach, south - reach, east + 2 * reach, north + reach))
    rows = _in_branch(SurveyPoint.objects.filter(geom__intersects=box), route).order_by("pk")
    found = []
    for point in rows[: 5 * MAXIMUM_GROUNDS]:
        chainage, offset = alignment.foot((point.geom.x, point.geom.y))
        if offset <= SURVEY_DISTANCE_M:
            found.append(NearPoint(point, chainage, offset))
    return sorted(found, key=lambda near: (near.chainage_m, near.point.pk))
