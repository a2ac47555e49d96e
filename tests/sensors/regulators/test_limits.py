"""Safe limits: one proposes, another confirms, and no limits rise above the ceiling of their kind of device."""

import io
import json
from datetime import time, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from gis_core.errors import ReportedError
from gis_core.models import AuditEvent, Division, User
from sensors.models import LimitProposal, Regulator, SetPointCeiling
from sensors.regulators.services.limits import confirm_limits, propose_limits, set_ceiling, withdraw_limits
from sensors.regulators.services.registers import add_regulator, change_regulator, set_schedule


@pytest.fixture
def people(make_user: Any, district: Division) -> tuple[User, User]:
    first = make_user("engineer", district)
    second = User.objects.create_user("second")
    second.role_assignments.create(role="engineer", division=district)
    return first, second


def limits(regulator: Regulator) -> tuple[float, float, float, float]:
    row = Regulator.objects.get(pk=regulator.pk)
    return row.minimum_set_point, row.maximum_set_point, row.maximum_step, row.fallback_set_point


def test_limits_hold_once_somebody_else_has_confirmed_them(
    valve: Regulator, people: tuple[User, User]
) -> None:
    first, second = people
    proposal = propose_limits(
        regulator=valve, reason="test", acting_user=first, maximum_set_point=70, maximum_step=3
    )
    assert limits(valve) == (20, 60, 2, 45)
    with pytest.raises(ReportedError) as refused:
        confirm_limits(proposal=proposal, acting_user=first)
    assert (refused.value.code, limits(valve)) == ("same_person", (20, 60, 2, 45))
    confirm_limits(proposal=proposal, acting_user=second)
    assert limits(valve) == (20, 70, 3, 45)
    with pytest.raises(ReportedError) as refused:
        withdraw_limits(proposal=proposal, acting_user=first)
    assert refused.value.code == "proposal_decided"
    told = AuditEvent.objects.filter(action="confirm limits of regulator").latest("pk")
    assert told.old_values is not None
    assert told.new_values is not None
    assert (told.user, told.old_values["maximum_set_point"], told.new_values["maximum_set_point"]) == (
        second,
        60,
        70,
    )
    # And a change of something else leaves them.
    change_regulator(regulator=valve, acting_user=first, minimum_interval_s=600)
    assert limits(valve) == (20, 70, 3, 45)


def test_one_person_changes_no_limits_whatever_the_way(valve: Regulator, people: tuple[User, User]) -> None:
    first, _second = people
    for values in (
        {"maximum_set_point": 70},
        {"minimum_set_point": 1},
        {"maximum_step": 50},
        {"unit": "bar"},
    ):
        with pytest.raises(ReportedError):
            change_regulator(regulator=valve, acting_user=first, **values)
        with pytest.raises(IntegrityError), transaction.atomic():
            Regulator.objects.filter(pk=valve.pk).update(**values)
    client = Client()
    client.force_login(first)
    address = f"/api/v1/regulators/{valve.uid}/"
    for body in ({"maximum_set_point": 70}, {"command_topic": "x"}, {"unit": "bar"}):
        assert client.patch(address, json.dumps(body), "application/json").status_code == 400
    assert limits(valve) == (20, 60, 2, 45)


def test_what_cannot_be_is_not_proposed(valve: Regulator, people: tuple[User, User]) -> None:
    first, _second = people
    good: dict[str, Any] = {"regulator": valve, "reason": "x", "acting_user": first}
    for values, code in (
        ({"maximum_set_point": 160.5}, "above_ceiling"),
        ({"maximum_set_point": float("inf")}, "above_ceiling"),
        ({"maximum_set_point": float("nan")}, "above_ceiling"),
        ({"minimum_set_point": 46}, "bad_limits"),
        ({"minimum_set_point": 60, "maximum_set_point": 20}, "bad_limits"),
        ({"maximum_step": 0}, "bad_limits"),
        ({"maximum_step": float("nan")}, "bad_limits"),
        ({"maximum_set_point": 60}, "bad_limits"),
        ({"maximum_set_point": 70, "reason": " "}, "no_reason"),
    ):
        with pytest.raises(ReportedError) as refused:
            propose_limits(**{**good, **values})
        assert refused.value.code == code, values
    propose_limits(**good, maximum_set_point=70)
    with pytest.raises(ReportedError) as refused:
        propose_limits(**good, maximum_set_point=71)
    assert refused.value.code == "proposal_open"


def test_limits_that_the_schedule_leaves_are_not_confirmed(
    valve: Regulator, people: tuple[User, User]
) -> None:
    first, second = people
    set_schedule(regulator=valve, entries=[(None, time(0), 58.0)], acting_user=None)
    proposal = propose_limits(regulator=valve, reason="x", acting_user=first, maximum_set_point=50)
    with pytest.raises(ReportedError, match="schedule leaves"):
        confirm_limits(proposal=proposal, acting_user=second)
    proposal.refresh_from_db()
    assert (proposal.state, limits(valve)) == ("open", (20, 60, 2, 45))


