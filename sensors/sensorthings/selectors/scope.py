"""What a client of SensorThings may see and write: divisions, from the viewer's roles or the anonymous division."""

from dataclasses import dataclass
from functools import cached_property

from django.conf import settings

from gis_core.access import Capability, Viewer, divisions_of, holds, is_unrestricted
from gis_core.database.sql_fragments import Fragment
from gis_core.models import Division, User
from sensors.sensorthings.selectors.errors import StaError
from sensors.sensorthings.selectors.schema import EntityType


@dataclass(frozen=True)
class Scope:
    """Who asks, and in which divisions; made once for a request."""

    viewer: Viewer

    @cached_property
    def user(self) -> User | None:
        """The user in whose name things are written; None for the anonymous."""
        return self.viewer if isinstance(self.viewer, User) else None

    @cached_property
    def anonymous_division(self) -> Division | None:
        """The division that is open to whoever has no credentials, where the installation says so."""
        code = settings.STA_ANONYMOUS_DIVISION
        if not code or self.user is not None:
            return None
        return Division.objects.filter(code=code).first()

    @property
    def may_read(self) -> bool:
        """Whether there is anything at all that the viewer may see."""
        return self.anonymous_division is not None or holds(self.viewer, Capability.VIEW_SENSORS)

    @property
    def may_write(self) -> bool:
        return self.anonymous_division is not None or holds(self.viewer, Capability.WRITE_SENSORS)

    @cached_property
    def readable(self) -> list[int] | None:
        """Ids of the divisions that may be seen; None for all."""
        return self._ids(Capability.VIEW_SENSORS)

    @cached_property
    def writable(self) -> list[int] | None:
        """Ids of the divisions in which things may be written; None for all."""
        return self._ids(Capability.WRITE_SENSORS)

    @cached_property
    def _anonymous_ids(self) -> list[int]:
        assert self.anonymous_division is not None
        below = Division.objects.filter(path__startswith=self.anonymous_division.path)
        return list(below.values_list("pk", flat=True))

    def _ids(self, capability: Capability) -> list[int] | None:
        if self.anonymous_division is not None:
            return self._anonymous_ids
        if is_unrestricted(self.viewer):
            return None
        return list(divisions_of(self.viewer, capability).values_list("pk", flat=True))

    def can_write_in(self, division_id: int | None) -> bool:
        """Whether rows of the division may be changed. What has no division belongs to the system."""
        return self.writable is None or division_id in self.writable

    @cached_property
    def home_division(self) -> Division:
        """Where new things belong: the highest division that the writer may write in."""
        if self.anonymous_division is not None:
            return self.anonymous_division
        divisions = Division.objects.order_by("level", "path")
        if self.writable is not None:
            divisions = divisions.filter(pk__in=self.writable)
        division = divisions.first()
        if division is None:
            raise StaError("You may not write here.", status=403)
        return division

    def condition(self, entity: EntityType, alias: str) -> Fragment:
        """Which rows of an entity type the viewer sees."""
        if self.readable is None:
            return Fragment(entity.unrestricted_scope.replace("{a}", alias))
        return self._readable(entity.scope, alias)

    def of_division(self, alias: str) -> Fragment:
        """Which rows of a table with a division the viewer sees."""
        return (
            Fragment("true") if self.readable is None else self._readable("{a}.division_id = ANY (%s)", alias)
        )

    def _readable(self, template: str, alias: str) -> Fragment:
        text = template.replace("{a}", alias)
        return Fragment(text, (self.readable,) * text.count("%s"))
