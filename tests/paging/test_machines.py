"""What a step has machines do: webhooks, incidents, and mitigations that it proposes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

import factories as make
from paging.reached import paged, reachable
from paging.stepping import fire, policy
from peers.http import Answer, HttpPeer
from watchroom.accounts.actors import acting
from watchroom.channels.webhook import verify
from watchroom.engine.loop import run_due
from watchroom.incidents.models import Incident
from watchroom.intake import commands as intake
from watchroom.kernel.clock import TravellingClock
from watchroom.kernel.errors import Conflict, Refused
from watchroom.mitigations import commands as mitigations
from watchroom.mitigations.models import MitigationRun
from watchroom.paging import commands
from watchroom.paging.models import Approval, StepAction
from watchroom.paging.queries import trace

pytestmark = pytest.mark.django_db


def test_a_webhook_is_signed_and_only_a_2xx_counts(clock: TravellingClock, hook: HttpPeer) -> None:
    made = policy({"wait_seconds": 600, "targets": [{"webhook": f"{hook.url.replace('127.0.0.1', 'localhost')}/hook"}]})
    hook.answer(Answer(500), Answer(200))
    group = fire(made)
    run_due()
    assert StepAction.objects.get().state == "waiting"
    clock.advance(timedelta(seconds=10))
    run_due()
    first, second = hook.requests
    assert verify(made.webhook_key, second.headers["watchroom-signature"], second.body, at=clock())
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert msgspec.json.decode(second.body)["facts"]["subject"] == group.pk
    assert StepAction.objects.get().state == "done"
    assert any("accepted it, at try 2" in line["text"] for line in trace(group.escalations.get()))
    assert "secret" not in str(group.escalations.get().plan)


def test_a_webhook_that_fails_for_good_does_not_keep_the_next_step_waiting(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    anna = reachable(hook, "anna")
    hook.answer(Answer(404), Answer(200))
    url = f"{hook.url.replace('127.0.0.1', 'localhost')}/hook"
    group = fire(policy({"wait_seconds": 3600, "targets": [{"webhook": url}]}, {"targets": [{"person": anna.pk}]}))
    run_due()
    assert paged(hook) == ["hook", "anna"]
    assert any("failed" in line["text"] for line in trace(group.escalations.get()))


def test_an_acknowledgement_cancels_a_webhook_that_was_not_accepted_yet(clock: TravellingClock, hook: HttpPeer) -> None:
    hook.answer(Answer(503))
    group = fire(policy({"targets": [{"webhook": f"{hook.url.replace('127.0.0.1', 'localhost')}/hook"}]}))
    run_due()
    intake.acknowledge(make.actor(), group)
    clock.advance(timedelta(hours=1))
    run_due()
    assert len(hook.requests) == 1 and StepAction.objects.get().state == "cancelled"


def test_a_step_declares_an_incident_once(clock: TravellingClock, hook: HttpPeer) -> None:
    anna = reachable(hook, "anna")
    made = policy({"wait_seconds": 60, "targets": [{"person": anna.pk}, {"incident": 2}]}, repeats=2)
    group = fire(made)
    run_due()
    incident = Incident.objects.get()
    assert (incident.severity, incident.title) == (2, group.title)
    assert list(incident.alert_groups.all()) == [group]
    clock.advance(timedelta(seconds=60))
    run_due()
    assert paged(hook) == ["anna", "anna"] and Incident.objects.count() == 1
    texts = [line["text"] for line in trace(group.escalations.get())]
    assert f"Incident {incident.pk} is open for it already." in texts


def test_a_mitigation_is_proposed_once_and_started_when_somebody_approves_it(
    clock: TravellingClock, hook: HttpPeer, client: Any
) -> None:
    anna = reachable(hook, "anna")
    team = make.team("Shop")
    mitigations.save_mitigation(make.actor(), None, team=team, name="Roll back", how="1. Press the button.")
    step = {"wait_seconds": 60, "targets": [{"person": anna.pk}, {"mitigation": "roll-back"}]}
    made = policy(step, team=team, repeats=1)
    group = fire(made)
    run_due()
    clock.advance(timedelta(seconds=60))
    run_due()
    assert len(hook.requests) == 2 and b"Proposed: Roll back" in hook.requests[0].body
    proposal = Approval.objects.get()
    assert not Incident.objects.exists(), "nothing is done by itself"
    client.force_login(make.person("Val", "viewer"))
    assert client.post(f"/approvals/{proposal.pk}/approve").status_code == 403
    client.force_login(anna)
    assert "Roll back" in client.get(f"/alerts/{group.pk}").content.decode()
    assert client.post(f"/approvals/{proposal.pk}/approve").status_code == 302
    assert client.post(f"/approvals/{proposal.pk}/approve").status_code == 302  # twice is once
    run = MitigationRun.objects.get()
    assert (run.title, run.incident.alert_groups.get(), run.started_by) == ("Roll back", group, anna)
    assert any("approved by anna" in line["text"] for line in trace(group.escalations.get()))
    with pytest.raises(Conflict):
        commands.decide_approval(acting(anna), proposal, approve=False)


def test_a_proposal_is_withdrawn_when_the_alert_is_over_and_refused_when_it_is_too_late(
    clock: TravellingClock, hook: HttpPeer
) -> None:
    anna, team = reachable(hook, "anna"), make.team("Shop")
    mitigations.save_mitigation(make.actor(), None, team=team, name="Roll back", how="1. Press the button.")
    made = policy({"targets": [{"person": anna.pk}, {"mitigation": "roll-back"}]}, team=team)
    first, second = fire(made), fire(made)
    run_due()
    intake.resolve(acting(anna), first)
    assert Approval.objects.get(escalation__subject_id=first.pk).state == "withdrawn"
    intake.acknowledge(acting(anna), second)
    open_one = Approval.objects.get(escalation__subject_id=second.pk)
    assert open_one.state == "open"  # whoever has taken the alert decides
    intake.resolve(acting(anna), second)
    with pytest.raises(Conflict):
        commands.decide_approval(acting(anna), open_one, approve=True)
    assert not MitigationRun.objects.exists()
    with pytest.raises(Refused, match="approve a mitigation"):
        policy({"targets": [{"mitigation": "roll-back"}]}, name="Nobody approves")
    with pytest.raises(Refused, match="no mitigation"):
        policy({"targets": [{"person": anna.pk}, {"mitigation": "pray"}]}, name="Unknown")
