"""Everything that is kept about a subscriber: rows of every table that comes to it, and what was written down of them.

Tables are found by their keys, so that one that is added later is among them. Service points and meters are places and
things that outlast a contract: they are told with the readings of its days only.
"""

import json
from collections.abc import Iterable
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import F, Field, Model, Q, QuerySet
from django.db.models.fields.related import ForeignKey
from django.utils.translation import gettext_noop as _

from billing.models import ContractServicePoint, MeterInstallation, Reading, ServicePoint, Subscriber
from gis_core.access import Capability, Viewer, access, divisions_of
from gis_core.errors import ReportedError
from gis_core.models import AuditEvent, User
from gis_core.sentences import Sentence

# Rows of one kind that are told; a household's ten years of monthly bills are some hundred.
MOST_ROWS = 20_000
_NO_ROWS: set[Any] = set()


class _JsonValues(DjangoJSONEncoder):
    def default(self, value: Any) -> Any:
        """Ranges and geometries as their texts."""
        try:
            return super().default(value)
        except TypeError:
            return str(value)


def person_visible_to(viewer: Viewer, uid: object) -> Subscriber:
    """A subscriber whose register the viewer keeps; raises NotVisible."""
    subscribers = Subscriber.objects.select_related("street", "division")
    return access(subscribers, viewer, Capability.MANAGE_ACCOUNTS, uid=uid)


def person_by_number(registry_number: str) -> Subscriber:
    """For commands; raises ReportedError: unknown_subscriber."""
    found = (
        Subscriber.objects.select_related("street", "division")
        .filter(registry_number=registry_number)
        .first()
    )
    if found is None:
        raise ReportedError(
            Sentence(_("There is no subscriber {number}."), number=registry_number), code="unknown_subscriber"
        )
    return found


def kept_about(subscriber: Subscriber, *, with_audit: bool = True) -> dict[str, list[dict[str, Any]]]:
    """Rows by table, as JSON has them: the subscriber's, those that name it or each other, and the audit's.

    `with_audit`: who may not read the audit trail leaves it out.
    """
    rows = rows_of_person(subscriber)
    told = {model._meta.label: _told(model, keys) for model, keys in rows.items()}
    told |= {model._meta.label: _written(model, found) for model, found in _of_places(rows).items()}
    if with_audit:
        told[AuditEvent._meta.label] = _written(AuditEvent, audit_of(rows))
    return {label: found for label, found in told.items() if found}


def kept_visible_to(viewer: Viewer, subscriber: Subscriber) -> dict[str, list[dict[str, Any]]]:
    """The same for who asks: the audit trail only where the viewer may read that of the subscriber's division."""
    audited = divisions_of(viewer, Capability.VIEW_AUDIT)
    return kept_about(subscriber, with_audit=audited.filter(pk=subscriber.division_id).exists())


def rows_of_person(subscriber: Subscriber) -> dict[type[Model], set[Any]]:
    """The keys of the rows of each table that comes to the subscriber by its keys."""
    found: dict[type[Model], set[Any]] = {Subscriber: {subscriber.pk}}
    pending: list[tuple[type[Model], set[Any]]] = [(Subscriber, {subscriber.pk})]
    while pending:
        model, keys = pending.pop(0)
        for field in _keys_to(model):
            owner = field.model
            rows = owner._default_manager.filter(**{f"{field.name}__in": keys})
            new = set(rows.values_list("pk", flat=True)) - found.get(owner, _NO_ROWS)
            if new:
                found.setdefault(owner, set()).update(new)
                pending.append((owner, new))
    return found


def _keys_to(model: type[Model]) -> list[Any]:
    relations: list[Any] = model._meta.get_fields(include_hidden=True)
    return [
        relation.field
        for relation in relations
        if relation.auto_created and not relation.concrete and isinstance(relation.field, ForeignKey)
    ]


def _of_places(rows: dict[type[Model], set[Any]]) -> dict[type[Model], QuerySet[Any]]:
    """The points of the subscriber's contracts, the meters that hung there meanwhile, and their readings then."""
    held = ContractServicePoint.objects.filter(pk__in=rows.get(ContractServicePoint, _NO_ROWS))
    points = ServicePoint.objects.filter(pk__in=held.values("service_point"))
    installations: set[int] = set()
    readings: set[int] = set()
    for point, validity in held.values_list("service_point", "validity"):
        there = MeterInstallation.objects.filter(service_point=point, validity__overlap=validity)
        installations |= set(there.values_list("pk", flat=True))
        within = Q(read_on__gte=validity.lower)
        if validity.upper is not None:
            within &= Q(read_on__lte=validity.upper)
        readings |= set(Reading.objects.filter(within, installation__in=there).values_list("pk", flat=True))
    return {
        ServicePoint: points,
        MeterInstallation: MeterInstallation.objects.filter(pk__in=installations),
        Reading: Reading.objects.filter(pk__in=readings),
    }


def audit_of(rows: dict[type[Model], set[Any]]) -> QuerySet[AuditEvent]:
    """What was written down of these rows, which it names by their uid or key, an account by its number too."""
    named = Q(pk__in=[])
    for model, keys in rows.items():
        names = {str(key) for key in keys}
        for column in ("uid", "number", "registry_number"):
            if any(field.name == column for field in model._meta.concrete_fields):
                names |= {
                    str(name)
                    for name in model._default_manager.filter(pk__in=keys).values_list(column, flat=True)
                }
        named |= Q(object_type=model._meta.label, object_id__in=names)
    return AuditEvent.objects.filter(named)


def _told(model: type[Model], keys: Iterable[Any]) -> list[dict[str, Any]]:
    return _written(model, model._default_manager.filter(pk__in=keys))


def _written(model: type[Model], rows: QuerySet[Any]) -> list[dict[str, Any]]:
    """The rows as JSON has them; users by their names."""
    users = {
        field.attname: F(f"{field.name}__username")
        for field in model._meta.concrete_fields
        if isinstance(field, ForeignKey) and field.related_model is User
    }
    plain: list[str] = [
        field.attname
        for field in model._meta.concrete_fields
        if _is_told(field) and field.attname not in users
    ]
    named = {f"{name.removesuffix('_id')}_name": path for name, path in users.items()}
    values = rows.order_by("pk").values(*plain, **named)[:MOST_ROWS]
    return json.loads(json.dumps(list(values), cls=_JsonValues))  # type: ignore[no-any-return]


def _is_told(field: "Field[Any, Any]") -> bool:
    # Bytes are files, which are told by their names.
    return field.get_internal_type() != "BinaryField"
