"""Django's administration: scoped, audited, read-only where it must be, and of constant cost."""

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from gis_core.admin_base import RegisterAdmin
from gis_core.models import AuditEvent, Division, RoleAssignment, Street, User
from tests.conftest import under
from tests.frontend_map.conftest import Utility
from tests.frontend_map.sample import build_account, build_network

OWN_APPS = ["gis_core", "assets", "sensors", "billing", "balances"]
REGISTERS = [model for model in admin.site._registry if model._meta.app_label in OWN_APPS]


def address(model: Any, action: str, *arguments: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{action}", args=arguments)


def test_every_model_has_its_register() -> None:
    """All but observations, whose key is made of two columns, and what is derived, logged or computed elsewhere."""
    models = {model for label in OWN_APPS for model in apps.get_app_config(label).get_models()}
    assert {model._meta.label for model in models - set(REGISTERS)} == {
        "sensors.Observation",
        # Answers kept for a week, with all that was in them.
        "gis_core.KeptAnswer",
        # Secrets and digests.
        "gis_core.SecondFactor",
        "gis_core.RecoveryCode",
        "gis_core.Passkey",
        *(
            f"sensors.{name}"
            # What the programs remember for themselves, and values too many for lists.
            for name in (
                "AlarmWatch ClockLag Correction DailyValue DirtyBucket EntityNotification EntityVersion FeedState "
                "HourlyValue MqttArrival MqttMessage MultiDatastreamProperty NeighbourBaseline PackedMonth "
                "RichObservation UncheckedBucket"
            ).split()
        ),
        *(
            f"assets.{name}"
            for name in (
                "BrokenSupplySpan Lineage LinkResult NetworkState NetworkSummary NodeResult NodeTopology Outage "
                "PipeTopology PlannedEdit RowChange Segment SimulationRun ZoneFlood"
                # Work has its own board, and what phones sent is remembered for them.
                " FieldChange ValveOperation WorkMaterial WorkOrder WorkOrderMove WorkPhoto"
            ).split()
        ),
        # Messages have a page of their own; their gateways hold secrets, and a command.
        "gis_core.Message",
        "gis_core.MessageGateway",
        # What waits for the end of its own transaction.
        "billing.UncheckedDocument",
        "balances.LeakEventMove",
        # Computed from values, and what touched it.
        "balances.LeakSearch",
        "balances.MeterDay",
        "balances.MeterTouch",
    }
    for model in REGISTERS:
        assert isinstance(admin.site._registry[model], RegisterAdmin), model


@pytest.mark.parametrize("label", OWN_APPS)
def test_list_and_row_open_for_the_administrator_and_not_for_the_neighbour(
    utility: Utility, client_of: Callable[..., Client], other_district: Division, label: str
) -> None:
    own = client_of("administrator", is_staff=True)
    neighbour = client_of("administrator", other_district, is_staff=True)
    for model in REGISTERS:
        if model._meta.app_label != label:
            continue
        assert own.get(address(model, "changelist")).status_code == 200, model
        assert neighbour.get(address(model, "changelist")).status_code == 200, model
        is_scoped = admin.site._registry[model].division_lookup is not None  # type: ignore[attr-defined]
        for row in model._default_manager.all()[:2] if is_scoped else []:
            seen = own.get(address(model, "change", row.pk))
            hidden = neighbour.get(address(model, "change", row.pk))
            # What the neighbour holds too (the reference data above both) may be seen by neither or both.
            if seen.status_code == 200 and not isinstance(row, (User, RoleAssignment)):
                assert hidden.status_code == 302, row


@pytest.mark.parametrize("role", ["engineer", "clerk", "auditor", "manager"])
def test_who_is_no_administrator_changes_nothing(
    utility: Utility, client_of: Callable[..., Client], role: str
) -> None:
    client = client_of(role, is_staff=True)
    for model in REGISTERS:
        assert client.get(address(model, "add")).status_code in (403, 404), model
    street = Street.objects.get()
    response = client.post(address(Street, "change", street.pk), {"name": "Taken", "code": "T"})
    assert response.status_code == 403
    street.refresh_from_db()
    assert street.name != "Taken"


def test_who_is_not_staff_does_not_get_in(client_of: Callable[..., Client]) -> None:
    response = client_of("administrator").get("/admin/")
    assert response.status_code == 302


def test_posted_rows_are_only_looked_at(utility: Utility, client_of: Callable[..., Client]) -> None:
    client = client_of("administrator", is_staff=True)
    for label in (
        "billing.Invoice",
        "billing.InvoiceLine",
        "billing.Payment",
        "billing.LedgerTransaction",
        "billing.LedgerEntry",
        "gis_core.AuditEvent",
        "sensors.LatestObservation",
        "assets.Node",
        "assets.Pipe",
        "balances.ZoneBalance",
    ):
        model = apps.get_model(label)
        assert client.get(address(model, "add")).status_code == 403, label
        for row in model._default_manager.all()[:1]:
            assert client.post(address(model, "change", row.pk), {}).status_code == 403, label
            assert client.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403, label
            assert model._default_manager.filter(pk=row.pk).exists()


def test_a_change_is_in_the_trail_with_old_and_new(
    utility: Utility, client_of: Callable[..., Client], district: Division
) -> None:
    client = client_of("administrator", is_staff=True)
    street = Street.objects.get()
    form = {"name": "Navoiy ko‘chasi", "code": street.code, "division": district.pk}
    assert client.post(address(Street, "change", street.pk), form).status_code == 302
    event = AuditEvent.objects.get(object_type="gis_core.Street")
    assert (event.action, event.object_id, event.division) == ("change street", str(street.pk), district)
    assert event.user is not None
    assert event.old_values == {"name": "Bog‘ishamol ko‘chasi"}
    assert event.new_values == {"name": "Navoiy ko‘chasi"}
    # Saving it again as it is changes nothing and is no event.
    assert client.post(address(Street, "change", street.pk), form).status_code == 302
    assert AuditEvent.objects.filter(object_type="gis_core.Street").count() == 1


def test_adding_and_deleting_are_in_the_trail(client_of: Callable[..., Client], district: Division) -> None:
    client = client_of("administrator", is_staff=True)
    form = {"name": "Amir Temur ko‘chasi", "code": "7", "division": district.pk}
    assert client.post(address(Street, "add"), form).status_code == 302
    street = Street.objects.get()
    assert client.post(address(Street, "delete", street.pk), {"post": "yes"}).status_code == 302
    assert not Street.objects.exists()
    actions = list(AuditEvent.objects.order_by("id").values_list("action", flat=True))
    assert actions == ["add street", "delete street"]


def test_several_at_once_are_in_the_trail_each(client_of: Callable[..., Client], district: Division) -> None:
    client = client_of("administrator", is_staff=True)
    for code in "123":
        Street.objects.create(division=district, code=code, name=code)
    chosen = list(Street.objects.values_list("pk", flat=True))
    form = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    assert client.post(address(Street, "changelist"), form).status_code == 302
    assert AuditEvent.objects.filter(action="delete street").count() == 3


def test_a_row_cannot_be_given_to_a_foreign_division(
    client_of: Callable[..., Client], district: Division, other_district: Division
) -> None:
    client = client_of("administrator", is_staff=True)
    form = {"name": "X", "code": "X", "division": other_district.pk}
    response = client.post(address(Street, "add"), form)
    assert response.status_code == 200  # the form again: that choice does not exist
    assert not Street.objects.exists()
    role = {"user": User.objects.get().pk, "role": "administrator", "division": other_district.pk}
    client.post(address(RoleAssignment, "add"), role)
    assert RoleAssignment.objects.count() == 1


def test_a_division_comes_below_its_parent(client_of: Callable[..., Client], district: Division) -> None:
    client = client_of("administrator", is_staff=True)
    form = {"code": "GULISTON", "name": "Guliston", "level": 4, "parent": district.pk}
    assert client.post(address(Division, "add"), form).status_code == 302
    assert Division.objects.get(code="GULISTON").path == f"{district.path}GULISTON."


def test_users_above_one_cannot_be_taken_over(
    client_of: Callable[..., Client],
    make_user: Callable[..., User],
    district: Division,
    tashkent_region: Division,
    other_district: Division,
) -> None:
    client = client_of("administrator", is_staff=True)
    root = User.objects.create_superuser("root", password="a-long-password")
    above = make_user("manager", tashkent_region)
    beside = make_user("manager", other_district)
    new = User.objects.create_user("newcomer", home_division=district)
    for user in (root, above, beside):
        assert client.get(address(User, "change", user.pk)).status_code == 302
        password = reverse("admin:auth_user_password_change", args=[user.pk])
        form = {"password1": "another-long-one", "password2": "another-long-one"}
        assert client.post(password, form).status_code in (403, 404)
        user.refresh_from_db()
        assert user.check_password("a-long-password")
    assert client.get(address(User, "change", new.pk)).status_code == 200
    form = {
        "username": "newcomer",
        "home_division": str(district.pk),
        "is_active": "on",
        "is_superuser": "on",
        "role_assignments-TOTAL_FORMS": "0",
        "role_assignments-INITIAL_FORMS": "0",
    }
    assert client.post(address(User, "change", new.pk), form).status_code == 302
    new.refresh_from_db()
    assert not new.is_superuser


def test_passwords_are_in_no_trail(client_of: Callable[..., Client], district: Division) -> None:
    client = client_of("administrator", is_staff=True)
    new = User.objects.create_user("newcomer", home_division=district)
    form = {"username": "another", "home_division": district.pk}
    assert client.post(address(User, "add"), form).status_code == 200
    assert client.post(reverse("admin:auth_user_password_change", args=[new.pk])).status_code == 200
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"add user", "give one-time password"} <= actions
    for event in AuditEvent.objects.all():
        assert "argon" not in str(event.new_values)
        assert "md5" not in str(event.new_values)
        assert "password" not in str(event.new_values)


