"""Registers of the organisation: divisions, streets, enterprises, users, roles; the trail, the jobs."""

from typing import Any, ClassVar, cast

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import UsernameField
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from unfold.admin import TabularInline
from unfold.forms import UserChangeForm

from gis_core.access import Capability, Viewer, holds
from gis_core.admin_base import ReadOnlyAdmin, RegisterAdmin
from gis_core.confirmation import ask_to_confirm, is_confirmed
from gis_core.models import (
    ApiToken,
    AuditEvent,
    Division,
    Enterprise,
    Job,
    OpenSession,
    RoleAssignment,
    Street,
    User,
    WaitingAct,
)
from gis_core.selectors.organisation import users_managed_by
from gis_core.selectors.sign_in import has_second_factor
from gis_core.services.passwords import give_one_time_password, mail_one_time_password
from gis_core.services.second_factors import remove_second_factor

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


class ConfirmedRegister(RegisterAdmin):
    """A register whose changes let somebody in: the viewer's password is asked for again before a form is opened."""

    def changeform_view(self, request: HttpRequest, *arguments: Any, **keywords: Any) -> HttpResponse:
        if not is_confirmed(request):
            return ask_to_confirm(request)
        return super().changeform_view(request, *arguments, **keywords)

    def delete_view(self, request: HttpRequest, *arguments: Any, **keywords: Any) -> HttpResponse:
        if not is_confirmed(request):
            return ask_to_confirm(request)
        return super().delete_view(request, *arguments, **keywords)

    def changelist_view(self, request: HttpRequest, *arguments: Any, **keywords: Any) -> HttpResponse:
        if request.method == "POST" and not is_confirmed(request):
            return ask_to_confirm(request)
        return super().changelist_view(request, *arguments, **keywords)


class NewUserForm(ModelForm):
    """A user without a password: the first is made for them, and serves once."""

    class Meta:
        model = User
        fields = ("username", "home_division", "first_name", "last_name", "email")
        field_classes: ClassVar[dict[str, Any]] = {"username": UsernameField}


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
class UserAdmin(DjangoUserAdmin, ConfirmedRegister):  # type: ignore[misc]  # type: ignore[misc]
    """Users whose home and roles all lie in the viewer's divisions: setting a password takes a user over."""

    view_capability = Capability.MANAGE_USERS
    division_lookup = "home_division"
    form = UserChangeForm
    add_form = NewUserForm
    list_display = [
        "username",
        "first_name",
        "last_name",
        "home_division",
        "email",
        "is_active",
        "is_staff",
        "last_login",
    ]
    list_select_related = ["home_division"]
    list_filter = ["is_active", "is_staff"]
    search_fields = ["username", "first_name", "last_name", "email"]
    filter_horizontal = ()
    readonly_fields = ["last_login", "date_joined"]
    inlines = (RoleInline,)
    add_fieldsets = ((None, {"fields": NewUserForm.Meta.fields}),)
    fieldsets = (
        (None, {"fields": ("username", "password", "home_division")}),
        (None, {"fields": ("first_name", "last_name", "email")}),
        (None, {"fields": ("is_active", "is_staff", "last_login", "date_joined")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return self.managed(request.user)

    def managed(self, viewer: Viewer) -> QuerySet[User]:
        return users_managed_by(viewer)

    def division_of(self, obj: Model) -> Division | None:
        assert isinstance(obj, User)
        return obj.home_division

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

    def save_model(self, request: HttpRequest, obj: Model, form: "ModelForm[Any]", change: bool) -> None:
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            if not change:
                assert isinstance(obj, User)
                self._give_password(request, obj)

    def response_add(self, request: HttpRequest, obj: Model, post_url_continue: Any = None) -> HttpResponse:
        """The first password, shown this once."""
        assert isinstance(obj, User)
        return self._password_shown(request, obj)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Give a one-time password in place of one that the administrator would choose and know."""
        user = self.get_object(request, id)
        if not isinstance(user, User) or not self.has_change_permission(request, user):
            raise Http404
        if not is_confirmed(request):
            return ask_to_confirm(request)
        if request.method == "POST":
            with transaction.atomic():
                if "second-factor" in request.POST:
                    remove_second_factor(user=user, acting_user=cast(User, request.user))
                self._give_password(request, user)
        return self._password_shown(request, user)

    def _give_password(self, request: HttpRequest, user: User) -> None:
        password, until = give_one_time_password(user=user, acting_user=cast(User, request.user))
        is_mailed = mail_one_time_password(user, password, until)
        # By the request: this object serves all.
        request.given_password = {  # type: ignore[attr-defined]
            "password": "" if is_mailed else password,
            "until": until,
            "is_mailed": is_mailed,
        }

    def _password_shown(self, request: HttpRequest, user: User) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("One-time password"),
            "user_shown": user,
            "opts": self.opts,
            "has_second_factor": has_second_factor(user),
            "given": getattr(request, "given_password", None),
        }
        return TemplateResponse(request, "registers/one_time_password.html", context)


@admin.register(RoleAssignment)
class RoleAssignmentAdmin(ConfirmedRegister):
    view_capability = Capability.MANAGE_USERS
    list_display = ["user", "role", "division"]
    list_filter = ["role"]
    list_select_related = ["user", "division"]
    search_fields = ["user__username", "division__name"]

    def managed(self, viewer: Viewer) -> QuerySet[RoleAssignment]:
        """Roles in the viewer's divisions of users whom the viewer manages."""
        return super().managed(viewer).filter(user__in=users_managed_by(viewer).values("pk"))


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Tokens are made and ended by their users; here one sees whose there are."""

    view_capability = Capability.MANAGE_USERS
    division_lookup = "user__home_division"
    list_display = ["name", "user", "created_at", "expires_at", "last_used_at", "revoked_at"]
    list_select_related = ["user"]
    search_fields = ["name", "user__username"]
    exclude = ["digest"]


@admin.register(OpenSession)
class OpenSessionAdmin(ReadOnlyAdmin):
    """Where the users whom one manages are signed in; a one-time password ends all of a user's sessions."""

    view_capability = Capability.MANAGE_USERS
    division_lookup = "user__home_division"
    list_display = ["user", "began_at", "last_seen_at", "address", "browser"]
    list_select_related = ["user"]
    search_fields = ["user__username"]
    exclude = ["session_key"]


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    view_capability = Capability.VIEW_AUDIT
    list_display = ["at", "user", "action", "object_type", "object_id", "division"]
    list_filter = ["at"]
    list_select_related = ["user", "division"]
    search_fields = ["action", "object_type", "object_id", "user__username"]


@admin.register(WaitingAct)
class WaitingActAdmin(ReadOnlyAdmin):
    """What one person proposed and another has to do, or did."""

    view_capability = Capability.VIEW_AUDIT
    list_display = ["kind", "reason", "state", "proposed_by", "decided_by", "division"]
    list_filter = ["state", "kind"]
    list_select_related = ["proposed_by", "decided_by", "division"]
    search_fields = ["subject"]


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    view_capability = Capability.VIEW_JOBS
    list_display = ["kind", "state", "division", "created_by", "created_at", "ended_at"]
    list_filter = ["state", "kind"]
    list_select_related = ["division", "created_by"]
    search_fields = ["kind", "uid"]
