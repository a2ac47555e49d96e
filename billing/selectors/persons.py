"""Everything that is kept about a subscriber: rows of every table that comes to it, and what was written down of them.

Tables are found by their keys, so that one that is added later is among them. Service points and meters are places and
things that outlast a contract: they are told with the readings of its days only.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import F, Field, Model, Q, QuerySet
from django.db.models.fields.related import ForeignKey
from django.utils.translation import gettext_noop as _

from billing.models import (
    Account,
    ContractServicePoint,
    MeterInstallation,
    Reading,
    ServicePoint,
    Subscriber,
    Tariff,
)
from gis_core.access import Capability, Viewer, access, divisions_of, is_unrestricted
from gis_core.database.scope import EVERYTHING, working_in
from gis_core.errors import ReportedError
from gis_core.models import AuditEvent, User, WaitingAct
from gis_core.selectors.two_people import waiting_act
from gis_core.sentences import Sentence

# Rows that are read at a time: what is kept of many years is told whole, and nowhere held as a whole.
_AT_A_TIME = 1_000
_NO_ROWS: set[Any] = set()
# The columns by which people know a row, the first that its table has.
_KNOWN_BY = ("name", "number", "code", "serial")


class _JsonValues(DjangoJSONEncoder):
    def default(self, value: Any) -> Any:
        """Ranges and geometries as their texts."""
        try:
            return super().default(value)
        except TypeError:
            return str(value)


@dataclass(frozen=True)
class KeptRows:
    """What is kept in one table, by the keys of its rows, ascending."""

    model: type[Model]
    keys: Sequence[Any]

    @property
    def label(self) -> str:
        return self.model._meta.label

    def parts(self, newest: int | None = None) -> Iterator[list[dict[str, Any]]]:
        """The rows as JSON has them, users by their names, some at a time; of `newest` those with the highest keys."""
        keys = self.keys[-newest:] if newest else self.keys
        for first in range(0, len(keys), _AT_A_TIME):
            yield _written(self.model, keys[first : first + _AT_A_TIME])

    def rows(self, newest: int | None = None) -> list[dict[str, Any]]:
        """The same in one list."""
        return list(chain.from_iterable(self.parts(newest)))


@dataclass(frozen=True)
class KeptAboutPerson:
    """The tables that have rows. `is_whole`: all accounts are of divisions whose registers the viewer keeps."""

    tables: Sequence[KeptRows]
    is_whole: bool


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


def kept_about(subscriber: Subscriber, *, with_audit: bool = True) -> list[KeptRows]:
    """By table: the subscriber's rows, those that name it or each other, and the audit's.

    `with_audit`: who may not read the audit trail leaves it out.
    """
    rows = rows_of_person(subscriber)
    found = rows | _of_places(rows)
    if with_audit:
        found[AuditEvent] = set(audit_of(rows).values_list("pk", flat=True))
    return [KeptRows(model, sorted(keys)) for model, keys in found.items() if keys]


def kept_visible_to(viewer: Viewer, subscriber: Subscriber) -> KeptAboutPerson:
    """The same for who asks: the audit trail only where the viewer may read that of the subscriber's division.

    What lies beyond the viewer's divisions is not among it; then it is not `is_whole`.
    """
    audited = divisions_of(viewer, Capability.VIEW_AUDIT)
    return KeptAboutPerson(
        kept_about(subscriber, with_audit=audited.filter(pk=subscriber.division_id).exists()),
        is_whole_to(viewer, subscriber),
    )


def is_whole_to(viewer: Viewer, subscriber: Subscriber) -> bool:
    """Whether every account of the subscriber is of a division whose registers the viewer keeps."""
    if is_unrestricted(viewer):
        return True
    own = set(divisions_of(viewer, Capability.MANAGE_ACCOUNTS).values_list("pk", flat=True))
    with working_in(EVERYTHING):
        of_accounts = set(Account.objects.filter(subscriber=subscriber).values_list("division", flat=True))
    return of_accounts <= own


def proposed_erasure(subscriber: Subscriber) -> WaitingAct | None:
    """The erasure of this subscriber that waits for a second person."""
    return waiting_act(WaitingAct.Kind.ERASE_PERSON, str(subscriber.uid))


def of_others() -> ReportedError:
    """The refusal of what would be told in part, or be erased unseen."""
    return ReportedError(
        Sentence(_("Not all of this subscriber is of your divisions: somebody above does it.")),
        code="of_others",
    )


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


def _of_places(rows: Mapping[type[Model], set[Any]]) -> dict[type[Model], set[Any]]:
    """The points of the subscriber's contracts, the meters that hung there meanwhile, and their readings then."""
    held = rows.get(ContractServicePoint, _NO_ROWS)
    points = ServicePoint.objects.filter(contracts__in=held)
    installations = MeterInstallation.objects.filter(
        service_point__contracts__in=held, validity__overlap=F("service_point__contracts__validity")
    )
    days = "installation__service_point__contracts__validity"
    readings = Reading.objects.filter(
        Q(**{f"{days}__endswith": None}) | Q(read_on__lte=F(f"{days}__endswith")),
        installation__service_point__contracts__in=held,
        installation__validity__overlap=F(days),
        read_on__gte=F(f"{days}__startswith"),
    )
    found: tuple[QuerySet[Any], ...] = (points, installations, readings)
    return {query.model: set(query.order_by().values_list("pk", flat=True)) for query in found}


