"""How many subscribers, and how many priority customers, hang on given parts of the graph, and who they are."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from billing.models import ContractServicePoint, ServicePoint, Subscriber
from gis_core.access import Capability, Viewer, visible


def _subscribers_of(points: QuerySet[ServicePoint]) -> QuerySet[Subscriber]:
    return Subscriber.objects.filter(accounts__contracts__service_points__service_point__in=points).distinct()


def subscribers_in_network(network_id: int) -> int:
    """Distinct subscribers with a service point anywhere on the network."""
    return _subscribers_of(ServicePoint.objects.filter(attachment__network_id=network_id)).count()


def subscribers_at_nodes(node_ids: Sequence[int]) -> int:
    """Distinct subscribers with a service point at one of the nodes."""
    return _subscribers_of(ServicePoint.objects.filter(attachment__node_id__in=node_ids)).count()


def priority_subscribers_in_network(network_id: int) -> int:
    """Distinct priority subscribers (hospitals, schools) anywhere on the network."""
    points = ServicePoint.objects.filter(attachment__network_id=network_id)
    return _subscribers_of(points).filter(is_priority=True).count()


def priority_subscribers_at_nodes(node_ids: Sequence[int]) -> int:
    """Distinct priority subscribers at one of the nodes."""
    points = ServicePoint.objects.filter(attachment__node_id__in=node_ids)
    return _subscribers_of(points).filter(is_priority=True).count()


def subscribers_at_attachments(attachment_ids: Sequence[int], *, on: date | None = None) -> int:
    """Distinct subscribers who pay for a service point at one of the attachments on a day (by default today)."""
    return _count(_served(attachment_ids, on))


def priority_subscribers_at_attachments(attachment_ids: Sequence[int], *, on: date | None = None) -> int:
    """Distinct priority subscribers among those of `subscribers_at_attachments`."""
    return _count(_served(attachment_ids, on).filter(contract__account__subscriber__is_priority=True))


def list_subscribers_at_attachments(
    attachment_ids: Sequence[int],
    *,
    on: date | None = None,
    limit: int | None = None,
    viewer: Viewer | None = None,
) -> list[dict[str, Any]]:
    """The accounts served through the attachments on a day (by default today), priority customers first.

    Each has registry_number, account_uid, account, contract, name, address, phone, is_priority and kind (the
    subscriber's class).
    `viewer` None sees all; another gets the subscribers of the divisions in which they may view subscribers.
    """
    return _listed(_served(attachment_ids, on), limit, viewer)


def list_priority_subscribers_at_attachments(
    attachment_ids: Sequence[int],
    *,
    on: date | None = None,
    limit: int | None = None,
    viewer: Viewer | None = None,
) -> list[dict[str, Any]]:
    """The priority customers among those of `list_subscribers_at_attachments`."""
    served = _served(attachment_ids, on).filter(contract__account__subscriber__is_priority=True)
    return _listed(served, limit, viewer)


def _served(attachment_ids: Sequence[int], on: date | None) -> QuerySet[ContractServicePoint]:
    """Who pays for the service points at the attachments on the day: where nobody does, nobody is served."""
    day = on or timezone.localdate()
    return ContractServicePoint.objects.filter(
        service_point__attachment_id__in=attachment_ids,
        validity__contains=day,
        contract__validity__contains=day,
    )


def _count(served: QuerySet[ContractServicePoint]) -> int:
    return served.order_by().values("contract__account__subscriber").distinct().count()


def _listed(
    served: QuerySet[ContractServicePoint], limit: int | None, viewer: Viewer | None
) -> list[dict[str, Any]]:
    if viewer is not None:
        served = visible(
            served, viewer, Capability.VIEW_SUBSCRIBERS, division="contract__account__subscriber__division"
        )
    rows = (
        served.select_related("contract__account__subscriber__street")
        .order_by(
            "-contract__account__subscriber__is_priority",
            "contract__account__subscriber__street__name",
            "contract__account__subscriber__house",
            "contract__account__number",
            "contract_id",
        )
        .iterator()
    )
    listed: dict[int, dict[str, Any]] = {}
    for row in rows:
        if limit is not None and len(listed) >= limit:
            break
        account = row.contract.account
        subscriber = account.subscriber
        listed.setdefault(
            account.pk,
            {
                "registry_number": subscriber.registry_number,
                "account_uid": account.uid,
                "account": account.number,
                "contract": row.contract.number,
                "name": subscriber.name,
                "address": subscriber.address,
                "phone": subscriber.phone,
                "is_priority": subscriber.is_priority,
                "kind": subscriber.subscriber_class,
            },
        )
    return list(listed.values())