def test_what_the_database_refuses_is_said_and_undone(
    client_of: Callable[..., Client], district: Division, tashkent_region: Division
) -> None:
    """A district cannot become a mahalla while it has one below it: a check that only the database makes."""
    Division.objects.create(code="BELOW", name="Below", level=4, **under(district))
    client = client_of("administrator", tashkent_region, is_staff=True)
    form = {"code": district.code, "name": "Renamed", "level": 4, "parent": district.parent_id}
    response = client.post(address(Division, "change", district.pk), form, follow=True)
    assert response.status_code == 200
    assert "Refused:" in response.content.decode()
    district.refresh_from_db()
    assert (district.level, district.name) == (3, "Qibray tumani")
    assert not AuditEvent.objects.exists()


@pytest.mark.figure
def test_lists_make_no_query_per_row(
    utility: Utility, client_of: Callable[..., Client], district: Division
) -> None:
    client = client_of("administrator", is_staff=True)

    def queries() -> dict[str, int]:
        counts = {}
        for model in REGISTERS:
            with CaptureQueriesContext(connection) as captured:
                assert client.get(address(model, "changelist")).status_code == 200
            counts[model._meta.label] = len(captured)
        return counts

    for model in REGISTERS:
        client.get(address(model, "changelist"))
    few = queries()
    build_network(district, "LARGE", columns=12, rows=10)
    for node in utility.network.nodes[4:16]:
        build_account(utility.enterprise, node)
    for number in range(20):
        user = User.objects.create_user(f"user{number}", password="x")
        RoleAssignment.objects.create(user=user, role="crew", division=district)
    many = queries()
    print(f"T13 registers: {sum(few.values())} queries for few rows, {sum(many.values())} for many")
    grown = {label: (few[label], many[label]) for label in few if many[label] > few[label]}
    assert grown == {}


