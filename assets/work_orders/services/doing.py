"""What is recorded while an order is done: materials, time, photos."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID, uuid4

from django.utils.translation import gettext_noop as _

from assets.models import Document, WorkMaterial, WorkOrder, WorkPhoto
from assets.registers.services.cadastre import Upload
from assets.registers.services.photos import keep_photo
from assets.work_orders.services.moving import locked_order, may_dispatch
from assets.work_orders.services.refusals import saying_refusals
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence, Word
from gis_core.services.audit import record_change

MOST_PHOTOS = 50
MOST_MATERIALS = 200


@dataclass(frozen=True)
class UsedMaterial:
    """A material that was used; `uid` is the client's own, so that a row sent twice is one."""

    material: str
    quantity: Decimal
    unit: str
    uid: UUID | None = None


def record_materials(
    *,
    order: WorkOrder,
    materials: Sequence[UsedMaterial],
    acting_user: User | None,
    time_spent_min: int | None = None,
) -> WorkOrder:
    """Add materials to an order, and set the time spent on it. Rows known by their uid are left out.

    Raises ReportedError for an order of somebody else, one that is new or cancelled, or with too many rows.
    """
    with saying_refusals():
        stored = locked_order(order, None)
        _require_at_work(stored, acting_user)
        uids = [row.uid for row in materials if row.uid is not None]
        known = set(WorkMaterial.objects.filter(uid__in=uids).values_list("uid", flat=True))
        new = [
            WorkMaterial(
                uid=row.uid or uuid4(),
                order=stored,
                material=row.material,
                quantity=row.quantity,
                unit=row.unit,
                recorded_by=acting_user,
            )
            for row in materials
            if row.uid is None or row.uid not in known
        ]
        if stored.materials.count() + len(new) > MOST_MATERIALS:
            raise ReportedError(
                Sentence(
                    _("An order has at most {most_materials} materials."), most_materials=MOST_MATERIALS
                ),
                code="too_many",
            )
        WorkMaterial.objects.bulk_create(new)
        if time_spent_min is not None:
            stored.time_spent_min = time_spent_min
        stored.save(update_fields=["time_spent_min"])
        record_change(
            acting_user=acting_user,
            action="record work",
            subject=stored,
            subject_id=f"{stored.network.code} {stored.number}",
            division=stored.division,
            new_values={
                "materials": [f"{row.quantity} {row.unit} {row.material}" for row in new],
                "time_spent_min": stored.time_spent_min,
            },
        )
    stored.refresh_from_db()
    return stored


def add_photo(
    *,
    order: WorkOrder,
    upload: Upload,
    acting_user: User | None,
    title: str = "",
    uid: UUID | None = None,
) -> Document:
    """Keep a photo of an order as a document, linked to the node or pipe the order is about.

    Sent again under the same `uid` it is kept once. Raises ReportedError for an order of somebody else, one that is new
    or cancelled, a file that is no photo, or with too many photos.
    """
    with saying_refusals():
        stored = locked_order(order, None)
        if uid is not None:
            known = Document.objects.filter(uid=uid).first()
            if known is not None:
                if not WorkPhoto.objects.filter(order=stored, document=known).exists():
                    raise ReportedError(Sentence(_("Another record has this uid.")), code="uid_taken")
                return known
        _require_at_work(stored, acting_user)
        if stored.photos.count() >= MOST_PHOTOS:
            raise ReportedError(
                Sentence(_("An order has at most {most_photos} photos."), most_photos=MOST_PHOTOS),
                code="too_many",
            )
        attachment = stored.attachment
        target = None if attachment is None else attachment.pipe or attachment.node
        document = keep_photo(
            division=stored.division,
            upload=upload,
            title=title or f"{stored.number}: {stored.title}"[:200],
            target=target,
            acting_user=acting_user,
            uid=uid,
        )
        WorkPhoto.objects.create(order=stored, document=document)
    return document


def _require_at_work(order: WorkOrder, user: User | None) -> None:
    """Raise ReportedError unless the order is in somebody's hands, and in the user's or those they dispatch."""
    if order.state in (WorkOrder.State.NEW, WorkOrder.State.CANCELLED):
        raise ReportedError(
            Sentence(
                _("Work order {order} is {state}: nobody works on it."),
                order=order.number,
                state=Word(order.get_state_display()),
            ),
            code="illegal_move",
        )
    if user is not None and order.assignee_id != user.pk and not may_dispatch(user, order):
        raise ReportedError(
            Sentence(_("Work order {order} is not yours."), order=order.number), code="not_yours"
        )
