"""The kinds of changes that the network's own registers take from phones."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.translation import gettext_noop as _
from rest_framework import serializers

from assets.field_sync.selectors.forms import findings_of
from assets.field_sync.services.applying import SentChange
from assets.field_sync.services.registry import ChangeKind, register_change_kind
from assets.models import LeakRecord, Network, Node, Pipe, WorkOrder
from assets.models.condition import PIPE_KIND
from assets.registers.api import serializers as register_forms
from assets.registers.api.serializers import NumberField, StrictSerializer, TruthField
from assets.registers.api.views import DEFAULT_TOLERANCE_M, asset_named, place_named
from assets.registers.services import condition
from assets.registers.services.attachments import Place
from assets.registers.services.photos import keep_photo
from assets.work_orders.api import serializers as work_forms
from assets.work_orders.selectors.orders import with_journal, work_orders_visible_to
from assets.work_orders.services import doing, moving
from assets.work_orders.services.valves import turn_valve, valve_state
from gis_core.access import Capability, Viewer, access
from gis_core.api.bodies import TextField, UidField
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence, said

C = Capability


def register_kinds() -> None:
    """Declare what the network's registers take."""
    register_change_kind("inspection", ChangeKind(_inspection, capability=C.RECORD_FIELD_WORK))
    register_change_kind("verification", ChangeKind(_verification, capability=C.RECORD_FIELD_WORK))
    register_change_kind("leak", ChangeKind(_leak, capability=C.RECORD_FIELD_WORK))
    register_change_kind("photo", ChangeKind(_photo, capability=C.RECORD_FIELD_WORK))
    register_change_kind("valve", ChangeKind(_valve, current=_valve_now, capability=C.RECORD_FIELD_WORK))
    register_change_kind(
        "work_move", ChangeKind(_work_move, current=_order_now, capability=C.RECORD_FIELD_WORK)
    )
    register_change_kind("work_done", ChangeKind(_work_done, capability=C.RECORD_FIELD_WORK))


