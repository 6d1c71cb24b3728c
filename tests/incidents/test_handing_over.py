"""A role is handed over in writing, and is the receiver's when they accept."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner

import factories as make
from watchroom.accounts.actors import acting
from watchroom.cli.main import cli
from watchroom.engine.loop import run_due
from watchroom.incidents import commands
from watchroom.incidents.models import Incident, RoleAssignment, RoleHandoff
from watchroom.incidents.rules.catch_up import CatchUp, Doing, Idea, Line, Tried
from watchroom.incidents.rules.handing_over import prefilled
from watchroom.kernel import clock
from watchroom.kernel.errors import Conflict, NotAllowed, Refused
from watchroom.paging.models import Escalation
from watchroom.web.answers import answer

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def test_it_begins_with_what_the_log_knows() -> None:
    now = clock.now()
    line = Line(1, now, "question", "", "Did anyone deploy?", "Ada", False, now)
    note = prefilled(
        CatchUp(
            state="SEV1, active: people are hurt by it; for 42 min", impact="Cards fail", summary="", roles=(),
            tried=(Tried("Roll back", "No effect"), Tried("Restart", "")), open_ideas=(Idea(2, "The cache", "testing", "Bob"),),
            confirmed=(), ruled_out=0, questions=(line,), next="What else can stop the bleeding?", next_by="",
            doing=(Doing(3, "Look at the proxy", ""),), next_update_at=now, update_overdue=True, since=None, news=(), more=0,
        )
    )  # fmt: skip
    assert note.knows.splitlines() == [
        "SEV1, active: people are hurt by it; for 42 min.", "Impact: Cards fail",
        "Tried: Roll back (no effect)", "Tried: Restart (running)",
    ]  # fmt: skip
    assert note.still_open.splitlines() == [
        "Hypothesis: The cache (Bob tests it)", "Question: Did anyone deploy?", "Task: Look at the proxy (nobody yet)",
    ]  # fmt: skip
    assert note.following.endswith("(overdue)")


@pytest.fixture
def held(world: Any) -> RoleAssignment:
    incident = commands.declare(world.by, title="Checkout fails", team=world.team, severity=2)
    return RoleAssignment.objects.get(incident=incident, role="commander")


def holder(incident: Incident, role: str = "commander") -> Any:
    return RoleAssignment.objects.get(incident=incident, role=role, ended_at__isnull=True).person


def test_the_role_is_the_receivers_when_they_accept(world: Any, held: RoleAssignment) -> None:
    handoff = commands.offer_handoff(
        world.by, held, world.viewer, knows="Cards fail.", still_open="Why?", following="Roll back."
    )
    assert holder(held.incident) == world.responder
    escalation = Escalation.objects.get(kind="direct", ended_at__isnull=True)
    assert escalation.body == "Known: Cards fail.\nOpen: Why?\nNext: Roll back."
    assert escalation.path == f"/role-hand-offs/{handoff.pk}"
    with pytest.raises(Refused):
        commands.answer_handoff(world.by, handoff, accept=True)  # only the receiver can
    for _ in range(2):
        commands.answer_handoff(acting(world.viewer), handoff, accept=True)
    assert holder(held.incident) == world.viewer
    assert not Escalation.objects.filter(ended_at__isnull=True).exists()
    said = {row.type: row.text for row in held.incident.log.filter(type__startswith="role.hand")}
    assert "Open: Why?" in said["role.handoff_offered"]
    assert "Vic took over as commander from Rita" in said["role.handed_over"]
    assert not held.incident.log.filter(type="role.taken", text__contains="Vic").exists()  # said once
    with pytest.raises(Conflict):
        commands.answer_handoff(acting(world.viewer), handoff, accept=False)


def test_whoever_answers_the_page_of_a_hand_off_has_taken_over(world: Any, held: RoleAssignment) -> None:
    """By telephone, chat or mail there is nothing else to press."""
    make.contact_method(world.viewer)
    commands.offer_handoff(world.by, held, world.viewer, knows="Cards fail.")
    escalation = Escalation.objects.get(kind="direct", ended_at__isnull=True)
    run_due()
    with pytest.raises(NotAllowed):
        answer(acting(world.manager), escalation)
    answer(acting(world.viewer), escalation)
    assert holder(held.incident) == world.viewer
    assert RoleHandoff.objects.get().accepted
    assert not Escalation.objects.filter(ended_at__isnull=True).exists()
    answer(acting(world.viewer), escalation)  # twice is once


def test_it_can_be_declined_taken_back_and_replaced(world: Any, held: RoleAssignment) -> None:
    first = commands.offer_handoff(world.by, held, world.viewer, knows="Cards fail.")
    second = commands.offer_handoff(world.by, held, world.manager, knows="Cards fail.")
    first.refresh_from_db()
    assert (first.ended_at is not None, first.accepted) == (True, False)
    with pytest.raises(Conflict):
        commands.answer_handoff(acting(world.viewer), first, accept=True)
    commands.answer_handoff(acting(world.manager), second, accept=False, why="I am on a train.")
    assert holder(held.incident) == world.responder
    assert held.incident.log.filter(text__contains="did not take over as commander: I am on a train.").exists()
    third = commands.offer_handoff(world.by, held, world.viewer, knows="Cards fail.")
    commands.answer_handoff(world.by, third, accept=False)
    assert held.incident.log.filter(text__contains="takes back the hand-off").exists()
    assert not Escalation.objects.filter(ended_at__isnull=True).exists()


def test_what_makes_no_sense_is_refused(world: Any, held: RoleAssignment) -> None:
    for to, said, field in (
        (world.viewer, {}, "knows"),
        (world.viewer, {"knows": "x" * 5001}, "knows"),
        (world.responder, {"knows": "x"}, "to"),
    ):
        with pytest.raises(Refused) as refused:
            commands.offer_handoff(world.by, held, to, **said)
        assert refused.value.field == field
    with pytest.raises(NotAllowed):
        commands.offer_handoff(acting(world.stranger), held, world.viewer, knows="x")
    offered = commands.offer_handoff(world.by, held, world.viewer, knows="x")
    commands.end_role(world.by, held)
    with pytest.raises(Conflict):
        commands.answer_handoff(acting(world.viewer), offered, accept=True)
    with pytest.raises(Conflict):
        commands.offer_handoff(world.by, held, world.viewer, knows="x")


def test_an_expert_who_hands_over_is_one_no_longer(world: Any, held: RoleAssignment) -> None:
    expert = commands.assign_role(world.by, held.incident, "expert", world.responder)
    offered = commands.offer_handoff(world.by, expert, world.viewer, knows="x")
    commands.answer_handoff(acting(world.viewer), offered, accept=True)
    assert holder(held.incident, "expert") == world.viewer


def test_by_page_also_in_a_private_incident(world: Any, held: RoleAssignment, client: Any) -> None:
    commands.edit(world.by, held.incident, private=True, impact="Cards fail")
    client.force_login(world.responder, backend=BACKEND)
    page = client.get(f"/roles/{held.pk}/hand-off").content.decode()
    assert "Impact: Cards fail" in page
    assert client.post(f"/roles/{held.pk}/hand-off", {"knows": "x"}).status_code == 422
    client.post(f"/roles/{held.pk}/hand-off", {"to": world.stranger.pk, "knows": "Cards fail."})
    offered = RoleHandoff.objects.get()
    assert "is asked to take over" in client.get(f"/incidents/{held.incident_id}").content.decode()
    client.force_login(world.viewer, backend=BACKEND)
    assert client.get(f"/role-hand-offs/{offered.pk}").status_code == 404
    assert client.get(f"/roles/{held.pk}/hand-off").status_code == 404
    client.force_login(world.stranger, backend=BACKEND)
    assert client.get(f"/incidents/{held.incident_id}").status_code == 404
    assert "Accept: I take over" in client.get(f"/role-hand-offs/{offered.pk}").content.decode()
    client.post(f"/role-hand-offs/{offered.pk}", {"answer": "accept"})
    assert client.get(f"/incidents/{held.incident_id}").status_code == 200
    assert holder(held.incident) == world.stranger
    # Whoever handed it over and did not declare it sees nothing of a private incident any more.
    Incident.objects.update(declared_by=world.manager)
    client.force_login(world.responder, backend=BACKEND)
    assert client.get(f"/roles/{held.pk}/hand-off").status_code == 404
    assert client.get(f"/api/v1/roles/{held.pk}/hand-off").status_code == 404


@pytest.mark.django_db
def test_by_command_line_and_api(clock: Any) -> None:
    def data(*arguments: str) -> Any:
        result = CliRunner().invoke(cli, [*arguments, "--json"])
        assert result.exit_code == 0, result.output + repr(result.exception)
        return json.loads(result.output)

    make.person("Anna", "administrator", email="anna@example.org")
    make.person("Bob", email="bob@example.org")
    declared = data("declare", "Checkout fails", "--severity", "2", "--impact", "Cards fail")
    clock.advance(timedelta(minutes=5))
    offered = data("incident", "hand-off", str(declared["id"]), "commander", "bob@example.org", "--next", "Roll back")
    assert (offered["state"], offered["following"]) == ("offered", "Roll back")
    assert "Impact: Cards fail" in offered["knows"]
    assert data("incident", "take-over", str(offered["id"]), "--as", "bob@example.org")["state"] == "accepted"
    assert data("incident", "show", str(declared["id"]))["roles"][0]["person"]["name"] == "Bob"
    again = data(
        "incident", "hand-off", str(declared["id"]), "commander", "anna@example.org", "--as", "bob@example.org"
    )
    assert data("incident", "take-over", str(again["id"]), "--decline", "--why", "Asleep")["why"] == "Asleep"
    assert (
        CliRunner().invoke(cli, ["incident", "hand-off", str(declared["id"]), "scribe", "bob@example.org"]).exit_code
        == 1
    )


@pytest.mark.parametrize("how", ["resolved", "role ended", "given to another"])
def test_what_is_void_pages_nobody(world: Any, held: RoleAssignment, how: str) -> None:
    offered = commands.offer_handoff(acting(held.person), held, world.viewer, knows="All is in the log.")
    page = Escalation.objects.get(pk=offered.page)
    assert page.ended_at is None
    if how == "resolved":
        commands.resolve(world.by, held.incident)
    elif how == "role ended":
        commands.end_role(world.by, held)
    else:
        commands.assign_role(world.by, held.incident, held.role, world.manager)
    page.refresh_from_db()
    offered.refresh_from_db()
    assert (page.end, offered.accepted) == ("cancelled", False)
