"""What is done by hand shows its steps, and who has done which is in the log."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from watchroom.accounts.actors import Actor, acting
from watchroom.cli.main import cli
from watchroom.incidents.commands import declare
from watchroom.kernel.errors import Conflict, NotAllowed, NotFound
from watchroom.mitigations import commands
from watchroom.mitigations.models import MitigationRun, RunStep
from watchroom.mitigations.rules import LONGEST_STEP, MOST_STEPS, steps_of

HOW = """Before you begin: tell Payments.
1. Open the console
2. Drain the node
   and wait for its pods
3) Restart it
"""


@pytest.mark.parametrize(
    ("how", "steps"),
    [
        (HOW, ["Open the console", "Drain the node and wait for its pods", "Restart it"]),
        ("- one\n- two", ["one", "two"]),
        ("[ ] one\n[x] two", ["one", "two"]),
        ("first this\n\nthen that", ["first this", "then that"]),
        ("Just press the button.", []),
        ("1. Only one", []),
        ("", []),
    ],
)
def test_steps_are_read_from_how_it_is_done(how: str, steps: list[str]) -> None:
    assert steps_of(how) == steps


@given(st.text(max_size=3000))
def test_whatever_stands_there_there_are_bounds(how: str) -> None:
    steps = steps_of(how)
    assert len(steps) <= MOST_STEPS and all(0 < len(step) <= LONGEST_STEP for step in steps) and len(steps) != 1


@pytest.fixture
def by(db: None, clock: Any) -> Actor:
    return make.actor("Rita", "responder")


@pytest.fixture
def run(by: Actor) -> MitigationRun:
    service = make.service("checkout")
    mitigation = commands.save_mitigation(make.actor(), None, team=service.team, service=service, name="Drain", how=HOW)
    return commands.start(by, declare(by, title="Down", services=[service]), mitigation=mitigation)


def said(run: MitigationRun) -> list[str]:
    return list(run.incident.log.filter(type="mitigation.step").order_by("id").values_list("text", flat=True))


def test_a_step_is_ticked_off_once_and_taken_back(by: Actor, run: MitigationRun) -> None:
    commands.tick(by, run, 2)
    commands.tick(by, run, 2)
    assert said(run) == ["Rita did step 2 of 3 of Drain: Drain the node and wait for its pods"]
    step = RunStep.objects.get(run=run, number=2)
    assert step.done_by == by.person and step.done_at is not None
    commands.tick(by, run, 2, done=False)
    assert said(run)[-1].startswith("Rita took back step 2")
    with pytest.raises(NotFound):
        commands.tick(by, run, 4)
    commands.finish(by, run, outcome="worked")
    with pytest.raises(Conflict):
        commands.tick(by, run, 1)


def test_who_may_only_look_ticks_nothing(by: Actor, run: MitigationRun) -> None:
    with pytest.raises(NotAllowed):
        commands.tick(acting(make.person("Vic", "viewer")), run, 1)
    assert not RunStep.objects.filter(done_at__isnull=False).exists()


def test_by_page_and_api(by: Actor, run: MitigationRun) -> None:
    assert by.person is not None
    browser = Client()
    browser.force_login(by.person, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = browser.get(f"/incidents/{run.incident_id}").content.decode()
    assert "Drain the node and wait for its pods" in page and "mark this step as done" in page
    assert browser.post(f"/mitigation-runs/{run.pk}/steps", {"step": "1"}).status_code == 302
    assert browser.post(f"/mitigation-runs/{run.pk}/steps", {"step": "x"}).status_code == 404
    answer = browser.post(f"/api/v1/mitigation-runs/{run.pk}/steps/2", {}, "application/json").json()
    assert [step["done_by"] for step in answer["steps"]] == ["Rita", "Rita", None]


def test_by_the_command_line(by: Actor, run: MitigationRun, monkeypatch: pytest.MonkeyPatch) -> None:
    assert by.person is not None
    monkeypatch.setenv("WATCHROOM_AS", by.person.email)
    assert "Step 3 is done; 2 left." in CliRunner().invoke(cli, ["mitigation", "tick", str(run.pk), "3"]).output
    assert (
        "Step 3 is open again; 3 left."
        in CliRunner().invoke(cli, ["mitigation", "tick", str(run.pk), "3", "--undo"]).output
    )


def test_what_a_runner_does_has_no_steps(by: Actor) -> None:
    team = make.team()
    box = commands.save_runner(make.actor(), None, team=team, kind="agent", name="Box", settings={"key": "k" * 24})
    mitigation = commands.save_mitigation(
        make.actor(), None, team=team, name="x", how=HOW, runner=box, inputs={"command": "x"}
    )
    commands.start(by, declare(by, title="Down", team=team), mitigation=mitigation)
    assert not RunStep.objects.exists()
