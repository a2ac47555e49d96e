"""How many subscribers, and how many priority customers, hang on given parts of the graph."""

from collections.abc import Sequence

from django.db.models import QuerySet

from billing.models import ServicePoint, Subscriber


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
