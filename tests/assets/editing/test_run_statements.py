"""An edit of what a control or rule names says so; nothing is said of what none names."""

from typing import Any

import pytest

from assets.models import Network
from tests.assets.editing.conftest import Apply, node, pipe, uid
from tests.world import World

pytestmark = pytest.mark.django_db

OPTIONS = {
    "controls": ["LINK P2 CLOSED IF NODE T ABOVE 3"],
    "rules": [
        "RULE night",
        "IF TANK T LEVEL ABOVE 3",
        "THEN PIPE P2 STATUS IS CLOSED",
        "AND PIPE P3 STATUS IS OPEN",
    ],
    "sections": {"leakage": ["P3 1 0.1"]},
}


@pytest.fixture
def world(world: World) -> World:
    Network.objects.filter(pk=world.network.pk).update(engine_options=OPTIONS)
    world.network.refresh_from_db()
    return world


def said(result: dict[str, Any]) -> list[str]:
    return [f"{remark['element']}: {remark['reason']}" for remark in result["edit"].remarks]


def test_a_split_and_a_merge_of_what_a_rule_names_are_told(world: World, apply: Apply) -> None:
    split = apply("split_pipe", pipe=uid(pipe("P2")), position=0.25)
    assert said(split) == [
        "pipe P2: the control LINK P2 CLOSED IF NODE T ABOVE 3, the rule night name it, and it is split; P2/1 is a "
        "part of it"
    ]
    merged = apply("merge_pipes", pipe=split["pipes"][1], other=split["pipes"][0], force=True)
    assert not any("P2/1" in reason and "rule" in reason for reason in said(merged))


def test_a_deletion_a_new_code_and_a_removal_are_told(world: World, apply: Apply) -> None:
    assert any(
        "the rule night, a line of [LEAKAGE] name it, and it is called P9 now" in reason
        for reason in said(apply("set_pipe_attributes", pipe=uid(pipe("P3")), values={"code": "P9"}))
    )
    assert said(apply("set_node_attributes", node=uid(node("T")), values={"code": "T9"})) == [
        "tank T: the control LINK P2 CLOSED IF NODE T ABOVE 3, the rule night name it, and it is called T9 now"
    ]
    assert any(
        reason.startswith("pipe P2:") and reason.endswith("it is out of service")
        for reason in said(apply("change_lifecycle", pipe=uid(pipe("P2")), to="out_of_service"))
    )


def test_what_no_rule_names_is_not_remarked(world: World, apply: Apply) -> None:
    assert said(apply("split_pipe", pipe=uid(pipe("P4")), position=0.5)) == []
    assert said(apply("set_pipe_attributes", pipe=uid(pipe("P2")), values={"material": "steel"})) == []