def read(form: type[serializers.Serializer[Any]], content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a change as the form's values; raises ValidationError."""
    entry = form(data=dict(content))
    entry.is_valid(raise_exception=True)
    return dict(entry.validated_data)


class InspectionChangeSerializer(register_forms.InspectionEntrySerializer):
    inspector = TextField(required=False, max_length=200)
    answers = serializers.DictField(
        required=False, help_text="Answers to the form of the asset's kind, by key"
    )


def _inspection(change: SentChange, user: User) -> dict[str, Any]:
    values = read(InspectionChangeSerializer, change.content)
    asset = asset_named(user, values)
    kind = PIPE_KIND if isinstance(asset, Pipe) else asset.kind
    values["findings"] = findings_of(kind, values.pop("answers", {}), values.get("findings", ""))
    values.setdefault("inspector", user.get_full_name() or user.get_username())
    values["uid"] = change.uid
    inspection = condition.record_inspection(asset=asset, acting_user=user, **values)
    return {"inspection": str(inspection.uid), "findings": inspection.findings}


def _verification(change: SentChange, user: User) -> dict[str, Any]:
    values = read(register_forms.VerificationEntrySerializer, change.content)
    values["uid"] = change.uid
    verification = condition.record_verification(
        asset=asset_named(user, values), verified_by=user, acting_user=user, **values
    )
    return {"verification": str(verification.uid)}


def _leak(change: SentChange, user: User) -> dict[str, Any]:
    values = read(register_forms.LeakEntrySerializer, change.content)
    rows = Network.objects.select_related("division")
    network = access(rows, user, C.RECORD_FIELD_WORK, code=values.pop("network"))
    place = _place_of_report(user, network, values)
    values["uid"] = change.uid
    values.setdefault("reported_by", user.get_full_name() or user.get_username())
    leak = condition.report_leak(network=network, place=place, acting_user=user, **values)
    return {"leak": str(leak.uid), "number": leak.number}


def _place_of_report(user: User, network: Network, values: dict[str, Any]) -> Place:
    """Where a leak hangs that was reported on an asset, or where somebody stood; then the note may get a remark."""
    if "lon" not in values:
        place = place_named(user, network, values)
        assert place is not None
        return place
    place, remark = condition.place_reported(
        network,
        longitude=values.pop("lon"),
        latitude=values.pop("lat"),
        tolerance_m=values.pop("tolerance_m", DEFAULT_TOLERANCE_M),
    )
    values.pop("position", None)
    if remark:
        values["note"] = "\n".join(part for part in (values.get("note", ""), remark) if part)
    return place


class PhotoChangeSerializer(StrictSerializer):
    node = UidField(required=False)
    pipe = UidField(required=False)
    order = UidField(required=False)
    leak = UidField(required=False)
    title = TextField(required=False, allow_blank=True, max_length=200)
    jpeg_base64 = TextField(max_length=12_000_000, trim_whitespace=False)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if sum(name in values for name in ("node", "pipe", "order", "leak")) != 1:
            raise serializers.ValidationError(said(_("Give one of node, pipe, order or leak.")))
        return values


def _photo(change: SentChange, user: User) -> dict[str, Any]:
    values = read(PhotoChangeSerializer, change.content)
    try:
        content = base64.b64decode(values.pop("jpeg_base64"), validate=True)
    except binascii.Error:
        raise ReportedError(Sentence(_("The photo is not base64.")), code="bad_form") from None
    upload = SimpleUploadedFile("photo.jpg", content)
    title = values.pop("title", "")
    if "order" in values:
        order = _own_order(user, values["order"])
        document = doing.add_photo(order=order, upload=upload, title=title, uid=change.uid, acting_user=user)
    else:
        asset, name = _photographed(user, values)
        document = keep_photo(
            division=asset.division,
            upload=upload,
            title=title or name,
            target=asset,
            uid=change.uid,
            acting_user=user,
        )
    return {"document": str(document.uid), "size_bytes": document.size_bytes}


def _photographed(user: User, values: dict[str, Any]) -> tuple[Node | Pipe, str]:
    """The asset that a photo is kept with, and what it is called; a leak's photo is kept with what leaks."""
    if "leak" not in values:
        asset = asset_named(user, values)
        return asset, asset.code
    leaks = LeakRecord.objects.select_related("attachment__pipe__division", "attachment__node__division")
    leak = access(leaks, user, C.RECORD_FIELD_WORK, uid=values.pop("leak"))
    # An attachment on a line names the line and one of its ends.
    return leak.attachment.pipe or leak.attachment.node, leak.number


class ValveChangeSerializer(StrictSerializer):
    node = UidField()
    turns = NumberField(min_value=0, max_value=2000)
    status = serializers.ChoiceField(choices=["open", "closed", "active"])
    is_broken = TruthField(required=False)
    is_accessible = TruthField(required=False)
    operated_at = serializers.DateTimeField(required=False)
    order = UidField(required=False)
    note = TextField(required=False, allow_blank=True, max_length=2000)


def _valve(change: SentChange, user: User) -> dict[str, Any]:
    values = read(ValveChangeSerializer, change.content)
    node = _valve_node(user, values.pop("node"))
    seen: dict[str, bool] = {
        str(name): values.pop(name) for name in ("is_broken", "is_accessible") if name in values
    }
    order = _own_order(user, values.pop("order")) if "order" in values else None
    turn_valve(
        node=node,
        seen=seen,
        order=order,
        expected_version=change.base_version,
        uid=change.uid,
        acting_user=user,
        **values,
    )
    return _valve_now(change.content, user)


def _valve_node(viewer: Viewer, uid: Any) -> Node:
    return access(Node.objects.select_related("network__division"), viewer, C.RECORD_FIELD_WORK, uid=uid)


def _valve_now(content: Mapping[str, Any], viewer: Viewer) -> dict[str, Any]:
    return valve_state(_valve_node(viewer, content["node"]))


class OrderMoveSerializer(StrictSerializer):
    order = UidField()
    state = serializers.ChoiceField(choices=WorkOrder.State.choices)
    note = TextField(required=False, allow_blank=True, max_length=2000)
    at = serializers.DateTimeField(required=False)
    time_spent_min = register_forms.WholeField(required=False, min_value=0, max_value=60_000)


def _own_order(viewer: Viewer, uid: Any) -> WorkOrder:
    return access(WorkOrder.objects.all(), viewer, C.RECORD_FIELD_WORK, uid=uid)


def _work_move(change: SentChange, user: User) -> dict[str, Any]:
    values = read(OrderMoveSerializer, change.content)
    order = _own_order(user, values.pop("order"))
    moving.move_order(order=order, expected_version=change.base_version, acting_user=user, **values)
    return _order_now(change.content, user)


def _order_now(content: Mapping[str, Any], viewer: Viewer) -> dict[str, Any]:
    rows = with_journal(work_orders_visible_to(viewer))
    order = access(rows, viewer, C.VIEW_WORK, uid=content["order"])
    # Plain JSON: it is kept as the answer to this change.
    return _as_json(work_forms.WorkOrderDetailSerializer(order).data)


def _as_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _as_json(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(part) for part in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


class WorkDoneChangeSerializer(work_forms.WorkDoneSerializer):
    order = UidField()


def _work_done(change: SentChange, user: User) -> dict[str, Any]:
    values = read(WorkDoneChangeSerializer, change.content)
    doing.record_materials(
        order=_own_order(user, values["order"]),
        materials=[doing.UsedMaterial(**row) for row in values.get("materials", [])],
        time_spent_min=values.get("time_spent_min"),
        acting_user=user,
    )
    return _order_now(change.content, user)