def test_a_ceiling_holds_for_new_ones_and_is_an_operators(
    valve: Regulator, node: Any, people: tuple[User, User]
) -> None:
    first, second = people
    proposal = propose_limits(regulator=valve, reason="x", acting_user=first, maximum_set_point=100)
    set_ceiling(node_kind="valve", unit="m", greatest=80, acting_user=None)
    with pytest.raises(ReportedError) as refused:
        confirm_limits(proposal=proposal, acting_user=second)
    assert refused.value.code == "above_ceiling"
    LimitProposal.objects.filter(pk=proposal.pk).update(
        state="confirmed", decided_by=second, decided_at=timezone.now()
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        Regulator.objects.filter(pk=valve.pk).update(maximum_set_point=100)
    # What lies above it already stays, and can be changed otherwise.
    SetPointCeiling.objects.filter(node_kind="valve", unit="m").update(greatest=50)
    change_regulator(regulator=valve, acting_user=first, minimum_interval_s=600)
    for unit, code in (("m", "above_ceiling"), ("furlong", "above_ceiling")):
        with pytest.raises(ReportedError) as refused:
            add_regulator(
                node=node, acting_user=None, code="X", unit=unit, minimum_set_point=20, maximum_set_point=60,
                maximum_step=2, fallback_set_point=45, set_point=40,
            )  # fmt: skip
        assert refused.value.code == code


def test_by_rest_and_on_the_page(
    valve: Regulator, people: tuple[User, User], make_user: Any, other_district: Division
) -> None:
    first, second = people
    clients = []
    for user in (first, second, make_user("engineer", other_district), make_user("crew", valve.division)):
        client = Client()
        client.force_login(user)
        clients.append(client)
    own, other, alien, crew = clients
    address, page = f"/api/v1/regulators/{valve.uid}/limits/", f"/regulators/{valve.uid}/"
    body = json.dumps({"maximum_set_point": 70, "reason": "pressure is low"})
    for client in (alien, crew):
        assert client.post(address, body, "application/json").status_code == 404
    assert "limits-form" in own.get(page).content.decode()
    made = own.post(address, body, "application/json")
    assert made.status_code == 201, made.content
    proposals = f"/api/v1/limit-proposals/{made.json()['uid']}/"
    assert 'data-decide="confirm"' not in own.get(page).content.decode()
    shown = other.get(page).content.decode()
    assert ('data-decide="confirm"' in shown, "pressure is low" in shown) == (True, True)
    assert "data-decide" not in crew.get(page).content.decode()
    assert own.post(f"{proposals}confirm/").json()["error"]["code"] == "same_person"
    for client in (alien, crew):
        assert client.post(f"{proposals}confirm/").status_code == 404
        assert client.post(f"{proposals}withdraw/").status_code == 404
    confirmed = other.post(f"{proposals}confirm/")
    assert (confirmed.status_code, confirmed.json()["state"]) == (200, "confirmed")
    assert limits(valve) == (20, 70, 2, 45)
    assert own.post(f"{proposals}withdraw/").status_code == 400


def test_limits_that_an_override_of_before_leaves_can_be_confirmed(
    valve: Regulator, people: tuple[User, User]
) -> None:
    first, second = people
    Regulator.objects.filter(pk=valve.pk).update(
        override_set_point=59, override_until=timezone.now() - timedelta(days=1), override_reason="x"
    )
    proposal = propose_limits(regulator=valve, reason="x", acting_user=first, maximum_set_point=50)
    confirm_limits(proposal=proposal, acting_user=second)
    assert limits(valve) == (20, 50, 2, 45)


def test_the_operators_command(district: Division) -> None:
    def run(*words: str) -> Any:
        out = io.StringIO()
        call_command("set_point_ceiling", *words, "--json", stdout=out)
        return json.loads(out.getvalue())

    assert run("set", "valve", "psi", "230") == {"kind": "valve", "unit": "psi", "greatest": 230}
    assert {"kind": "valve", "unit": "psi", "greatest": 230} in run("list")["ceilings"]
    with pytest.raises(SystemExit) as ended:
        call_command("set_point_ceiling", "set", "valve", "psi", "-1")
    assert ended.value.code == 1


def test_a_taken_code_is_refused_without_a_word_of_whose_it_is(valve: Regulator, node: Any) -> None:
    """And without PostgreSQL's own: its DETAIL shows the row that stands in the way."""
    values = {
        "minimum_set_point": 20,
        "maximum_set_point": 60,
        "maximum_step": 2,
        "fallback_set_point": 45,
        "set_point": 40,
    }
    with pytest.raises(ReportedError) as refused:
        add_regulator(node=node, acting_user=None, code="PRV1", **values)
    assert refused.value.message.endswith("cannot be used; choose another.")
