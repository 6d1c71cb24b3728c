"""Policies, proposals, defects and direct pages on the command line, on the test database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

import factories as make
from cli.test_commands import data, run
from watchroom.accounts.actors import acting
from watchroom.accounts.models import Person
from watchroom.cli.show import facts
from watchroom.engine.loop import run_due
from watchroom.kernel.clock import TravellingClock
from watchroom.paging import commands
from watchroom.paging.models import Approval, Escalation, EscalationPolicy, PagingDefect

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(clock: TravellingClock) -> Person:
    person = make.person("Anna", "administrator", email="anna@example.org")
    make.contact_method(person)
    return person


def test_a_policy_says_what_it_said_before_and_where_nobody_will_be(anna: Person) -> None:
    policy = make.policy((anna, 300))
    assert data("policy", "warnings", policy.slug) == []
    assert "Every step has somebody" in run("policy", "warnings", policy.slug).output
    before = policy.version
    empty = make.person("Ben", "responder")  # without a contact method
    steps = [{"wait_seconds": 60, "targets": [{"person": empty.pk}]}]
    commands.save_policy(acting(anna), policy, team=policy.team, name=policy.name, steps=steps)
    assert [row["version"] for row in data("policy", "versions", policy.slug)] == [before + 1, before]
    assert [row["step"] for row in data("policy", "warnings", policy.slug)] == [1]


def test_defects_are_listed_and_resolved(anna: Person, clock: TravellingClock) -> None:
    policy = make.policy((make.person("Ben", "responder"), 60))
    EscalationPolicy.objects.update(look_at=clock())
    commands.look_ahead(10)
    defect = PagingDefect.objects.get(policy=policy)
    assert [row["id"] for row in data("defect", "list")["items"]] == [defect.pk]
    assert [row["id"] for row in data("defect", "list", "--team", policy.team.slug)["items"]] == [defect.pk]
    other = make.team("Web")
    assert data("defect", "list", "--team", other.slug)["items"] == []
    data("defect", "resolve", str(defect.pk), "--note", "known")
    assert data("defect", "list")["items"] == []
    assert [row["id"] for row in data("defect", "list", "--resolved")["items"]] == [defect.pk]


def test_proposals_are_listed_and_declined(anna: Person, clock: TravellingClock) -> None:
    policy = make.policy((anna, 300))
    commands.start_escalations([commands.Cause("alert_group", 1, "Slow", "", "/alerts/1", policy.team, policy=policy)])
    row = Approval.objects.create(
        escalation=Escalation.objects.get(), mitigation="roll-back", title="Roll back", text="", proposed_at=clock()
    )
    assert [found["id"] for found in data("proposal", "list")["items"]] == [row.pk]
    data("proposal", "decline", str(row.pk))
    assert data("proposal", "list")["items"] == []
    assert [found["state"] for found in data("proposal", "list", "--state", "declined")["items"]] == ["declined"]
    assert run("proposal", "approve", str(row.pk)).exit_code != 0  # it has been decided


def test_a_team_is_paged_from_the_shell(anna: Person) -> None:
    ben, team = make.person("Ben", "responder"), make.team("Web")
    make.contact_method(ben)
    make.membership(team, ben)
    data("page", "--team", team.slug, "--title", "Come to the bridge")
    commands.take_turn(1)
    assert list(Escalation.objects.get().notifications.values_list("person", flat=True)) == [ben.pk]


def test_an_alert_is_left_alone_for_a_while_and_tells_its_whole_story(anna: Person, clock: TravellingClock) -> None:
    group = make.group("Disk", policy=make.policy((anna, 300)))
    with transaction.atomic():
        commands.start_escalations(
            [commands.Cause("alert_group", group.pk, "Disk", "", "/", group.policy.team, policy=group.policy)]
        )
    run_due()
    pk = str(group.pk)
    assert (
        run("snooze", pk).exit_code == run("ack", pk, "--for", "1h", "--until", "2027-01-01T00:00:00Z").exit_code == 2
    )
    story = run("alert", pk).output
    assert "Step 1: paged Anna" in story and "Last resort" in story.split("Next", 1)[1]
    assert "until 2026-03-02 09:30:00 UTC" in run("snooze", pk, "--for", "30m").output
    group.refresh_from_db()
    assert group.returns_at == clock() + timedelta(minutes=30)
    run("ack", pk, "--for", "2h")
    group.refresh_from_db()
    assert (group.returns_at, group.snoozed) == (clock() + timedelta(hours=2), False)


def test_what_a_thing_has_several_of_is_shown_as_a_table_below_it(capsys: pytest.CaptureFixture[str]) -> None:
    facts({"score": 7, "people": [{"name": "Anna"}], "findings": [{"kind": "gap", "text": "Nobody."}], "none": []})
    above, below = capsys.readouterr().out.split("Findings")
    assert "Anna" in above and "none" not in above
    assert below.split() == ["kind", "text", "gap", "Nobody."]