def test_registers_are_grouped_by_subject_and_lead_back(
    utility: Utility, client_of: Callable[..., Client]
) -> None:
    client = client_of("administrator", is_staff=True)
    index = client.get(reverse("admin:index"))
    names = [group["name"] for group in index.context["app_list"]]
    assert names[0] == "People and access"
    assert names[-1] == "Details, to look at only"
    listed = [model["model"] for group in index.context["app_list"] for model in group["models"]]
    assert len(listed) == len(set(listed))
    assert set(REGISTERS) - set(listed) == set()
    client.cookies["django_language"] = "ru"
    page = client.get(reverse("admin:index")).content.decode()
    assert "Абоненты и счётчики" in page
    assert "Назад в Tarmoq" in page


def test_billed_people_are_neither_deleted_nor_moved_nor_renumbered(
    utility: Utility, client_of: Callable[..., Client], other_district: Division
) -> None:
    subscriber = utility.account.account.subscriber
    client = client_of("administrator", is_staff=True)
    page = client.get(address(type(subscriber), "change", subscriber.pk)).content.decode()
    for name in ("uid", "division", "registry_number"):
        assert f'name="{name}"' not in page
    assert 'name="phone"' in page
    assert client.post(address(type(subscriber), "delete", subscriber.pk), {"post": "yes"}).status_code == 403


def test_roles_are_given_on_the_users_page(
    make_user: Callable[..., User],
    client_of: Callable[..., Client],
    district: Division,
    other_district: Division,
) -> None:
    user = make_user("crew", district)
    client = client_of("administrator", is_staff=True)
    role = RoleAssignment.objects.get(user=user)

    def save(division: Division, **over: str) -> int:
        form = {
            "username": user.username,
            "home_division": str(district.pk),
            "is_active": "on",
            "role_assignments-TOTAL_FORMS": "2",
            "role_assignments-INITIAL_FORMS": "1",
            "role_assignments-0-id": str(role.pk),
            "role_assignments-0-user": str(user.pk),
            "role_assignments-0-role": "crew",
            "role_assignments-0-division": str(district.pk),
            "role_assignments-1-user": str(user.pk),
            "role_assignments-1-role": "engineer",
            "role_assignments-1-division": str(division.pk),
        }
        return client.post(address(User, "change", user.pk), form | over).status_code

    save(other_district)
    assert set(user.role_assignments.values_list("role", flat=True)) == {"crew"}
    assert save(district) == 302
    assert set(user.role_assignments.values_list("role", flat=True)) == {"crew", "engineer"}
    assert AuditEvent.objects.filter(action="add role assignment").count() == 1
