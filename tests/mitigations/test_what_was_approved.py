"""Who approves, approves what is carried out, and nothing that somebody has put in its place meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import factories as make
from peers.http import HttpPeer
from watchroom.accounts.actors import Actor, acting
from watchroom.engine.loop import run_due
from watchroom.incidents.commands import declare
from watchroom.kernel.errors import Conflict
from watchroom.mitigations import commands, duties
from watchroom.mitigations.models import Execution, Mitigation, MitigationRun, Runner
from watchroom.paging.commands import decide_approval, save_policy
from watchroom.paging.models import Approval, ContactMethod

SECRET = "a secret of sixteen letters"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
Change = Callable[[Mitigation, Runner], None]


@pytest.fixture(autouse=True)
def _loopback(configured: Callable[..., None]) -> None:
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8")


@pytest.fixture
def hook(http_peer: HttpPeer) -> Runner:
    settings = {"url": http_peer.url, "secret": SECRET}
    return commands.save_runner(
        make.actor(), None, team=make.team(), kind="webhook", name="Deployer", settings=settings
    )


@pytest.fixture
def rollback(hook: Runner) -> Mitigation:
    return saved(None, hook, inputs={"inputs": "version=4.17"}, needs_approval=True)


def saved(row: Mitigation | None, runner: Runner | None, **fields: Any) -> Mitigation:
    given: dict[str, Any] = {"name": "Roll back", "how": "Press.", "runner": runner, "needs_approval": True}
    team = row.team if row else runner.team if runner else make.team()
    return commands.save_mitigation(make.actor(), row, team=team, **given | fields)


def moved(mitigation: Mitigation, runner: Runner) -> None:
    settings = {"url": f"{runner.settings['url']}/elsewhere", "secret": SECRET}
    commands.save_runner(make.actor(), runner, team=runner.team, kind="webhook", name="Deployer", settings=settings)


def other_secret(mitigation: Mitigation, runner: Runner) -> None:
    settings = {"url": runner.settings["url"], "secret": f"{SECRET}, another"}
    commands.save_runner(make.actor(), runner, team=runner.team, kind="webhook", name="Deployer", settings=settings)


def other_inputs(mitigation: Mitigation, runner: Runner) -> None:
    saved(mitigation, runner, inputs={"inputs": "version=0.1"})


def other_runner(mitigation: Mitigation, runner: Runner) -> None:
    another = commands.save_runner(
        make.actor(), None, team=runner.team, kind="webhook", name="Another", settings=dict(runner.settings)
    )
    saved(mitigation, another, inputs={"inputs": "version=4.17"})


def deleted(mitigation: Mitigation, runner: Runner) -> None:
    commands.delete_mitigation(make.actor(), mitigation)


changes = pytest.mark.parametrize("changed", [moved, other_secret, other_inputs, other_runner, deleted])


def waiting(mitigation: Mitigation) -> MitigationRun:
    by = make.actor("Rita", "responder")
    return commands.start(by, declare(by, title="x"), mitigation=mitigation)


def second() -> Actor:
    return make.actor("Sam", "responder")


@changes
def test_what_has_changed_since_it_was_started_is_not_approved(
    rollback: Mitigation, hook: Runner, http_peer: HttpPeer, changed: Change
) -> None:
    run = waiting(rollback)
    changed(Mitigation.objects.get(), Runner.objects.get())
    with pytest.raises(Conflict, match="has changed"):
        commands.decide(second(), MitigationRun.objects.get(), approve=True)
    assert duties.carry_out() == 0 and http_peer.requests == []
    commands.decide(second(), MitigationRun.objects.get(), approve=False)
    assert Execution.objects.get(run=run).state == "declined"


@pytest.mark.parametrize("changed", [moved, other_secret, deleted])
def test_what_has_changed_since_it_was_approved_is_not_sent(
    rollback: Mitigation, hook: Runner, http_peer: HttpPeer, changed: Change
) -> None:
    run = waiting(rollback)
    commands.decide(second(), run, approve=True)
    changed(Mitigation.objects.get(), Runner.objects.get())
    assert duties.carry_out() == 1 and http_peer.requests == []
    row = Execution.objects.get(run=run)
    assert row.state == "failed" and "changed since" in row.output


def test_what_is_only_worded_otherwise_can_still_be_approved(
    rollback: Mitigation, hook: Runner, http_peer: HttpPeer
) -> None:
    run = waiting(rollback)
    saved(rollback, hook, inputs={"inputs": "version=4.17"}, name="Roll it back", check_text="Look at the errors.")
    commands.decide(second(), run, approve=True)
    assert duties.carry_out() == 1 and len(http_peer.requests) == 1


@pytest.fixture
def proposed(rollback: Mitigation) -> tuple[Actor, Approval]:
    """Anna, whom a policy has paged, and what it has proposed."""
    anna = make.person("Anna", "responder")
    ContactMethod.objects.create(person=anna, channel="browser", label="Browser", settings={"person": anna.pk})
    steps = [{"wait_seconds": 60, "targets": [{"person": anna.pk}, {"mitigation": rollback.slug}]}]
    policy = save_policy(make.actor(), None, team=rollback.team, name="P", steps=steps)
    group = make.group("Down", service=make.service(team=policy.team, policy=policy), policy=policy)
    from watchroom.intake.commands.lifecycle import start_paging

    start_paging([group])
    run_due()
    return acting(anna), Approval.objects.get()


def other_words(mitigation: Mitigation, runner: Runner) -> None:
    saved(mitigation, runner, inputs={"inputs": "version=4.17"}, how="Press the other one.")


@pytest.mark.parametrize("changed", [moved, other_secret, other_inputs, other_runner, other_words])
def test_what_has_changed_since_a_policy_proposed_it_is_not_started(
    proposed: tuple[Actor, Approval], http_peer: HttpPeer, changed: Change
) -> None:
    anna, proposal = proposed
    changed(Mitigation.objects.get(), Runner.objects.get())
    with pytest.raises(Conflict, match="has changed since"):
        decide_approval(anna, proposal, approve=True)
    proposal.refresh_from_db()
    assert proposal.state == "open" and not MitigationRun.objects.exists()
    decide_approval(anna, proposal, approve=False)
    proposal.refresh_from_db()
    assert proposal.state == "declined"


def test_what_a_policy_proposed_and_is_still_the_same_is_started(proposed: tuple[Actor, Approval]) -> None:
    anna, proposal = proposed
    assert decide_approval(anna, proposal, approve=True).state == "approved"
    assert Execution.objects.get().state == "waiting"  # the second person is still needed
