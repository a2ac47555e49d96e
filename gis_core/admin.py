"""Registers of the organisation: divisions, streets, enterprises, users, roles; the trail, the jobs."""

from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from unfold.admin import TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from gis_core.access import Capability, Viewer, divisions_of, holds, is_unrestricted
from gis_core.admin_base import ReadOnlyAdmin, RegisterAdmin
from gis_core.models import ApiToken, AuditEvent, Division, Enterprise, Job, RoleAssignment, Street, User
from gis_core.services.audit import record_change

# Rights come from roles within divisions; Django's groups would be a second, unscoped source of them.
admin.site.unregister(Group)


@admin.register(Division)
class DivisionAdmin(RegisterAdmin):
    view_capability = Capability.VIEW_DIVISIONS
    division_lookup = "pk"
    list_display = ["name", "code", "level", "parent"]
    list_filter = ["level"]
    list_select_related = ["parent"]
    search_fields = ["name", "code"]
    fields = ["code", "name", "level", "parent"]

    def save_model(self, request: HttpRequest, obj: Model, form: "ModelForm[Any]", change: bool) -> None:
        assert isinstance(obj, Division)
        parent = obj.parent
        obj.parent_path = parent.path if parent else ""
        obj.parent_level = parent.level if parent else None
        super().save_model(request, obj, form, change)


@admin.register(Street)
class StreetAdmin(RegisterAdmin):
    view_capability = Capability.VIEW_DIVISIONS
    list_display = ["name", "code", "division"]
    list_select_related = ["division"]
    search_fields = ["name", "code"]


@admin.register(Enterprise)
class EnterpriseAdmin(RegisterAdmin):
    view_capability = Capability.VIEW_DIVISIONS
    list_display = ["name", "code", "division", "tax_id", "phone"]
    list_select_related = ["division"]
    search_fields = ["name", "code", "tax_id"]


class RoleInline(TabularInline):
    """A user's roles and where they hold, on the user's own page."""

    model = RoleAssignment
    extra = 0
    fields = ("role", "division")
    autocomplete_fields = ("division",)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return holds(request.user, Capability.MANAGE_USERS)

    has_add_permission = has_change_permission = has_delete_permission = has_view_permission


@admin.register(User)
class UserAdmin(DjangoUserAdmin, RegisterAdmin):  # type: ignore[misc]
    """Users whose roles all lie in the viewer's divisions: setting a password takes a user over."""

    view_capability = Capability.MANAGE_USERS
    # A user belongs to no division: `managed` decides instead.
    division_lookup = "role_assignments__division"
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "first_name", "last_name", "email", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "is_staff"]
    search_fields = ["username", "first_name", "last_name", "email"]
    filter_horizontal = ()
    readonly_fields = ["last_login", "date_joined"]
    inlines = (RoleInline,)
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (None, {"fields": ("first_name", "last_name", "email")}),
        (None, {"fields": ("is_active", "is_staff", "last_login", "date_joined")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return self.managed(request.user)

    def managed(self, viewer: Viewer) -> QuerySet[User]:
        users = User.objects.order_by("username")
        if is_unrestricted(viewer):
            return users
        own = divisions_of(viewer, Capability.MANAGE_USERS)
        beyond = RoleAssignment.objects.exclude(division__in=own.values("pk"))
        return users.filter(is_superuser=False).exclude(pk__in=beyond.values("user"))

    def division_of(self, obj: Model) -> Division | None:
        return None

    def get_inlines(self, request: HttpRequest, obj: Model | None) -> Any:
        # First there is a user, then there are roles.
        return () if obj is None else super().get_inlines(request, obj)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Give and take roles within the divisions that the viewer administers, each with its line in the trail."""
        register = admin.site._registry[RoleAssignment]
        assert isinstance(register, RoleAssignmentAdmin)
        with transaction.atomic():
            given = formset.save(commit=False)
            for role in formset.deleted_objects:
                register.delete_model(request, role)
            for role in given:
                register.save_model(request, role, form, change=role.pk is not None)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        with transaction.atomic():
            response = super().user_change_password(request, id, form_url)
            if request.method == "POST" and response.status_code == 302:
                record_change(
                    acting_user=cast(User, request.user),
                    action="change password",
                    subject=User.objects.get(pk=id),
                    division=None,
                )
        return response


@admin.register(RoleAssignment)
class RoleAssignmentAdmin(RegisterAdmin):
    view_capability = Capability.MANAGE_USERS
    list_display = ["user", "role", "division"]
    list_filter = ["role"]
    list_select_related = ["user", "division"]
    search_fields = ["user__username", "division__name"]


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Tokens are made and ended by their users; here one sees whose there are."""

    view_capability = Capability.MANAGE_USERS
    division_lookup = "user__role_assignments__division"
    list_display = ["name", "user", "created_at", "expires_at", "last_used_at", "revoked_at"]
    list_select_related = ["user"]
    search_fields = ["name", "user__username"]
    exclude = ["digest"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        # Once each, though the user may hold several roles.
        return super().get_queryset(request).distinct()


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    view_capability = Capability.VIEW_AUDIT
    list_display = ["at", "user", "action", "object_type", "object_id", "division"]
    list_filter = ["at"]
    list_select_related = ["user", "division"]
    search_fields = ["action", "object_type", "object_id", "user__username"]


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    view_capability = Capability.VIEW_JOBS
    list_display = ["kind", "state", "division", "created_by", "created_at", "ended_at"]
    list_filter = ["state", "kind"]
    list_select_related = ["division", "created_by"]
    search_fields = ["kind", "uid"]
