"""Runbooks are written, versioned, taken back, reviewed, and found for what happens."""

from __future__ import annotations

from typing import Any

import pytest

import factories as make
from watchroom.accounts.actors import Actor, acting
from watchroom.accounts.models import AuditRecord
from watchroom.config.current import read as configured
from watchroom.kernel.errors import Conflict, NotAllowed, NotFound, Refused
from watchroom.mitigations.commands import save_mitigation
from watchroom.runbooks import commands, queries
from watchroom.runbooks.models import Runbook, RunbookVersion

pytestmark = pytest.mark.django_db
LOOK = {"part": "confirm", "title": "Open the shop", "expect": "It takes longer than three seconds"}


@pytest.fixture
def by() -> Actor:
    return make.actor("Ada", "administrator")


def saved(by: Actor, name: str = "Checkout is slow", runbook: Runbook | None = None, **said: Any) -> Runbook:
    team = said.pop("team", None) or (runbook.team if runbook else make.team())
    return commands.save_runbook(by, runbook, **{"team": team, "name": name, "steps": [LOOK], **said})


def test_only_steps_that_differ_make_a_version(by: Actor) -> None:
    row = saved(by)
    assert (row.slug, row.version) == ("checkout-is-slow", 1)
    row = saved(by, "Checkout answers slowly", row)
    assert (row.name, row.slug, row.version) == ("Checkout answers slowly", "checkout-is-slow", 1)
    row = saved(by, row.name, row, steps=[LOOK, {"part": "mitigate", "title": "Restart it"}])
    assert (row.version, [each.key for each in queries.steps_in(row)]) == (2, ["open-the-shop", "restart-it"])
    row = saved(by, row.name, row, steps=None)
    assert row.version == 2
    row = commands.go_back(by, row, 1)
    assert (row.version, [each.key for each in queries.steps_in(row)]) == (3, ["open-the-shop"])
    assert commands.go_back(by, row, 3).version == 3
    with pytest.raises(NotFound):
        commands.go_back(by, row, 9)
    assert list(RunbookVersion.objects.order_by("version").values_list("version", "saved_by")) == [
        (1, "Ada"), (2, "Ada"), (3, "Ada"),
    ]  # fmt: skip
    assert AuditRecord.objects.filter(action__startswith="runbook.").count() == 6


def test_what_a_step_names_has_to_be_there_when_it_is_written(by: Actor) -> None:
    team = make.team(slug="shop")
    for step, field in (
        ({"kind": "run", "mitigation": "roll-back"}, "steps[0].mitigation"),
        ({"kind": "look", "indicator": "checkout/errors"}, "steps[0].indicator"),
        ({"kind": "call", "target": "person:nobody@example.org"}, "steps[0].target"),
        ({"kind": "call", "target": "schedule:primary"}, "steps[0].target"),
    ):
        with pytest.raises(Refused) as error:
            saved(by, steps=[{"part": "mitigate", "title": "x", **step}])
        assert error.value.field == field
        assert error.value.fix
    assert not Runbook.objects.exists()
    mitigation = save_mitigation(by, None, team=team, name="Roll back", how="x")
    steps = [
        {"part": "mitigate", "title": "Roll back", "kind": "run", "mitigation": "roll-back"},
        {"part": "call", "title": "Ask the shop", "kind": "call", "target": "team:shop"},
    ]
    row = saved(by, steps=steps)
    mitigation.delete()
    assert saved(by, "Its name is changed all the same", row, steps=steps).version == 1
    assert saved(by, row.name, row, steps=steps[:1]).version == 2, "what is gone keeps nobody from mending the rest"
    gone = {"part": "mitigate", "title": "Fail over", "kind": "run", "mitigation": "fail-over"}
    with pytest.raises(Refused):
        saved(by, row.name, row, steps=[*steps[:1], gone])


def test_an_owner_who_has_left_keeps_nobody_from_changing_it(by: Actor) -> None:
    owner = make.person("Olga")
    row = saved(by, owner=owner)
    owner.is_active = False
    owner.save()
    assert commands.save_runbook(by, row, **{**queries.said_of(row), "name": "Another name"}).name == "Another name"
    assert configured()["runbooks"][row.slug]["owner"] is None
    with pytest.raises(Refused, match="They have left"):
        saved(by, "A new one", owner=owner)


def test_the_library_is_managed_by_its_team_and_read_by_all(by: Actor) -> None:
    row = saved(by)
    manager, other = make.person(), make.person()
    make.membership(row.team, manager, "manager")
    make.membership(make.team(), other, "manager")
    assert saved(acting(manager), "Mine", row).name == "Mine"
    for who in (acting(other), make.actor(role="viewer"), make.actor(role="responder")):
        with pytest.raises(NotAllowed):
            saved(who, "Theirs", row)
        with pytest.raises(NotAllowed):
            commands.go_back(who, row, 1)
        with pytest.raises(NotAllowed):
            commands.delete_runbook(who, row)
        assert queries.runbook_by(who, row.slug) == row
    with pytest.raises(NotAllowed):
        saved(acting(manager), "Given away", row, team=make.team())
    with pytest.raises(Conflict):
        saved(acting(manager), "Another", team=row.team, slug=row.slug)
    with pytest.raises(NotAllowed):
        commands.review(make.actor(role="viewer"), row)
    reviewer = make.actor("Rita", "responder")
    assert commands.review(reviewer, row).reviewed_by == reviewer.person
    commands.delete_runbook(acting(manager), row)
    with pytest.raises(NotFound):
        queries.runbook_by(by, row.slug)
    with pytest.raises(NotFound):
        commands.review(by, row)


def test_its_owner_may_review_it_whatever_their_role(by: Actor) -> None:
    owner = make.person("Vera")
    row = saved(by, owner=owner)
    assert commands.review(acting(owner), row).reviewed_by == owner


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"summary": "x" * 2001}, "summary"),
        ({"matchers": ["severity"]}, "matchers[0]"),
        ({"review_days": 0}, "review_days"),
        ({"slug": "Not A Slug"}, "slug"),
    ],
)
def test_refusals(by: Actor, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as error:
        saved(by, **wrong)
    assert error.value.field == field
    assert error.value.fix


def test_the_best_fitting_come_first(by: Actor, django_assert_num_queries: Any) -> None:
    service, other = make.service("checkout"), make.service("search")
    matchers = ['alertname="Slow"']
    names = {
        "for both": {"services": [service, other], "matchers": matchers},
        "for such alerts": {"matchers": matchers},
        "for the service": {"services": [service]},
        "for other alerts of it": {"services": [service], "matchers": ['alertname="Down"']},
        "for another service": {"services": [other]},
        "for nothing": {},
        "without steps": {"services": [service], "steps": []},
    }
    for name, said in names.items():
        saved(by, name, team=service.team, **said)
    group = make.group("Slow", service=service, group_labels={"alertname": "Slow"})
    make.alert(group, labels={"alertname": "Slow", "pod": "a"})
    with django_assert_num_queries(2):
        found = queries.fitting_group(by, group)
    assert [row.name for row in found] == ["for both", "for such alerts", "for the service"]
    assert found[0].reason == "For such alerts of this service"  # type: ignore[attr-defined]
    with django_assert_num_queries(1):
        listed = queries.fitting(by, services=[service])
    assert [row.name for row in listed] == ["for both", "for other alerts of it", "for the service"]
    assert queries.fitting(by, labels=[{"alertname": "Elsewhere"}]) == []
