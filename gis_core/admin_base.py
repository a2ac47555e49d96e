"""Our registers in Django's administration: scoped by division, audited, no queries per row."""

import functools
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, cast

from django.contrib import messages
from django.contrib.gis.db.models import GeometryField
from django.contrib.postgres.fields import DateRangeField
from django.contrib.postgres.forms import RangeWidget
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.db.models import Field, ForeignKey, Model, ProtectedError, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import translation
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSingleDateWidget

from gis_core.access import Capability, Viewer, granted_paths, holds, is_unrestricted, visible
from gis_core.models import Division, User
from gis_core.services.audit import record_change

# Never shown to the audit trail: they are secrets, or their digests.
_SECRET_FIELDS = {"password", "digest"}
# Longer geometries are told by their size: the trail says that the drawing changed, the row says to what.
_MAXIMUM_AUDITED_POINTS = 100


class DayRangeWidget(RangeWidget):
    """First day and the day after the last, in the theme's own fields; the theme knows no date ranges."""

    template_name = "unfold/widgets/split_datetime.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(UnfoldAdminSingleDateWidget(), attrs)


class RegisterAdmin(ModelAdmin):
    """A register: seen with `view_capability` in one's divisions, changed by their administrators only.

    `division_lookup` leads from a row to its division; None is for rows of the whole republic, which only its
    administrators change. Every change writes the audit trail in its own transaction.
    """

    view_capability: ClassVar[Capability]
    division_lookup: ClassVar[str | None] = "division"
    is_read_only: ClassVar[bool] = False
    # Given once, when the row is made: to move a row elsewhere is the work of a service.
    kept_fields: ClassVar[tuple[str, ...]] = ()

    formfield_overrides: ClassVar[dict[Any, Any]] = {DateRangeField: {"widget": DayRangeWidget}}
    list_per_page = 50
    # The count of the whole table beside that of the search costs a scan of it and tells nobody anything.
    show_full_result_count = False
    list_disable_select_all = True

    # --- who may do what ---

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.is_active and request.user.is_staff and holds(request.user, self.view_capability)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return not self.is_read_only and self._manages(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return not self.is_read_only and self._manages(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return not self.is_read_only and self._manages(request, obj)

    def _manages(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether the viewer administers what is shown, and `obj` in particular."""
        viewer = request.user
        if not (viewer.is_active and viewer.is_staff):
            return False
        if self.division_lookup is None:
            return administers_everything(viewer)
        if obj is None or obj.pk is None:
            return holds(viewer, Capability.MANAGE_USERS)
        return self.managed(viewer).filter(pk=obj.pk).exists()

    def managed(self, viewer: Viewer) -> QuerySet[Any]:
        """The rows that the viewer administers."""
        assert self.division_lookup is not None
        rows = self.model._default_manager.all()
        return visible(rows, viewer, Capability.MANAGE_USERS, division=self.division_lookup)

    # --- what is shown ---

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if self.division_lookup is not None:
            rows = visible(rows, request.user, self.view_capability, division=self.division_lookup)
        related = self.list_select_related if isinstance(self.list_select_related, (list, tuple)) else ()
        return rows.defer(*geometry_paths(self.model, related))

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[str]:
        """What nobody types over: a row's uid ever, and its kept fields once it is there."""
        fixed = [*super().get_readonly_fields(request, obj)]
        names = {column.name for column in self.opts.concrete_fields}
        fixed += [name for name in ("uid",) if name in names]
        if obj is not None:
            fixed += self.kept_fields
        return list(dict.fromkeys(fixed))

    def get_autocomplete_fields(self, request: HttpRequest) -> Sequence[str]:
        return [
            field.name
            for field in self.opts.concrete_fields
            if isinstance(field, ForeignKey) and self._related_admin(field) is not None
        ]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **keywords: Any) -> Any:
        related = self._related_admin(db_field)
        if isinstance(related, RegisterAdmin):
            # What one cannot see cannot be chosen either, whatever the browser sends.
            keywords["queryset"] = related.get_queryset(request)
        return super().formfield_for_foreignkey(db_field, request, **keywords)

    def _related_admin(self, field: Any) -> Any:
        admin = self.admin_site._registry.get(field.remote_field.model)
        return admin if admin is not None and admin.search_fields else None

    # --- changes ---

    def save_model(self, request: HttpRequest, obj: Model, form: "ModelForm[Any]", change: bool) -> None:
        with transaction.atomic():
            before = self.model._base_manager.get(pk=obj.pk) if change else None
            super().save_model(request, obj, form, change)
            if self.division_lookup is not None and not self.managed(request.user).filter(pk=obj.pk).exists():
                # Given to a division that one does not administer: undone with the transaction.
                raise PermissionDenied
            self.audit(request, obj, before)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        with transaction.atomic():
            self.audit_deletion(request, obj)
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with transaction.atomic():
            for obj in queryset:
                if not self._manages(request, obj):
                    raise PermissionDenied
                self.audit_deletion(request, obj)
            super().delete_queryset(request, queryset)

    def audit(self, request: HttpRequest, obj: Model, before: Model | None) -> None:
        """Append what was added or changed to the trail; nothing when nothing was."""
        obj.refresh_from_db()
        new = audited_values(obj)
        old = audited_values(before) if before is not None else None
        if old is not None:
            changed = {name for name in new if new[name] != old.get(name)}
            if not changed:
                return
            old = {name: old.get(name) for name in changed}
            new = {name: new[name] for name in changed}
        verb = "add" if before is None else "change"
        self._record(request, obj, verb, old, new)

    def audit_deletion(self, request: HttpRequest, obj: Model) -> None:
        """Append what is about to be deleted to the trail."""
        self._record(request, obj, "delete", audited_values(obj), None)

    def _record(
        self,
        request: HttpRequest,
        obj: Model,
        verb: str,
        old: dict[str, Any] | None,
        new: dict[str, Any] | None,
    ) -> None:
        record_change(
            acting_user=cast(User, request.user),
            action=f"{verb} {self._english_name()}",
            subject=obj,
            division=self.division_of(obj),
            old_values=old,
            new_values=new,
        )

    def _english_name(self) -> str:
        """The register's name as the trail keeps it, whatever the language of whoever writes."""
        with translation.override("en"):
            return str(self.opts.verbose_name)

    def division_of(self, obj: Model) -> Division | None:
        """The division that a row belongs to; None for rows of the whole republic."""
        if self.division_lookup is None:
            return None
        if self.division_lookup == "pk":
            return obj if isinstance(obj, Division) else None
        return functools.reduce(getattr, self.division_lookup.split("__"), obj)  # type: ignore[return-value]

    # --- refusals of the database, said to the person instead of a broken page ---

    def changeform_view(self, request: HttpRequest, *arguments: Any, **keywords: Any) -> HttpResponse:
        return self._with_refusals_said(request, super().changeform_view, *arguments, **keywords)

    def delete_view(self, request: HttpRequest, *arguments: Any, **keywords: Any) -> HttpResponse:
        return self._with_refusals_said(request, super().delete_view, *arguments, **keywords)

    def changelist_view(self, request: HttpRequest, *arguments: Any, **keywords: Any) -> HttpResponse:
        return self._with_refusals_said(request, super().changelist_view, *arguments, **keywords)

    def _with_refusals_said(
        self, request: HttpRequest, view: Any, *arguments: Any, **keywords: Any
    ) -> HttpResponse:
        if request.method != "POST":
            return view(request, *arguments, **keywords)
        try:
            with transaction.atomic():
                return view(request, *arguments, **keywords)
        except ProtectedError:
            reason = _("Other records refer to it.")
        except DatabaseError as error:
            # The first line is ours (RAISE EXCEPTION in a guard) or PostgreSQL's; the rest is its context.
            reason = str(error).partition("\n")[0]
        self.message_user(request, _("Refused: %s") % reason, messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())


class ReadOnlyAdmin(RegisterAdmin):
    """A register that only services write: append-only rows, the graph, what runs compute."""

    is_read_only = True


def administers_everything(viewer: Viewer) -> bool:
    """Whether the viewer is a superuser or an administrator of the whole republic (a path of one code)."""
    return is_unrestricted(viewer) or any(
        path.count(".") == 1 for path in granted_paths(viewer, Capability.MANAGE_USERS)
    )


def geometry_paths(model: type[Model], relations: Iterable[str] = ()) -> list[str]:
    """Lookup paths of the geometries of a model and of the relations a list joins: lists draw none."""
    paths = _geometry_names(model)
    for relation in relations:
        target = model
        prefix = ""
        for part in relation.split("__"):
            target = target._meta.get_field(part).related_model  # type: ignore[assignment]
            prefix += f"{part}__"
            paths += [f"{prefix}{name}" for name in _geometry_names(target)]
    return list(dict.fromkeys(paths))


def _geometry_names(model: type[Model]) -> list[str]:
    return [field.name for field in model._meta.concrete_fields if isinstance(field, GeometryField)]


def audited_values(obj: Model) -> dict[str, Any]:
    """The row's own columns as JSON; secrets left out."""
    return {
        field.attname: _audited(field, getattr(obj, field.attname))
        for field in obj._meta.concrete_fields
        if field.name not in _SECRET_FIELDS
    }


def _audited(field: "Field[Any, Any]", value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float, str, list, dict)):
        return value
    if isinstance(field, GeometryField):
        return value.ewkt if value.num_coords <= _MAXIMUM_AUDITED_POINTS else f"{value.num_coords} points"
    return str(value)
