"""Reading what was imported: every import is an edit."""

from dataclasses import dataclass

from django.db.models import Count, Q

from assets.models import Edit
from gis_core.access import Capability, Viewer, visible

IMPORTS = ("import_network", "import_valves")


@dataclass(frozen=True)
class ImportDone:
    """One import: its edit (with `undone_by`), how many nodes and pipes it made, and whether the viewer may undo it."""

    edit: Edit
    elements: int
    is_own: bool


def imports_visible_to(viewer: Viewer, limit: int = 30) -> list[ImportDone]:
    """The last imports into the networks that the viewer may edit, the newest first."""
    edits = Edit.objects.select_related("network", "acting_user", "undone_by").filter(operation__in=IMPORTS)
    newest = list(visible(edits, viewer, Capability.EDIT_NETWORK).order_by("-pk")[:limit])
    made = Q(row_changes__operation="I", row_changes__table_name__in=("assets_node", "assets_pipe"))
    counts = dict(
        Edit.objects.filter(pk__in=[edit.pk for edit in newest])
        .annotate(made=Count("row_changes", filter=made))
        .values_list("pk", "made")
    )
    own = (None, viewer.pk)
    return [ImportDone(edit, counts[edit.pk], edit.acting_user_id in own) for edit in newest]
