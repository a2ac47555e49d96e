"""Which elements labels are printed for."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext_noop as _

from assets.models import Lifecycle, Network, NodeKind
from assets.models.condition import PIPE_KIND
from assets.networks.selectors.network_reads import nodes_visible_to, pipes_visible_to
from gis_core.access import Viewer
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence

# Forty sheets; more are printed by zone or kind.
MOST_LABELS = 960


@dataclass(frozen=True)
class LabelledElement:
    """An element as its label names it."""

    uid: UUID
    code: str
    kind: str
    zone: str


def codes_in(text: str) -> list[str]:
    """Codes with commas between them."""
    return [code.strip() for code in text.split(",") if code.strip()]


def labelled_elements(
    viewer: Viewer,
    network: Network,
    *,
    kinds: Sequence[str] = (),
    zone: UUID | None = None,
    codes: Sequence[str] = (),
) -> list[LabelledElement]:
    """The elements of a network by kind, by zone and by code, those with all that is named, in the order of codes.

    Without kinds: everything that has a code on its own, that is all but junctions and pipes, unless codes are named.
    Raises ReportedError for an unknown kind or code, when nothing is found, and beyond `MOST_LABELS`.
    """
    unknown = sorted(set(kinds) - {*NodeKind.values, PIPE_KIND})
    if unknown:
        raise ReportedError(Sentence(_("Unknown kind {unknown}."), unknown=repr(unknown[0])), code="bad_kind")
    nodes = nodes_visible_to(viewer).filter(network=network).exclude(lifecycle=Lifecycle.REMOVED)
    pipes = pipes_visible_to(viewer).filter(network=network).exclude(lifecycle=Lifecycle.REMOVED)
    if kinds:
        nodes = nodes.filter(kind__in=kinds)
        pipes = pipes if PIPE_KIND in kinds else pipes.none()
    elif not codes:
        nodes, pipes = nodes.exclude(kind=NodeKind.JUNCTION), pipes.none()
    if zone is not None:
        nodes, pipes = nodes.filter(zone__uid=zone), pipes.filter(start_node__zone__uid=zone)
    if codes:
        nodes, pipes = nodes.filter(code__in=codes), pipes.filter(code__in=codes)
    found = [
        LabelledElement(node.uid, node.code, node.kind, node.zone.name if node.zone else "")
        for node in nodes.order_by("code", "id")[: MOST_LABELS + 1]
    ]
    for pipe in pipes.order_by("code", "id")[: MOST_LABELS + 1]:
        pipe_zone = pipe.start_node.zone
        found.append(LabelledElement(pipe.uid, pipe.code, PIPE_KIND, pipe_zone.name if pipe_zone else ""))
    missing = sorted(set(codes) - {element.code for element in found})
    if missing and len(found) <= MOST_LABELS:
        raise ReportedError(
            Sentence(
                _("There is no element {codes} here; nothing was printed."), codes=", ".join(missing[:20])
            ),
            code="unknown_code",
        )
    if not found:
        raise ReportedError(Sentence(_("There is nothing to print labels for.")), code="nothing_found")
    if len(found) > MOST_LABELS:
        raise ReportedError(
            Sentence(
                _("These are more than {most_labels} labels; print them by zone or by kind."),
                most_labels=MOST_LABELS,
            ),
            code="too_many",
        )
    return found