def audit_of(rows: Mapping[type[Model], set[Any]]) -> QuerySet[AuditEvent]:
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


def _written(model: type[Model], keys: Sequence[Any]) -> list[dict[str, Any]]:
    """Rows as JSON has them; users by their names."""
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
    rows = model._default_manager.filter(pk__in=keys)
    values = rows.order_by("pk").values(*plain, **named)
    return json.loads(json.dumps(list(values), cls=_JsonValues))  # type: ignore[no-any-return]


def _is_told(field: "Field[Any, Any]") -> bool:
    # Bytes are files, which are told by their names.
    return field.get_internal_type() != "BinaryField"


def names_of_keys(shown: Iterable[tuple[type[Model], Sequence[Mapping[str, Any]]]]) -> dict[Any, str]:
    """What rows name by their foreign keys, as people know it, by (table named, key): one query for each table named.

    A row that has neither name nor number is not among it.
    """
    wanted: dict[tuple[type[Model], str], set[Any]] = {}
    for model, rows in shown:
        for field in _named_by_key(model):
            keys = {row.get(field.attname) for row in rows} - {None}
            wanted.setdefault((field.related_model, field.target_field.attname), set()).update(keys)
    return {
        (model, key): name
        for (model, column), keys in wanted.items()
        if keys
        for key, name in _names(model, column, keys)
    }


def _named_by_key(model: type[Model]) -> list[Any]:
    fields: list[Any] = list(model._meta.concrete_fields)
    return [field for field in fields if isinstance(field, ForeignKey) and field.related_model is not User]


def _names(model: type[Model], column: str, keys: set[Any]) -> list[tuple[Any, str]]:
    if model is Tariff:
        return [(row.pk, _price_in_words(row)) for row in Tariff.objects.filter(pk__in=keys)]
    rows = model._default_manager.filter(**{f"{column}__in": keys})
    columns = {field.name for field in model._meta.concrete_fields}
    known_by = next((name for name in _KNOWN_BY if name in columns), None)
    return [] if known_by is None else [(key, str(name)) for key, name in rows.values_list(column, known_by)]


def _price_in_words(tariff: Tariff) -> str:
    """A tariff has no name: the service, its prices in the account's currency, and the day from which they hold."""
    prices = [price for price in (tariff.price_per_m3, *tariff.part_prices) if price is not None]
    return f"{tariff.service} {' / '.join(f'{price:f}' for price in prices)}, {tariff.validity.lower}"
