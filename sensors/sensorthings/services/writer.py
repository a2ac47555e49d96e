"""Who writes, and what all writes share: access to rows, versions, the audit trail and the outbox."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib.gis.db import models

from gis_core.models import Division, User
from gis_core.services.audit import record_change
from sensors.models import (
    Datastream,
    EntityNotification,
    EntityVersion,
    FeatureOfInterest,
    HistoricalLocation,
    Location,
    MultiDatastream,
    ObservedProperty,
    Sensor,
    Thing,
)
from sensors.sensorthings.selectors.documents import written
from sensors.sensorthings.selectors.errors import StaError, not_found
from sensors.sensorthings.selectors.options import QueryOptions
from sensors.sensorthings.selectors.reading import Reader
from sensors.sensorthings.selectors.schema import EntityType

MODELS: dict[str, type[models.Model]] = {
    "Thing": Thing,
    "Location": Location,
    "HistoricalLocation": HistoricalLocation,
    "Datastream": Datastream,
    "MultiDatastream": MultiDatastream,
    "Sensor": Sensor,
    "ObservedProperty": ObservedProperty,
    "FeatureOfInterest": FeatureOfInterest,
}
# Entities that one request may make.
MOST_CREATED = 50_000
DEEPEST_INSERT = 10


@dataclass
class Writer:
    """Writes for one request, within one transaction of the caller's."""

    reader: Reader
    created: int = 0
    # Observations just made, as they were said, so that the answer need not read them.
    said: dict[str, dict[str, Any]] = field(default_factory=dict)
    notices: dict[tuple[str, tuple[str, ...] | None], list[Any]] = field(default_factory=dict)

    @property
    def user(self) -> User | None:
        return self.reader.scope.user

    def row(
        self, entity: EntityType, entity_id: Any, *, for_writing: bool = True, is_resolved: bool = False
    ) -> Any:
        """The row of a visible entity; 404 where there is none, 403 where it may not be changed.

        With `is_resolved` a path of this request has led there already, so that it is visible.
        """
        if not is_resolved and not self.reader.keys(entity, [entity_id]):
            raise not_found(f"{entity.name}({entity_id})")
        row = MODELS[entity.name]._default_manager.get(pk=entity_id)
        if for_writing:
            self.require(division_id_of(row))
        return row

    def require(self, division_id: int | None) -> None:
        if not self.reader.scope.can_write_in(division_id):
            raise StaError("You may not write there.", status=403)

    def division_for(self, properties: Any) -> Division:
        """Where a new entity belongs: the division whose code its properties name, or the writer's own."""
        code = properties.get("division") if isinstance(properties, dict) else None
        if isinstance(code, str):
            division = Division.objects.filter(code=code).first()
            if division is not None and self.reader.scope.can_write_in(division.pk):
                return division
        return self.reader.scope.home_division

    def count_created(self) -> None:
        self.created += 1
        if self.created > MOST_CREATED:
            raise StaError(f"A request makes {MOST_CREATED} entities at most.")

    def document(self, entity: EntityType, entity_id: Any) -> dict[str, Any]:
        """An entity as JSON values."""
        found = self.reader.one(entity, entity_id, QueryOptions())
        made: dict[str, Any] = json.loads(written(found)) if found else {}
        return made

    def keep_version(self, entity: EntityType, entity_id: Any, change: str) -> dict[str, Any]:
        """Keep what an entity was before a change; return it."""
        before = self.document(entity, entity_id)
        EntityVersion.objects.create(
            entity_type=entity.name,
            entity_id=str(entity_id),
            change=change,
            document=before,
            changed_by=self.user,
        )
        return before

    def record(self, action: str, entity: EntityType, row: Any, **values: Any) -> None:
        """The audit row of a change."""
        record_change(
            acting_user=self.user,
            action=f"{action} {entity.name}",
            subject=row,
            subject_id=str(row.pk),
            division=getattr(row, "division", None),
            **values,
        )

    def notice(self, entity: EntityType, entity_id: Any, changed: list[str] | None = None) -> None:
        """Tell subscribers of a new entity, or of the properties of one that changed."""
        key = (entity.name, None if changed is None else tuple(changed))
        self.notices.setdefault(key, []).append(entity_id)

    def send_notices(self) -> None:
        """Put what is to be told into the outbox; called at the end of the transaction."""
        if not settings.STA_MQTT_NOTIFICATIONS:
            return
        EntityNotification.objects.bulk_create(
            EntityNotification(
                entity_type=name, entity_ids=ids, changed=None if changed is None else list(changed)
            )
            for (name, changed), ids in self.notices.items()
        )
        self.notices.clear()


def division_id_of(row: Any) -> int | None:
    if isinstance(row, HistoricalLocation):
        return row.thing.division_id
    found: int | None = row.division_id
    return found
